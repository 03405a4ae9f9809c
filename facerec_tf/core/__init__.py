"""Pure functions every room may use: argument errors, lookup by name, files, angles."""
