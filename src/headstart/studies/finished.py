"""What a study measured: its finished trials, and what each predicted on which test examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from headstart.core import Arm, Recipe
from headstart.data import LabelledData, Split, judge_mask
from headstart.data.splits import ROTATE_GROUPS_BELOW
from headstart.evidence import Run, majority_baseline, metric_of
from headstart.studies.settings import StudySettings
from headstart.studies.trials import Trial, Trials, longest

ROTATING_REPEATS = 5
FIXED_REPEATS = 3


class FinishedTrials:
    """Read access to the finished trials of a study, by option, size and part of the test examples.

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

    def probabilities(self, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (M, classes) of a measuring trial, which sum to 1, and the true classes (M,)."""
        measured, stored = self.table.predictions(trial.key)
        exact = stored.astype(float)
        return exact / exact.sum(1, keepdims=True), self.data.labels[measured]  # half precision on disk

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

    def tested(self, part: str = "all") -> int:
        """Test examples that some measurement has read."""
        trials = self.trials(role="measuring")
        folds = {trial.spec.fold for trial in trials} if self.rotating else {0}
        read = [self.splits[fold].test for fold in sorted(folds)]
        rows = np.unique(np.concatenate(read)) if read else np.empty(0, dtype=np.int64)
        mask, halved = self.judged
        return len(rows) if part == "all" or not halved else int((mask[rows] == (part == "judge")).sum())

    def first_tried(self, arm: str) -> Recipe | None:
        """The recipe that an arm's tuning began with, which is its default; None where nothing was tuned."""
        tuning = [one for one in self.table.trials() if one.spec.role == "tuning" and one.spec.arm.key == arm]
        return min(tuning, key=lambda one: one.started).spec.recipe if tuning else None

    def gain(self, trial: Trial, other: Trial) -> tuple[float, float]:
        """How far the metric of a trial is above that of another on the same examples, and its standard error.

        The error is that of the share of right answers, paired by example.
        """
        right = []
        for one in (trial, other):
            measured, probabilities = self.table.predictions(one.key)
            order = np.argsort(measured)
            right.append((probabilities.argmax(1) == self.data.labels[measured])[order].astype(float))
        difference = right[0] - right[1]
        error = float(difference.std(ddof=1) / np.sqrt(len(difference))) if len(difference) > 1 else 0.0
        return trial.measurement.value - other.measurement.value, error
