"""The evidence of a study as its planner and its advice read it: one table of predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from headstart.core import Arm, derive_seed
from headstart.data import LabelledData, Split, judge_mask
from headstart.data.splits import ROTATE_GROUPS_BELOW
from headstart.evidence import (
    ArmErrors,
    CostCurve,
    CurveDraws,
    JointDraws,
    Run,
    cost_curve,
    fit_curves,
    joint_draws,
    majority_baseline,
    metric_of,
    mistake_correlation,
)
from headstart.evidence.curves import TEST_CORRELATION
from headstart.evidence.few_groups import effective_examples
from headstart.evidence.spread import Cell, Kind, Spread, arm_spread, fitted_spread
from headstart.studies.outlook import expected, steps_left_out
from headstart.studies.settings import StudySettings
from headstart.studies.trials import Trial, Trials, longest

ROTATING_REPEATS = 5
FIXED_REPEATS = 3


class Evidence:
    """What the finished trials of a study show.

    Args:
        settings: What was asked for.
        data: The labelled examples.
        splits: One, or several whose test parts rotate.
        arms: Every arm that may be compared.
        table: Finished trials.
        dropped: Gives the reasons of arms that were dropped for good, by key.
        repeats: Repeats that a size gets at most; by the kind of test part if not given.
    """

    def __init__(
        self,
        settings: StudySettings,
        data: LabelledData,
        splits: tuple[Split, ...],
        arms: tuple[Arm, ...],
        table: Trials,
        dropped: Callable[[], Mapping[str, str]] = dict,
        repeats: int | None = None,
    ) -> None:
        self.settings, self.data, self.splits, self.arms, self.table = settings, data, splits, arms, table
        self.repeats = repeats or (ROTATING_REPEATS if len(splits) > 1 else FIXED_REPEATS)
        self._dropped = dropped
        self._runs: dict[str, Run] = {}
        self._cells: dict[tuple[str, ...], Cell] = {}
        self._errors: dict[tuple[str, ...], float] = {}
        self._draws: dict[tuple[object, ...], JointDraws] = {}
        self._curves: dict[tuple[object, ...], CurveDraws | None] = {}

    @property
    def rotating(self) -> bool:
        """Whether repeats rotate the test part."""
        return len(self.splits) > 1

    @cached_property
    def few_groups(self) -> bool:
        """Whether test parts rotate over so few groups that one of them says little about the others."""
        return self.rotating and len(np.unique(self.data.groups)) < ROTATE_GROUPS_BELOW

    @cached_property
    def learns_from_few_groups(self) -> bool:
        """Whether what is held out of the labels holds few groups, too."""
        learnt = self.data.groups[self.splits[0].pool]
        return self.data.has_groups and len(np.unique(learnt)) < ROTATE_GROUPS_BELOW

    @cached_property
    def pool_size(self) -> int:
        """Labels that a trial can learn from at most."""
        return min(len(split.pool) for split in self.splits)

    @cached_property
    def judged(self) -> tuple[np.ndarray, bool]:
        """Mask over all examples of the *judge* half of the test part, and whether there are two halves."""
        mask = np.zeros(len(self.data.labels), dtype=bool)
        split = self.splits[0]
        halves = judge_mask(self.data, split)
        if self.rotating or halves.all():
            return np.ones_like(mask), False
        mask[split.test[halves]] = True
        return mask, True

    def trials(self, arm: str | None = None, role: str | None = None, n: int | None = None) -> list[Trial]:
        """Successful trials, filtered; of one that was ended early and run again for longer, only the longer one."""
        return longest(
            trial
            for trial in self.table.trials()
            if trial.succeeded
            and (arm is None or trial.spec.arm.key == arm)
            and (role is None or trial.spec.role == role)
            and (n is None or trial.spec.n == n)
        )

    def run(self, trial: Trial) -> Run:
        """Predictions of a measuring trial."""
        if trial.key not in self._runs:
            measured, probabilities = self.table.predictions(trial.key)
            order = np.argsort(measured)
            examples = measured[order]
            self._runs[trial.key] = Run(
                repeat=trial.spec.repeat,
                fold=trial.spec.fold,
                examples=examples,
                groups=self.data.groups[examples],
                labels=self.data.labels[examples],
                predictions=probabilities.argmax(1)[order],
            )
        return self._runs[trial.key]

    def runs(self, arm: str, n: int, part: str = "all") -> list[Run]:
        """Runs of an arm at a size on the ``judge`` half, the ``final`` half or ``all`` of the test part."""
        found = [self.run(trial) for trial in self.trials(arm, "measuring", n)]
        mask, halved = self.judged
        if part == "all" or not halved:
            return found
        return [run.restrict(mask[run.examples] == (part == "judge")) for run in found]

    def sizes(self, arm: str) -> list[int]:
        """Sizes at which an arm was measured, ascending."""
        return sorted({trial.spec.n for trial in self.trials(arm, "measuring")})

    @property
    def dropped(self) -> Mapping[str, str]:
        """Why arms were dropped for good, by arm key."""
        return self._dropped()

    @property
    def all_sizes(self) -> list[int]:
        """Sizes at which any arm was measured, ascending."""
        return sorted({trial.spec.n for trial in self.trials(role="measuring")})

    def measured_at(self, n: int) -> list[Arm]:
        """Arms measured at a size."""
        return [arm for arm in self.arms if n in self.sizes(arm.key)]

    def kind(self, arm: str) -> Kind:
        """Whether an arm's trials descend a gradient; the prior of their spread depends on it."""
        return "gradient" if any(trial.spec.recipe.steps for trial in self.trials(arm, "measuring")) else "closed"

    def spread(self, arm: str, n: int) -> Spread:
        """Spread between repeats of an arm at n labels: by its kind, and by its own repeats at every size."""
        cells = {size: self._cell(arm, size) for size in self.sizes(arm)}
        # with few groups, repeats differ by what they are tested on, which the groups' own spread accounts for
        own = [] if self.few_groups else list(cells.values())
        found = arm_spread(own, cells[n], self.kind(arm))
        return Spread(float(f"{found.sd:.2g}"), found.freedom)  # coarse: a trial elsewhere changes few old draws

    def _cell(self, arm: str, n: int) -> Cell:
        trials = self.trials(arm, "measuring", n)
        key = tuple(trial.key for trial in trials)
        if key not in self._cells:
            self._cells[key] = self._cell_of([self.run(trial) for trial in trials], n)
        return self._cells[key]

    def _cell_of(self, runs: list[Run], n: int) -> Cell:
        classes = len(self.data.class_names)
        values = np.asarray([metric_of(run, self.settings.metric, classes) for run in runs])
        tested = float(np.mean([len(run.labels) for run in runs]))
        sampling = float(np.mean(values * (1 - values))) / tested if self.rotating else 0.0
        return Cell(n / classes, values, sampling)

    def tuned(self, arm: str) -> bool:
        """Whether recipes were compared; an arm without gradient descent has none to compare."""
        recipes = {trial.spec.recipe for trial in self._tuning(arm)}
        return len(recipes) > 1 or not self.sizes(arm) or self.kind(arm) == "closed"

    def untuned(self, arm: str) -> float:
        """Standard deviation of what better tuning would still move an arm by; 0 where there are no recipes.

        What tuning moves was measured on arms that were tuned after all; see ``bench/spread.py``. A choice among
        recipes leaves less of it, the more examples it was held out on.
        """
        sizes = self.sizes(arm)
        if not sizes or self.kind(arm) == "closed":
            return 0.0
        held_out = 0
        if self.tuned(arm):
            held_out = min((trial.measurement.n_test or 0 for trial in self._tuning(arm)), default=0)
        return fitted_spread().untuned_left(self.error(arm, sizes[-1]), held_out)

    def steps_left_out(self, arm: str, n: int | None = None) -> float:
        """Scale of what the missing steps of runs that were ended early would gain an arm.

        See :func:`headstart.studies.outlook.steps_left_out`.

        Args:
            arm: By key.
            n: Labels of the runs; the arm's largest size if not given.
        """
        sizes = self.sizes(arm)
        return steps_left_out(self, arm, n or sizes[-1]) if sizes else 0.0

    def error(self, arm: str, n: int) -> float:
        """Mean error (1 - metric) of an arm's runs at n labels, between 0 and 1, on what planners may read."""
        trials = self.trials(arm, "measuring", n)
        key = tuple(trial.key for trial in trials)
        if key not in self._errors:
            self._errors[key] = 1 - float(np.mean([self.value(trial) for trial in trials]))
        return min(max(self._errors[key], 0.0), 1.0)

    def _tuning(self, arm: str) -> list[Trial]:
        return [trial for trial in self.trials(arm, "tuning") if not trial.spec.convergence_check]

    def draws(self, n: int, arms: list[Arm] | None = None, part: str = "all") -> JointDraws | None:
        """Joint draws of the arms measured at a size; None if there are none.

        All arms of a size are estimated together, so that every reader - verdict, table, curves, planner - has the
        same figures for an arm, whichever others it asks for.
        """
        there = self.measured_at(n)
        chosen = [arm for arm in there if arms is None or arm in arms]
        if not chosen:
            return None
        spreads = {arm.key: self.spread(arm.key, n) for arm in there}
        trials = tuple(trial.key for arm in there for trial in self.trials(arm.key, "measuring", n))
        key = (n, part, trials, tuple((spread.sd, spread.freedom) for spread in spreads.values()))
        if key not in self._draws:
            self._draws[key] = joint_draws(
                {arm.key: self.runs(arm.key, n, part) for arm in there},
                self.settings.metric,
                len(self.data.class_names),
                spreads,
                derive_seed(self.settings.seed, "draws", n),
                self.rotating,
                correlation=fitted_spread().correlation,
                overlap=n / self.pool_size,
            )
        return self._draws[key].only([arm.key for arm in chosen])

    def tested(self, part: str = "all") -> int:
        """Test examples that some measurement has read."""
        trials = self.trials(role="measuring")
        folds = {trial.spec.fold for trial in trials} if self.rotating else {0}
        read = [self.splits[fold].test for fold in sorted(folds)]
        rows = np.unique(np.concatenate(read)) if read else np.empty(0, dtype=np.int64)
        mask, halved = self.judged
        return len(rows) if part == "all" or not halved else int((mask[rows] == (part == "judge")).sum())

    def _effective(self, part: str) -> int:
        """Independent examples that the tested ones are worth: those of few groups are right or wrong together."""
        examples = self.tested(part)
        return effective_examples(examples, len(np.unique(self.data.groups))) if self.few_groups else examples

    def curves(self, part: str = "all") -> CurveDraws | None:
        """Joint draws of the learning curves of the arms that take part; None where nothing was measured.

        The choice of test examples counts, with the correlation of mistakes that the largest common size shows.
        """
        contenders = [arm for arm in self.arms if self.sizes(arm.key) and arm.key not in self.dropped]
        if not contenders:
            return None
        key = (part, *(trial.key for arm in contenders for trial in self.trials(arm.key, "measuring")))
        if key not in self._curves:
            common = [n for n in self.all_sizes if all(n in self.sizes(arm.key) for arm in contenders)]
            firsts = [self.runs(arm.key, common[-1], part)[0] for arm in contenders] if common else []
            known = mistake_correlation(firsts) if len({run.key for run in firsts}) == 1 else None
            self._curves[key] = fit_curves(
                [self.errors(arm, part) for arm in contenders],
                seed=derive_seed(self.settings.seed, "curves"),
                n_test=max(1, self._effective(part)),
                chance=1 - self.baseline,
                test_correlation=TEST_CORRELATION if known is None else known,
            )
        return self._curves[key]

    def outlook(self, n: float, part: str = "all") -> JointDraws | None:
        """What is expected at n labels; see :func:`headstart.studies.outlook.expected`."""
        measured = [arm for arm in self.arms if self.sizes(arm.key) and arm.key not in self.dropped]
        key = ("outlook", n, part, *(t.key for arm in measured for t in self.trials(arm.key)))
        if measured and key not in self._draws:
            self._draws[key] = expected(self, measured, n, part)
        return self._draws[key] if measured else None

    def probabilities(self, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (M, classes) of a measuring trial, which sum to 1, and the true classes (M,)."""
        measured, stored = self.table.predictions(trial.key)
        exact = stored.astype(float)
        return exact / exact.sum(1, keepdims=True), self.data.labels[measured]  # half precision on disk

    def errors(self, arm: Arm, part: str = "all") -> ArmErrors:
        """Errors (1 - metric) of an arm's measuring trials, moved so that each size has the mean of its joint draws.

        Arms that were repeated unequally met folds and subsets that were not equally hard; see
        :mod:`headstart.evidence.crossed`.
        """
        trials = self.trials(arm.key, "measuring")
        raw = np.asarray([1 - self.value(trial, part) for trial in trials])
        sizes = np.asarray([float(trial.spec.n) for trial in trials])
        for n in np.unique(sizes):
            draws = self.draws(int(n), [arm], part)
            assert draws is not None
            here = sizes == n
            raw[here] += 1 - float(draws.estimates[0]) - raw[here].mean()
        repeats = np.asarray([trial.spec.repeat for trial in trials])
        return ArmErrors(arm.key, arm.paradigm, sizes, np.clip(raw, 0, 1), repeats)

    def seconds_by_size(self, arm: str) -> CostCurve:
        """What an arm's measuring trials took, by their labels."""
        trials = self.trials(arm, "measuring")
        taken = np.asarray([trial.measurement.seconds for trial in trials])
        return cost_curve(np.asarray([float(trial.spec.n) for trial in trials]), taken)

    @cached_property
    def baseline(self) -> float:
        """The metric of always guessing the commonest class of the pool."""
        split, labels = self.splits[0], self.data.labels
        classes = len(self.data.class_names)
        return majority_baseline(self.settings.metric, labels[split.pool], labels[split.test], classes)

    def value(self, trial: Trial, part: str = "judge") -> float:
        """The metric of one measuring trial on part of the test examples."""
        run = self.run(trial)
        mask, halved = self.judged
        if halved and part != "all":
            run = run.restrict(mask[run.examples] == (part == "judge"))
        return metric_of(run, self.settings.metric, len(self.data.class_names))
