"""The scorecard of realism: runs beside the test part of a real trace, statistic by statistic."""

from sim.scorecard.score import Overlaid, Score, Scorecard
from sim.scorecard.scoring import scorecard

__all__ = ["Overlaid", "Score", "Scorecard", "scorecard"]
