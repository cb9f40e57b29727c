"""The state of a study: one stored record, and what planners read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from headstart._version import __version__
from headstart.core import Arm, Recipe, Record, Role, TrialSpec
from headstart.studies.evidence import Evidence
from headstart.studies.line_up import LineUp
from headstart.studies.settings import StudySettings
from headstart.studies.sizes import smallest_size
from headstart.studies.spec import SpecMaker
from headstart.training import trunk_of

STATE_VERSION = 2


class Dropped(Record):
    """Why an arm takes no part.

    Attributes:
        reason: In words.
        lasting: Whether it stays out in later runs, also with a larger budget.
    """

    reason: str
    lasting: bool = False


class StudyRecord(Record):
    """Everything about a study that is stored beside its trials.

    Attributes:
        created: ISO time.
        dtype: Precision that the study began with; a trial's identity holds it.
        threads: CPU threads of a trial.
        mirrored: Whether mirror images keep their label; None before that was looked at.
        cut_texts: How many texts were cut, and at how many tokens, by candidate.
        dropped: Arms that take no part, by key.
        planner: Name of the planner.
        plan: What the planner made last.
        rates: What prices have learnt so far.
        spent_seconds: Working time of all runs.
        finished_budget: The budget that a run ended with; None while there is none.
        looks: Budgets that a run ended with: each further verdict has a smaller share of the error.
        events: What went wrong on the way and was made good, such as a worker that was lost.
    """

    schema_version: int = STATE_VERSION
    headstart_version: str = __version__
    created: str
    settings: StudySettings
    dtype: Literal["float32", "bfloat16"]
    threads: int = 1
    mirrored: bool | None = None
    cut_texts: Mapping[str, tuple[int, int]] = {}
    dropped: Mapping[str, Dropped] = {}
    planner: str = "staged"
    plan: Mapping[str, Any] | None = None
    rates: Mapping[str, Any] | None = None
    spent_seconds: float = 0.0
    finished_budget: float | None = None
    looks: int = 0
    events: tuple[str, ...] = ()


class Prices(Protocol):
    """What trials will cost."""

    def seconds(self, arm: Arm, recipe: Recipe, n: int, role: Role = "measuring") -> float:
        """Predicted wall-clock seconds of a trial."""


@dataclass(frozen=True)
class StudyState:
    """A study as planners and advice read it; only the driver makes another one.

    Attributes:
        record: What is stored.
        line_up: Arms and their recipes.
        evidence: What trials showed.
        prices: What trials will cost.
        maker: Of specifications.
        grid: Sizes to measure at, the whole pool first.
    """

    record: StudyRecord
    line_up: LineUp
    evidence: Evidence
    prices: Prices
    maker: SpecMaker
    grid: tuple[int, ...]

    @property
    def settings(self) -> StudySettings:
        """What was asked for."""
        return self.record.settings

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Every arm that may be compared."""
        return self.line_up.arms

    @property
    def alive(self) -> list[Arm]:
        """Arms that take part."""
        return [arm for arm in self.arms if arm.key not in self.record.dropped]

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.evidence.data.class_names)

    @property
    def pool_size(self) -> int:
        """Labels that a trial can learn from at most."""
        return self.grid[0]

    @property
    def target_size(self) -> int:
        """Labels that the answer is for: those planned, or all there are."""
        return self.settings.planned_labels or self.pool_size

    @property
    def smallest(self) -> int:
        """The smallest size that is worth measuring."""
        return smallest_size(self.classes)

    def closed_form(self, arm: Arm) -> bool:
        """Whether an arm needs no gradient descent."""
        return self.line_up.closed_form(arm)

    def default_seconds(self, arm: Arm, n: int) -> float:
        """Predicted seconds of a measuring trial at the default recipe."""
        return self.prices.seconds(arm, self.line_up.recipes(arm, n)[0], n)

    def spec(self, arm: Arm, recipe: Recipe, n: int, **details: Any) -> TrialSpec:
        """Specify one trial; see :meth:`SpecMaker.spec`."""
        return self.maker.spec(arm, recipe, n, **details)

    def seconds(self, spec: TrialSpec) -> float:
        """Predicted seconds of a specified trial; one that was ended early goes on from before its rate fell."""
        whole = self.prices.seconds(spec.arm, spec.recipe, spec.n, spec.role)
        steps = max(1, spec.recipe.steps)
        asked = min(spec.stopped_at or steps, steps)
        ended = [trial.spec for trial in self.evidence.table.trials() if 0 < trial.spec.stopped_at < asked]
        begun = max((trunk_of(one.stopped_at) for one in ended if one.whole == spec.whole), default=0)
        return whole * (asked - begun) / steps if asked < steps or begun else whole

    def shortened(self, spec: TrialSpec, share: float) -> TrialSpec | None:
        """The trial with a share of its steps; None where that is no single run of steps."""
        if not spec.recipe.steps or not self.line_up.may_end_early(spec.arm, spec.recipe):
            return None
        return spec.model_copy(update={"stopped_at": max(1, round(share * spec.recipe.steps))})

    def changed(self, **values: Any) -> StudyState:
        """The state with other values in its record."""
        return replace(self, record=self.record.model_copy(update=values))
