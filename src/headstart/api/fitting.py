"""Train one arm outside a study: ``headstart fit``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from headstart.core import (
    Arm,
    BudgetError,
    HeadstartError,
    Measurement,
    Recipe,
    SettingsError,
    TrialSpec,
    derive_seed,
    did_you_mean,
    probe_hardware,
)
from headstart.data import load as load_data
from headstart.data import make_splits, nested_subset
from headstart.models import Candidate, FittedModel, builtin_names, inserted_source, make_inserted, resolve
from headstart.models import load as load_model
from headstart.models.own import PREFIX as OWN
from headstart.models.own import check_own
from headstart.strategies import FitHead, Setting, Strategy, get_strategy
from headstart.studies import choose_metric, parse_budget
from headstart.studies.cost import CostModel
from headstart.studies.probing import labels_survive_mirroring
from headstart.training import TrialContext, execute

SHARE_FOR_TRAINING = 0.85  # of a budget; the rest is for what predictions miss
WORDS = tuple(name for name in Recipe.model_fields if name != "label")


@dataclass(frozen=True)
class Fit:
    """One trained arm.

    Attributes:
        arm: Candidate and strategy.
        recipe: What it was trained with.
        metric: Name of the metric.
        measurement: What the trial showed on the test part.
        n: Labels learnt from.
        model_dir: Folder of the saved model.
    """

    arm: Arm
    recipe: Recipe
    metric: str
    measurement: Measurement
    n: int
    model_dir: Path

    @property
    def value(self) -> float:
        """The metric on the test part."""
        return self.measurement.value

    def model(self) -> FittedModel:
        """Load the trained model."""
        return load_model(self.model_dir)

    def to_dict(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "arm": self.arm.key,
            "strategy": self.arm.strategy,
            "candidate": self.arm.candidate,
            "metric": self.metric,
            "value": self.value,
            "n": self.n,
            "model_dir": str(self.model_dir),
            "recipe": self.recipe.model_dump(),
            "measurement": self.measurement.model_dump(),
        }


def fit(
    data: Any,
    candidate: str | None = None,
    strategy: str = "full_finetune",
    *,
    settings: Mapping[str, Any] | None = None,
    n: int | None = None,
    budget: str | float | None = None,
    out: str | Path | None = None,
    task: str | None = None,
    metric: str | None = None,
    seed: int = 0,
    on_step: Callable[[int, int], None] | None = None,
    **columns: Any,
) -> Fit:
    """Train one arm on labelled data at its default recipe, measure it on the test part, and save it.

    Args:
        data: As for :func:`headstart.study`.
        candidate: What to start from; the first built-in one for the task if not given.
        strategy: How to train it.
        settings: Values of the recipe to use instead of the default's, such as ``{"learning_rate": 3e-4}``.
        n: Labels to learn from; the whole pool if not given.
        budget: Time allowed, as in ``"60s"``: the schedule is shortened to fit, and a note says so.
        out: Folder of the model; named after the data and the strategy if not given.
        task: ``image-classification`` or ``text-classification``; found if not given.
        metric: ``accuracy``, ``macro-f1`` or ``balanced-accuracy``; chosen by imbalance if not given.
        seed: Determines every random choice.
        on_step: Called with (step, steps).
        **columns: ``text_column``, ``image_column``, ``label_column``, ``group_column``, ``group_regex``, ``test``.

    Returns:
        The measurement and the saved model.

    Raises:
        HeadstartError: Anything the user can fix; the message says how.
    """
    way = get_strategy(strategy)
    labelled = load_data(data, task, seed=seed, **columns)
    native = labelled.images.native_size if labelled.images is not None else 32
    known = resolve(candidate or builtin_names(labelled.task)[0], labelled.task, native_size=native)
    reason = way.refuses(known)
    if reason:
        raise SettingsError(
            f"{strategy} does not apply to {known.name}: {reason}",
            place="--strategy",
            hint="headstart strategies shows what each needs",
        )
    if known.family == "own":
        check_own(known.name.removeprefix(OWN), len(labelled.class_names), known.modality, known.input_size)
    folder = Path(out) if out else Path("headstart-models") / f"{Path(str(labelled.source)).stem}-{strategy}"
    work = folder.with_name(folder.name + ".work")
    name, _ = choose_metric(metric, [int(count) for count in labelled.class_counts])
    arm = Arm(candidate=known.name, strategy=strategy, paradigm=way.paradigm)
    context = TrialContext(
        data=labelled,
        splits=make_splits(labelled, seed),
        candidates={known.name: known},
        metric=name,
        seed=seed,
        hardware=probe_hardware(),
        cache_folder=work / "cache",
        checkpoint_folder=work / "checkpoints",
        on_step=on_step,
    )
    context.inputs(known.name)  # a tokenizer that does not fit is told of here, not as a failed training
    pool = len(context.splits[0].pool)
    size = check_size(n, pool)
    mirrored = labelled.images is None or labels_survive_mirroring(context)
    setting = Setting(known.modality, known.family, size, len(labelled.class_names), mirrored)
    recipe = with_settings(way.recipes(setting)[0], settings or {})
    if recipe.inserted:
        _check_inserted(way, recipe, context, known.name)
    notes = [f"{known.name} trains from scratch alone: {known.missing}"] if known.missing else []
    if budget is not None:
        recipe = _shortened(way, arm, recipe, context, parse_budget(budget), size, notes)
    spec = TrialSpec(
        role="measuring",
        arm=arm,
        recipe=recipe,
        weights_hash=known.weights_hash,
        input_size=known.input_size,
        dtype=context.hardware.dtype,
        n=size,
        repeat=0,
        seed=derive_seed(seed, arm.key, size, 0),
        data_fingerprint=labelled.fingerprint,
        inserted_source=inserted_source(recipe.inserted),
    )
    outcome = execute(spec, context)
    if outcome.measurement.error is not None or outcome.model is None:
        raise HeadstartError(
            f"{arm.name} could not be trained: {outcome.measurement.error}",
            hint="Try another strategy or candidate, or other --set values",
        )
    outcome.model.save(folder)
    shutil.rmtree(work, ignore_errors=True)
    measurement = outcome.measurement.model_copy(update={"notes": (*notes, *outcome.measurement.notes)})
    return Fit(arm, recipe, name, measurement, size, folder)


def check_size(n: int | None, pool: int) -> int:
    """A number of labels that the pool has.

    Raises:
        SettingsError: It has not.
    """
    if n is None:
        return pool
    if not 2 <= n <= pool:
        raise SettingsError(f"{n} labels cannot be taken from {pool:,}", place="--n", hint=f"Give 2 to {pool}")
    return n


def with_settings(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """A recipe with some values replaced.

    Raises:
        SettingsError: There is no such value, or it cannot be that.
    """
    for word in settings:
        if word not in WORDS:
            raise SettingsError(f"a recipe has no {word!r}", place="--set", hint=did_you_mean(word, WORDS))
    try:
        return Recipe(**{**recipe.model_dump(), **settings, "label": "as set" if settings else recipe.label})
    except ValidationError as error:
        first = error.errors()[0]
        word = str(first["loc"][0])
        raise SettingsError(
            f"{word} cannot be {settings.get(word)!r}: {first['msg']}",
            place="--set",
            hint=Recipe.model_fields[word].description or f"The default has {getattr(recipe, word)!r}",
        ) from None


def _check_inserted(way: Strategy, recipe: Recipe, context: TrialContext, candidate: str) -> None:
    """Find out before any training that the module to insert can be built and has the candidate's width.

    Raises:
        SettingsError: It cannot, or the strategy has no place for it.
    """
    if not way.inserts:
        raise SettingsError(
            f"{way.name} inserts no module before the head",
            place="--set inserted",
            hint="Use it with --strategy hybrid",
        )
    make_inserted(recipe.inserted, context.frozen(candidate).head.in_features)


def _shortened(
    way: Strategy, arm: Arm, recipe: Recipe, context: TrialContext, seconds: float, size: int, notes: list[str]
) -> Recipe:
    """A recipe whose run is predicted to fit the time allowed.

    Raises:
        BudgetError: Not even a tenth of the steps fits.
    """
    candidate: Candidate = context.candidates[arm.candidate]
    if all(isinstance(phase, FitHead) for phase in way.phases(candidate.family)):
        return recipe
    rows = nested_subset(context.data, context.splits[0], size, 0, context.seed)
    cost = CostModel()
    cost.time_arm(arm, recipe, context, rows)
    tested = len(context.splits[0].test)
    whole = cost.predict(arm, recipe, size, tested, context)
    fixed = cost.predict(arm, recipe.model_copy(update={"steps": 0}), size, tested, context)
    allowed = SHARE_FOR_TRAINING * seconds
    if whole <= allowed:
        return recipe
    share = (allowed - fixed) / max(whole - fixed, 1e-9)
    if share < 0.1:
        raise BudgetError(
            f"{arm.name} on {size:,} labels is predicted to take {whole:.0f} s",
            place="--budget",
            hint=f"Allow at least {np.ceil((fixed + 0.1 * (whole - fixed)) / SHARE_FOR_TRAINING):.0f}s, or give --n",
        )
    steps = max(1, int(recipe.steps * share))
    notes.append(f"schedule shortened from {recipe.steps:,} to {steps:,} steps to fit the budget")
    return recipe.model_copy(update={"steps": steps, "label": "shortened"})


def parse_setting(text: str) -> tuple[str, Any]:
    """Read ``word=value`` as the command line has it; ``lr`` is short for ``learning_rate``.

    Raises:
        SettingsError: It has no equals sign.
    """
    word, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"{text!r} is no setting", place="--set", hint="Write it like lr=3e-4")
    word = {"lr": "learning_rate", "wd": "weight_decay"}.get(word.strip(), word.strip())
    try:
        return word, json.loads(value)
    except ValueError:
        return word, value.strip()
