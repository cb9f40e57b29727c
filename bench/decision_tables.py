"""Tables that studies are replayed on, each with a truth that no study sees.

Learning curves of LCDB 1.1, the project's own oracle runs, and made-up curves of shapes that no fitted family has.
What a study measures is the truth plus the scatter of a training run plus the sampling of its test examples.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from headstart.core import Arm, Recipe, derive_seed
from headstart.testing import RecordedArm, RecordedTable

ORACLE = Path(__file__).parent / "oracle" / "trials"
SHARED = 0.6  # of an example's difficulty, that all arms share
REPEATS = 5
EXHAUSTIVE_SECONDS = 3600.0  # every arm at every size three times, on the simulated clock
EARLY = ("LogisticRegression", "GaussianNB", "NearestCentroid")  # lead at few labels and cost next to nothing
CLASSES = {"cifar10": 10, "sst2": 2, "tweeteval_emotion": 4, "leaf_disease": 4}
RATES = tuple(
    Recipe(learning_rate=rate, steps=100, label=label)
    for rate, label in ((1e-3, "default"), (3e-3, "x 3"), (1 / 3e3, "/ 3"))
)


@dataclass(frozen=True)
class TrueTable(RecordedTable):
    """A table whose measurements scatter around a truth.

    Attributes:
        name: Of the data set.
        truths: The accuracy of each arm at its sizes, tuned (S,), by key.
        seed: Of the test part.
    """

    name: str = ""
    truths: dict[str, np.ndarray] = field(default_factory=dict)
    seed: int = 0

    def truth(self, key: str, n: float) -> float:
        """The accuracy of an arm at n labels, over subsets, seeds and test examples."""
        arm = next(one for one in self.arms if one.arm.key == key)
        return float(np.interp(np.log(n), np.log(arm.sizes), self.truths[key]))

    def predictions(
        self, arm: Arm, recipe: Recipe, n: int, repeat: int, labels: np.ndarray, share: float = 1.0
    ) -> np.ndarray:
        """Probabilities of examples that are right by chance, with the arm's accuracy; hard ones are hard for all."""
        recorded = self.find(arm)
        place = recorded.recipes.index(recipe) if recipe in recorded.recipes else 0
        value = float(np.clip(recorded.value(share * n, repeat) + recorded.tuned.get(place, 0.0), 0.0, 1.0))
        hard = np.random.default_rng(derive_seed(self.seed, "hard", len(labels))).standard_normal(len(labels))
        own = np.random.default_rng(derive_seed(self.seed, arm.key, n, repeat, place)).standard_normal(len(labels))
        right = norm.cdf(np.sqrt(SHARED) * hard + np.sqrt(1 - SHARED) * own) < value
        guesses = np.where(right, labels, (labels + 1) % self.classes)
        probabilities = np.full((len(labels), self.classes), 0.1 / self.classes, dtype=np.float32)
        probabilities[np.arange(len(labels)), guesses] += 0.9
        return probabilities

    @property
    def exhaustive(self) -> float:
        """Seconds of every arm at every size of the grid, three times."""
        sizes = [self.pool]
        while sizes[-1] // 2 >= max(20, max(arm.sizes[0] for arm in self.arms)):
            sizes.append(sizes[-1] // 2)
        return 3 * sum(arm.run_seconds(n) for arm in self.arms for n in sizes)


@dataclass(frozen=True)
class Known:
    """What repeats of an arm showed.

    Attributes:
        spread: Between repeats, at eight labels a class and an accuracy of a half.
        losses: What each recipe loses against the best; empty where none were compared.
    """

    spread: float
    losses: dict[int, float]

    @classmethod
    def of(cls, one: RecordedArm, classes: int) -> Known | None:
        """From an arm that was repeated at every size; None where it was not."""
        if len(one.values) < 2:
            return None
        mean = one.values.mean(0)
        expected = 2 * np.sqrt(np.clip(mean * (1 - mean), 1e-4, None))
        expected = expected * np.sqrt(8 * classes / np.maximum(one.sizes, 8 * classes))
        return cls(float(np.sqrt(np.mean((one.values.std(0, ddof=1) / expected) ** 2))), dict(one.tuned))


def scattered(
    name: str,
    arms: list[tuple[Arm, np.ndarray, np.ndarray, np.ndarray, bool]],
    classes: int,
    tested: int,
    seed: int,
    spread: float = 0.03,
    gains: float = 0.025,
    known: dict[str, Known] | None = None,
) -> TrueTable:
    """Make a table of true accuracies.

    Args:
        name: Of the data set.
        arms: Identity, sizes, true accuracies, seconds, and whether there is no gradient descent.
        classes: Number of classes.
        tested: Test examples.
        seed: Of everything that is drawn.
        spread: Typical spread of gradient descent between repeats at eight labels a class; it is log-normal around
            this, a third of it for the others, and falls with the root of the labels.
        gains: Spread of what tuning moves an arm by.
        known: Where arms were repeated: their own spread, and what other recipes than the best lose, by key.
    """
    rng = np.random.default_rng(derive_seed(seed, name))
    recorded, truths = [], {}
    for arm, sizes, values, seconds, closed in arms:
        measured = (known or {}).get(arm.key)
        level = spread * np.exp(0.5 * rng.standard_normal()) * (0.35 if closed else 1.0)
        level = measured.spread if measured else level
        shape = 2 * np.sqrt(np.clip(values * (1 - values), 1e-4, None))
        sd = np.maximum(level * np.sqrt(8 * classes / np.maximum(sizes, 8 * classes)), 0.003) * shape
        shared = np.random.default_rng(derive_seed(seed, name, "subset")).standard_normal((REPEATS, len(sizes)))
        own = rng.standard_normal((REPEATS, len(sizes)))
        runs = np.clip(values + sd * (np.sqrt(0.25) * shared + np.sqrt(0.75) * own), 0.0, 1.0)
        tuned = {0: 0.0}
        if not closed:
            moved = gains * shape.mean() * np.abs(rng.standard_normal(3)) * np.asarray([1.0, 1.0, 1.0])
            moved -= moved.min()
            tuned = {place: -float(loss) for place, loss in enumerate(moved)}
            tuned = measured.losses if measured and measured.losses else tuned
        recorded.append(RecordedArm(arm, sizes, runs, seconds, closed, (Recipe(),) if closed else RATES, tuned))
        truths[arm.key] = values
    pool = int(max(one.sizes[-1] for one in recorded))
    table = TrueTable(tuple(recorded), pool, tested, classes, name, truths, derive_seed(seed, name, "test"))
    factor = EXHAUSTIVE_SECONDS / table.exhaustive
    return replace(table, arms=tuple(replace(one, seconds=one.seconds * factor) for one in table.arms))


def in_replays(openml_id: int) -> bool:
    """Whether a table is kept for replays: what exponents are beside those of closed forms is fitted on the others."""
    return derive_seed(int(openml_id), "replays") % 2 == 1


def lcdb(folder: Path, pool: int, seed: int) -> list[TrueTable]:
    """LCDB 1.1: cheap early learners stand for transfer, the others for from scratch; a run costs its labels.

    Its figures are those of untuned learners, and stand for tuned ones here: what tuning wins is drawn as elsewhere.
    """
    rows = pd.read_csv(folder / "lcdb11_test_error.csv")
    sizes = np.asarray([2**k for k in range(5, 20) if 2**k <= pool], dtype=float)
    columns = [f"err_{int(n)}" for n in sizes]
    tables = []
    for data, own in rows.groupby("openml_id"):
        full = own.dropna(subset=columns)
        names = set(full.learner)
        if len(full) < 4 or not names & set(EARLY) or names <= set(EARLY):
            continue
        arms = []
        for _, row in full.iterrows():
            early = row.learner in EARLY
            arm = Arm(candidate=row.learner, strategy="recorded", paradigm="transfer" if early else "scratch")
            seconds = np.maximum(sizes, 256) / (50 if early else 1)
            arms.append((arm, sizes, 1 - row[columns].to_numpy(dtype=float), seconds, early))
        tables.append(scattered(f"lcdb {data} at {pool}", arms, 2, 1000, seed))
    return tables


def oracle(seed: int) -> list[TrueTable]:
    """The project's own runs: the mean of an arm's tuned runs at each size is taken for its truth.

    Arms that were repeated scatter as their repeats did, and lose without tuning what they lost.
    """
    tables = []
    for data, classes in CLASSES.items():
        table = RecordedTable.from_parquet(ORACLE / f"{data}.parquet", classes=classes, tested=1000)
        arms, known = [], {}
        for one in table.arms:
            if len(one.sizes) == len(table.arms[0].sizes):
                arms.append((one.arm, one.sizes, one.values.mean(0), np.maximum(one.seconds, 0.05), one.closed_form))
                repeated = Known.of(one, classes)
                if repeated is not None:
                    known[one.arm.key] = repeated
        tables.append(scattered(f"oracle {data}", arms, classes, 1000, seed, known=known))
    return tables


def foreign(count: int, seed: int) -> list[TrueTable]:
    """Made-up curves of shapes that no fitted family has: sigmoids, steps and bumps in log n."""
    tables = []
    sizes = np.asarray([40 * 2**k for k in range(9)], dtype=float)
    logs = np.log(sizes / sizes[0])
    for number in range(count):
        rng = np.random.default_rng(derive_seed(seed, "foreign", number))
        arms = []
        for place, (strategy, paradigm, closed) in enumerate(
            (
                ("linear_probe", "transfer", True),
                ("full_finetune", "transfer", False),
                ("from_scratch", "scratch", False),
                ("own", "scratch", False),
            )
        ):
            start = 0.55 + 0.15 * (paradigm == "transfer") + 0.05 * rng.standard_normal()
            end = min(0.98, 0.86 + 0.05 * rng.standard_normal() - 0.04 * closed)
            middle, width = rng.uniform(0.5, 4.5), rng.uniform(0.5, 1.5)
            rise = 1 / (1 + np.exp(-(logs - middle) / width))
            values = start + (end - start) * (rise - rise[0]) / (rise[-1] - rise[0])
            values = values + 0.02 * np.sin(rng.uniform(0.5, 1.5) * logs + rng.uniform(0, 6))
            floor, slope = (0.02, 1e-5) if closed else (3.0, 0.01 * rng.uniform(0.5, 2))
            seconds = floor + slope * sizes if closed else slope * np.maximum(sizes, 640)
            arm = Arm(candidate=f"start {place // 2}", strategy=strategy, paradigm=paradigm)
            arms.append((arm, sizes, np.clip(values, 0.3, 0.99), seconds, closed))
        tables.append(scattered(f"foreign {number}", arms, 4, 1000, seed))
    return tables
