"""Charts and pages that carry results into a report."""

from sim.report.chart import draw_comparison

__all__ = ["draw_comparison"]
