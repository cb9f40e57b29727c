"""The keywords of the library's functions: where they come from, and what a wrong one is answered with."""

import inspect
from dataclasses import fields

import pytest

import headstart as hs
from headstart.cli.study_options import LISTS
from headstart.cli.study_options import OPTIONS as COMMAND_OPTIONS
from headstart.data import load
from headstart.options import READING, StudyOptions
from headstart.studies.planners import DEFAULT


@pytest.mark.parametrize(
    ("function", "wrong", "meant"),
    [
        (hs.study, "bugdet", "budget"),
        (hs.study, "strategy", "strategies"),
        (hs.study, "lable_column", "label_column"),
        (hs.plan, "excutor", "executor"),
        (hs.fit, "settings", None),
        (hs.fit, "recipes", "recipe"),
        (hs.check, "groupcolumn", "group_column"),
        (hs.rank, "keeps", "keep"),
    ],
)
def test_a_wrong_keyword_is_one_line(function, wrong, meant):
    with pytest.raises(hs.HeadstartError) as error:
        function("no such data", **{wrong: "1m"})
    assert f"{function.__name__}() has no argument {wrong!r}" in str(error.value)
    if meant:
        assert f"Did you mean {meant!r}?" in str(error.value)


@pytest.mark.parametrize("function", [hs.study, hs.plan])
def test_keywords_are_the_options_of_a_study_each_with_its_meaning(function):
    names = [one.name for one in fields(StudyOptions)]
    assert list(inspect.signature(function).parameters) == names
    arguments = inspect.getdoc(function).partition("Args:\n")[2].partition("Returns:\n")[0]
    assert [line.partition(":")[0].strip() for line in arguments.splitlines() if line[4:5].strip()] == names


def test_the_command_has_no_option_that_a_study_has_not():
    names = {one.name for one in fields(StudyOptions)}
    assert {LISTS.get(name, name) for name in COMMAND_OPTIONS} - {"arch"} <= names


def test_options_of_reading_are_those_of_load():
    parameters = inspect.signature(load).parameters
    assert set(READING) <= set(parameters)
    assert set(parameters) - set(READING) == {"source", "seed", "unknown"}


def test_the_planner_by_default_is_the_measured_one():
    assert StudyOptions("data").planner == DEFAULT


@pytest.mark.parametrize(
    ("options", "call"),
    [
        (StudyOptions("leaves"), "headstart.study('leaves')"),
        (StudyOptions("leaves", "5m", seed=0), "headstart.study('leaves', budget='5m')"),
        (
            StudyOptions("leaves", strategies=["knn"], label_column="kind", quiet=True),
            "headstart.study('leaves', strategies=['knn'], label_column='kind')",
        ),
    ],
)
def test_the_call_that_reproduces_a_study_names_what_was_chosen(options, call):
    assert options.python_call() == call
