"""The contract of a planner: what to read before anything is spent, and which trial comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from headstart.core import Arm, Record, TrialSpec
from headstart.studies.state import StudyState

SHORTENED = 0.3  # of the price of a trial with all labels: with so much time left it may begin, and end early


class PlanRow(Record):
    """What is planned for one arm.

    Attributes:
        arm: Its name.
        recipes: Recipes that tuning tries; 1 for the default recipe alone.
        seconds: Predicted for one run at each size and for tuning.
    """

    arm: str
    sizes: tuple[int, ...]
    repeats: int
    recipes: int
    seconds: float


class LeftOut(Record):
    """Something that a plan does without, and why."""

    what: str
    reason: str


class Plan(Record):
    """What a study intends to do, for the user to read before anything is spent.

    Attributes:
        total_seconds: Predicted.
        budget_seconds: The budget it was made for.
        comparison_size: Labels up to which arms of different sides are compared; None if that is open.
        notes: What the data cannot show whatever is spent.
    """

    rows: tuple[PlanRow, ...] = ()
    total_seconds: float = 0.0
    budget_seconds: float = 0.0
    comparison_size: int | None = None
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drop:
    """Take an arm out.

    Attributes:
        lasting: Also in later runs with a larger budget.
    """

    arm: Arm
    reason: str
    lasting: bool = True


@dataclass(frozen=True)
class Stop:
    """Nothing more is worth starting now; asked again whenever a running trial ends."""

    reason: str


Step = TrialSpec | Drop | Stop


class Planner(Protocol):
    """Chooses trials. Reads the state, writes nothing, and answers the same question in the same way.

    A planner may have a method ``kept(state, spec, seconds)``: those of the seconds left that a trial
    which can end early leaves for what follows it.

    Attributes:
        name: As ``--planner`` has it.
    """

    name: str

    def plan(self, state: StudyState, seconds: float) -> Plan:
        """Say what will be done in the seconds that are left; the study stores it as ``state.record.plan``."""

    def suggest(self, state: StudyState, seconds: float, running: Sequence[TrialSpec]) -> Step:
        """Name the next trial.

        Args:
            state: Everything that is known.
            seconds: Left for trials.
            running: Started and not finished; none of them is to be started again.
        """
