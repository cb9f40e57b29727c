"""The answer of a study as one typed record, which every renderer reads."""

from __future__ import annotations

import base64
import platform
import shlex
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, Self

import numpy as np

from headstart._version import __version__
from headstart.advice import Recommendation
from headstart.core import PROTOCOL_VERSION, SCHEMA_VERSION, Hardware, Record
from headstart.data import Finding
from headstart.report.data_card import DataCard, describe_data
from headstart.studies import Evidence, StudyState, Trial

WORST_EXAMPLES = 12
VERSIONS_OF = ("torch", "transformers", "scikit-learn", "numpy", "accelerate", "kornia")


class StudyCard(Record):
    """What ran.

    Attributes:
        command: The words to run it again with.
        status: ``running``, ``interrupted`` or ``finished``.
        created: ISO time.
        events: What went wrong on the way and was made good.
    """

    name: str
    folder: str
    command: str
    seed: int
    status: Literal["running", "interrupted", "finished"]
    created: str
    events: tuple[str, ...] = ()


class TrialRow(Record):
    """One trial as a row of the table; ``value`` is None if it failed."""

    key: str
    arm: str
    arm_name: str
    role: str
    n: int
    repeat: int
    fold: int
    value: float | None
    seconds: float
    started: float
    ended: float
    error: str | None
    recipe: str
    steps_share: float = 1.0
    n_realised: int
    recipe_informed: bool
    notes: tuple[str, ...]


class Skipped(Record):
    """Something that was left out, and why."""

    what: str
    reason: str


class WrongExample(Record):
    """A test example that the chosen arm got wrong, and how sure it was.

    Attributes:
        thumbnail: A picture as a data address; None for texts.
    """

    id: str
    text: str | None
    thumbnail: str | None
    label: str
    predicted: str
    confidence: float


class Mistakes(Record):
    """Confusion of the chosen arm's model, true classes in rows, and its most confident mistakes."""

    confusion: tuple[tuple[int, ...], ...]
    class_names: tuple[str, ...]
    worst: tuple[WrongExample, ...]


class Reproduce(Record):
    """What it takes to get the same numbers again."""

    command: str
    seed: int
    versions: Mapping[str, str]
    fingerprint: str
    protocol_version: int


class Summary(Record):
    """Everything that terminal, page, JSON and notebook show."""

    schema_version: int = SCHEMA_VERSION
    headstart_version: str = __version__
    study: StudyCard
    data: DataCard
    hardware: Hardware
    recommendation: Recommendation
    trials: tuple[TrialRow, ...]
    skipped: tuple[Skipped, ...]
    errors: Mistakes | None
    reproduce: Reproduce

    @property
    def chosen(self) -> str | None:
        """Key of the arm to use now; None while nothing was measured."""
        return self.recommendation.chosen

    def with_model(self, folder: str, model_format: str) -> Self:
        """The same summary, naming the model that was saved."""
        answer = self.recommendation.model_copy(update={"model_dir": folder, "model_format": model_format})
        return self.model_copy(update={"recommendation": answer})


def build_summary(
    state: StudyState,
    recommendation: Recommendation,
    hardware: Hardware,
    *,
    folder: str,
    findings: Sequence[Finding],
    skipped: Sequence[tuple[str, str]],
    command: Sequence[str],
    status: Literal["running", "interrupted", "finished"],
) -> Summary:
    """Collect what the terminal, the page, the JSON and the notebook show.

    Args:
        state: The study.
        recommendation: Its answer.
        hardware: The machine.
        folder: Where the study lies.
        findings: Of loading and of the health check.
        skipped: (what, why) pairs.
        command: The words of the command that made the study, or one call in Python.
        status: Whether it goes on.
    """
    settings, evidence = state.settings, state.evidence
    call = command[0] if len(command) == 1 else shlex.join(command)  # of Python, or words of the command line
    return Summary(
        study=StudyCard(
            name=folder.rstrip("/").rpartition("/")[2],
            folder=folder,
            command=call,
            seed=settings.seed,
            status=status,
            created=state.record.created,
            events=state.record.events,
        ),
        data=describe_data(evidence, findings),
        hardware=hardware,
        recommendation=recommendation,
        trials=tuple(_trial_row(trial) for trial in evidence.table.trials()),
        skipped=tuple(Skipped(what=what, reason=reason) for what, reason in skipped),
        errors=_mistakes(evidence, recommendation),
        reproduce=Reproduce(
            command=call,
            seed=settings.seed,
            versions=_versions(),
            fingerprint=settings.data_fingerprint,
            protocol_version=PROTOCOL_VERSION,
        ),
    )


def _trial_row(trial: Trial) -> TrialRow:
    spec, measurement = trial.spec, trial.measurement
    return TrialRow(
        key=trial.key,
        arm=spec.arm.key,
        arm_name=spec.arm.name,
        role=spec.role,
        n=spec.n,
        repeat=spec.repeat,
        fold=spec.fold,
        value=measurement.value if measurement.succeeded else None,
        seconds=trial.ended - trial.started,
        started=trial.started,
        ended=trial.ended,
        error=measurement.error,
        recipe=spec.recipe.label,
        steps_share=spec.steps_share,
        n_realised=measurement.n_realised,
        recipe_informed=spec.recipe_informed,
        notes=measurement.notes,
    )


def _mistakes(evidence: Evidence, recommendation: Recommendation) -> Mistakes | None:
    """Confusion and most confident mistakes of the chosen arm's model at its largest n."""
    trials = evidence.trials(f"{recommendation.strategy}@{recommendation.candidate}", "measuring")
    if not trials:
        return None
    trial = max(trials, key=lambda trial: (trial.spec.n, -trial.spec.repeat))
    measured, probabilities = evidence.table.predictions(trial.key)
    labels, predicted = evidence.data.labels[measured], probabilities.argmax(1)
    classes = len(evidence.data.class_names)
    confusion = np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
    wrong = np.flatnonzero(labels != predicted)
    worst = wrong[np.argsort(-probabilities[wrong].max(1), kind="stable")][:WORST_EXAMPLES]
    return Mistakes(
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        class_names=tuple(evidence.data.class_names),
        worst=tuple(
            _wrong(evidence, int(measured[i]), int(predicted[i]), float(probabilities[i].max())) for i in worst
        ),
    )


def _wrong(evidence: Evidence, example: int, predicted: int, confidence: float) -> WrongExample:
    data = evidence.data
    shown = data.content.preview(example)
    thumbnail = None
    if shown.picture is not None:
        thumbnail = "data:image/png;base64," + base64.b64encode(shown.picture).decode()
    return WrongExample(
        id=data.ids[example],
        text=shown.text,
        thumbnail=thumbnail,
        label=data.class_names[data.labels[example]],
        predicted=data.class_names[predicted],
        confidence=confidence,
    )


def _versions() -> dict[str, str]:
    found = {"headstart": __version__, "python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
