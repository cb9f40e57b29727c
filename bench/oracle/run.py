"""The oracle table: every strategy on real data, each figure trained once, for checks and for the planner's benchmark.

    python bench/oracle/run.py DATA_FOLDER [--set NAME ...] [--strategy NAME ...] [--only few] [--minutes 60]

Stops after the given time and goes on where it was: the table itself is the record of what is done. Texts are cut at
64 tokens, pools and test parts capped as in ``SETS``. Every applicable strategy runs at 10 and 50 labels per class and
at the capped pool, with three draws of labels. Recipes are chosen at 50 per class on a held-out fifth, from the first
three of each strategy's list; 10 per class uses the default, and where another was chosen the default is run beside it
under the name ``untuned``. The strategies in ``FIRST`` are done on every set before
the others begin, with one draw of labels before the other two, so that a table that ran out of time compares the same
arms everywhere.

``trials/`` is one Parquet table with a file for each data set (sets can run side by side) and a row for each trial:
arm, candidate, paradigm, role, n, seed, recipe, metric, value, seconds, FLOPs, memory, parameters, and ``correct``, one
bit for each tested example in the order of the test part. ``cpu_seconds`` is the process's own time, which other work
on the machine stretches less. The recipe ``schedule of fine-tuning``
of the from-scratch arms is the ablation that shows what their own schedule is worth.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from headstart.core import Arm, Recipe, Role, TrialSpec, limit_spinning
from headstart.core.hardware import default_threads
from headstart.data import LabelledData, Split, load, make_splits, nested_subset
from headstart.models import resolve
from headstart.strategies import Regime, get_strategy, strategy_names
from headstart.studies import SpecMaker
from headstart.studies.probing import labels_survive_mirroring
from headstart.testing.recorded import UNTUNED
from headstart.training import Bench as TrialBench
from headstart.training import Worker, train_trial

TABLE = Path(__file__).parent / "trials"
TOKENS, RECIPES, SEEDS = 64, 3, 3
FIRST = ("linear_probe", "knn", "full_finetune", "lp_ft", "from_scratch", "lora", "partial_finetune", "contrastive")
SCRATCH = ("builtin:compact-image", "builtin:compact-text", "builtin:tfidf")


@dataclass(frozen=True)
class Set:
    """A data set of the table.

    Attributes:
        source: Below the data folder.
        candidate: What transfer starts from.
        cap: Labels of the pool at most.
        tested: Examples of the test part at most.
    """

    source: str
    candidate: str
    cap: int
    tested: int


SETS = {
    "tweeteval_emotion": Set("tweeteval_emotion", "builtin:text", 2000, 1000),
    "cifar10": Set("cifar10", "builtin:image", 2000, 2000),
    "sst2": Set("sst2", "builtin:text", 2000, 1000),
    "leaf_disease": Set("leaf_disease", "builtin:image", 4000, 2000),
    "chars74k_fnt": Set("chars74k_fnt", "builtin:image", 4000, 2000),
}


class Bench:
    """One data set with its arms.

    Args:
        name: Of the set.
        folder: Where the data lie.
        work: Where caches may lie.
        file: Of the table; named after the set if not given.
    """

    def __init__(self, name: str, folder: Path, work: Path, file: Path | None = None) -> None:
        self.name, self.file = name, file or TABLE / f"{name}.parquet"
        self.rows: list[dict] = pd.read_parquet(self.file).to_dict("records") if self.file.exists() else []
        self.done = {identity(row) for row in self.rows}
        chosen = SETS[name]
        self.data: LabelledData = load(folder / chosen.source)
        split = make_splits(self.data, 0)[0]
        pool = nested_subset(self.data, split, min(chosen.cap, len(split.pool)), 0, 0)
        test = np.sort(np.random.default_rng(0).permutation(split.test)[: chosen.tested])
        names = [
            chosen.candidate,
            *(other for other in SCRATCH if (self.data.kind.name == "image") == ("image" in other)),
        ]
        native = self.data.content.native_size
        candidates = {}
        for other in names:
            candidate = resolve(other, self.data.task, native_size=native)
            tokens = {"input_size": min(TOKENS, candidate.input_size)} if candidate.modality == "text" else {}
            candidates[other] = candidate.model_copy(update=tokens if candidate.family != "tfidf" else {})
        bench = TrialBench.of(
            self.data,
            (Split(0, pool, test, False),),
            candidates,
            metric="accuracy",
            seed=0,
            dtype="float32",
            threads=default_threads(),
            folder=(work / name).absolute(),
        )
        self.worker, self.maker = Worker(bench), SpecMaker.of(bench)
        self.mirrored = labels_survive_mirroring(self.worker)
        self.sizes = {words: count * len(self.data.class_names) for words, count in (("few", 10), ("some", 50))}
        self.sizes["all"] = len(pool)

    def arms(self) -> list[Arm]:
        """Every strategy with what it applies to; a deep text encoder from scratch is left out for its cost."""
        found = []
        for strategy in strategy_names():
            for candidate in self.worker.candidates.values():
                way = get_strategy(strategy)
                deep = strategy == "from_scratch" and candidate.has_weights and candidate.modality == "text"
                if way.refuses(candidate) is None and not deep:
                    found.append(Arm(candidate=candidate.name, strategy=strategy, paradigm=way.paradigm))
        return found

    def recipes(self, arm: Arm, n: int) -> tuple[Recipe, ...]:
        """An arm's recipes at a size."""
        candidate = self.worker.candidates[arm.candidate]
        setting = Regime(candidate.modality, candidate.family, n, len(self.data.class_names), self.mirrored)
        return get_strategy(arm.strategy).recipes(setting)

    def chosen(self, arm: Arm, n: int) -> Recipe | None:
        """The recipe that was best at 50 per class, with the schedule of ``n``; None before all were tried."""
        listed = self.recipes(arm, self.sizes["some"])[:RECIPES]
        if len(listed) == 1:
            return self.recipes(arm, n)[0]
        tried = {row["recipe"]: row["value"] for row in self.mine(arm) if row["role"] == "tuning"}
        tried = {label: -1.0 if value != value else value for label, value in tried.items()}  # one that failed
        if any(recipe.label not in tried for recipe in listed):
            return None
        best = max(listed, key=lambda recipe: tried[recipe.label])
        return next(recipe for recipe in self.recipes(arm, n) if recipe.label == best.label)

    def mine(self, arm: Arm) -> list[dict]:
        """Rows of an arm on this set."""
        return [row for row in self.rows if row["arm"] == arm.key]

    def trials(
        self, *, first: bool, seeds: int, only: str | None = None, named: Sequence[str] | None = None
    ) -> Iterator[TrialSpec]:
        """Everything to do: few labels at the default recipes, tuning, then 50 per class, then all, seed by seed.

        Args:
            first: Whether of the strategies in ``FIRST`` or of the others.
            seeds: Draws of labels.
            only: ``few`` leaves out what needs tuning; None does everything.
            named: Strategies; all if not given.
        """
        wanted = named or strategy_names()
        arms = [arm for arm in self.arms() if (arm.strategy in FIRST) == first and arm.strategy in wanted]
        for seed in range(seeds):
            for arm in arms:
                yield self.spec(arm, self.recipes(arm, self.sizes["few"])[0], self.sizes["few"], seed, "measuring")
        if only == "few":
            return
        for arm in arms:
            listed = self.recipes(arm, self.sizes["some"])[:RECIPES]
            for recipe in listed if len(listed) > 1 else ():
                yield self.spec(arm, recipe, self.sizes["some"], 0, "tuning")
        for words in ("some", "all"):
            for seed in range(seeds):
                for arm in arms:
                    n = self.sizes[words]
                    recipe = self.chosen(arm, n)
                    assert recipe is not None, "tuning comes first"
                    yield self.spec(arm, recipe, n, seed, "measuring")
                    default = self.recipes(arm, n)[0]
                    if recipe != default:
                        untuned = default.model_copy(update={"label": UNTUNED})
                        yield self.spec(arm, untuned, n, seed, "measuring")
        for arm in arms:
            if arm.strategy == "from_scratch" and self.worker.candidates[arm.candidate].has_weights:
                for n in self.sizes.values():
                    recipe = self.recipes(arm.model_copy(update={"strategy": "full_finetune"}), n)[0]
                    named = recipe.model_copy(update={"label": "schedule of fine-tuning"})
                    yield self.spec(arm, named, n, 0, "measuring")

    def spec(self, arm: Arm, recipe: Recipe, n: int, seed: int, role: Role) -> TrialSpec:
        """A trial's specification."""
        return self.maker.spec(arm, recipe, n, role=role, repeat=seed).model_copy(update={"fold": 0})

    def run(self, spec: TrialSpec) -> dict:
        """Add one row to the table, replacing its file in one step."""
        before = time.process_time()
        row = self.row(spec)
        self.rows.append({**row, "cpu_seconds": time.process_time() - before})
        self.done.add(identity(row))
        partial = self.file.with_suffix(".partial")
        pd.DataFrame(self.rows).to_parquet(partial, compression="zstd")
        partial.replace(self.file)
        return self.rows[-1]

    def row(self, spec: TrialSpec) -> dict:
        """Carry out a trial."""
        outcome = train_trial(spec, self.worker).outcome
        measured = outcome.measurement
        right = np.zeros(0, dtype=bool)
        if measured.succeeded:
            right = outcome.probabilities.argmax(1) == self.data.labels[outcome.measured]
        return {
            "key": spec.key,
            "data": self.name,
            "arm": spec.arm.key,
            "strategy": spec.arm.strategy,
            "candidate": spec.arm.candidate,
            "paradigm": spec.arm.paradigm,
            "role": spec.role,
            "n": spec.n,
            "seed": spec.repeat,
            "recipe": spec.recipe.label,
            "settings": spec.recipe.to_json(),
            "metric": "accuracy",
            "value": measured.value,
            "seconds": measured.seconds,
            "flops": measured.flops,
            "memory_mb": measured.peak_memory_mb,
            "parameters": measured.parameters,
            "trainable_parameters": measured.trainable_parameters,
            "tested": len(right),
            "correct": np.packbits(right).tobytes(),
            "notes": " | ".join(measured.notes),
            "error": measured.error or "",
        }


