"""One file for each question that a comparison answers."""
