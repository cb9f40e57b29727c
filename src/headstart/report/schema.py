"""The machine's copy of the answer: ``recommendation.json`` and its JSON schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from headstart.report.view import Summary

FILE_NAME = "recommendation.json"
SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"  # a name, never fetched


def write_json(summary: Summary, path: str | Path) -> Path:
    """Write the recommendation record of a study.

    Args:
        summary: What the runner built; only its recommendation is written.
        path: A file, or a folder that receives ``recommendation.json``.

    Returns:
        The file that was written.

    Raises:
        pydantic.ValidationError: The recommendation is not a valid record.
    """
    from headstart.advice.recommendation import Recommendation

    record = Recommendation.model_validate(summary["recommendation"])
    target = Path(path)
    if target.is_dir():
        target = target / FILE_NAME
    # JSON has no NaN: a figure that was not measured is null, so that every reader can parse the file.
    document = nullify(record.model_dump(mode="python"))
    target.write_text(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return target


def recommendation_schema() -> dict[str, Any]:
    """The JSON schema of ``recommendation.json``, made from the record so that it cannot drift."""
    from headstart.advice.recommendation import Recommendation

    schema = Recommendation.model_json_schema(mode="serialization")
    return {"$schema": SCHEMA_DIALECT, **schema}


def nullify(value: Any) -> Any:
    """Copy a JSON-able value with every non-finite number as None and every tuple as a list."""
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {str(key): nullify(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [nullify(item) for item in value]
    return value
