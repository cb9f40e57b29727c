"""Headstart measures whether to start from a pretrained model or train from scratch.

>>> import headstart as hs
>>> study = hs.study("data/flowers", budget="30m")  # doctest: +SKIP
>>> study.recommendation.sentence  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

from headstart._version import __version__

if TYPE_CHECKING:
    from headstart.advice import Recommendation
    from headstart.api import (
        Curves,
        Fit,
        RankedCandidates,
        Study,
        advise,
        check,
        cost,
        curves,
        fit,
        load,
        plan,
        rank,
        study,
    )
    from headstart.core import HeadstartError
    from headstart.knowledge import Advice

__all__ = [
    "Advice",
    "Curves",
    "Fit",
    "HeadstartError",
    "RankedCandidates",
    "Recommendation",
    "Study",
    "__version__",
    "advise",
    "check",
    "cost",
    "curves",
    "fit",
    "load",
    "plan",
    "rank",
    "study",
]

_HOMES = {
    "Advice": "headstart.knowledge",
    "Curves": "headstart.api",
    "Fit": "headstart.api",
    "HeadstartError": "headstart.core",
    "RankedCandidates": "headstart.api",
    "Recommendation": "headstart.advice",
    "Study": "headstart.api",
    "advise": "headstart.api",
    "check": "headstart.api",
    "cost": "headstart.api",
    "curves": "headstart.api",
    "fit": "headstart.api",
    "load": "headstart.api",
    "plan": "headstart.api",
    "rank": "headstart.api",
    "study": "headstart.api",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: torch is not needed to print a help page."""
    if name not in _HOMES:
        raise AttributeError(f"module 'headstart' has no attribute {name!r}")
    from importlib import import_module

    from headstart.core import limit_spinning

    limit_spinning()
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
