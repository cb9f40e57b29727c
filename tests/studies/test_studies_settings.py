import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.core import BudgetError, SettingsError
from headstart.studies import StudySettings, check_margin, choose_metric, parse_budget


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("1.5h", 5400),
        ("120", 120),
        (" 2 min ", 120),
        (30, 30),
        ("1h30m", 5400),
        ("1 h 30 min", 5400),
        ("2 minutes", 120),
    ],
)
def test_durations_are_read(text, seconds):
    assert parse_budget(text) == seconds


@pytest.mark.parametrize("text", ["soon", "", "-5m", "5 parsecs x", "5 months", "1h30", "m", "15m later"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(SettingsError, match="15m"):
        parse_budget(text)


def test_a_second_is_too_short_for_anything():
    with pytest.raises(BudgetError, match="at least 10s"):
        parse_budget("1s")


@given(st.floats(min_value=10, max_value=1e6))
def test_seconds_pass_through(seconds):
    assert parse_budget(seconds) == seconds


def test_imbalance_chooses_macro_f1_and_says_why():
    assert choose_metric(None, [90, 10]) == ("macro-f1", "the largest class is 9.0 times the smallest")
    assert choose_metric(None, [30, 10])[0] == "accuracy"
    assert choose_metric("Macro_F1", [10, 10])[0] == "macro-f1"


def test_unknown_metric_is_suggested():
    with pytest.raises(SettingsError, match="accuracy"):
        choose_metric("acuracy", [10, 10])


@pytest.mark.parametrize("margin", [-0.01, 0.6, 5])
def test_margin_must_be_a_share(margin):
    with pytest.raises(SettingsError, match=r"0\.01 is one point"):
        check_margin(margin)


def test_only_the_budget_may_differ_to_resume():
    settings = StudySettings(
        source="a",
        task="image-classification",
        metric="accuracy",
        margin=0.01,
        seed=0,
        candidates=("x",),
        strategies=("linear_probe",),
        data_fingerprint="f",
        budget_seconds=60,
    )
    assert settings.differences(settings.model_copy(update={"budget_seconds": 120})) == []
    assert settings.differences(settings.model_copy(update={"seed": 1})) == ["seed: 0 -> 1"]


def test_other_weights_under_the_same_name_are_a_change():
    settings = StudySettings(
        source="a",
        task="image-classification",
        metric="accuracy",
        margin=0.01,
        seed=0,
        candidates=("x", "y"),
        weights=("1", "2"),
        strategies=("linear_probe",),
        data_fingerprint="f",
        budget_seconds=60,
    )
    other = settings.model_copy(update={"weights": ("1", "3")})
    assert settings.differences(other) == ["the weights of y are others"]
    assert settings.differences(settings) == []
