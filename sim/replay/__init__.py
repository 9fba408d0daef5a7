"""A run that is replayed as a stream, paced by the clock of its log."""
