"""Records → better records: merge, split, inspect, find overlaps and label errors, clean labels.

Each task starts in the file of its command: `merge.py`, `split.py`, `inspection.py`,
`check_overlap.py`, `find_label_errors.py` and `clean_labels.py`. The input stays unchanged.
"""
