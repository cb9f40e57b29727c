from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.core import Arm, Hardware, Measurement, TrialSpec, derive_seed
from headstart.data import LabelledData, load, make_splits
from headstart.studies import Budget, CostModel, Store, StudyRunner, StudySettings, StudyView, find_candidates
from headstart.training import Outcome, TrialContext, trial_rows

ARMS = tuple(
    Arm(candidate=candidate, strategy=strategy, paradigm=paradigm)
    for strategy, candidate, paradigm in (
        ("linear_probe", "builtin:image", "transfer"),
        ("full_finetune", "builtin:image", "transfer"),
        ("from_scratch", "builtin:image", "scratch"),
        ("from_scratch", "builtin:compact-image", "scratch"),
    )
)
MACHINE = Hardware(
    cores=2,
    memory_gb=8,
    gpu=None,
    gflops_float32=100,
    gflops_bfloat16=1,
    dtype="float32",
    dtype_reason="given",
    system="test",
)


class Silent:
    """An observer that remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.ended: list[tuple] = []

    def stage(self, text: str) -> None: ...

    def trial_started(self, *details: object) -> None: ...

    def trial_ended(self, *details: object) -> None:
        self.ended.append(details)

    def steps(self, done: int, total: int) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)

    def leaderboard(self, rows: list) -> None: ...


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> LabelledData:
    """2,400 noisy 16 px squares in four colours: large enough for one fixed test part."""
    folder = tmp_path_factory.mktemp("squares")
    rng = np.random.default_rng(0)
    for label in range(4):
        (folder / f"class{label}").mkdir()
        for number in range(600):
            pixels = rng.integers(0, 200, (16, 16, 3), dtype=np.uint8)
            pixels[..., label % 3] //= 1 + label // 3 + 1
            Image.fromarray(pixels).save(folder / f"class{label}" / f"{number}.png")
    return load(folder, cache_dir=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def make_runner(pictures: LabelledData, tmp_path: Path):
    """Build a runner in a folder; the same folder resumes."""

    def make(budget: float = 600.0, folder: Path | None = None, arms: tuple[Arm, ...] = ARMS) -> StudyRunner:
        candidates, _ = find_candidates((), pictures.task, 16)
        settings = StudySettings(
            source="squares",
            task=pictures.task,
            metric="accuracy",
            margin=0.01,
            seed=0,
            candidates=tuple(candidates),
            strategies=("linear_probe", "full_finetune", "from_scratch"),
            data_fingerprint=pictures.fingerprint,
            budget_seconds=budget,
        )
        store = Store(folder or tmp_path / "study")
        view = StudyView(settings, pictures, make_splits(pictures, 0), arms, store)
        runner = StudyRunner(view, candidates, MACHINE, Budget(store, budget), Silent(), tmp_path / "cache")
        runner.cost = CostModel(
            train_rate={(arm.key, 16): 1e-4 for arm in arms},
            predict_rate={arm.key: 1e-5 for arm in arms},
            embed_rate={"builtin:image": 1e-4},
            fit_rate={"linear_probe@builtin:image": 1e-5},
        )
        return runner

    return make


CURVES = {
    "linear_probe@builtin:image": (0.80, 0.30),
    "full_finetune@builtin:image": (0.92, 0.55),
    "from_scratch@builtin:image": (0.85, 0.80),
    "from_scratch@builtin:compact-image": (0.80, 0.80),
}


def _true_accuracy(arm: str, n: int) -> float:
    """Accuracy that rises from chance towards a ceiling with n to the power -1/2."""
    ceiling, drop = CURVES[arm]
    return max(0.25, ceiling - drop * math.sqrt(20 / n))


def _replay(spec: TrialSpec, context: TrialContext) -> Outcome:
    """Draw the outcome of a trial from its arm's curve; deterministic in the spec."""
    _, measured, realised = trial_rows(spec, context)
    rng = np.random.default_rng(derive_seed(spec.key))
    labels = context.data.labels[measured]
    classes = len(context.data.class_names)
    rate_loss = {"rate x 3": 0.02, "rate / 3": 0.05}.get(spec.recipe.label, 0.0)
    # the same examples are hard for every arm, as in life: pairing has something to pair
    ease = np.random.default_rng(derive_seed(context.seed, "ease")).random(len(context.data.labels))[measured]
    level = _true_accuracy(spec.arm.key, spec.n) - rate_loss + rng.normal(0, 0.005)
    right = ease + rng.normal(0, 0.05, len(ease)) < level
    guesses = np.where(right, labels, (labels + 1) % classes)
    probabilities = np.full((len(measured), classes), 0.1 / classes, dtype=np.float32)
    probabilities[np.arange(len(measured)), guesses] += 0.9
    value = float((guesses == labels).mean())
    measurement = Measurement(value=value, seconds=0.01, n_realised=realised, n_test=len(measured))
    return Outcome(measurement, measured, probabilities, None)


@pytest.fixture(scope="session")
def replay():
    """A stand-in for training: outcomes follow known curves, so that planning is tested in seconds."""
    return _replay


@pytest.fixture(scope="session")
def true_accuracy():
    """The curves behind the replay."""
    return _true_accuracy
