"""Models of the Hugging Face hub: from the local cache, else downloaded."""

from __future__ import annotations

import os
from pathlib import Path

from headstart.core import SourceError, reason_of, waiting
from headstart.data.hub import can_connect


def fetch(name: str, what: str | None = None) -> Path:
    """Take a hub model from the local cache, else download its safetensors; never hang without a network.

    Args:
        name: ``owner/name``.
        what: How an error begins, where the name is not what the user wrote.

    Raises:
        SourceError: It is in neither place, or the hub cannot be reached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    patterns = ["*.json", "*.safetensors", "*.txt", "README.md", "*.model"]
    try:
        folder = Path(snapshot_download(name, allow_patterns=patterns, local_files_only=True))
        if any(folder.glob("*.safetensors")):
            return folder
    except (LocalEntryNotFoundError, ValueError, OSError):
        pass
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    if offline or not can_connect():
        what = what or f"candidate {name!r} is no folder here and"
        raise SourceError(
            f"{what} not in the local cache, and the hub cannot be reached",
            hint="Give a local folder, or leave --candidate away to use the built-in models",
        )
    try:
        with waiting():
            folder = Path(snapshot_download(name, allow_patterns=patterns))
    except (HfHubHTTPError, ValueError, OSError) as error:
        reason = reason_of(error)
        raise SourceError(
            f"model {name!r} cannot be had from the hub ({reason})", hint="Check the spelling of owner/name"
        ) from None
    if not any(folder.glob("*.safetensors")):
        raise SourceError(f"model {name!r} has no safetensors on the hub", hint="Choose another candidate")
    return folder
