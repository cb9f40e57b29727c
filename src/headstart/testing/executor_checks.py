"""What every executor must do, checked with small trials whose numbers are known."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from headstart.core import Arm, TrialSpec
from headstart.data import make_splits
from headstart.models import resolve
from headstart.studies.executors.base import Executor
from headstart.studies.spec import SpecMaker
from headstart.testing.architectures import make_images, save_architecture
from headstart.training import Bench, Outcome, OutOfTime, Worker, execute

PATIENCE = 180.0  # seconds that a small trial may take, the start of a process included
SIZE, STEPS = 24, 6


def check_executor(make: Callable[[Bench], Executor], threads: int = 1) -> None:
    """Check an executor.

    Every future ends, and gives what the same trial gives in this process, bit for bit, computed with the threads of
    its specification; a trained model lies where its outcome says; a trial that fails is a measurement; one whose
    time is over ends with :class:`~headstart.training.OutOfTime`, and the executor goes on.

    Args:
        make: Makes the executor for a bench.
        threads: Of each trial.

    Raises:
        AssertionError: It breaks one of these promises; the message says which.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        bench = make_bench(folder, threads)
        specs = make_specs(bench)
        alone = Worker(bench.moved(folder / "alone"))
        wanted = {spec.key: execute(spec, alone) for spec in specs}
        executor = make(bench)
        try:
            _check_results(executor, specs, wanted)
            _check_failure(executor, specs[0])
            _check_deadline(executor, specs)
        finally:
            executor.close()


def make_bench(folder: Path, threads: int = 1) -> Bench:
    """A bench of 32 small images with one tiny network."""
    data = make_images(folder)
    candidate = resolve(save_architecture("resnet", folder), data.task, native_size=32)
    return Bench.of(
        data,
        make_splits(data),
        {candidate.name: candidate},
        metric="accuracy",
        seed=0,
        dtype="float32",
        threads=threads,
        folder=folder / "study",
    )


def make_specs(bench: Bench) -> list[TrialSpec]:
    """Trials of three kinds: a probe, fine-tuning, from scratch; two repeats of each."""
    from headstart.strategies import Regime, get_strategy

    (candidate,) = bench.candidates.values()
    maker = SpecMaker.of(bench)
    specs = []
    for strategy in ("linear_probe", "full_finetune", "from_scratch"):
        known = get_strategy(strategy)
        recipe = known.recipes(Regime(candidate.modality, candidate.family, SIZE, 2))[0]
        if recipe.steps:
            recipe = recipe.model_copy(update={"steps": STEPS, "batch_size": 8})
        arm = Arm(candidate=candidate.name, strategy=strategy, paradigm=known.paradigm)
        specs += [maker.spec(arm, recipe, SIZE, repeat=repeat) for repeat in range(2)]
    return specs


def _run(executor: Executor, specs: list[TrialSpec], deadline: float) -> dict[str, Outcome | BaseException]:
    """Keep all slots filled until every trial has ended."""
    waiting = list(specs)
    results: dict[str, Outcome | BaseException] = {}
    running: dict[Future[Outcome], TrialSpec] = {}
    while waiting or running:
        while waiting and len(running) < executor.slots:
            spec = waiting.pop(0)
            running[executor.submit(spec, deadline)] = spec
        done = executor.wait(running, PATIENCE)
        assert done, f"no trial ended within {PATIENCE:.0f} s: {len(running)} futures are lost"
        for future in done:
            spec = running.pop(future)
            error = future.exception()
            results[spec.key] = future.result() if error is None else error
    return results


def _check_results(executor: Executor, specs: list[TrialSpec], wanted: dict[str, Outcome]) -> None:
    results = _run(executor, specs, PATIENCE)
    for spec in specs:
        what, found = f"{spec.arm.strategy}, repeat {spec.repeat}", results[spec.key]
        assert isinstance(found, Outcome), f"{what} ended with {found!r}"
        assert found.measurement.error is None, f"{what} failed: {found.measurement.error}"
        known = wanted[spec.key]
        same = np.array_equal(found.probabilities, known.probabilities) and np.array_equal(
            found.measured, known.measured
        )
        assert same, f"{what} has other numbers than in this process"
        used = found.measurement.threads
        assert used == spec.threads, f"{what} computed with {used} threads instead of {spec.threads}"
        if not spec.repeat:
            left = found.model_dir
            assert left is not None, f"{what} left no model"
            assert left.exists(), f"{what} names a model folder that is not there"


def _check_failure(executor: Executor, spec: TrialSpec) -> None:
    broken = spec.model_copy(update={"arm": spec.arm.model_copy(update={"strategy": "no_such_strategy"})})
    (found,) = _run(executor, [broken], PATIENCE).values()
    assert isinstance(found, Outcome), f"a trial that fails ended with {found!r} instead of a measurement"
    assert found.measurement.error, "a trial that fails was reported as a success"


def _check_deadline(executor: Executor, specs: list[TrialSpec]) -> None:
    trained = next(spec for spec in specs if spec.arm.strategy == "full_finetune")
    late = trained.model_copy(update={"repeat": 7, "seed": 7})
    (found,) = _run(executor, [late], 0.0).values()
    assert isinstance(found, OutOfTime), f"a trial without time ended with {found!r}"
    (again,) = _run(executor, [late], PATIENCE).values()
    assert isinstance(again, Outcome), f"after a trial without time, the next one ended with {again!r}"
