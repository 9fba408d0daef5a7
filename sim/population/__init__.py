"""Who takes part in a scenario: actors with their accounts, built before there is any traffic."""
