"""The pictures of a study as Vega-Lite specifications (plain dicts, made with altair).

Every function takes the summary and whether the page is narrow, and returns None where there is nothing to draw.
Colours come from the palette, so that dark mode can swap them; names reach a chart only as data, never as field
names or expressions.
"""

from headstart.report.comparison_charts import confusion, forest_rows, paired_differences
from headstart.report.cost_charts import cost_against_metric, cost_rows, timeline
from headstart.report.curve_chart import learning_curves

__all__ = [
    "confusion",
    "cost_against_metric",
    "cost_rows",
    "forest_rows",
    "learning_curves",
    "paired_differences",
    "timeline",
]
