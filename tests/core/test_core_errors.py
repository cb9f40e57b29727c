import pickle

import pytest

from headstart.core import (
    BudgetError,
    BundleError,
    DataError,
    HeadstartError,
    SettingsError,
    SourceError,
    did_you_mean,
    reason_of,
)

KINDS = (HeadstartError, DataError, SettingsError, SourceError, BudgetError, BundleError)


@pytest.mark.parametrize("kind", KINDS)
def test_errors_say_fact_place_and_next_step_in_one_line(kind):
    error = kind("no column 'label'", place="train.csv", hint="Use --label-column class")
    assert str(error) == "no column 'label'; in train.csv; Use --label-column class"
    assert error.exit_code == 1
    assert isinstance(error, HeadstartError)


def test_place_and_hint_may_be_missing():
    assert str(DataError("empty")) == "empty"
    assert str(DataError("empty", hint="Fill it")) == "empty; Fill it"


@pytest.mark.parametrize("kind", KINDS)
def test_errors_survive_pickling(kind):
    error = kind("fact", place="place", hint="hint")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.fact, again.place, again.hint) == ("fact", "place", "hint")
    assert str(again) == str(error)


def test_did_you_mean_names_the_closest():
    options = ("linear_probe", "full_finetune", "from_scratch")
    assert did_you_mean("linear-prob", options) == "Did you mean 'linear_probe'?"
    assert did_you_mean("Full_FineTune", options) == "Did you mean 'full_finetune'?"


def test_did_you_mean_lists_all_where_none_is_close():
    assert did_you_mean("zzz", iter(["a", "b"])) == "Choose one of: a, b"
    assert did_you_mean("zzz", []) == "Nothing is available to choose from"


@pytest.mark.parametrize(
    ("error", "plain", "with_kind"),
    [
        (ValueError("one\ntwo"), "one", "ValueError: one"),
        (RuntimeError(), "RuntimeError", "RuntimeError: no reason given"),
        (OSError("  "), "OSError", "OSError: no reason given"),
        (ValueError("x" * 999), "x" * 200, "ValueError: " + "x" * 200),
    ],
)
def test_anybodys_error_becomes_a_line(error, plain, with_kind):
    assert (reason_of(error), reason_of(error, kind=True)) == (plain, with_kind)
