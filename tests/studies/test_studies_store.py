"""What is stored, who may read it, and what damage or another version says."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from headstart.core import BundleError
from headstart.studies import Budget, Dropped, Journal, Store, StudyLock, StudyRecord, StudySettings
from headstart.studies.store import FILE


@pytest.fixture(autouse=True)
def closed(monkeypatch):
    """Whatever a test opened is closed after it."""
    opened, begin = [], Store.__init__

    def watched(store, *words, **options):
        opened.append(store)
        begin(store, *words, **options)

    monkeypatch.setattr(Store, "__init__", watched)
    yield
    for store in opened:
        store.close()


def record(**values) -> StudyRecord:
    settings = StudySettings(
        source="s",
        task="text-classification",
        metric="accuracy",
        margin=0.01,
        seed=0,
        candidates=("c",),
        strategies=("s",),
        data_fingerprint="d",
        budget_seconds=100.0,
    )
    return StudyRecord(created="now", settings=settings, dtype="float32", **values)


def test_trials_survive_closing(tmp_path, spec_of, outcome_of):
    store = Store(tmp_path)
    store.add(spec_of(), outcome_of(), 1.0, 2.0)
    store.add(spec_of(n=20), outcome_of(error="out of luck"), 2.0, 3.0)
    store.close()
    again = Store(tmp_path)
    first, second = again.trials()
    assert first.spec == spec_of()
    assert (first.started, first.ended) == (1.0, 2.0)
    assert second.measurement.error == "out of luck"
    measured, probabilities = again.predictions(spec_of().key)
    assert measured.tolist() == [7, 3]
    assert probabilities.tolist() == [[0.25, 0.75], [1.0, 0.0]]


def test_failed_trials_hold_no_predictions_and_can_be_forgotten(tmp_path, spec_of, outcome_of):
    store = Store(tmp_path)
    store.add(spec_of(), outcome_of(error="no"), 0, 1)
    with pytest.raises(BundleError, match="no predictions"):
        store.predictions(spec_of().key)
    store.forget_failures()
    assert store.trials() == []


def test_the_record_comes_back_whole(tmp_path):
    kept = record(dropped={"a": Dropped(reason="behind", lasting=True)}, cut_texts={"c": (3, 64)}, events=("one",))
    store = Store(tmp_path)
    assert store.record() is None
    store.set_record(kept)
    store.close()
    assert Store(tmp_path).record() == kept


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path):
    (tmp_path / "study").write_text("a file")
    with pytest.raises(BundleError, match="--out"):
        Store(tmp_path / "study")


def test_reading_where_nothing_is(tmp_path):
    with pytest.raises(BundleError, match="no study here"):
        Store.open_readonly(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def reachable():
    """A folder that every user of the machine may look into."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("log", [False, True], ids=["closed", "killed with a log"])
