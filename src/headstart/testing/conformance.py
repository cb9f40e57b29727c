"""What every strategy must do, checked on six architectures with 32 made-up examples."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from headstart.core import Arm, Recipe
from headstart.core.hardware import default_threads
from headstart.data import LabelledData, make_splits
from headstart.models import Candidate, Network, build, load, members_of, resolve
from headstart.strategies import FitHead, Moving, Regime, Strategy, Train
from headstart.studies import SpecMaker
from headstart.testing.architectures import ARCHITECTURES, make_images, make_texts, save_architecture
from headstart.training import Bench, Progress, Trained, Worker, train_trial
from headstart.training.moving import freeze
from headstart.training.optimizer import build_optimizer

STEPS, BATCH, LABELS = 8, 8, 24


class Stopped(KeyboardInterrupt):
    """Stands for a process that is killed."""


def check_strategy(
    strategy: Strategy, architectures: Sequence[str] = ARCHITECTURES, *, settings: Mapping[str, Any] | None = None
) -> list[str]:
    """Check a strategy on every architecture that it does not refuse.

    Frozen weights and statistics stay bit for bit and the promised ones move; the optimizer holds exactly what
    trains; a saved model predicts the same; a trial that was interrupted in any phase ends the same; the same seed
    gives the same numbers, whatever the labels of the test part are.

    Args:
        strategy: Any, installed or not.
        architectures: Some of ``resnet``, ``densenet``, ``vit``, ``convnext``, ``bert`` and ``cnn``.
        settings: Values of the recipe to use instead of the default's, such as ``{"inserted": "residual"}``.

    Returns:
        The architectures it was checked on.

    Raises:
        AssertionError: It breaks one of these promises; the message says which and where.
    """
    checked = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        images, texts = make_images(folder), make_texts(folder)
        for architecture in architectures:
            data = texts if architecture == "bert" else images
            candidate = resolve(save_architecture(architecture, folder), data.task, native_size=32)
            if strategy.refuses(candidate) is None:
                place = folder / "runs" / architecture
                _Check(strategy, architecture, candidate, data, place, settings or {}).everything()
                checked.append(architecture)
    return checked


class _Check:
    """One strategy on one architecture."""

    def __init__(
        self,
        strategy: Strategy,
        architecture: str,
        candidate: Candidate,
        data: LabelledData,
        folder: Path,
        settings: Mapping[str, Any],
    ) -> None:
        self.strategy, self.architecture, self.candidate = strategy, architecture, candidate
        self.data, self.folder = data, folder
        default = strategy.recipes(Regime(candidate.modality, candidate.family, LABELS, len(data.class_names)))[0]
        update = {"steps": STEPS, "batch_size": BATCH, "learning_rate": max(default.learning_rate, 1e-3)}
        self.recipe: Recipe = default.model_copy(update={**(update if default.steps else {}), **settings})
        self.arm = Arm(candidate=candidate.name, strategy=strategy.name, paradigm=strategy.paradigm)
        self.spec = SpecMaker.of(self.bench("whole")).spec(self.arm, self.recipe, LABELS)

    def bench(self, name: str, *, other_test_labels: bool = False) -> Bench:
        """What the trial runs on, in a folder of its own, perhaps with test labels that nothing may depend on."""
        splits = make_splits(self.data)
        labels = self.data.labels.copy()
        if other_test_labels:
            labels[splits[0].test] = (labels[splits[0].test] + 1) % len(self.data.class_names)
        return Bench.of(
            replace(self.data, labels=labels),
            splits,
            {self.candidate.name: self.candidate},
            metric="accuracy",
            seed=0,
            dtype="float32",
            threads=default_threads(),
            folder=self.folder / name,
        )

    def everything(self) -> None:
        """Run all checks."""
        lengths: list[int] = []

        def count(step: int, steps: int) -> None:
            if step == 1:
                lengths.append(steps)

        whole = self.run("whole")
        self.same(
            whole,
            self.run("again", count, other_test_labels=True),
            "the same seed gave other numbers, or labels of the test part were read",
        )
        self.check_weights(whole)
        self.check_optimizer()
        self.check_saving(whole)
        for phase, steps in enumerate(lengths):
            self.check_interruption(whole, phase, max(1, steps // 2))

    def run(self, name: str, on_step: Progress | None = None, *, other_test_labels: bool = False) -> Trained:
        """Train in a folder of its own."""
        worker = Worker(self.bench(name, other_test_labels=other_test_labels))
        trained = train_trial(self.spec, worker, on_step, strategy=self.strategy)
        error = trained.outcome.measurement.error
        self.demand(error is None, f"it failed: {error}")
        return trained

    def demand(self, holds: bool, what: str) -> None:
        """Raise with strategy and architecture."""
        if not holds:
            raise AssertionError(f"{self.strategy.name} on {self.architecture}: {what}")

    def same(self, one: Trained, other: Trained, what: str) -> None:
        """Compare predictions bit for bit."""
        self.demand(np.array_equal(one.outcome.probabilities, other.outcome.probabilities), what)

    def check_weights(self, trained: Trained) -> None:
        """Frozen stages stay with their statistics; those that a phase promises to move do."""
        assert trained.model is not None
        for end in members_of(trained.model.model):
            self.check_stages(end)

    def check_stages(self, end: Network) -> None:
        """The same for one network."""
        start = self.prepared()
        moved, certain = self.promised(start)
        for index, (before, after) in enumerate(zip(start.stages, end.stages, strict=True)):
            weights = zip(before.parameters(), after.parameters(), strict=True)
            same = all(torch.equal(old, new) for old, new in weights)
            if certain and index in moved:
                self.demand(not same or not before.parameters(), f"stage {index} should move and did not")
            elif certain:
                self.demand(same, f"frozen stage {index} changed")
                statistics = zip(_buffers(before.modules), _buffers(after.modules), strict=True)
                still = all(torch.equal(old, new) for old, new in statistics)
                self.demand(still, f"statistics of frozen stage {index} changed")

    def promised(self, network: Network) -> tuple[set[int], bool]:
        """Stages that some phase moves, and whether that is known before training."""
        moved: set[int] = set()
        for phase in self.strategy.phases(self.candidate.family):
            if not isinstance(phase, FitHead):
                of_phase = phase.moving if isinstance(phase, Train) else None
                moving = of_phase or Moving.parse(self.recipe.moving)
                if moving.where == "relevant" or self.strategy.grows:
                    return moved, False
                moved |= set(freeze(copy.deepcopy(network), phase, self.recipe)[0])
        return moved, True

    def prepared(self) -> Network:
        """The network as the trial finds it."""
        way = self.strategy
        network = build(
            self.candidate, self.data.class_names, weights=way.weights, seed=self.spec.seed, quantised=way.quantised
        )
        return self.strategy.prepare(network, self.recipe, self.spec.seed)

    def check_optimizer(self) -> None:
        """What the optimizer holds is what requires gradients, each once."""
        for phase in self.strategy.phases(self.candidate.family):
            if not isinstance(phase, FitHead):
                network = self.prepared()
                alike = [1.0] * len(network.stages)
                moving, _ = freeze(network, phase, self.recipe, alike.copy)
                optimizer = build_optimizer(network, moving, self.recipe)
                held = [id(p) for group in optimizer.param_groups for p in group["params"]]
                wanted = {id(p) for p in network.parameters() if p.requires_grad}
                self.demand(len(held) == len(set(held)) and set(held) == wanted, f"the optimizer of {phase} is wrong")

    def check_saving(self, trained: Trained) -> None:
        """A model that is saved and loaded predicts the same."""
        assert trained.model is not None
        rows = trained.outcome.measured
        items = self.items(rows)
        folder = trained.model.save(self.folder / "model")
        loaded = load(folder)
        close = np.allclose(loaded.predict_proba(items), trained.outcome.probabilities, atol=1e-5)
        self.demand(close, "the saved model predicts something else")

    def items(self, rows: np.ndarray) -> list[Any]:
        """Raw inputs of examples."""
        return self.data.content.load(rows)

    def check_interruption(self, whole: Trained, phase: int, at: int) -> None:
        """Stop in the middle of a phase; the same trial then ends as if nothing had happened."""
        begun = 0

        def stop(step: int, _: int) -> None:
            nonlocal begun
            begun += step == 1
            if begun == phase + 1 and step == at:
                raise Stopped

        name = f"stopped-{phase}"
        try:
            self.run(name, stop)
        except Stopped:
            pass
        else:
            self.demand(False, f"phase {phase} has no step {at} the second time")
        self.same(whole, self.run(name), f"interrupted in phase {phase} it ended otherwise")


def _buffers(modules: Sequence[torch.nn.Module]) -> list[torch.Tensor]:
    return [buffer for module in modules for buffer in module.buffers()]
