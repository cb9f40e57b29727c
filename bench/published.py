"""The published yardsticks: learning curves of Hoiem et al. (2021), and the counts of VTAB (Zhai et al. 2019).

    python bench/published.py DATA

DATA is a folder with ``hoiem2021_cifar100.csv`` (arXiv 2010.11029) and ``vtab2019_results.csv`` (arXiv 1910.04867).
Writes ``bench/results/evidence_published.md``.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

from headstart.evidence.crossover import PRIOR_FREEDOM, CrossoverDraws, find_crossover, gap_at
from headstart.evidence.curves import CurveDraws, fit_curves
from headstart.evidence.head_start import head_start
from headstart.evidence.negative_transfer import overall_harm
from headstart.evidence.observed import ArmErrors
from headstart.evidence.paired import JointDraws
from headstart.evidence.significance import tie_test

ARMS = {"scratch": "scratch", "linear": "transfer", "finetune": "transfer"}
SHOWN_MARGINS = (0.01, 0.02, 0.025)


def hoiem(folder: Path) -> list[ArmErrors]:
    """ResNet-18 on CIFAR-100 by examples of each class; equal partitions are paired."""
    rows = list(csv.DictReader((folder / "hoiem2021_cifar100.csv").open()))
    return [
        ArmErrors(
            arm,
            paradigm,
            *(
                np.asarray([kind(row[name]) for row in rows if row["arm"] == arm])
                for name, kind in (
                    ("examples_per_class", float),
                    ("test_error_percent", lambda text: float(text) / 100),
                    ("partition", int),
                )
            ),
        )
        for arm, paradigm in ARMS.items()
    ]


def vtab_counts(folder: Path, size: str, margin: float = 0.01) -> tuple[int, int, int, int]:
    """Tasks on which supervised pretraining wins, harms, or ties with from scratch, and all tasks.

    One figure a task is published, so that every draw is that figure: the rules see a difference without an error.
    """
    rows = [row for row in csv.DictReader((folder / "vtab2019_results.csv").open()) if row["train_examples"] == size]
    top = {(row["method"], row["task"]): float(row["top1_percent"]) / 100 for row in rows}
    tasks = sorted({task for _, task in top})
    wins = harms = ties = 0
    for task in tasks:
        pair = np.asarray([top["Sup-100%", task], top["From-Scratch", task]])
        draws = JointDraws(("transfer", "scratch"), pair, np.tile(pair, (100, 1)), (1, 1))
        (harm,) = overall_harm(draws, ["transfer"], ["scratch"])
        (win,) = overall_harm(draws, ["scratch"], ["transfer"])
        harms, wins = harms + harm.harmful, wins + win.harmful
        ties += tie_test(pair[0] - pair[1], 0.0, PRIOR_FREEDOM, margin) < 0.05
    return wins, harms, ties, len(tasks)


def _crossing_line(curves: CurveDraws, arm: str) -> str:
    found: CrossoverDraws = find_crossover(curves, ["scratch"], [arm])
    low, high = found.interval
    middle = found.quantile(0.5)
    place = f"{middle:.0f} [{low:.0f}, {high:.0f}]" if np.isfinite(middle) else "none"
    return f"| scratch against {arm} | {found.statement} | {place} | {found.p_crossed:.1%} | {found.p_by_horizon:.1%} |"


def _tie_lines(arms: list[ArmErrors]) -> list[str]:
    curves = fit_curves(arms)
    gap, low, high = gap_at(curves, "finetune", "linear", 25)
    by_repeat = [curves.arms[curves.index(name)].at(25) for name in ("finetune", "linear")]
    own = np.asarray([by_repeat[0][key] - by_repeat[1][key] for key in sorted(by_repeat[0])])
    error = float(own.std(ddof=1) / np.sqrt(len(own)))
    verdicts = ", ".join(
        f"{100 * margin:g}: {'tie' if -margin <= low and high <= margin else 'not determined'}"
        for margin in SHOWN_MARGINS
    )
    p = tie_test(float(own.mean()), error, len(own) - 1, 0.01)
    return [
        f"Fine-tuning minus linear at 25 per class: {100 * gap:.1f} points [{100 * low:.1f}, {100 * high:.1f}]. "
        f"By margin in points, {verdicts}.",
        "",
        f"Within one point this is no tie by any sound rule. The {len(own)} paired differences scatter by "
        f"{100 * own.std(ddof=1):.1f} points, so that their mean has a standard error of {100 * error:.2f}: two "
        f"one-sided t tests on these alone give p = {p:.2f}, and a margin of one point leaves "
        f"{100 * (0.01 - abs(own.mean())):.2f} points beside the difference itself. That the two do not differ "
        "significantly, which is what the source's table shows, is another statement.",
        "",
    ]


def main() -> None:
    """Write the yardsticks beside what the rules say of them."""
    from record import write

    folder = Path(sys.argv[1])
    arms = hoiem(folder)
    curves = fit_curves(arms)
    lines = [
        "## ResNet-18 on CIFAR-100, 25 to 400 examples of each class, horizon 1,600",
        "",
        "| pair (margin 0) | statement | n* per class, 90 % interval | P(by 400) | P(by 1,600) |",
        "| --- | --- | --- | --- | --- |",
        *(_crossing_line(curves, arm) for arm in ("linear", "finetune")),
        "",
        "Straight lines through the published means cross at 216 to 225 for scratch against linear, a weighted fit at "
        "215.",
        "",
        *_tie_lines(arms),
        "| head start of fine-tuning at | scratch examples per class | multiplier | from the means |",
        "| --- | --- | --- | --- |",
    ]
    for n, expected in ((25, 4.0), (50, 5.3), (100, None), (200, None)):
        labels = head_start(curves, "finetune", n)
        low, high = labels.interval
        top = f"{high:.0f}" if np.isfinite(high) else f"more than {labels.horizon:.0f}"
        factors = f"{labels.quantile(0.5) / n:.2f} [{low / n:.2f}, {f'{high / n:.2f}' if np.isfinite(high) else '-'}]"
        known = f"{expected}" if expected else "beyond the range"
        lines.append(f"| {n} | {labels.quantile(0.5):.0f} [{low:.0f}, {top}] | {factors} | {known} |")
    lines += [
        "",
        "The figures of the last column are straight in log n between the published means, which overstates them "
        "where the curve is convex.",
        "",
        "| fitted on 25 to 100 | at 200, 90 % interval | seen | at 400, 90 % interval | seen |",
        "| --- | --- | --- | --- | --- |",
    ]
    early = fit_curves([arm.up_to(100) for arm in arms])
    for arm in arms:
        cells = []
        for n in (200, 400):
            middle, low, high = (100 * value for value in early.interval(arm.arm, n))
            seen = 100 * float(arm.means[arm.sizes == n][0])
            inside = "inside" if low <= seen <= high else "OUTSIDE"
            cells += [f"{middle:.1f} [{low:.1f}, {high:.1f}]", f"{seen:.1f}, {inside}"]
        lines.append(f"| {arm.arm} | {' | '.join(cells)} |")
    lines += [
        "",
        "## VTAB, supervised pretraining (Sup-100%) against from scratch",
        "",
        "| training examples | wins | harms (negative transfer) | ties within a point | tasks |",
        "| --- | --- | --- | --- | --- |",
    ]
    for size in ("1000", "full"):
        wins, harms, ties, tasks = vtab_counts(folder, size)
        lines.append(f"| {size} | {wins} | {harms} | {ties} | {tasks} |")
    write("evidence_published", "Published yardsticks", lines)


if __name__ == "__main__":
    main()
