from __future__ import annotations

import json

from variants import empty

from headstart.advice.recommendation import Recommendation
from headstart.report import recommendation_schema, write_json
from headstart.report.summary import Summary


def test_file_is_the_record_and_nothing_else(summary, tmp_path):
    path = write_json(summary, tmp_path)
    assert path.name == "recommendation.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["schema_version"] == 1
    assert Recommendation.model_validate(document).model_dump(mode="json") == document


def test_missing_figures_become_null(tmp_path):
    path = write_json(Summary.model_validate(empty()), tmp_path / "r.json")
    assert json.loads(path.read_text(encoding="utf-8"))["metric"]["value"] is None


def test_non_finite_numbers_never_reach_the_file(document, tmp_path):
    document["recommendation"]["p_best"] = float("nan")
    text = write_json(Summary.model_validate(document), tmp_path / "r.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert json.loads(text)["p_best"] is None


def test_schema_describes_every_field():
    schema = recommendation_schema()
    assert set(schema["properties"]) == set(Recommendation.model_fields)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"paradigm", "sentence", "arms", "costs"} <= set(schema["required"])
