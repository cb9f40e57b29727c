"""The library's entry points: ``advise``, ``cost``, ``study``, ``plan``, ``fit``, ``check``, ``rank`` and others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.api.advising import advise
from headstart.api.costing import cost
from headstart.api.curving import Curves, curves
from headstart.api.fitting import Fit, fit
from headstart.api.keywords import check_keywords
from headstart.api.opened import Study
from headstart.api.ranking import RankedCandidates, rank
from headstart.api.request import default_folder
from headstart.api.running import plan, study
from headstart.data import Finding
from headstart.data import check as check_data
from headstart.data import load as load_data
from headstart.models import FittedModel
from headstart.models import load as load_model

__all__ = [
    "Curves",
    "Fit",
    "RankedCandidates",
    "Study",
    "advise",
    "check",
    "cost",
    "curves",
    "default_folder",
    "fit",
    "load",
    "plan",
    "rank",
    "study",
]


def load(folder: str | Path, *, allow_code: bool = False) -> FittedModel:
    """Load a model that a study saved, for ``predict``, ``predict_proba`` and ``score``.

    Args:
        folder: The model's folder, or its study's.
        allow_code: Let code run that the model names but does not hold: your own architecture, or your own module
            before the head. Read that code first. It must be as it was when the model was saved.

    Raises:
        BundleError: There is no model, it is damaged, or it needs code that is not allowed.
    """
    return load_model(folder, allow_code=allow_code)


def check(source: Any, task: str | None = None, **columns: Any) -> tuple[Finding, ...]:
    """Examine labelled data: broken items, duplicates, leaks, contradictions, imbalance, shortcuts.

    Args:
        source: As for :func:`study`.
        task: ``image-classification`` or ``text-classification``; found if not given.
        **columns: ``text_column`` (one or several), ``image_column``, ``label_column``, ``group_column``,
            ``group_regex``, ``layout``, ``labels``, ``test``.
    """
    check_keywords(columns, check)
    return check_data(load_data(source, task, **columns))
