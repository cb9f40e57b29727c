"""The report page: one file without scripts or requests that opens anywhere, offline."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.report import wording
from headstart.report.schema import nullify, write_text_whole

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from headstart.report.summary import Summary

MAX_BYTES = 2_000_000
MOST_CLASSES = 50  # of a confusion matrix inside the page
_NUMBER = re.compile(r"\d(?:[\d,.]*\d)?(?:\s?%|x\b)?")


def write_html(summary: Summary, path: str | Path) -> Path:
    """Write the report.

    Args:
        summary: What the runner built.
        path: A file, or a folder that receives ``report.html``.

    Returns:
        The file that was written.
    """
    target = Path(path)
    if target.is_dir():
        target = target / "report.html"
    write_text_whole(target, render_page(summary))
    return target


def render_page(summary: Summary) -> str:
    """Return the whole page; where it would grow past its limit, pictures go first, then old trials."""
    from headstart.report.page import page_context

    figures: dict[str, Any] = {}
    page = ""
    for thumbnails, trials in ((24, 2000), (6, 1000), (0, 400), (0, 100)):
        context = page_context(summary, thumbnails=thumbnails, max_trials=trials, figures=figures)
        context["embedded"] = embedded_json(summary, trials)
        page = environment().get_template("report.html.j2").render(context)
        if len(page.encode("utf-8")) < MAX_BYTES:
            break
    return page


def environment() -> Environment:
    """The template environment: everything is escaped, undefined names are errors."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("headstart.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        clean=wording.clean,
        count=wording.count,
        duration=wording.duration,
        score=wording.score,
        confidence=wording.confidence,
        linked=link_numbers,
        amount=wording.amount,
        capital=wording.capital,
    )
    return made


def link_numbers(text: str, anchor: str) -> Markup:
    """Turn every number of a sentence into a link to its evidence, and escape all the rest."""
    from markupsafe import Markup, escape

    plain, out, end = wording.clean(text), Markup(""), 0
    for match in _NUMBER.finditer(plain):
        # Digits inside names (resnet18, ViT-B/16) are no figures.
        before = plain[match.start() - 1] if match.start() else " "
        after = plain[match.end()] if match.end() < len(plain) else " "
        if before.isalpha() or before in "_-/.:" or after.isalpha() or after == "_":
            continue
        link = Markup('<a class="figure" href="#{}">{}</a>').format(anchor, match.group())
        out += escape(plain[end : match.start()]) + link
        end = match.end()
    return out + escape(plain[end:])


def embedded_json(summary: Summary, max_trials: int) -> Markup:
    """The summary for machines, inside the page: no pictures, and nothing that could end its element."""
    from markupsafe import Markup

    errors = summary.errors
    if errors is not None:
        without = tuple(row.model_copy(update={"thumbnail": None}) for row in errors.worst)
        errors = errors.model_copy(update={"worst": without})
        if len(errors.class_names) > MOST_CLASSES:
            errors = errors.model_copy(update={"confusion": ()})
    slim = summary.model_copy(update={"trials": summary.trials[-max_trials:], "errors": errors}).model_dump()
    text = json.dumps(nullify(slim), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
