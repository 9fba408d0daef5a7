"""Scores made by hand: as many figures as a page and a leaderboard show."""

from __future__ import annotations

from typing import Any

from sim.scoring.figures import Curve, Figure, Section
from sim.scoring.score import Score

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def made_score(detector: str = "relations", pr_auc: float = 0.31, **more: Any) -> Score:
    """A score of one split; `more` changes fields of it."""
    ranking = Section(
        "ranking",
        "How well it ranks",
        (
            Figure("pr_auc", "PR-AUC", pr_auc, pr_auc - 0.01, pr_auc + 0.02, "12 positives"),
            Figure("auc", "ROC-AUC", 0.812, 0.7, 0.9),
            Figure("recall_at_fpr_1e-2", "recall at FPR 1e-2", 0.0612, 0.02, 0.1),
            Figure("recall_at_fpr_1e-3", "recall at FPR 1e-3", why_not="allows 0.8 false alarms"),
        ),
        f"A note {EVIL}",
    )
    rates = Section(
        "false_positives",
        "False positives",
        (
            Figure("fpr", "all", 0.01),
            Figure("fpr_hard_negative", "people", 0.002, 0.0, 0.01, of="L01"),
            Figure("fpr_hard_negative", "course", 0.031, 0.01, 0.08, of="L09"),
            Figure("fpr_typology", "researchers", 0.4, of="L12"),
            Figure("fpr_customer", "by network", 0.5, of="signup_asn_type=isp"),
        ),
    )
    values: dict[str, Any] = {
        "detector": detector,
        "pack": "bench",
        "pack_sum": "b7",
        "level": "hard",
        "split": "campaign",
        "prevalence": 0.01,
        "fpr": 0.01,
        "sections": (ranking, rates),
        "curves": (_PRECISION, _DELAY, _EXCHANGES),
        "notes": (f"3 rows were left out {EVIL}",),
    }
    return Score(**{**values, **more})


_PRECISION = Curve(
    "precision_recall",
    "Precision by recall",
    "recall",
    "precision",
    (0.0, 0.5, 1.0),
    (0.9, 0.3, 0.01),
    (0.7, 0.1, 0.0),
    (1.0, 0.5, 0.1),
)
_DELAY = Curve(
    "time_to_detection",
    "Accounts detected, by days",
    "days since the first exchange that extracts",
    "share of accounts detected",
    (0.0, 2.5, 14.0),
    (0.0, 0.5, 0.6),
    (0.0, 0.4, 0.5),
    (0.1, 0.6, 0.8),
    step=True,
)
_EXCHANGES = Curve(
    "exchanges_to_detection",
    "Accounts detected, by exchanges",
    "exchanges that extract before detection",
    "share of accounts detected",
    (0.0, 150.0, 12_000.0),
    (0.0, 0.1, 0.2),
    step=True,
)
