"""The configuration of a transformers network in a saved folder, read with distrust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from headstart.models.formats.weights import Held, check_counts

LARGEST = 16 * 2**20  # bytes
ATTENTION = ("attn_implementation", "_attn_implementation", "experts_implementation")
SIZES = ("size", "dim", "layers", "heads", "depth", "width", "blocks", "channels", "num_")


def read_configuration(file: Path, held: Held) -> dict[str, Any]:
    """Read a configuration and refuse what would run code or build more than there are weights for.

    Args:
        file: ``config.json``, or Headstart's ``network.json``.
        held: The weights beside it.

    Raises:
        ValueError: It is no configuration that Headstart writes.
    """
    if file.stat().st_size > LARGEST:
        raise ValueError(f"{file.name} is too large")
    config = json.loads(file.read_bytes())
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise ValueError(f"{file.name} describes no network")
    _check_part(config, file.name)
    check_counts(_sizes(config), held, file.name)
    return config


def _check_part(part: dict[str, Any], name: str) -> None:
    if part.get("auto_map"):
        raise ValueError(f"{name} names code of its own (auto_map)")
    if part.get("quantization_config"):
        raise ValueError(f"{name} is quantized, which Headstart never writes")
    for word in ATTENTION:
        value = part.get(word)
        if isinstance(value, str) and not value.isidentifier():  # owner/name is a kernel that would be downloaded
            raise ValueError(f"{name} names code of its own ({word})")
    for value in part.values():
        if isinstance(value, dict):
            _check_part(value, name)


def _sizes(config: dict[str, Any]) -> dict[str, Any]:
    """What counts modules or weights, not the thetas, ids and factors beside it."""
    kept: dict[str, Any] = {}
    for word, value in config.items():
        if isinstance(value, dict):
            if word not in ("id2label", "label2id"):
                kept[word] = _sizes(value)
        elif isinstance(value, int | list) and not isinstance(value, bool) and any(part in word for part in SIZES):
            kept[word] = value
    return kept
