"""The machine's copy of the answer: ``recommendation.json`` and its JSON schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headstart.report.summary import Summary


FILE_NAME = "recommendation.json"
SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"  # a name, never fetched


def write_json(summary: Summary, path: str | Path) -> Path:
    """Write the recommendation record of a study.

    Args:
        summary: Of the study; only its recommendation is written.
        path: A file, or a folder that receives ``recommendation.json``.

    Returns:
        The file that was written.
    """
    target = Path(path)
    if target.is_dir():
        target = target / FILE_NAME
    # JSON has no NaN: a figure that was not measured is null, so that every reader can parse the file.
    document = nullify(summary.recommendation.model_dump(mode="python"))
    write_text_whole(target, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return target


def write_text_whole(path: Path, text: str) -> None:
    """Write a file that is complete whenever it is there: a kill leaves the one before."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


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
