"""One file for each question that a comparison answers; each holds the record of its section."""
