"""Settings that lie beside the weights of a network, as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from headstart.core import SourceError


def read_json(file: Path) -> dict[str, Any]:
    """Read a file of settings.

    Raises:
        SourceError: It holds none.
    """
    try:
        content = json.loads(file.read_text())
    except ValueError as error:
        raise SourceError(
            f"{file.name} is not JSON ({error})", place=str(file.parent), hint="Save the model again"
        ) from None
    if not isinstance(content, dict):
        raise SourceError(f"{file.name} holds no settings", place=str(file.parent), hint="Save the model again")
    return content
