"""The one dict that every renderer reads, built from a study's evidence and recommendation."""

from __future__ import annotations

import base64
import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from headstart._version import __version__
from headstart.advice import Recommendation
from headstart.core import PROTOCOL_VERSION, SCHEMA_VERSION, Hardware
from headstart.data import Finding
from headstart.studies import StudyView, Trial

WORST_EXAMPLES = 12
VERSIONS_OF = ("torch", "transformers", "scikit-learn", "numpy", "accelerate", "kornia")


def build_summary(
    view: StudyView,
    recommendation: Recommendation,
    hardware: Hardware,
    *,
    findings: Sequence[Finding],
    skipped: Sequence[tuple[str, str]],
    command: Sequence[str],
    created: str,
    status: str,
) -> dict[str, Any]:
    """Collect what the terminal, the page, the JSON and the notebook show.

    Args:
        view: The study's evidence.
        recommendation: Its answer.
        hardware: The machine.
        findings: Of loading and of the health check.
        skipped: (what, why) pairs.
        command: The words of the command that made the study, or one call in Python.
        created: ISO time.
        status: ``finished``, ``interrupted`` or ``running``.
    """
    settings = view.settings
    call = command[0] if len(command) == 1 else shlex.join(command)  # of Python, or words of the command line
    return {
        "schema_version": SCHEMA_VERSION,
        "headstart_version": __version__,
        "study": {
            "name": view.store.folder.name,
            "folder": str(view.store.folder),
            "command": call,
            "seed": settings.seed,
            "status": status,
            "created": created,
        },
        "data": describe_data(view, findings),
        "hardware": hardware.model_dump(),
        "recommendation": recommendation.model_dump(mode="json"),
        "trials": [_trial_row(trial) for trial in view.store.trials()],
        "skipped": [{"what": what, "reason": reason} for what, reason in skipped],
        "errors": _errors(view, recommendation),
        "reproduce": {
            "command": call,
            "seed": settings.seed,
            "versions": _versions(),
            "fingerprint": settings.data_fingerprint,
            "protocol_version": PROTOCOL_VERSION,
        },
    }


def describe_data(view: StudyView, findings: Sequence[Finding]) -> dict[str, Any]:
    """The data card."""
    data = view.data
    kind = "rotating" if view.rotating else "official" if data.has_test else "set aside"
    return {
        "source": data.source,
        "task": data.task,
        "n_pool": view.pool_size,
        "n_test": len(view.splits[0].test),
        "test_kind": kind,
        "class_names": list(data.class_names),
        "class_counts": [int(count) for count in data.class_counts],
        "groups": "given groups stay whole" if data.has_groups else None,
        "found": list(data.found),
        "findings": [finding.model_dump() for finding in findings],
        "fingerprint": data.fingerprint,
    }


def _trial_row(trial: Trial) -> dict[str, Any]:
    spec, measurement = trial.spec, trial.measurement
    return {
        "key": trial.key,
        "arm": spec.arm.key,
        "arm_name": spec.arm.name,
        "role": spec.role,
        "n": spec.n,
        "repeat": spec.repeat,
        "fold": spec.fold,
        "value": measurement.value if measurement.succeeded else None,
        "seconds": trial.ended - trial.started,
        "started": trial.started,
        "ended": trial.ended,
        "error": measurement.error,
        "recipe": spec.recipe.label,
        "n_realised": measurement.n_realised,
        "recipe_informed": spec.recipe_informed,
        "notes": list(measurement.notes),
    }


def _errors(view: StudyView, recommendation: Recommendation) -> dict[str, Any] | None:
    """Confusion and most confident mistakes of the chosen arm's model at its largest n."""
    key = f"{recommendation.strategy}@{recommendation.candidate}"
    trials = view.trials(key, "measuring")
    if not trials:
        return None
    trial = max(trials, key=lambda trial: (trial.spec.n, -trial.spec.repeat))
    measured, probabilities = view.store.predictions(trial.key)
    labels, predicted = view.data.labels[measured], probabilities.argmax(1)
    classes = len(view.data.class_names)
    confusion = np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
    wrong = np.flatnonzero(labels != predicted)
    worst = wrong[np.argsort(-probabilities[wrong].max(1), kind="stable")][:WORST_EXAMPLES]
    return {
        "confusion": confusion.tolist(),
        "class_names": list(view.data.class_names),
        "worst": [_worst(view, int(measured[i]), int(predicted[i]), float(probabilities[i].max())) for i in worst],
    }


def _worst(view: StudyView, example: int, predicted: int, confidence: float) -> dict[str, Any]:
    data = view.data
    thumbnail = None
    if data.images is not None:
        thumbnail = "data:image/png;base64," + base64.b64encode(data.images.thumbnail(example)).decode()
    return {
        "id": data.ids[example],
        "text": data.texts[example][:300] if data.texts else None,
        "thumbnail": thumbnail,
        "label": data.class_names[data.labels[example]],
        "predicted": data.class_names[predicted],
        "confidence": confidence,
    }


def _versions() -> dict[str, str]:
    found = {"headstart": __version__, "python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
