"""Every strategy that applies to the speech embedding trains it."""

import pytest

from headstart.core import Arm, HeadstartError
from headstart.data import load, make_splits
from headstart.modalities import Regime
from headstart.models import resolve
from headstart.strategies import get_strategy, strategy_names
from headstart.studies import SpecMaker
from headstart.training import Bench, Worker, train_trial

SPEECH, TASK = "builtin:speech", "audio-classification"


REFUSED = {"contrastive": "text", "prefix_tuning": "text", "prompt_tuning": "text", "qlora": "models of transformers"}


@pytest.mark.parametrize("name", strategy_names())
def test_it_trains(name, tones, tmp_path):
    try:
        candidate = resolve(SPEECH, TASK)
    except HeadstartError:
        pytest.skip("openwakeword is not installed")
    strategy, data = get_strategy(name), load(tones)
    reason = strategy.refuses(candidate)
    if name in REFUSED:
        assert reason is not None
        assert REFUSED[name] in reason
        return
    assert reason is None
    splits = make_splits(data)
    bench = Bench.of(
        data, splits, {SPEECH: candidate}, metric="accuracy", seed=0, dtype="float32", threads=1, folder=tmp_path
    )
    n = len(splits[0].pool)
    recipe = strategy.recipes(Regime("sound", candidate.family, n, 3))[0].model_copy(update={"batch_size": 8})
    recipe = recipe.model_copy(update={"steps": min(recipe.steps, 4)})
    arm = Arm(candidate=SPEECH, strategy=name, paradigm=strategy.paradigm)
    measurement = train_trial(SpecMaker.of(bench).spec(arm, recipe, n), Worker(bench)).outcome.measurement
    assert measurement.error is None
    assert 0 <= measurement.value <= 1
    if name in ("linear_probe", "knn"):
        assert measurement.value > 0.6
