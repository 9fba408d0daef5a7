"""Invariants of a finished run, checked on its files alone."""

from __future__ import annotations

from sim.invariants.check_run import check_run
from sim.invariants.verdict import Breach, Verdict

__all__ = ["Breach", "Verdict", "check_run"]
