"""How good the scores of a detector are: figures with intervals, from the truth of a pack."""
