"""The other screens: header, data, plan, lists and errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headstart.report import wording
from headstart.report.terminal import short_path

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.core import Hardware
    from headstart.report.data_card import DataCard
    from headstart.studies import Plan

FINDINGS_SHOWN = 5
PLAN_ROWS = 12
LEFT_OUT_SHOWN = 4
SEVERITIES = {"error": "red", "warning": "yellow", "info": "dim"}


def render_header(
    console: Console, *, version: str, hardware: Hardware, budget_seconds: float, seed: int, folder: str
) -> None:
    """Print what runs, where and for how long."""
    lines = [
        ("Headstart", version),
        ("Machine", hardware_sentence(hardware)),
        ("Budget", f"{wording.duration(budget_seconds)}, seed {seed}"),
        ("Output", short_path(folder)),
    ]
    print_labelled(lines, console)


def hardware_sentence(hardware: Hardware) -> str:
    """One line about the machine."""
    where = hardware.gpu or f"{wording.plural(hardware.cores, 'CPU core')}, no GPU"
    return wording.clean(f"{where}, {hardware.memory_gb:.0f} GB memory free; {hardware.dtype}")


def render_data(data: DataCard, console: Console, most: int = FINDINGS_SHOWN) -> None:
    """Print what was understood of the data: one line, then as many findings as are to be shown, gravest first."""
    from rich.text import Text

    lines = [("Data", data_sentence(data))]
    lines += [("", wording.clean(sentence)) for sentence in data.found[:3]]
    print_labelled(lines, console)
    findings = sorted(data.findings, key=lambda finding: list(SEVERITIES).index(finding.severity))
    for finding in findings[:most]:
        start = (f"  {finding.severity}: ", SEVERITIES[finding.severity])
        line = Text.assemble(start, wording.clean(finding.message))
        if finding.examples:
            shown = ", ".join(wording.clean(example, 40) for example in finding.examples[:2])
            line.append(f" ({shown}{', …' if len(finding.examples) > 2 else ''})", style="dim")
        console.print(line, soft_wrap=False)
    if len(findings) > most:
        console.print(Text(f"  … {len(findings) - most} more: headstart check lists them all", style="dim"))


def data_sentence(data: DataCard) -> str:
    """The data in one sentence: how many examples, classes, and how they are tested."""
    from headstart.modalities import words_for  # brings torch

    noun, _ = words_for(data.task)
    counts, names = data.class_counts, data.class_names
    said = f"{data.n_pool:,} {noun} to learn from, {wording.plural(len(names), 'class', 'classes')}"
    if counts and len(counts) == len(names):
        least = min(range(len(counts)), key=counts.__getitem__)
        said += f" (smallest {wording.clean(names[least], 24)}: {counts[least]:,})"
    rotating = data.test_kind == "rotating"
    said += "; 5-fold cross-validation" if rotating else f"; {data.n_test:,} to test on ({data.test_kind})"
    return f"{said}; groups by {wording.clean(data.groups, 24)}" if data.groups else said


def render_plan(plan: Plan, console: Console) -> None:
    """Print what will be trained and what it should cost, before any of it is spent."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    table.add_column("planned option", no_wrap=True, overflow="ellipsis", max_width=38)
    table.add_column("sizes", no_wrap=True, overflow="ellipsis", max_width=34)
    for name in ("runs", "settings", "about"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in plan.rows[:PLAN_ROWS]:
        sizes = _sizes_in_short(row.sizes)
        cells = (row.arm, sizes, row.repeats, row.recipes, wording.duration(row.seconds))
        table.add_row(*(Text(wording.clean(cell)) for cell in cells))
    console.print(table)
    if len(plan.rows) > PLAN_ROWS:
        console.print(Text(f"… {len(plan.rows) - PLAN_ROWS} more options", style="dim"))
    total = f"about {wording.duration(plan.total_seconds)} of {wording.duration(plan.budget_seconds)} allowed"
    if plan.comparison_size:
        total += f"; options are compared at up to about {wording.count(plan.comparison_size)} labels"
    lines = [("Total", total)]
    lines += [("Left out", f"{one.what}: {one.reason}") for one in plan.left_out[:LEFT_OUT_SHOWN]]
    if len(plan.left_out) > LEFT_OUT_SHOWN:
        lines.append(("", f"… {len(plan.left_out) - LEFT_OUT_SHOWN} more in the report"))
    lines += [("Note", note) for note in plan.notes]
    print_labelled(lines, console)


def _sizes_in_short(sizes: Sequence[int]) -> str:
    """Up to two sizes, or the first and the last."""
    if len(sizes) <= 2:
        return ", ".join(wording.count(size) for size in sizes)
    return f"{wording.count(sizes[0])} to {wording.count(sizes[-1])}"


def render_error(fact: str, place: str | None, hint: str | None, console: Console) -> None:
    """Print an error that the user can fix: what was found, where, what to do next."""
    from rich.text import Text

    console.print(Text.assemble(("error: ", "bold red"), wording.clean(fact)), soft_wrap=True)
    if place:
        console.print(Text.assemble(("  in: ", "dim"), wording.clean(place)), soft_wrap=True)
    if hint:
        console.print(Text.assemble(("  hint: ", "bold"), wording.clean(hint)), soft_wrap=True)


def print_labelled(lines: Sequence[tuple[str, str]], console: Console, width: int = 9) -> None:
    """Print (label, text) rows in two columns, as on the last screen."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    for label, said in lines:
        grid.add_row(Text(label, style="dim"), Text(wording.clean(said)))
    console.print(grid)
