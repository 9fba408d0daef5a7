"""Speed ratios, run by `make bench`; never part of the fast suite."""
