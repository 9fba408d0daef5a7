"""From priors to predictions and odds."""
