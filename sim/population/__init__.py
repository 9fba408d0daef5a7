"""Who takes part in a scenario: the accounts of all actors, and what builds them."""
