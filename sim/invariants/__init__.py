"""Invariants of a finished run, checked on its files alone.

Of the package these checks use the words and columns of tables, the scenario in the manifest, the
catalog, and the rules of the world (sizes of buckets, prices, retries). They make no draws.
"""

from __future__ import annotations

from sim.invariants.check import Breach, Verdict
from sim.invariants.check_run import check_run

__all__ = ["Breach", "Verdict", "check_run"]
