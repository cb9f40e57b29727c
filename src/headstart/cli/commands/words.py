"""Commands that explain: strategies, and the words of a report."""

from __future__ import annotations

from typing import Annotated

import typer

from headstart.cli.commands.kinds import Json


def strategies(json_output: Json = False) -> None:
    """Show every strategy: its idea, when it tends to win and lose, its cost and its paper."""
    from headstart.cli.using import show_strategies

    show_strategies(json_output=json_output)


def explain(
    term: Annotated[str, typer.Argument(metavar="TERM", help="A word of the report, or a strategy.")],
    json_output: Json = False,
) -> None:
    """Explain a word of the report, or a strategy."""
    from headstart.cli.using import explain_term

    explain_term(term, json_output=json_output)
