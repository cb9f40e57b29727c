"""Other people's libraries, used without their noise, and without a torchvision that does not fit torch."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from headstart.core import reason_of

_trouble: list[str] = []


def set_aside_torchvision() -> None:
    """Let this process do without torchvision where it is installed and cannot be imported.

    Nothing here needs it, but transformers, and peft with it, import it wherever it is installed. One that was built
    for another torch (as the one on PyPI is for torch's CPU builds) fails with ``operator torchvision::nms does not
    exist``, and no network could be loaded. Set aside, it counts as not installed.
    """
    if "torchvision" in sys.modules or importlib.util.find_spec("torchvision") is None:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its reader of files may be missing, which nothing here uses
            import torchvision  # noqa: F401
    except Exception as error:  # RuntimeError where it does not fit, but also OSError and ImportError
        _trouble.append(reason_of(error, kind=True))
        sys.modules["torchvision"] = None  # type: ignore[assignment]  # Python's own form of "there is none"


def quiet_bitsandbytes() -> None:
    """Silence what bitsandbytes logs while it is imported, as peft does for any adapter where it is installed.

    On a CPU it misses a package of faster kernels, which nothing here needs.
    """
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def torchvision_trouble() -> str | None:
    """Why torchvision was set aside, if it was."""
    return _trouble[0] if _trouble else None


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence transformers' notices about fresh heads, which here are always intended."""
    from transformers.utils import logging as untyped

    theirs: Any = untyped
    before, bars = theirs.get_verbosity(), theirs.is_progress_bar_enabled()  # this may be called inside itself
    theirs.set_verbosity_error()
    theirs.disable_progress_bar()
    try:
        yield
    finally:
        theirs.set_verbosity(before)
        if bars:
            theirs.enable_progress_bar()
