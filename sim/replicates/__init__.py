"""A scenario under many seeds: distributions of its counts, without a log."""

from sim.replicates.seeds import replicate, seed_of
from sim.replicates.summary import Difference, Estimate, Replicates, differences, estimates

__all__ = [
    "Difference",
    "Estimate",
    "Replicates",
    "differences",
    "estimates",
    "replicate",
    "seed_of",
]
