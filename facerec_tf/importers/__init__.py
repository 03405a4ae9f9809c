"""Other people's data sets and file formats → records or pair sets."""
