"""Audits of labelled data: whether anything but behaviour tells the label."""

from __future__ import annotations

from sim.audits.audit import audit
from sim.audits.context import AuditTest, Context
from sim.audits.report import Audit, Finding, judged, not_checked

__all__ = ["Audit", "AuditTest", "Context", "Finding", "audit", "judged", "not_checked"]
