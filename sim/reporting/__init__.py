"""Charts for reports, and one page that holds a whole analysis."""

from sim.reporting.charts import Chart, charts_of, write_charts
from sim.reporting.page import page, write_page

__all__ = ["Chart", "charts_of", "page", "write_charts", "write_page"]
