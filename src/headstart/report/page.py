"""What the page says, section by section, as plain values for the template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart.report import lookup, wording
from headstart.report.confusion import confused_pairs, confusion_focus
from headstart.report.figures import draw_figures
from headstart.report.glossary import GLOSSARY
from headstart.report.prices import CARDS, price_rows
from headstart.report.screens import data_sentence, hardware_sentence

if TYPE_CHECKING:
    from markupsafe import Markup

    from headstart.advice.arm_record import ArmReport
    from headstart.report.summary import Summary, TrialRow, WrongExample

CHIPS = 12  # trials named under one sentence
CLASS_ROWS = 300
EXAMPLE_TEXT = 280
WORST_ROWS = 24
_PICTURE = re.compile(r"data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/=]+")


def page_context(summary: Summary, thumbnails: int, max_trials: int, figures: dict[str, Any]) -> dict[str, Any]:
    """Everything the template shows.

    Args:
        summary: What the runner built.
        thumbnails: Most pictures of wrong predictions.
        max_trials: Most rows of the trials table; trials that a sentence rests on are always there.
        figures: Charts drawn so far; filled here, so that a second, smaller page draws none again.

    Returns:
        Values for ``report.html.j2``.
    """
    if not figures:
        figures.update(draw_figures(summary))
    answer = summary.recommendation
    trials = _trials(summary, max_trials)
    anchors = {trial.key: number for number, trial in trials}
    return {
        "summary": summary,
        "answer": answer,
        "figures": figures,
        "metric": lookup.metric_name(summary),
        "title": f"{wording.clean(summary.study.name, 60)}: {lookup.headline(summary)} · Headstart",
        "dark": _dark(),
        "tone": answer.paradigm,
        "headline": lookup.headline(summary),
        "facts": _facts(summary),
        "alerts": _alerts(summary),
        "reasons": _reasons(summary, anchors),
        "verdict_trials": _chips(_verdict_keys(summary), anchors),
        "arms": _arms(summary),
        "trials": trials,
        "left_out_trials": len(summary.trials) - len(trials),
        "worst": _worst(summary, thumbnails),
        "pairs": confused_pairs(summary),
        "focus": confusion_focus(summary),
        "classes": _classes(summary),
        "data_line": data_sentence(summary.data),
        "machine": hardware_sentence(summary.hardware),
        "glossary": GLOSSARY,
        "costs": _costs(summary),
        "shares": _shares(summary),
        "prices": price_rows(summary),
        "cards": CARDS,
    }


def _dark() -> Markup:
    from markupsafe import Markup

    from headstart.report.palette import dark_css

    return Markup(dark_css(".chart"))  # our own constants: nothing in it comes from the summary


def _facts(summary: Summary) -> list[dict[str, str]]:
    """The tiles under the verdict: a figure, what it is, and its interval."""
    answer, metric = summary.recommendation, lookup.metric_name(summary)
    facts = []
    value = answer.metric
    if not wording.missing(value.value):
        unit = "\u00a0%" if wording.is_share(metric) else ""
        beside = f"on {wording.count(value.n_test)} test examples"
        if not wording.missing(answer.baseline):
            beside += f"; always guessing the commonest class: {wording.score(answer.baseline, metric)}{unit}"
        facts.append(
            {
                "label": metric,
                "value": wording.score(value.value, metric) + unit,
                "interval": wording.interval(value.low, value.high, metric),
                "note": beside,
            }
        )
    difference = lookup.main_difference(summary)
    if difference is not None:
        other = lookup.arm_name(summary, difference.reference)
        unit, size = wording.points(metric).strip() or metric, wording.count(difference.n)
        facts.append(
            {
                "label": f"against {wording.clean(other, 40)}",
                "value": wording.signed(difference.difference, metric),
                "interval": wording.interval(difference.low, difference.high, metric),
                "note": f"{unit}, paired, at n\u00a0=\u00a0{size}: {difference.verdict}",
            }
        )
    head = answer.head_start
    needed = f"the labels that from scratch needs to match n\u00a0=\u00a0{wording.count(head.n)}"
    if not wording.missing(head.multiplier):
        shown = "" if wording.missing(head.low) or wording.missing(head.high) else f"[{head.low:.1f}, {head.high:.1f}]"
        facts.append({"label": "head start", "value": f"{head.multiplier:.1f}×", "interval": shown, "note": needed})
    elif not wording.missing(head.low):  # the scratch curve does not reach that far
        facts.append({"label": "head start", "value": f"> {head.low:.1f}×", "interval": "", "note": needed})
    if not wording.missing(answer.p_best):
        regret = wording.score(answer.expected_regret, metric)
        there = f" at {wording.count(answer.p_best_n)} labels" if answer.p_best_n else ""
        facts.append(
            {
                "label": "P(best)",
                "value": wording.confidence(answer.p_best),
                "interval": "",
                "note": f"among the options measured{there}; expected loss {regret}{wording.points(metric)}",
            }
        )
    return facts


def _alerts(summary: Summary) -> list[dict[str, str]]:
    """Warnings of the study and findings in the data, the gravest first."""
    alerts = [{"severity": "warning", "text": text} for text in summary.recommendation.warnings]
    for finding in summary.data.findings:
        if finding.severity != "info":
            said = {alert["text"] for alert in alerts}
            if finding.message not in said:
                alerts.append({"severity": finding.severity, "text": finding.message})
    failed = sum(1 for trial in summary.trials if trial.error)
    if failed:
        alerts.append({"severity": "warning", "text": f"{wording.plural(failed, 'trial')} failed and left no figure."})
    if summary.study.status != "finished":
        text = "The study did not run to its end; everything here rests on the trials that finished."
        alerts.insert(0, {"severity": "warning", "text": text})
    return sorted(alerts, key=lambda alert: alert["severity"] != "error")


def _reasons(summary: Summary, anchors: dict[str, int]) -> list[dict[str, Any]]:
    return [{"text": reason.text, **_chips(list(reason.trials), anchors)} for reason in summary.recommendation.reasons]


def _chips(keys: list[str], anchors: dict[str, int]) -> dict[str, Any]:
    """The trials a sentence rests on, as numbers of rows in the trials table."""
    numbers = sorted({anchors[key] for key in keys if key in anchors})
    return {"trials": numbers[:CHIPS], "more": max(0, len(numbers) - CHIPS)}


def _verdict_keys(summary: Summary) -> list[str]:
    """Measuring trials of the chosen arm at its largest n."""
    chosen = lookup.chosen_arm(summary)
    if chosen is None:
        return []
    own = [t for t in summary.trials if t.arm == chosen.key and t.role == "measuring" and not t.error]
    largest = max((trial.n for trial in own), default=0)
    return [trial.key for trial in own if trial.n == largest]


def _trials(summary: Summary, limit: int) -> list[tuple[int, TrialRow]]:
    """Rows of the trials table: numbered in order of time, the newest kept, cited ones always."""
    numbered = list(enumerate(summary.trials, start=1))
    cited = {key for reason in summary.recommendation.reasons for key in reason.trials[:CHIPS]}
    cited |= set(_verdict_keys(summary)[:CHIPS])
    first = len(numbered) - limit
    return [(number, trial) for number, trial in numbered if number > first or trial.key in cited]


@dataclass(frozen=True)
class ArmRow:
    """An arm as a row of the table of options, its figures written as text."""

    arm: ArmReport
    figure: str
    n: int | None
    converged: str


def _arms(summary: Summary) -> list[ArmRow]:
    metric, words = lookup.metric_name(summary), {True: "yes", False: "no", None: "not checked"}
    return [
        ArmRow(arm, lookup.figure(arm, metric), lookup.largest_n(arm), words[arm.converged])
        for arm in lookup.ordered_arms(summary)
    ]


def _worst(summary: Summary, thumbnails: int) -> list[WrongExample]:
    rows = []
    for place, row in enumerate(summary.errors.worst[:WORST_ROWS] if summary.errors else ()):
        picture = row.thumbnail
        fits = picture is not None and place < thumbnails and _PICTURE.fullmatch(picture)
        text = wording.clean(row.text, EXAMPLE_TEXT) if row.text else None
        rows.append(row.model_copy(update={"thumbnail": picture if fits else None, "text": text}))
    return rows


def _classes(summary: Summary) -> dict[str, Any]:
    """Class counts, with bars relative to the largest; rows beyond a limit are counted, not shown."""
    pairs = sorted(zip(summary.data.class_names, summary.data.class_counts, strict=False), key=lambda pair: -pair[1])
    largest = max((number for _, number in pairs), default=0) or 1
    rows = [
        {"name": name, "count": number, "share": round(100 * number / largest, 1)}
        for name, number in pairs[:CLASS_ROWS]
    ]
    return {"rows": rows, "more": len(pairs) - len(rows)}


def _shares(summary: Summary) -> list[tuple[str, str]]:
    """What the steps of each option reached of the machine, where that is known."""
    arms = summary.recommendation.arms
    return [(arm.name, f"{arm.machine_share:.0%}") for arm in arms if arm.machine_share]


def _costs(summary: Summary) -> list[tuple[str, str]]:
    costs = summary.recommendation.costs
    seconds = {
        "measuring": costs.measuring_seconds,
        "tuning": costs.tuning_seconds,
        "preparing": costs.preparing_seconds,
        "spent": costs.spent_seconds,
        "allowed": costs.budget_seconds,
    }
    return [(name, wording.duration(taken)) for name, taken in seconds.items()]
