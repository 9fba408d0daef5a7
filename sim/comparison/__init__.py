"""Reported figures, and runs, against hypotheses with explicit priors."""

from sim.comparison.analysis import FEBRUARY, SECTIONS, Analysis, analyse, findings, tables
from sim.comparison.claims.cases import Case, cases
from sim.comparison.claims.user_claims import load_claims
from sim.comparison.clusters.from_runs import Cluster, clusters
from sim.comparison.hypotheses.load_hypotheses import load_library
from sim.comparison.render import TextInTurn, render_text, to_csv, to_json
from sim.comparison.section import Answer, Section
from sim.comparison.tables import Table
from sim.comparison.targets import Targets, find_targets

__all__ = [
    "FEBRUARY",
    "SECTIONS",
    "Analysis",
    "Answer",
    "Case",
    "Cluster",
    "Section",
    "Table",
    "Targets",
    "TextInTurn",
    "analyse",
    "cases",
    "clusters",
    "find_targets",
    "findings",
    "load_claims",
    "load_library",
    "render_text",
    "tables",
    "to_csv",
    "to_json",
]
