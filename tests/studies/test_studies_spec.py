"""One definition of a trial: the same specification gives the same numbers wherever it is made."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from one_trial import run

import headstart as hs
from headstart.core import Arm, Recipe
from headstart.studies import SpecMaker, Store, trial_seed
from headstart.training import Bench, Worker, execute

ARM = Arm(candidate="builtin:tfidf", strategy="from_scratch", paradigm="scratch")
COMPACT = Arm(candidate="builtin:compact-text", strategy="from_scratch", paradigm="scratch")
SHORT = Recipe(learning_rate=2e-3, steps=4, batch_size=8)


def test_arms_share_subset_and_seed_at_equal_size_and_repeat(spec_of):
    one, other = spec_of(strategy="one"), spec_of(strategy="other")
    assert one.seed == other.seed == trial_seed(0, "measuring", 10, 0)
    assert len({spec_of(repeat=repeat).seed for repeat in range(5)}) == 5
    assert spec_of(role="tuning").seed != one.seed


def test_renaming_a_recipe_makes_no_other_trial(spec_of):
    recipe = Recipe(learning_rate=1e-3, label="rate x 3")
    renamed = recipe.model_copy(update={"label": "rate x3"})
    assert recipe == renamed
    assert hash(recipe) == hash(renamed)
    assert spec_of(recipe=recipe).key == spec_of(recipe=renamed).key
    assert spec_of(recipe=recipe).key != spec_of(recipe=recipe.model_copy(update={"learning_rate": 2e-3})).key


def test_threads_and_precision_belong_to_a_trial(text_bench):
    maker = SpecMaker.of(text_bench)
    spec = maker.spec(ARM, Recipe(), 40)
    assert maker.model_copy(update={"threads": 2}).spec(ARM, Recipe(), 40).key != spec.key
    assert maker.model_copy(update={"dtype": "bfloat16"}).spec(ARM, Recipe(), 40).key != spec.key


def test_a_bench_that_was_pickled_gives_the_same_numbers_in_another_process(text_bench, tmp_path):
    spec = SpecMaker.of(text_bench).spec(COMPACT, SHORT, 40)
    here = execute(spec, Worker(text_bench))
    (tmp_path / "bench.pickle").write_bytes(pickle.dumps((text_bench, spec)))
    program = (
        "import pickle, sys, numpy as np\n"
        "from headstart.training import Worker, execute\n"
        "bench, spec = pickle.load(open(sys.argv[1], 'rb'))\n"
        "outcome = execute(spec, Worker(bench.moved(__import__('pathlib').Path(sys.argv[2]))))\n"
        "np.save(sys.argv[3], outcome.probabilities)\n"
    )
    words = [str(tmp_path / name) for name in ("bench.pickle", "elsewhere", "there.npy")]
    subprocess.run([sys.executable, "-c", program, *words], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "there.npy"), here.probabilities)


def test_examples_that_were_exchanged_are_not_read(text_bench):
    copy = pickle.loads(pickle.dumps(text_bench))
    text_bench.data.path.write_bytes(pickle.dumps("something else"))
    with pytest.raises(hs.HeadstartError, match="not those of this study"):
        Worker(copy)


def test_fit_gives_the_numbers_of_the_trial_it_names(words, tmp_path):
    import pandas as pd

    frame = pd.DataFrame({"text": words.content.texts, "label": [words.class_names[label] for label in words.labels]})
    fitted = hs.fit(frame, "builtin:compact-text", "from_scratch", recipe={"steps": 4}, n=40, out=tmp_path / "fit")
    data = hs.data.load(frame)
    from headstart.core import probe_hardware
    from headstart.core.hardware import default_threads
    from headstart.data import make_splits
    from headstart.models import resolve

    bench = Bench.of(
        data,
        make_splits(data),
        {COMPACT.candidate: resolve(COMPACT.candidate, data.task)},
        metric=fitted.metric,
        seed=0,
        dtype=probe_hardware().dtype,
        threads=default_threads(),
        folder=tmp_path / "bench",
    )
    spec = SpecMaker.of(bench).spec(COMPACT, fitted.recipe, 40)
    assert spec.key == fitted.trial
    assert run(spec, Worker(bench)).measurement.value == fitted.value


@pytest.mark.slow
def test_a_study_gives_the_numbers_of_the_trials_it_names(words, tmp_path):
    """Also what the oracle table and ``fit`` would give: they go through the same specification."""
    import pandas as pd

    from headstart.data import load, make_splits
    from headstart.models import resolve

    frame = pd.DataFrame({"text": words.content.texts, "label": [words.class_names[label] for label in words.labels]})
    hs.study(frame, "25s", out=tmp_path / "study", strategies=["from_scratch"], quiet=True)
    store = Store.open_readonly(tmp_path / "study")
    record, trials = store.record(), store.trials()
    data = load(frame)
    names = {trial.spec.arm.candidate for trial in trials}
    bench = Bench.of(
        data,
        make_splits(data),
        {name: resolve(name, data.task) for name in names},
        metric=record.settings.metric,
        seed=0,
        dtype=record.dtype,
        threads=record.threads,
        folder=tmp_path / "bench",
    )
    worker, maker = Worker(bench), SpecMaker.of(bench)
    assert len(trials) >= 2
    for trial in trials[:4]:
        spec = trial.spec
        again = maker.spec(
            spec.arm,
            spec.recipe,
            spec.n,
            role=spec.role,
            repeat=spec.repeat,
            informed=spec.recipe_informed,
            convergence_check=spec.convergence_check,
        )
        assert again.key == trial.key
        assert run(again, worker).measurement.value == trial.measurement.value
    store.close()
