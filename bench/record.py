"""Write a bench's figures with date, machine and command beside them."""

from __future__ import annotations

import platform
import shlex
import sys
from datetime import date
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def machine() -> str:
    """The machine in words, without its name."""
    import os

    cores = len(os.sched_getaffinity(0))
    described = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in described if "model name" in line), platform.processor())
    counted = "1 core" if cores == 1 else f"{cores} cores"
    return f"{counted}, {model}, {platform.system()}, Python {platform.python_version()}"


def write(name: str, title: str, lines: list[str]) -> Path:
    """Write ``results/NAME.md`` and print it."""
    RESULTS.mkdir(exist_ok=True)
    # where data lie on this machine is nobody's business
    words = [Path(word).name if word.startswith(("/", "..")) else word for word in sys.argv]
    command = shlex.join(["python", *words])
    text = "\n".join([f"# {title}", "", f"{date.today()}; {machine()}; `{command}`", "", *lines, ""])
    (RESULTS / f"{name}.md").write_text(text)
    print(text)
    return RESULTS / f"{name}.md"
