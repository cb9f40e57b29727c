"""The pages that are made from code: a toy app stands in for the real one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import pytest
import typer

from headstart.report import recommendation_schema
from headstart.report.glossary import GLOSSARY

SCRIPT = Path(__file__).parents[2] / "docs" / "generate.py"


@pytest.fixture(scope="module")
def generate():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("generate_docs", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def toy() -> typer.Typer:
    """Two commands with every kind of parameter."""
    app = typer.Typer()

    @app.command()
    def bake(
        flour: Annotated[str, typer.Argument(help="What to bake | from.")],
        heat: Annotated[int, typer.Option(help="How hot.")] = 180,
        topping: Annotated[list[str] | None, typer.Option(help="On top.")] = None,
        quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing.")] = False,
    ) -> None:
        """Bake a cake."""

    @app.command("eat")
    def eat_all(cakes: Annotated[list[str], typer.Argument(metavar="CAKE...")]) -> None:
        """Eat CAKEs."""

    @app.command(hidden=True)
    def secret() -> None:
        """Not for people."""

    return app


def test_commands_of_any_app(generate, toy):
    page = generate.cli_page(toy, "toy")
    assert "## `toy bake`\n\nBake a cake." in page
    assert "toy bake FLOUR [OPTIONS]" in page
    assert "| `FLOUR` | What to bake \\| from. | required |" in page
    assert "| `--heat` *integer* | How hot. | `180` |" in page
    assert "`--topping` *text*, may be repeated | On top. |  |" in page
    assert "| `--quiet`, `-q` | Say nothing. |  |" in page
    assert "toy eat CAKE... [OPTIONS]" in page
    assert "secret" not in page
    assert "Exit codes" not in page


def test_every_field_of_the_schema_is_on_its_page(generate):
    schema = recommendation_schema()
    page = generate.schema_page(schema, "recommendation.json")
    for record in (schema, *schema["$defs"].values()):
        for field in record["properties"]:
            assert f"| `{field}` |" in page
    assert "[MetricValue](#metricvalue)" in page
    assert "list of [ArmReport](#armreport)" in page
    assert "| `p_best` | number or null | Share of the joint draws in which the chosen arm is the best" in page


def test_glossary_page_has_every_word(generate):
    page = generate.glossary_page(GLOSSARY)
    assert all(f"{word}\n:   {meaning}" in page for word, meaning in GLOSSARY.items())
