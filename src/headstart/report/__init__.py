"""One summary, four renderers: terminal, page, JSON and notebook.

Everything here reads a finished summary and changes nothing; the numbers of all renderers come from the same
record through the same wording, so they cannot disagree.
"""

from headstart.report.html import write_html
from headstart.report.notebook import repr_html
from headstart.report.progress import Progress
from headstart.report.schema import recommendation_schema, write_json
from headstart.report.screens import render_data, render_error, render_header, render_plan
from headstart.report.terminal import render_summary

__all__ = [
    "Progress",
    "recommendation_schema",
    "render_data",
    "render_error",
    "render_header",
    "render_plan",
    "render_summary",
    "repr_html",
    "write_html",
    "write_json",
]
