"""Ready tables of features, each from what was known at a time."""
