"""Published data sets and file formats of other projects → records or pair sets."""
