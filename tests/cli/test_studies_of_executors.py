"""Whole studies with several trials at once: the same values, nothing lost, signals keep their meaning."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow
PATIENCE = 240.0


@pytest.fixture
def sentences(tmp_path) -> Path:
    """A table of 400 short texts in two classes."""
    rng = random.Random(0)
    fill = "the a film plot actor scene was is very quite one two three four five six".split()
    with (tmp_path / "sentences.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        for index in range(400):
            label = ("bad", "good")[index % 2]
            word = {"bad": ("awful", "dull"), "good": ("great", "fine")}[label][rng.random() < 0.5]
            writer.writerow(
                [" ".join([*rng.choices(fill, k=6), word if rng.random() < 0.8 else "", str(index)]), label]
            )
    return tmp_path / "sentences.csv"


def start(folder: Path, *words: object) -> subprocess.Popen[str]:
    """A study in a process of its own, each trial with one thread, so that all runs have the same trials."""
    command = [sys.executable, "-c", "from headstart.cli import main; main()", "study", *map(str, words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HEADSTART_DEBUG": "1"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def values(folder: Path, role: str = "") -> dict[str, float]:
    """Value of each stored trial by its key, perhaps of one role alone."""
    file = folder / "study.sqlite"
    if not file.exists():
        return {}
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT key, measurement, spec FROM trials").fetchall()
    except sqlite3.OperationalError:
        return {}
    finally:
        connection.close()
    return {key: json.loads(text)["value"] for key, text, spec in rows if role in json.loads(spec)["role"]}


def wait_for(child: subprocess.Popen[str], folder: Path, count: int, role: str = "") -> dict[str, float]:
    deadline = time.monotonic() + PATIENCE
    while len(found := values(folder, role)) < count:
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def finished(child: subprocess.Popen[str]) -> str:
    out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, err
    return out


ARMS = ("--strategy", "from_scratch", "--quiet", "--json")


@pytest.fixture
def inline(sentences, tmp_path) -> dict[str, float]:
    """What the study finds one trial at a time."""
    finished(start(tmp_path, sentences, "--budget", "45s", "--out", "inline", *ARMS))
    return values(tmp_path / "inline")


def test_two_jobs_give_the_values_of_one_and_survive_a_killed_worker(sentences, tmp_path, inline):
    child = start(tmp_path, sentences, "--budget", "60s", "--jobs", "2", "--out", "jobs", *ARMS)
    before = wait_for(child, tmp_path / "jobs", 1)
    workers = [one for one in psutil.Process(child.pid).children(recursive=True) if "loky" in " ".join(one.cmdline())]
    trackers = [one for one in workers if "tracker" in " ".join(one.cmdline())]
    victim = next(one for one in workers if one not in trackers)
    victim.kill()
    begun = time.monotonic()
    answer = json.loads(finished(child))
    assert time.monotonic() - begun < 75
    after = values(tmp_path / "jobs")
    assert before.items() <= after.items()
    shared = after.keys() & inline.keys()
    assert len(shared) >= 3
    assert {key: after[key] for key in shared} == {key: inline[key] for key in shared}
    assert answer["strategy"]
    assert any("worker process ended" in warning for warning in answer["warnings"])


def test_sigterm_ends_a_study_as_one_ctrl_c_does(sentences, tmp_path):
    child = start(tmp_path, sentences, "--budget", "10m", "--out", "ended", "--strategy", "from_scratch")
    wait_for(child, tmp_path / "ended", 1, role="measuring")
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130, err
    assert "stopping after this trial" in err
    assert (tmp_path / "ended" / "report.html").exists()
    assert (tmp_path / "ended" / "model").is_dir()
    assert "headstart study" in out  # how to go on


@pytest.mark.ray
def test_a_cluster_of_two_nodes_gives_the_same_values_and_survives_a_killed_node(sentences, tmp_path, inline):
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    os.environ.update({"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"})
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    node = cluster.add_node(num_cpus=1)
    try:
        words = ("--budget", "90s", "--executor", f"ray://{cluster.address}", "--out", "ray", *ARMS)
        child = start(tmp_path, sentences, *words)
        before = wait_for(child, tmp_path / "ray", 2)
        cluster.remove_node(node, allow_graceful=False)
        answer = json.loads(finished(child))
        after = values(tmp_path / "ray")
        assert before.items() <= after.items()
        assert len(after) > len(before)
        shared = after.keys() & inline.keys()
        assert len(shared) >= 3
        assert {key: after[key] for key in shared} == {key: inline[key] for key in shared}
        assert answer["strategy"]
    finally:
        cluster.shutdown()
        ray.shutdown()
