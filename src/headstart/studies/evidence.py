"""The evidence of a study as its planner and its advice read it: one table of predictions."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from headstart.core import Arm, derive_seed
from headstart.evidence import (
    ArmErrors,
    CostCurve,
    CurveDraws,
    JointDraws,
    Run,
    cost_curve,
    fit_curves,
    joint_draws,
    metric_of,
    mistake_correlation,
)
from headstart.evidence.curves import TEST_CORRELATION
from headstart.evidence.few_groups import effective_examples
from headstart.evidence.spread import Cell, Kind, Spread, arm_spread, fitted_spread
from headstart.studies.finished import FinishedTrials
from headstart.studies.outlook import expected, steps_left_out
from headstart.studies.trials import Trial


class Evidence(FinishedTrials):
    """What the finished trials of a study show: spreads, joint draws of the options, curves, what is expected."""

    @cached_property
    def _cells(self) -> dict[tuple[str, ...], Cell]:
        return {}

    @cached_property
    def _errors(self) -> dict[tuple[str, ...], float]:
        return {}

    @cached_property
    def _draws(self) -> dict[tuple[object, ...], JointDraws]:
        return {}

    @cached_property
    def _curves(self) -> dict[tuple[object, ...], CurveDraws | None]:
        return {}

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

    def outlook(self, n: float, part: str = "all", *, missing_steps: bool = True) -> JointDraws | None:
        """What is expected at n labels; see :func:`headstart.studies.outlook.expected`."""
        measured = [arm for arm in self.arms if self.sizes(arm.key) and arm.key not in self.dropped]
        key = ("outlook", n, part, missing_steps, *(t.key for arm in measured for t in self.trials(arm.key)))
        if measured and key not in self._draws:
            self._draws[key] = expected(self, measured, n, part, missing_steps=missing_steps)
        return self._draws[key] if measured else None

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
