"""The seconds that a study keeps back for its answer, and what ends it before its time."""

import os
import signal

import pandas as pd
import pytest

import headstart as hs
from headstart.studies import closing_seconds
from headstart.studies.interrupts import Interrupts


@pytest.mark.parametrize("budget", [5, 10, 20, 40, 60, 600, 7200])
def test_most_of_any_budget_is_left_for_trials(budget):
    assert closing_seconds(budget) <= max(0.1 * budget, 1.5)
    assert 1.5 <= closing_seconds(budget) <= 6


def test_a_longer_study_keeps_back_what_a_page_takes():
    assert closing_seconds(60) == closing_seconds(3600) == 6


@pytest.mark.slow
def test_ten_seconds_are_enough_for_a_first_answer(words, tmp_path):
    frame = pd.DataFrame({"text": words.content.texts, "label": [words.class_names[label] for label in words.labels]})
    study = hs.study(frame, "10s", out=tmp_path / "study", strategies=["from_scratch"], quiet=True)
    assert study.recommendation.metric.value is not None
    assert study.model_dir is not None
    assert study.recommendation.costs.spent_seconds < 1.05 * 10 + 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_asks_and_a_second_one_ends(number):
    heard = []
    with Interrupts(lambda: heard.append("first")) as interrupts:
        os.kill(os.getpid(), number)
        assert interrupts.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert heard == ["first"]
