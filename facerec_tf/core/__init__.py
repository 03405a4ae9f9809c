"""What every room may use: checks and their errors, lookup, files, angles, replicas, fusion."""
