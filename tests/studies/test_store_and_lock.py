import subprocess
import sys

import numpy as np
import pytest

from headstart.core import Arm, BundleError, Measurement, Recipe, TrialSpec
from headstart.studies import Budget, Store, StudyLock
from headstart.training import Outcome


def spec(**changes) -> TrialSpec:
    values = {
        "role": "measuring",
        "arm": Arm(candidate="c", strategy="s", paradigm="transfer"),
        "recipe": Recipe(),
        "weights_hash": "w",
        "input_size": 8,
        "dtype": "float32",
        "n": 10,
        "repeat": 0,
        "seed": 1,
        "data_fingerprint": "d",
    }
    return TrialSpec(**{**values, **changes})


def outcome(error=None) -> Outcome:
    probabilities = np.asarray([[0.25, 0.75], [1.0, 0.0]], dtype=np.float32)
    return Outcome(Measurement(value=0.5, error=error), np.asarray([7, 3]), probabilities, None)


def test_trials_survive_closing(tmp_path):
    store = Store(tmp_path)
    store.add(spec(), outcome(), 1.0, 2.0)
    store.add(spec(n=20), outcome(error="out of luck"), 2.0, 3.0)
    store.close()
    again = Store(tmp_path)
    first, second = again.trials()
    assert first.spec == spec()
    assert (first.started, first.ended) == (1.0, 2.0)
    assert second.measurement.error == "out of luck"
    measured, probabilities = again.predictions(spec().key)
    assert measured.tolist() == [7, 3]
    assert probabilities.tolist() == [[0.25, 0.75], [1.0, 0.0]]


def test_failed_trials_hold_no_predictions(tmp_path):
    store = Store(tmp_path)
    store.add(spec(), outcome(error="no"), 0, 1)
    with pytest.raises(BundleError, match="no predictions"):
        store.predictions(spec().key)


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path):
    (tmp_path / "study").write_text("a file")
    with pytest.raises(BundleError, match="--out"):
        Store(tmp_path / "study")


def test_reading_where_nothing_is(tmp_path):
    with pytest.raises(BundleError, match="no study here"):
        Store(tmp_path, read_only=True)
    assert not list(tmp_path.iterdir())


def test_another_version_is_refused(tmp_path):
    store = Store(tmp_path)
    store.set_fact("store_version", "99")
    store.close()
    with pytest.raises(BundleError, match="another version"):
        Store(tmp_path)


def test_spent_seconds_add_up_over_runs(tmp_path):
    store = Store(tmp_path)
    first = Budget(store, 100.0)
    first._start -= 30
    first.heartbeat(force=True)
    second = Budget(store, 100.0)
    assert second.spent == pytest.approx(30, abs=1)
    assert second.left == pytest.approx(70, abs=1)


def test_a_second_driver_is_refused_and_a_dead_one_forgotten(tmp_path):
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib, time\nfrom headstart.studies.lock import StudyLock\n"
            "with StudyLock(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
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
