"""Which model to start from: studies of one data set with a near and a far backbone as candidates.

    python recipes/pretrain_builtin.py CHARS74K --work runs/second/work --out runs/second/chars74k --epochs 8 --average 0.99
    headstart study CIFAR10 --candidate builtin:image --candidate runs/second/chars74k --budget 13m --out runs/second/cifar-study
    headstart study LEAF_DISEASE --candidate builtin:image --candidate runs/second/chars74k --budget 11m --out runs/second/leaf-study
    python bench/which_start.py runs/second/cifar-study runs/second/leaf-study

The far backbone has the architecture and the recipe of the built-in one, but was trained on printed characters.
Writes what each study chose, every arm, and what it said about negative transfer.
"""  # noqa: E501 - commands to copy

from __future__ import annotations

import sys
from pathlib import Path

from record import write

import headstart as hs


def told(folder: Path) -> list[str]:
    """One study's part of the page."""
    advice = hs.Study.open(folder).recommendation
    lines = [
        f"## {folder.name}",
        "",
        advice.sentence,
        "",
        f"Chosen: {advice.strategy} of {Path(advice.candidate or '').name}.",
        "",
        "| arm | labels | accuracy | 90 % interval | repeats |",
        "|---|---|---|---|---|",
    ]
    for arm in advice.arms:
        for point in arm.curve:
            lines.append(
                f"| {arm.strategy} of {Path(arm.candidate).name} | {point.n:,} | {100 * point.value:.1f} | "
                f"{100 * point.low:.1f} to {100 * point.high:.1f} | {point.repeats} |"
            )
    said = [warning for warning in advice.warnings if warning.startswith("Negative transfer")]
    return [*lines, "", *(said or ["Nothing was said about negative transfer."]), ""]


if __name__ == "__main__":
    write("which_start", "Which model to start from", [line for name in sys.argv[1:] for line in told(Path(name))])
