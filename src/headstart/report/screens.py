"""The other screens: header, data, plan, lists and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headstart.report import wording
from headstart.report.terminal import short_path

if TYPE_CHECKING:
    from rich.console import Console

FINDINGS_SHOWN = 5
PLAN_ROWS = 12
LEFT_OUT_SHOWN = 4
SEVERITIES = {"error": "red", "warning": "yellow", "info": "dim"}


def render_header(info: Mapping[str, Any], console: Console) -> None:
    """Print what runs, where and for how long.

    Args:
        info: Any of ``version``, ``hardware`` (a sentence or a Hardware record as a dict), ``budget_seconds``,
            ``folder``, ``seed`` and ``offline``.
        console: Where to print.
    """
    lines = [("Headstart", str(info.get("version", "")))]
    if info.get("hardware"):
        lines.append(("Machine", hardware_sentence(info["hardware"])))
    budget = [f"{wording.duration(info['budget_seconds'])}"] if info.get("budget_seconds") else []
    if info.get("seed") is not None:
        budget.append(f"seed {info['seed']}")
    if info.get("offline"):
        budget.append("offline: only models that are already here")
    if budget:
        lines.append(("Budget", ", ".join(budget)))
    if info.get("folder"):
        lines.append(("Output", short_path(str(info["folder"]))))
    print_labelled(lines, console)


def hardware_sentence(hardware: Any) -> str:
    """One line about the machine, from a sentence or from a Hardware record as a dict."""
    if not isinstance(hardware, Mapping):
        return wording.clean(hardware)
    where = hardware.get("gpu") or f"{wording.plural(int(hardware.get('cores', 0)), 'CPU core')}, no GPU"
    memory = hardware.get("memory_gb")
    said = f"{where}, {memory:.0f} GB memory free" if memory is not None else str(where)
    return wording.clean(f"{said}; {hardware['dtype']}" if hardware.get("dtype") else said)


def render_data(data: Mapping[str, Any], console: Console, most: int = FINDINGS_SHOWN) -> None:
    """Print what was found in the data: one line, then as many findings as are to be shown, gravest first."""
    lines = [("Data", data_sentence(data))]
    lines += [("", wording.clean(sentence)) for sentence in list(data.get("found") or ())[:3]]
    print_labelled(lines, console)
    findings = list(data.get("findings") or ())
    findings.sort(
        key=lambda finding: list(SEVERITIES).index(finding["severity"]) if finding["severity"] in SEVERITIES else 9
    )
    from rich.text import Text

    for finding in findings[:most]:
        style = SEVERITIES.get(finding["severity"], "")
        line = Text.assemble((f"  {finding['severity']}: ", style), wording.clean(finding["message"]))
        if finding.get("examples"):
            shown = ", ".join(wording.clean(example, 40) for example in finding["examples"][:2])
            line.append(f" ({shown}{', …' if len(finding['examples']) > 2 else ''})", style="dim")
        console.print(line, soft_wrap=False)
    if len(findings) > most:
        console.print(Text(f"  … {len(findings) - most} more: headstart check lists them all", style="dim"))


def data_sentence(data: Mapping[str, Any]) -> str:
    """The data in one sentence: how many examples, classes, and how they are tested."""
    from headstart.modalities import words_for  # brings torch

    noun, _ = words_for(str(data["task"]))
    counts = list(data.get("class_counts") or ())
    names = list(data.get("class_names") or ())
    said = f"{data['n_pool']:,} {noun} to learn from, {wording.plural(len(names), 'class', 'classes')}"
    if counts and len(counts) == len(names):
        least = min(range(len(counts)), key=counts.__getitem__)
        said += f" (smallest {wording.clean(names[least], 24)}: {counts[least]:,})"
    kind = data.get("test_kind")
    said += "; 5-fold cross-validation" if kind == "rotating" else f"; {data['n_test']:,} to test on ({kind})"
    return f"{said}; groups by {wording.clean(data['groups'], 24)}" if data.get("groups") else said


def render_plan(plan: Mapping[str, Any], console: Console) -> None:
    """Print what will be trained and what it should cost, before any of it is spent.

    Args:
        plan: ``rows`` (``arm``, ``sizes``, ``repeats``, ``recipes``, ``seconds``), ``total_seconds``,
            ``budget_seconds``, ``comparison_size``, ``left_out`` (``what``, ``reason``) and ``notes``.
        console: Where to print.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    table.add_column("planned option", no_wrap=True, overflow="ellipsis", max_width=38)
    table.add_column("sizes", no_wrap=True, overflow="ellipsis", max_width=34)
    for name in ("runs", "settings", "about"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = list(plan["rows"])
    for row in rows[:PLAN_ROWS]:
        sizes = _sizes_in_short(row["sizes"])
        cells = (row["arm"], sizes, row["repeats"], row["recipes"], wording.duration(row["seconds"]))
        table.add_row(*(Text(wording.clean(cell)) for cell in cells))
    console.print(table)
    if len(rows) > PLAN_ROWS:
        console.print(Text(f"… {len(rows) - PLAN_ROWS} more options", style="dim"))
    total = f"about {wording.duration(plan['total_seconds'])} of {wording.duration(plan['budget_seconds'])} allowed"
    if plan.get("comparison_size"):
        total += f"; options are compared at up to about {wording.count(plan['comparison_size'])} labels"
    lines = [("Total", total)]
    left_out = list(plan.get("left_out") or ())
    lines += [("Left out", f"{item['what']}: {item['reason']}") for item in left_out[:LEFT_OUT_SHOWN]]
    if len(left_out) > LEFT_OUT_SHOWN:
        lines.append(("", f"… {len(left_out) - LEFT_OUT_SHOWN} more in the report"))
    lines += [("Note", note) for note in plan.get("notes") or ()]
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
