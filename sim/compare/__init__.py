"""Reported figures against what benchmark runs and simulated runs amount to."""

from sim.compare.comparison import Comparison, RunCount, compare
from sim.compare.document import Verdict
from sim.compare.predict import ModelPrediction, Range, RunsNeeded
from sim.compare.render import render_text, short_number, to_csv, to_json

__all__ = [
    "Comparison",
    "ModelPrediction",
    "Range",
    "RunCount",
    "RunsNeeded",
    "Verdict",
    "compare",
    "render_text",
    "short_number",
    "to_csv",
    "to_json",
]
