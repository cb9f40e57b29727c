"""Lists for people: strategies as short blocks, candidates as one narrow table for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from headstart.report.screens import print_labelled
from headstart.report.terminal import shell_word
from headstart.report.wording import amount, capital, clean

if TYPE_CHECKING:
    from headstart.api import RankedCandidates

TABLE_COLUMNS = ("input", "parameters", "GFLOP per example", "licence")
LABEL = 10  # characters of the first column
SHORT = {"GFLOP per example": "GFLOP", "parameters": "weights", "grows with the texts": "as texts"}


def print_strategies(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print a block for each strategy: its name and idea, then a line for each of its other properties.

    Args:
        rows: Dicts with ``name``, ``paradigm``, ``idea`` and any further properties as text.
        console: Where to print; texts wrap at its width.
    """
    for number, row in enumerate(rows):
        if number:
            console.print()
        console.print(Text.assemble((row["name"], "bold"), (f"  {row['paradigm']}", "dim")))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=15, no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in row.items():
            if name not in ("name", "paradigm"):
                grid.add_row(Text(f"  {name}", style="dim"), Text(str(value)))
        console.print(grid)


def print_models(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print the candidates of each task in a table that fits 80 characters, those with pretrained weights first.

    Args:
        rows: Dicts with ``name`` and ``task``, and facts as text; ``source`` says where weights come from, ``card``
            what to know of them, and ``problem`` why one cannot be used.
        console: Where to print.
    """
    for number, task in enumerate(dict.fromkeys(row["task"] for row in rows)):
        mine = [row for row in rows if row["task"] == task]
        if number:
            console.print()
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
        table.add_column(Text(task, style="bold"), no_wrap=True, min_width=21)
        for column in TABLE_COLUMNS:
            right = column in ("parameters", "GFLOP per example")
            table.add_column(SHORT.get(column, column), justify="right" if right else "left", no_wrap=True)
        for start in ("pretrained", "from scratch only", None):
            group = [row for row in mine if row.get("start") == start]
            if group and start:
                table.add_row(Text(start, style="dim"))
            for row in group:
                values = (str(row.get(column, "")) for column in TABLE_COLUMNS)
                table.add_row(
                    Text(row["name"]), *(Text(SHORT.get(value, value.partition(" (")[0])) for value in values)
                )
        console.print(table)
        cards = {str(row["card"]): row for row in reversed(mine) if row.get("card")}
        for row in mine:
            if row.get("problem"):
                console.print(Text(f"  {row['name']}: {row['problem']}", style="yellow"))
        for card, row in reversed(cards.items()):
            console.print(Text(f"{row['name']}, {row['source']}: {card}", style="dim"))


def print_ranking(found: RankedCandidates, console: Console) -> None:
    """Print the scores of candidates, best first, the shortlist, and how far the scores agree.

    Args:
        found: What was ranked.
        console: Where to print.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    table.add_column("candidate", overflow="fold")
    for column in ("mean rank", *found.scores):
        table.add_column(column, justify="right")
    for name, mean in zip(found.ranking.models, found.ranking.mean_rank, strict=True):
        cells = (amount(of[name]) if score == "parameters" else f"{of[name]:.3f}" for score, of in found.scores.items())
        table.add_row(Text(clean(name)), f"{mean:.1f}", *cells)
    console.print(table)
    rows = [
        ("Shortlist", ", ".join(found.shortlist)),
        ("Agreement", capital(found.ranking.sentence)),
        *(("Left out", f"{name}: {why}") for name, why in found.left_out),
        ("Next", "headstart study DATA " + " ".join(f"--candidate {shell_word(name)}" for name in found.shortlist)),
    ]
    console.print()
    print_labelled(rows, console, LABEL)
