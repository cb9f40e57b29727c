"""Studies of series from the command line, on waveforms that the test makes up."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from made_up_series import waves

pytestmark = pytest.mark.slow
PATIENCE = 300.0  # seconds; far above the budgets below


@pytest.fixture
def folder(tmp_path):
    """Files of two parts, as the UCR archive has them."""
    values, labels = waves(240, length=64)
    (tmp_path / "waves").mkdir()
    for part, rows in (("TRAIN", slice(0, 160)), ("TEST", slice(160, 240))):
        lines = ["\t".join([str(k), *map(str, one[0])]) for one, k in zip(values[rows], labels[rows], strict=True)]
        (tmp_path / "waves" / f"Waves_{part}.tsv").write_text("\n".join(lines))
    return tmp_path


def headstart(folder, *words):
    command = [sys.executable, "-m", "headstart", *words]
    env = {**os.environ, "HEADSTART_CACHE": str(folder / "cache")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_study_compares_both_sides_and_predicts(folder):
    found = json.loads(headstart(folder, "study", "waves", "--budget", "40s", "--out", "study", "--json"))
    names = {arm["candidate"] for arm in found["arms"]}
    assert {"builtin:minirocket", "builtin:lite", "picture:builtin:image"} <= names
    assert found["metric"]["value"] > 0.9
    values, _ = waves(6, length=64, seed=9)
    np.savez(folder / "new.npz", x=values)
    assert len(headstart(folder, "predict", "study", "new.npz").splitlines()) == 6


def test_a_study_without_anything_pretrained_has_one_side(folder):
    only = ("--candidate", "builtin:minirocket", "--candidate", "builtin:lite")
    found = json.loads(headstart(folder, "study", "waves", "--budget", "25s", "--out", "study", "--json", *only))
    assert {arm["paradigm"] for arm in found["arms"]} == {"scratch"}
