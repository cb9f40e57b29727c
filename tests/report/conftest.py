from __future__ import annotations

import io
from typing import Any

import pytest
from example_summary import build_document
from rich.console import Console

from headstart.report.summary import Summary


@pytest.fixture
def document() -> dict[str, Any]:
    """A realistic summary as JSON has it, which the test may change."""
    return build_document()


@pytest.fixture
def summary() -> Summary:
    """The same as a record."""
    return Summary.model_validate(build_document())


@pytest.fixture
def screen():
    """Render with a function of (…, console) and return the lines a user sees."""

    def show(render, *values, width: int = 80) -> list[str]:
        console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)
        render(*values, console)
        return [line.rstrip() for line in console.file.getvalue().rstrip("\n").split("\n")]

    return show