def test_a_folder_that_may_not_be_written_opens_and_stays_as_it_is(reachable, spec_of, outcome_of, log):
    store = Store(reachable / "study")
    store.set_record(record())
    store.add(spec_of(), outcome_of(), 1.0, 2.0)
    if not log:
        store.close()
    copy = reachable / "copy"
    shutil.copytree(reachable / "study", copy)
    for file in copy.iterdir():
        file.chmod(0o444)
    copy.chmod(0o555)
    before = {file.name: file.read_bytes() for file in copy.iterdir() if not file.name.endswith("-shm")}
    program = (
        "import os, sys, pathlib\n"
        "import encodings.cp437, numpy.lib.format\n"
        "from headstart.studies import Store\n"
        "if os.getuid() == 0: os.setegid(65534); os.seteuid(65534)\n"  # root may write anywhere: read as nobody
        "store = Store.open_readonly(pathlib.Path(sys.argv[1]))\n"
        "print(len(store.trials()), store.record().created, store.predictions(store.trials()[0].key)[0].tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(copy)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "now", "[7,", "3]"]
    assert {file.name: file.read_bytes() for file in copy.iterdir() if not file.name.endswith("-shm")} == before
    store.close()
    copy.chmod(0o755)


def test_a_study_of_the_previous_version_is_refused_with_what_to_do(tmp_path):
    old = sqlite3.connect(tmp_path / FILE)
    old.execute("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    old.execute("CREATE TABLE trials (key TEXT PRIMARY KEY)")
    old.commit()
    old.close()
    for read_only in (False, True):
        with pytest.raises(BundleError, match=r"earlier version.*report\.html.*--out"):
            Store(tmp_path, read_only=read_only)


def test_a_study_of_a_later_version_is_refused_with_what_to_do(tmp_path, spec_of, outcome_of):
    store = Store(tmp_path)
    store.add(spec_of(), outcome_of(), 0, 1)
    store.set_record(record())
    store.close()
    later = sqlite3.connect(tmp_path / FILE)
    later.execute('UPDATE trials SET spec = replace(spec, \'"role"\', \'"colour": 1, "role"\')')
    later.execute('UPDATE state SET value = replace(value, \'"created"\', \'"colour": 1, "created"\')')
    later.commit()
    later.close()
    store = Store(tmp_path)
    with pytest.raises(BundleError, match="TrialSpec that this version cannot read"):
        store.trials()
    with pytest.raises(BundleError, match="StudyRecord that this version cannot read"):
        store.record()
    store.close()
    later = sqlite3.connect(tmp_path / FILE)
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(BundleError, match="later version.*pip install"):
        Store(tmp_path)


@pytest.mark.parametrize("damage", ["header", "middle", "predictions", "summary"])
def test_damage_is_one_line(tmp_path, spec_of, outcome_of, damage):
    store = Store(tmp_path)
    for n in range(1, 60):
        store.add(spec_of(n=n), outcome_of(), n, n + 1)
    store.close()
    file = tmp_path / FILE
    if damage in ("predictions", "summary"):
        connection = sqlite3.connect(file)
        connection.execute("UPDATE trials SET predictions = x'00ff'")
        connection.execute("INSERT INTO state VALUES ('summary', '[not')")
        connection.commit()
        connection.close()
    else:
        content = bytearray(file.read_bytes())
        start, end = (0, 2000) if damage == "header" else (4096, len(content))
        content[start:end] = b"\xff" * (end - start)
        file.write_bytes(bytes(content))

    def read() -> None:
        store = Store(tmp_path)
        store.summary()
        for trial in store.trials():
            store.predictions(trial.key)

    with pytest.raises(BundleError) as error:
        read()
    assert "\n" not in str(error.value)


def test_a_store_that_another_process_holds_is_one_line(tmp_path, monkeypatch, spec_of, outcome_of):
    store = Store(tmp_path)
    store._connection.execute("PRAGMA busy_timeout = 50")
    holder = sqlite3.connect(tmp_path / FILE)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(BundleError, match="Another process holds the file"):
        store.add(spec_of(), outcome_of(), 0, 1)
    holder.rollback()
    holder.close()
    assert store.add(spec_of(), outcome_of(), 0, 1).key == spec_of().key


def test_spent_seconds_add_up_over_runs(tmp_path):
    store = Store(tmp_path)
    clock = iter([0.0, 30.0, 30.0]).__next__
    journal = Journal(store, record(), Budget(100.0, clock=clock))
    journal.update(mirrored=True)
    assert store.record().spent_seconds == 30.0
    second = Budget(100.0, store.record().spent_seconds, clock=lambda: 5.0)
    assert (second.spent, second.left) == (30.0, 70.0)


def test_working_time_is_stored_while_nothing_else_happens(tmp_path, monkeypatch):
    monkeypatch.setattr("headstart.studies.journal.HEARTBEAT_SECONDS", 0.02)
    store = Store(tmp_path)
    journal = Journal(store, record(), Budget(100.0, before=7.0))
    with journal.heartbeat():
        deadline = time.monotonic() + 10
        while (store.record() or record()).spent_seconds < 7.1:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_second_driver_is_refused_and_a_dead_one_forgotten(tmp_path):
    program = (
        "import sys, pathlib, time\nfrom headstart.studies.lock import StudyLock\n"
        "with StudyLock(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(BundleError, match=f"process {holder.pid}"), StudyLock(tmp_path):
            pass
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with StudyLock(tmp_path):
        pass


def test_a_finished_trial_waits_for_the_disk(tmp_path, monkeypatch):
    connections, connect = [], sqlite3.connect

    def watched(*words, **options):
        connections.append(connect(*words, **options))
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", watched)
    Store(tmp_path)
    (level,) = connections[-1].execute("PRAGMA synchronous").fetchone()
    assert level == 2, "a power cut may take a commit that did not wait"
