# STUB by the lead, until the helper file lands: overwrite it.
def read_table(path):
    return [], []
