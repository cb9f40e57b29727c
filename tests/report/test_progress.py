from __future__ import annotations

import io

from rich.console import Console

from headstart.core import Arm, Measurement, Recipe
from headstart.report import Progress
from headstart.studies import SpecMaker


def spec_of(strategy, candidate, role, n, repeat):
    maker = SpecMaker(
        seed=0,
        dtype="float32",
        threads=1,
        data_fingerprint="d",
        folds=1,
        weights={candidate: "w"},
        input_sizes={candidate: 1},
    )
    arm = Arm(candidate=candidate, strategy=strategy, paradigm="transfer")
    return maker.spec(arm, Recipe(), n, role=role, repeat=repeat)


def run_a_trial(progress: Progress) -> None:
    progress.stage("Measuring")
    progress.trial_started(spec_of("full_finetune", "[red]", "measuring", 992, 0), 60.0)
    progress.steps(30, 100)
    progress.leaderboard([(f"arm {place} [bold]", 992, 0.9 - place / 100, 0.011) for place in range(5)])
    progress.note("batch halved after running out of memory")


def test_plain_lines_when_not_a_terminal():
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    with Progress(console, 1800) as progress:
        run_a_trial(progress)
        progress.trial_ended(
            spec_of("full_finetune", "[red]", "measuring", 992, 0), Measurement(value=0.914), 0.914, 66.0
        )
        failed = Measurement(error="out of\nmemory")
        progress.trial_ended(spec_of("from_scratch", "x", "tuning", 180, 1), failed, float("nan"), 3.0)
        part = {"recipe": Recipe(steps=100, label="rate x 3"), "stopped_at": 25}
        tuning = spec_of("from_scratch", "x", "tuning", 180, 0).model_copy(update=part)
        progress.trial_ended(tuning, Measurement(value=0.5), 0.5, 3.0)
    lines = console.file.getvalue().splitlines()
    assert lines[0] == "[0:00 / 30:00] Measuring"
    assert lines[2].endswith("full_finetune of [red], measuring at n = 992, repeat 1: accuracy 91.4 in 66 s")
    assert lines[3].endswith("from_scratch of x, tuning at n = 180, default, repeat 2: failed: out of memory in 3.0 s")
    assert lines[4].endswith("of x, tuning at n = 180, rate x 3, 25% of its steps: accuracy 50.0 in 3.0 s")
    assert len(lines) == 5
    assert "\x1b" not in console.file.getvalue()


def test_live_block_has_at_most_eight_lines():
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    with Progress(console, 1800, spent_seconds=900) as progress:
        progress.trial_ended(spec_of("linear_probe", "x", "measuring", 60, 0), Measurement(value=0.7), 0.7, 1.0)
        run_a_trial(progress)
        plain = Console(file=io.StringIO(), width=80, color_system=None)
        plain.print(progress._block())
    lines = plain.file.getvalue().rstrip("\n").split("\n")
    assert len(lines) == 8
    assert lines[0] == "Measuring  1 trial done"
    assert "50 % 15:00 / 30:00" in lines[1]
    assert " 30 %" in lines[2]
    assert "1. arm 0 [bold]" in lines[3]
    assert "90.0 ± 1.1  at n = 992" in lines[3]


def test_quiet_says_nothing():
    console = Console(file=io.StringIO(), force_terminal=True)
    with Progress(console, 10, quiet=True) as progress:
        run_a_trial(progress)
        progress.trial_ended(spec_of("x", "y", "measuring", 1, 0), Measurement(error="failed"), float("nan"), 1.0)
    assert console.file.getvalue() == ""


def test_steps_are_cheap():
    with Progress(Console(file=io.StringIO()), 10, quiet=True) as progress:
        for step in range(100_000):
            progress.steps(step, 100_000)


def test_trials_that_run_at_once_have_a_line_each():
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with Progress(console, 1800) as progress:
        for repeat in range(6):
            progress.trial_started(spec_of("full_finetune", "x", "measuring", 992, repeat), 60.0)
        plain = Console(file=io.StringIO(), width=100, color_system=None)
        plain.print(progress._block())
    shown = plain.file.getvalue()
    assert shown.count("measuring at n = 992") == 4
    assert "and 2 more trials running" in shown
