"""Train one arm outside a study: ``headstart fit``."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from headstart.api.keywords import check_keywords
from headstart.api.opened import Study
from headstart.api.setup import set_up
from headstart.core import (
    Arm,
    BudgetError,
    Hardware,
    HeadstartError,
    Measurement,
    Recipe,
    SettingsError,
    did_you_mean,
    probe_hardware,
)
from headstart.core.hardware import default_threads
from headstart.data import nested_subset
from headstart.models import FittedModel, make_inserted
from headstart.models import load as load_model
from headstart.strategies import Strategy, get_strategy
from headstart.studies import SpecMaker, StrategyLineUp, parse_budget
from headstart.studies.prices import PriceModel, WorkCounter, this_machine, time_arm
from headstart.studies.probing import labels_survive_mirroring
from headstart.studies.refit import every_label
from headstart.studies.settings import class_prior
from headstart.training import Bench, OutOfTime, Worker, train_trial

SHARE_FOR_TRAINING = 0.85  # of a budget; the rest is for what predictions miss
FIELDS = tuple(name for name in Recipe.model_fields if name != "label")


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
        trial: Key of the trial: a study with the same options has the same one, with the same numbers.
    """

    arm: Arm
    recipe: Recipe
    metric: str
    measurement: Measurement
    n: int
    model_dir: Path
    trial: str = ""

    @property
    def value(self) -> float:
        """The metric on the test part."""
        return self.measurement.value

    def model(self) -> FittedModel:
        """Load the trained model."""
        return load_model(self.model_dir, allow_code=True)  # the code that was just run to train it

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
    recipe: Mapping[str, Any] | None = None,
    n: int | None = None,
    budget: str | float | None = None,
    from_study: str | Path | None = None,
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
        recipe: Values to use instead of the default's, such as ``{"learning_rate": 3e-4}``.
        n: Labels to learn from; the whole pool if not given.
        budget: Time allowed in all, as in ``"60s"``: the schedule is shortened to fit, and ended early where the
            machine turns out slower than a look at it said; a note says so.
        from_study: Folder of a study: its winner is trained, with the recipe that won, on every label - those of
            the test part too where test parts rotate, and then the study's own figure stands for the model's.
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
    check_keywords(columns, fit)
    began = time.perf_counter()
    won = None
    if from_study is not None:
        won = winner_of(from_study)
        candidate, strategy, recipe = won.candidate, won.strategy, {**won.values, **(recipe or {})}
    way = get_strategy(strategy)
    setup = set_up(
        data,
        task=task,
        candidates=[candidate] if candidate else (),
        first=True,
        metric=metric,
        seed=seed,
        health=False,
        **columns,
    )
    labelled = setup.data
    (known,) = setup.candidates.values()
    reason = way.refuses(known)
    if reason:
        raise SettingsError(
            f"{strategy} does not apply to {known.name}: {reason}",
            place="--strategy",
            hint="headstart strategies shows what each needs",
        )
    folder = Path(out) if out else Path("headstart-models") / f"{Path(str(labelled.source)).stem}-{strategy}"
    work = folder.with_name(folder.name + ".work").absolute()
    arm = Arm(candidate=known.name, strategy=strategy, paradigm=way.paradigm)
    hardware = probe_hardware()
    bench = Bench.of(
        labelled,
        setup.splits,
        setup.candidates,
        metric=setup.metric,
        seed=seed,
        dtype=hardware.dtype,
        threads=default_threads(),
        folder=work,
    )
    if won is not None:
        bench = every_label(bench)
    worker = Worker(bench)
    worker.inputs(known.name)  # a tokenizer that does not fit is reported here, not as a failed training
    size = check_size(n, len(bench.splits[0].pool))
    line_up = StrategyLineUp(
        (arm,), setup.candidates, len(labelled.class_names), labels_survive_mirroring(worker), class_prior(setup.metric)
    )
    chosen = with_values(line_up.recipes(arm, size)[0], recipe or {})
    if chosen.inserted:
        _check_inserted(way, chosen, worker, known.name)
    notes = [f"{known.name} trains from scratch alone: {known.missing}"] if known.missing else []
    deadline = None
    if budget is not None:
        allowed = parse_budget(budget)
        prices = _timed(line_up, arm, chosen, worker, hardware, size)
        chosen = _shortened(prices, arm, chosen, allowed - (time.perf_counter() - began), size, notes)
        deadline = allowed - (time.perf_counter() - began)
    spec = SpecMaker.of(bench).spec(arm, chosen, size)
    try:
        trained = train_trial(spec, worker, on_step, deadline)
    except OutOfTime:
        raise BudgetError(
            f"{arm.name} on {size:,} labels did not get far enough in the time allowed to be worth measuring",
            place="--budget",
            hint="Allow more, or give --n; the same command with more time goes on where this one ended",
        ) from None
    measurement = trained.outcome.measurement
    if measurement.error is not None or trained.model is None:
        raise HeadstartError(
            f"{arm.name} could not be trained: {measurement.error}",
            hint="Try another strategy or candidate, or other --set values",
        )
    trained.model.save(folder)
    shutil.rmtree(work, ignore_errors=True)
    if won is not None and won.rotating:  # its test examples are among those it learnt from
        measurement = measurement.model_copy(update={"value": won.value if won.value is not None else float("nan")})
        notes.append("learnt from every label: the figure is the study's, from models that left a part out")
    measurement = measurement.model_copy(update={"notes": (*notes, *measurement.notes)})
    return Fit(arm, chosen, setup.metric, measurement, size, folder, trained.outcome.spec_of(spec).key)


