"""The only place where a trial's specification and its seed are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from headstart.core import Arm, Recipe, Record, Role, TrialSpec, derive_seed
from headstart.models import inserted_source
from headstart.training import Bench


def trial_seed(study_seed: int, role: Role, n: int, repeat: int) -> int:
    """Seed of initial weights, order, augmentation and dropout.

    The arm is no part of it: at equal role, size and repeat all arms share subset and seed, so that they are paired.
    """
    return derive_seed(study_seed, "trial", role, n, repeat)


class SpecMaker(Record):
    """What all trials of a study have in common, and from it the specification of each.

    Attributes:
        folds: Test parts that rotate; 1 if they do not.
        weights: Content hash of each candidate's start, by name.
        input_sizes: Pixels or tokens, by candidate.
    """

    seed: int
    dtype: Literal["float32", "bfloat16"]
    threads: int
    data_fingerprint: str
    folds: int
    weights: Mapping[str, str]
    input_sizes: Mapping[str, int]

    @classmethod
    def of(cls, bench: Bench) -> SpecMaker:
        """The maker of a bench's specifications."""
        return cls(
            seed=bench.seed,
            dtype=bench.dtype,
            threads=bench.threads,
            data_fingerprint=bench.data.fingerprint,
            folds=len(bench.splits),
            weights={name: candidate.weights_hash for name, candidate in bench.candidates.items()},
            input_sizes={name: candidate.input_size for name, candidate in bench.candidates.items()},
        )

    def spec(
        self,
        arm: Arm,
        recipe: Recipe,
        n: int,
        *,
        role: Role = "measuring",
        repeat: int = 0,
        informed: bool = False,
        convergence_check: bool = False,
    ) -> TrialSpec:
        """Specify one trial.

        Args:
            arm: What trains.
            recipe: How.
            n: Labels it may look at.
            role: Whether it chooses a recipe or measures.
            repeat: Which subset.
            informed: Whether the recipe was chosen at a size larger than n, or in another repeat.
            convergence_check: Whether the recipe's steps were doubled to see if it had converged.
        """
        return TrialSpec(
            role=role,
            arm=arm,
            recipe=recipe,
            weights_hash=self.weights[arm.candidate],
            input_size=self.input_sizes[arm.candidate],
            dtype=self.dtype,
            n=n,
            repeat=repeat,
            seed=trial_seed(self.seed, role, n, repeat),
            data_fingerprint=self.data_fingerprint,
            threads=self.threads,
            fold=repeat % self.folds,
            recipe_informed=informed,
            inserted_source=inserted_source(recipe.inserted),
            convergence_check=convergence_check,
        )
