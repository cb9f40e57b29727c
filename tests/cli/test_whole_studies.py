"""Whole studies in processes of their own: the demonstration, and one that is killed and goes on."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PATIENCE = 240.0  # seconds; far above what the budgets below allow, for machines that are busy


def trials(folder: Path) -> dict[str, float]:
    """Keys of the stored trials, and when each ended on the study's clock."""
    file = folder / "study.sqlite"
    if not file.exists():
        return {}
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    try:
        return dict(connection.execute("SELECT key, ended FROM trials"))
    except sqlite3.OperationalError:  # the file is there and its tables are not yet
        return {}
    finally:
        connection.close()


def finish(child) -> tuple[str, str]:
    out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, err
    assert "Traceback" not in err
    return out, err


def test_demo_ends_with_a_model_that_predicts(process, tmp_path, digit_folders):
    out, err = finish(process("demo", "--budget", "40s", "--out", "demo"))
    assert out.startswith("Do now")
    assert "Measured" in out
    assert "headstart predict" in out
    assert len(out.splitlines()) <= 25
    assert "planned option" in err

    answer = json.loads((tmp_path / "demo" / "recommendation.json").read_text())
    assert answer["strategy"]
    assert answer["baseline"] < 0.2 < answer["metric"]["low"] <= answer["metric"]["value"]
    page = (tmp_path / "demo" / "report.html").read_text()
    assert len(page) < 2_000_000
    assert "Verdict" in page

    pictures = sorted((digit_folders / "0").glob("*.png"))
    out, _ = finish(process("predict", "demo", *pictures))
    found = [line.split("\t")[1] for line in out.splitlines()]
    assert found.count("0") > len(found) / 2

    out, _ = finish(process("cost", "demo", "--target", "0.5", "--label-price", "2", "--json"))
    costs = json.loads(out)
    assert costs["ways"], costs["beyond"]
    assert all(way["missing"] == 0 == way["labelling"] and way["seconds"] > 0 for way in costs["ways"])
    out, _ = finish(process("cost", "demo"))
    assert out.startswith("Cheapest to train with")
    assert max(map(len, out.splitlines())) <= 90

    before = trials(tmp_path / "demo")
    out, _ = finish(process("report", "demo", "--json"))
    assert json.loads(out)["sentence"] == answer["sentence"]
    assert trials(tmp_path / "demo") == before


def test_demo_as_json_prints_one_document(process, tmp_path):
    out, err = finish(process("demo", "--budget", "30s", "--json", "--quiet"))
    assert err == ""
    assert json.loads(out)["metric"]["name"] == "accuracy"
    assert (tmp_path / "headstart-demo" / "report.html").exists()


def test_killed_study_goes_on(process, tmp_path):
    """Whatever had ended when the process was killed stays as it was, and is not done again."""
    folder, words = tmp_path / "demo", ("demo", "--budget", "40s", "--out", "demo", "--quiet")
    first = process(*words)
    deadline = time.monotonic() + PATIENCE
    while len(before := trials(folder)) < 2:
        assert first.poll() is None, first.communicate()
        assert time.monotonic() < deadline, "no two trials in time"
        time.sleep(0.05)
    first.kill()
    first.wait()
    before = trials(folder) or before
    assert len(before) >= 2

    finish(process(*words))
    after = trials(folder)
    assert {key: after.get(key) for key in before} == before
    assert len(after) >= len(before)
    assert json.loads((folder / "recommendation.json").read_text())["strategy"]
    assert (folder / "model").is_dir()

    # A finished study prints its answer again, and trains nothing.
    finish(process(*words))
    assert trials(folder) == after
