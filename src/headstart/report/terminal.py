"""The last screen of a study: words before numbers, under 25 lines, ends with the next command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from headstart.report import lookup, wording

if TYPE_CHECKING:
    from rich.console import Console, Group, RenderableType
    from rich.text import Text

    from headstart.report.summary import Summary

MAX_LINES = 24
LABEL_WIDTH = 12
WHOLE = ("Do now", "Measured", "Expected", "To decide", "Certainty", "Next", "Saved", "Model", "Go on")  # never cut
# From generous to tight: (rows of the arms table, warnings, lines a paragraph may take).
DETAIL = ((6, 3, 3), (6, 3, 2), (5, 2, 2), (4, 2, 2), (4, 1, 1), (3, 1, 1), (2, 1, 1))
# What goes to the report alone where even the tightest screen is too long, the least urgent first.
BACKGROUND = ("Head start", "Crossover", "Certainty")


def render_summary(summary: Summary, console: Console) -> None:
    """Print the last screen.

    Args:
        summary: What the runner built.
        console: Where to print; its width decides how much is said.
    """
    tightest = DETAIL[-1]
    tries: list[tuple[tuple[int, int, int], tuple[str, ...]]] = [(detail, ()) for detail in DETAIL]
    tries += [(tightest, BACKGROUND[:count]) for count in range(1, len(BACKGROUND) + 1)]
    for (rows, warnings, lines), dropped in tries:
        screen = _screen(summary, console, rows, warnings, lines, dropped)
        if len(console.render_lines(screen, console.options, pad=False)) <= MAX_LINES:
            break
    console.print(screen)


def _screen(
    summary: Summary, console: Console, rows: int, warnings: int, lines: int, dropped: tuple[str, ...] = ()
) -> Group:
    from rich.console import Group
    from rich.text import Text

    answer = summary.recommendation
    words = [row for row in _words(summary) if row[0] not in dropped]
    parts: list[RenderableType] = [_paragraphs(words, console, lines)]
    table = _arms_table(summary, rows, console.width)
    if table is not None:
        parts += [Text(""), table]
        more = len(answer.arms) - rows
        if more > 0:
            parts.append(Text(f"… {more} more in the report", style="dim"))
    notes = [("Note", text, "yellow") for text in answer.warnings[:warnings]]
    if len(answer.warnings) > warnings:
        notes.append(("", f"… {len(answer.warnings) - warnings} more in report.html", "dim"))
    ending = [*notes, *_ending(summary)]
    return Group(*parts, Text(""), _paragraphs(ending, console, min(lines, 2)))


def _words(summary: Summary) -> list[tuple[str, str, str]]:
    """The sentences above the table as (label, text, style)."""
    answer = summary.recommendation
    style = "bold yellow" if answer.paradigm in ("undetermined", "tie") else "bold green"
    verdict = f"{lookup.headline(summary)}: {answer.sentence}"
    if answer.sentence.lower().startswith(lookup.headline(summary).lower()):
        verdict = answer.sentence
    stopped = summary.study.status == "interrupted"
    said = []
    if stopped:
        spent, allowed = answer.costs.spent_seconds, answer.costs.budget_seconds
        said.append(("Stopped", f"by you after {wording.duration(spent)} of {wording.duration(allowed)}", "yellow"))
    if answer.action:
        said.append(("Do now", answer.action, "bold"))
    said.append(("Measured", verdict, style))
    if answer.leaning_sentence:
        said.append(("Expected", answer.leaning_sentence, ""))
    if answer.remedy and not stopped:
        said.append(("To decide", answer.remedy, ""))
    if answer.target_sentence:
        said.append(("Target", answer.target_sentence, ""))
    if answer.p_best is not None and len([arm for arm in answer.arms if arm.curve]) > 1:
        metric, regret = lookup.metric_name(summary), answer.expected_regret
        loss = f"; if not, it costs about {wording.score(regret, metric)}{wording.points(metric)}"
        sure = f"{100 * min(max(answer.p_best, 0.01), 0.99):.0f} % sure it is the best tried"
        sure += f" at {wording.count(answer.p_best_n)} labels" if answer.p_best_n else ""
        said.append(("Certainty", sure + ("" if wording.missing(regret) else loss), ""))
    said.append(("Crossover", answer.crossover.statement, ""))
    said.append(("Head start", answer.head_start.statement, ""))
    return said


def _ending(summary: Summary) -> list[tuple[str, str, str]]:
    """What was saved, and the next command."""
    answer, study = summary.recommendation, summary.study
    folder = short_path(study.folder)
    names = ["report.html", "recommendation.json"]
    if answer.model_dir:
        names.insert(0, os.path.basename(os.path.normpath(answer.model_dir)) + "/")
    ending = [("Saved", f"{folder}/ with {', '.join(names)}", "")]
    if answer.trained_on and answer.model_dir:
        learnt = f"trained on {answer.trained_on:,} of {answer.labels or answer.trained_on:,} labels"
        learnt += f", with {answer.trained_share:.0%} of its steps" if answer.trained_share < 1 else ""
        if answer.labels and answer.trained_on < answer.labels:
            learnt += f"; on all: headstart fit DATA --from {shell_word(folder)}"
        ending.append(("Model", learnt, ""))
    if study.status == "interrupted":
        ending.append(("Go on", study.command, "bold"))
    if answer.model_dir:
        from headstart.modalities import words_for  # brings torch

        _, inputs = words_for(summary.data.task)
        ending.append(("Next", f"headstart predict {shell_word(short_path(answer.model_dir))} {inputs}", "bold"))
    elif study.status != "interrupted":
        ending.append(("Next", f"headstart report {shell_word(folder)}", "bold"))
    return ending


def _paragraphs(rows: list[tuple[str, str, str]], console: Console, lines: int) -> Group:
    """Lay (label, text, style) rows out in two columns, each text at most so many lines high."""
    from rich.console import Group
    from rich.text import Text

    width = max(20, min(console.width, 100) - LABEL_WIDTH)
    out: list[Text] = []
    for label, said, style in rows:
        whole = label in WHOLE
        wrapped = list(Text(wording.clean(said), style=style).wrap(console, width))
        if len(wrapped) > lines and not whole:
            wrapped = wrapped[:lines]
            wrapped[-1].truncate(width - 1)
            wrapped[-1].append("…")
        for place, line in enumerate(wrapped):
            line.rstrip()
            out.append(Text.assemble((f"{label if place == 0 else '':<{LABEL_WIDTH}}", "dim"), line))
    return Group(*out)


def _arms_table(summary: Summary, rows: int, width: int) -> RenderableType | None:
    from rich.table import Table

    arms = lookup.ordered_arms(summary)[:rows]
    if not arms:
        return None
    metric = lookup.metric_name(summary)
    rows_of_text = []
    for arm in arms:
        note = wording.clean(arm.note)
        if arm.status != "compared" and not note.lower().startswith(arm.status):
            note = f"{arm.status}; {note}" if note else arm.status
        figures = (
            lookup.figure(arm, metric),
            wording.count(lookup.largest_n(arm)),
            wording.duration(arm.train_seconds),
        )
        rows_of_text.append((wording.clean(arm.name), *figures, note, arm.status))
    # Figures are shown whole; the arm's name and the note share what is left.
    heads = (wording.clean(metric, 20), "n", "time")
    taken = [max(len(head), *(len(row[place]) for row in rows_of_text)) for place, head in enumerate(heads, start=1)]
    free = max(24, width - sum(taken) - 4 * 2)
    arm_width = min(max(len(row[0]) for row in rows_of_text), int(0.6 * free))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False, pad_edge=False)
    table.add_column("option", width=arm_width, no_wrap=True, overflow="ellipsis")
    for head, size in zip(heads, taken, strict=True):
        table.add_column(_plain(head), width=size, no_wrap=True, justify="left" if head == heads[0] else "right")
    table.add_column("note", width=free - arm_width, no_wrap=True, overflow="ellipsis")
    for name, *cells, status in rows_of_text:
        table.add_row(_plain(name, "bold" if status == "chosen" else ""), *(_plain(cell) for cell in cells))
    return table


def short_path(path: str) -> str:
    """A path relative to the working folder where it lies inside it."""
    text = os.path.normpath(path)
    try:
        relative = os.path.relpath(text)
    except ValueError:  # another drive
        return text
    return text if relative.startswith("..") else relative


def shell_word(text: str) -> str:
    """Quote a word for the shell only where it needs quotes."""
    import shlex

    return shlex.quote(text)


def _plain(text: str, style: str = "") -> Text:
    """Text that is never read as markup."""
    from rich.text import Text

    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
