"""Tables of scores that a detector gives, read, checked against a pack, and written."""
