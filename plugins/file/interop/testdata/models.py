ACTS = {}
