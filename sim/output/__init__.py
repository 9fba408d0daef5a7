"""What a run shows: the exchange log, entity tables, observed links, truth."""
