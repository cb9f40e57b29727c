"""Tables of measurements that were made once, as something a study can be played on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from headstart.core import Arm, Recipe, derive_seed
from headstart.studies.prices.work import ArmWork, Work

HARD_SHARE = 0.8  # of an example's difficulty that all arms share, so that pairing has something to pair
UNITS = 1000.0  # units of work in a recorded second
UNTUNED = "untuned"  # name of a default recipe that was run beside the one that was chosen
HELD_OUT_SHARE = 0.5  # of a recipe's loss on a few held-out examples is taken for its own; the rest is their choice
EASY_LOSS = 0.02  # of the metric, that every further recipe of an arm without recorded tuning is worse by


@dataclass(frozen=True)
class RecordedArm:
    """Measurements of one arm.

    Attributes:
        arm: Its identity.
        sizes: Labels, ascending (S,).
        values: The metric, (R, S): a row for each repeat.
        seconds: What one run took (S,).
        closed_form: Whether it needs no gradient descent.
        recipes: What tuning may try, the default first.
        tuned: By the place of a recipe, its value relative to the recorded ones.
    """

    arm: Arm
    sizes: np.ndarray
    values: np.ndarray
    seconds: np.ndarray
    closed_form: bool = False
    recipes: tuple[Recipe, ...] = (Recipe(learning_rate=1e-3, steps=100),)
    tuned: Mapping[int, float] = field(default_factory=dict)

    def value(self, n: float, repeat: int) -> float:
        """The metric at n labels, between recorded sizes along the logarithm of n."""
        row = self.values[repeat % len(self.values)]
        return float(np.interp(np.log(n), np.log(self.sizes), row))

    def truth(self, n: int) -> float:
        """The mean over all recorded repeats."""
        return float(np.interp(np.log(n), np.log(self.sizes), self.values.mean(0)))

    def run_seconds(self, n: int) -> float:
        """Seconds of a run on the machine that recorded it."""
        return float(np.exp(np.interp(np.log(n), np.log(self.sizes), np.log(np.maximum(self.seconds, 1e-3)))))


@dataclass(frozen=True)
class RecordedTable:
    """Arms on one data set.

    Attributes:
        arms: What was recorded.
        pool: Labels there are.
        tested: Examples of the test part.
        classes: Number of classes.
    """

    arms: tuple[RecordedArm, ...]
    pool: int
    tested: int = 1000
    classes: int = 2

    @classmethod
    def from_curves(
        cls,
        curves: Mapping[str, tuple[str, Sequence[float], np.ndarray, Sequence[float]]],
        *,
        closed_form: Sequence[str] = (),
        tested: int = 1000,
        classes: int = 2,
    ) -> RecordedTable:
        """Make a table of learning curves, such as those of LCDB.

        Args:
            curves: By the arm's name: its paradigm, sizes (S,), values (R, S) and seconds (S,).
            closed_form: Names of arms without gradient descent.
            tested: Examples of the test part.
            classes: Number of classes.
        """
        arms = []
        for name, (paradigm, sizes, values, seconds) in curves.items():
            arm = Arm(candidate=name, strategy="recorded", paradigm=paradigm)
            flat = np.atleast_2d(np.asarray(values, dtype=float))
            closed = name in closed_form
            recipes = (Recipe(),) if closed else (Recipe(learning_rate=1e-3, steps=100),)
            seconds_of = np.asarray(seconds, dtype=float)
            arms.append(RecordedArm(arm, np.asarray(sizes), flat, seconds_of, closed, recipes))
        pool = int(max(arm.sizes[-1] for arm in arms))
        return cls(tuple(arms), pool, tested, classes)

    @classmethod
    def from_parquet(cls, file: Path, *, classes: int, tested: int) -> RecordedTable:
        """Read a table with a row for each trial, as ``bench/oracle/run.py`` writes it.

        Arms that were measured at fewer than two sizes are left out. Values are those of the recipe that was chosen;
        what the default loses is measured where it was run beside it, else as it was held out.
        """
        import pandas as pd

        rows = pd.read_parquet(file)
        rows = rows.assign(steps=[Recipe.from_json(text).steps for text in rows["settings"]])
        # the same arm on another arm's schedule is an ablation
        measured = rows[(rows["role"] == "measuring") & ~rows["recipe"].str.startswith("schedule of")]
        arms = []
        for (strategy, candidate, paradigm), every in measured.groupby(["strategy", "candidate", "paradigm"]):
            own, untuned = every[every["recipe"] != UNTUNED], every[every["recipe"] == UNTUNED]
            by_size = own.groupby("n")
            sizes = np.asarray(sorted(own["n"].unique()), dtype=float)
            if len(sizes) < 2:
                continue
            repeats = int(by_size.size().min())
            values = np.asarray([by_size.get_group(n)["value"].to_numpy()[:repeats] for n in sizes]).T
            firsts = own[own["seed"] == own["seed"].min()].groupby("n")  # of one version, which others are faster than
            seconds = np.asarray([firsts.get_group(n)["cpu_seconds"].mean() for n in sizes])
            arm = Arm(candidate=str(candidate), strategy=str(strategy), paradigm=paradigm)
            of_arm = (rows["strategy"] == strategy) & (rows["candidate"] == candidate)
            tuning = rows[of_arm & (rows["role"] == "tuning")]
            closed = bool((own["steps"] == 0).all())
            recipes = tuple(
                Recipe(learning_rate=1e-3 * 3.0**place, steps=0 if closed else 100, label=str(label))
                for place, label in enumerate(tuning["recipe"])
            ) or (Recipe() if closed else Recipe(learning_rate=1e-3, steps=100),)
            held_out = np.nan_to_num(tuning["value"].to_numpy())  # of one that failed there is none
            losses = HELD_OUT_SHARE * (held_out - held_out.max(initial=0.0))
            tuned = {place: float(loss) for place, loss in enumerate(losses)}
            both = untuned.merge(own, on=["n", "seed"])
            if len(both):
                tuned[0] = float((both["value_x"] - both["value_y"]).mean())
            arms.append(RecordedArm(arm, sizes, values, seconds, closed, recipes, tuned))
        return cls(tuple(arms), int(max(arm.sizes[-1] for arm in arms)), tested, classes)

    def find(self, arm: Arm) -> RecordedArm:
        """The measurements of an arm."""
        return next(recorded for recorded in self.arms if recorded.arm == arm)

    def predictions(
        self, arm: Arm, recipe: Recipe, n: int, repeat: int, labels: np.ndarray, share: float = 1.0
    ) -> np.ndarray:
        """Probabilities (M, classes) whose accuracy is the recorded one; the same examples are hard for all arms.

        A run with a share of its steps is taken to be as good as one with so many fewer labels.
        """
        recorded = self.find(arm)
        place = recorded.recipes.index(recipe) if recipe in recorded.recipes else len(recorded.recipes)
        value = recorded.value(share * n, repeat) + recorded.tuned.get(place, -EASY_LOSS * place)
        ease = np.random.default_rng(derive_seed("ease")).random(len(labels))
        own = np.random.default_rng(derive_seed(arm.key, n, repeat, place)).random(len(labels))
        order = np.argsort(HARD_SHARE * ease + (1 - HARD_SHARE) * own)
        right = np.zeros(len(labels), dtype=bool)
        right[order[: round(float(np.clip(value, 0, 1)) * len(labels))]] = True
        guesses = np.where(right, labels, (labels + 1) % self.classes)
        probabilities = np.full((len(labels), self.classes), 0.1 / self.classes, dtype=np.float32)
        probabilities[np.arange(len(labels)), guesses] += 0.9
        return probabilities


class RecordedLineUp:
    """The arms of a table, as planners ask for them."""

    def __init__(self, table: RecordedTable) -> None:
        self.table = table
        self.arms = tuple(recorded.arm for recorded in table.arms)

    def recipes(self, arm: Arm, n: int) -> tuple[Recipe, ...]:
        """An arm's recipes, the default first."""
        return self.table.find(arm).recipes

    def closed_form(self, arm: Arm) -> bool:
        """Whether an arm needs no gradient descent."""
        return self.table.find(arm).closed_form

    def members(self, arm: Arm, recipe: Recipe) -> int:
        """Always one network."""
        return 1

    def may_end_early(self, arm: Arm, recipe: Recipe) -> bool:
        """Always, where there are steps."""
        return not self.closed_form(arm)


class RecordedWork:
    """Counts work in thousandths of a recorded second."""

    def __init__(self, table: RecordedTable) -> None:
        self.table = table
        self.arms: dict[str, ArmWork] = {}

    def count(self, arm: Arm, recipe: Recipe, n: int, role: str) -> Work:
        """The work of one trial."""
        recorded = self.table.find(arm)
        default = recorded.recipes[0].steps or 1
        factor = (recipe.steps / default if recipe.steps else 1.0) * (0.8 if role == "tuning" else 1.0)
        units = max(1, round(UNITS * recorded.run_seconds(n) * factor))
        return Work(batch_size=1, steps=units, trained=units)
