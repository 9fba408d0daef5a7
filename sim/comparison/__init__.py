"""Reported figures, and runs, against explanations with explicit priors."""

from sim.comparison.analysis import SECTIONS, Analysis, analyse
from sim.comparison.answer import Answer
from sim.comparison.answers import findings, tables
from sim.comparison.claims.cases import Case, cases
from sim.comparison.claims.user_claims import load_claims
from sim.comparison.clusters.from_runs import Cluster, clusters
from sim.comparison.hypotheses.load import load_library
from sim.comparison.render import render_text, to_csv, to_json
from sim.comparison.tables import Table

__all__ = [
    "SECTIONS",
    "Analysis",
    "Answer",
    "Case",
    "Cluster",
    "Table",
    "analyse",
    "cases",
    "clusters",
    "findings",
    "load_claims",
    "load_library",
    "render_text",
    "tables",
    "to_csv",
    "to_json",
]
