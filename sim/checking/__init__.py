"""Invariants of a finished run, checked on its files alone."""

from __future__ import annotations

from sim.checking.run import check_run
from sim.checking.verdict import Breach, Verdict

__all__ = ["Breach", "Verdict", "check_run"]
