from __future__ import annotations

import io
from typing import Any

import pytest
from example_summary import build_summary
from rich.console import Console


@pytest.fixture
def summary() -> dict[str, Any]:
    """A realistic summary that the test may change."""
    return build_summary()


@pytest.fixture
def screen():
    """Render with a function of (…, console) and return the lines a user sees."""

    def show(render, *values, width: int = 80) -> list[str]:
        console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)
        render(*values, console)
        return [line.rstrip() for line in console.file.getvalue().rstrip("\n").split("\n")]

    return show
