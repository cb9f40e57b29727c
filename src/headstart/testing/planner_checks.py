"""What every planner must do, checked on recorded tables and simulated machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from headstart.core import Arm, Recipe, TrialSpec
from headstart.studies.planners.base import Planner
from headstart.testing.recorded import RecordedArm, RecordedTable
from headstart.testing.replay import Replay, replay
from headstart.testing.simulated import Situation

OVER = 1.05, 5.0  # share and seconds by which a budget may be exceeded
SIZES = np.asarray([25, 50, 100, 200, 400, 800, 1600])


def example_table() -> RecordedTable:
    """Four arms with power laws: a probe that leads at first, fine-tuning that leads at the end, two from scratch."""
    rates = tuple(
        Recipe(learning_rate=rate, steps=100, label=label)
        for rate, label in ((1e-3, "default"), (3e-3, "rate x 3"), (1 / 3e3, "rate / 3"))
    )
    shapes = {
        ("linear_probe", "start", "transfer"): (0.80, 0.30, 0.02, True),
        ("full_finetune", "start", "transfer"): (0.93, 0.55, 0.02, False),
        ("from_scratch", "start", "scratch"): (0.88, 0.80, 0.02, False),
        ("from_scratch", "compact", "scratch"): (0.82, 0.80, 0.005, False),
    }
    arms: list[RecordedArm] = []
    for (strategy, candidate, paradigm), (ceiling, fall, price, closed) in shapes.items():
        rng = np.random.default_rng(len(arms))
        level = ceiling - fall * (SIZES / 25) ** -0.5
        values = np.clip(level + 0.01 * rng.standard_normal((3, len(SIZES))), 0.25, 1)
        seconds = np.full(len(SIZES), 0.1) if closed else 2.0 + price * np.maximum(SIZES, 400)
        arm = Arm(candidate=candidate, strategy=strategy, paradigm=paradigm)
        arms.append(RecordedArm(arm, SIZES, values, seconds, closed, (Recipe(),) if closed else rates))
    return RecordedTable(tuple(arms), int(SIZES[-1]), tested=2400, classes=4)


def check_planner(
    make: Callable[[], Planner], table: RecordedTable | None = None, budgets: Sequence[float] = (60.0, 300.0, 1200.0)
) -> list[str]:
    """Check a planner on simulated machines.

    It keeps the budget, ends, answers the same question in the same way, writes nothing, starts nothing twice - also
    with trials in flight -, lives with arms that fail, workers that are lost, and a machine that becomes slower or was
    slow only while it was looked at, and measures every side of the comparison in time.

    Args:
        make: Makes the planner.
        table: What it plays on; four arms with known curves if not given.
        budgets: Simulated seconds to try.

    Returns:
        The situations it was checked in.

    Raises:
        AssertionError: It breaks one of these promises; the message says which and where.
    """
    table = table or example_table()
    failing = table.arms[-1].arm.key
    checked = []
    for budget in budgets:
        situations = {
            "quiet": Situation(),
            "three at once": Situation(slots=3),
            "times that vary": Situation(noise=0.3),
            "an arm that fails": Situation(failing=frozenset({failing})),
            "lost workers": Situation(lost=frozenset({1, 2, 5})),
            "five times slower from the middle on": Situation(speed=_from(budget / 2, 5.0)),
            "five times slower while it is looked at": Situation(speed=_until(0.04 * budget, 5.0), busy=True),
        }
        for name, situation in situations.items():
            where = f"{name}, {budget:g} s"
            try:
                first = replay(table, make(), budget, situation)
                _check(first, table, budget, situation)
                again = replay(table, make(), budget, situation)
            except AssertionError as error:
                raise AssertionError(f"{make().name} ({where}): {error}") from None
            if _keys(first) != _keys(again):
                raise AssertionError(f"{make().name} ({where}): the same question got another answer")
            checked.append(where)
    return checked


def _check(played: Replay, table: RecordedTable, budget: float, situation: Situation) -> None:
    share, seconds = OVER
    assert played.spent <= share * budget + seconds, f"{played.spent:.0f} s were spent of {budget:.0f}"
    working = [one for one in table.arms if one.arm.key not in situation.failing]
    cheapest = {
        side: min(one.run_seconds(int(one.sizes[0])) for one in working if one.arm.paradigm == side)
        for side in {one.arm.paradigm for one in working}
    }
    slowest = max(situation.speed(share * budget) for share in (0.0, 0.25, 0.5, 0.75, 1.0))
    affordable = {side for side, price in cheapest.items() if 6 * price * slowest < budget}
    missing = affordable - played.measured_sides
    assert not missing, f"nothing was measured of {', '.join(sorted(missing))}"


def _keys(played: Replay) -> list[str]:
    return [step.key if isinstance(step, TrialSpec) else str(step) for step, _ in played.steps]


def _from(moment: float, factor: float) -> Callable[[float], float]:
    return lambda seconds: factor if seconds >= moment else 1.0


def _until(moment: float, factor: float) -> Callable[[float], float]:
    return lambda seconds: factor if seconds < moment else 1.0
