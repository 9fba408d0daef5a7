"""Reported figures, and runs, against explanations with explicit priors."""

from sim.compare.analysis import SECTIONS, Analysis, analyse
from sim.compare.answers import findings, tables
from sim.compare.cases import Case, cases
from sim.compare.from_runs import Cluster, clusters
from sim.compare.library import load_library
from sim.compare.render import render_text, to_csv, to_json
from sim.compare.tables import Table
from sim.compare.user_claims import load_claims

__all__ = [
    "SECTIONS",
    "Analysis",
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