def identity(row: dict) -> tuple:
    """What a row of the table is, whatever version measured it."""
    return row["arm"], row["role"], row["n"], row["seed"], row["recipe"]


def cell(spec: TrialSpec) -> tuple:
    """The same of a trial that may be missing."""
    return spec.arm.key, spec.role, spec.n, spec.repeat, spec.recipe.label


def main() -> None:
    """Run what is missing until the time is over."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", action="append", choices=sorted(SETS), help="only these; all by default")
    parser.add_argument("--strategy", action="append", choices=strategy_names(), help="only these; all by default")
    parser.add_argument("--only", choices=["few"], help="leave out what needs tuning")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--work", type=Path, default=Path("runs/oracle"))
    arguments = parser.parse_args()
    until = time.monotonic() + 60 * arguments.minutes
    TABLE.mkdir(exist_ok=True)
    benches = [Bench(name, arguments.folder, arguments.work) for name in arguments.set or SETS]
    for first, seeds in ((True, 1), (True, SEEDS), (False, 1), (False, SEEDS)):
        for bench in benches:
            for spec in bench.trials(first=first, seeds=seeds, only=arguments.only, named=arguments.strategy):
                if time.monotonic() > until:
                    return
                if cell(spec) not in bench.done:
                    row = bench.run(spec)
                    print(
                        f"{bench.name} {row['arm']} {row['role']} n={row['n']} seed={row['seed']} {row['recipe']}: "
                        f"{100 * row['value']:.1f} in {row['seconds']:.0f} s {row['error']}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