@dataclass(frozen=True)
class Winner:
    """What a study recommends, as far as training it again needs.

    Attributes:
        values: Of its recipe, without the schedule, which follows the labels.
        value: The study's figure for it.
        rotating: Whether test parts rotated.
    """

    candidate: str
    strategy: str
    values: Mapping[str, Any]
    value: float | None
    rotating: bool


def winner_of(folder: str | Path) -> Winner:
    """The winner of a study.

    Raises:
        SettingsError: Nothing was measured in it.
    """
    summary = Study.open(Path(folder)).summary
    known = summary.recommendation
    arm = next((arm for arm in known.arms if arm.status == "chosen"), None)
    if arm is None or arm.recipe is None:
        raise SettingsError(
            "this study has no winner yet",
            place=str(folder),
            hint="Give it more time: headstart study, larger --budget",
        )
    schedule = {"label", "steps", "batch_size", "warmup"}
    values = {name: value for name, value in arm.recipe.model_dump().items() if name not in schedule}
    rotating = summary.data.test_kind == "rotating"
    return Winner(arm.candidate, arm.strategy, values, known.metric.value, rotating)


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


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """Replace some values of a recipe.

    Raises:
        SettingsError: There is no such value, or it cannot be that.
    """
    for word in values:
        if word not in FIELDS:
            raise SettingsError(f"a recipe has no {word!r}", place="--set", hint=did_you_mean(word, FIELDS))
    try:
        return Recipe(**{**recipe.model_dump(), **values, "label": "as set" if values else recipe.label})
    except ValidationError as error:
        first = error.errors()[0]
        word = str(first["loc"][0])
        raise SettingsError(
            f"{word} cannot be {values.get(word)!r}: {first['msg']}",
            place="--set",
            hint=Recipe.model_fields[word].description or f"The default has {getattr(recipe, word)!r}",
        ) from None


def _check_inserted(way: Strategy, recipe: Recipe, worker: Worker, candidate: str) -> None:
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
    make_inserted(recipe.inserted, worker.frozen(candidate).head.in_features)


def _timed(
    line_up: StrategyLineUp, arm: Arm, recipe: Recipe, worker: Worker, hardware: Hardware, size: int
) -> PriceModel:
    """Time a few steps of an arm on the labels it will see."""
    bench, data = worker.bench, worker.data
    counter = WorkCounter(bench, line_up, len(data.class_names), worker.to_embed)
    prices = PriceModel(counter, this_machine(hardware), bench.threads)
    if not line_up.closed_form(arm):
        time_arm(prices, arm, recipe, worker, nested_subset(data, bench.splits[0], size, 0, bench.seed))
    return prices


def _shortened(prices: PriceModel, arm: Arm, recipe: Recipe, seconds: float, size: int, notes: list[str]) -> Recipe:
    """A recipe whose run is predicted to fit the time allowed.

    Raises:
        BudgetError: Not even a tenth of the steps fits.
    """
    if not recipe.steps:
        return recipe
    whole = prices.seconds(arm, recipe, size)
    fixed = prices.seconds(arm, recipe.model_copy(update={"steps": 0}), size)
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
