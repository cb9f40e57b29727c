"""The command line's surface: help, usage, exit codes, the form of errors, and how little it takes to start."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

import headstart
from headstart.cli import app
from headstart.core import DataError

COMMANDS = sorted(typer.main.get_command(app).commands)


def test_the_commands_are_those_that_are_documented():
    assert COMMANDS == [
        "advise",
        "check",
        "cost",
        "curves",
        "demo",
        "explain",
        "export",
        "fit",
        "models",
        "predict",
        "rank",
        "report",
        "strategies",
        "study",
    ]


def test_version(headstart):
    done = headstart("--version")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("headstart 0.")


@pytest.mark.parametrize("words", [["--help"], ["-h"], *([name, "--help"] for name in COMMANDS)])
def test_help_is_a_result(headstart, words):
    done = headstart(*words)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: headstart")
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Usage: headstart"),
        (["stduy", "x"], "No such command 'stduy'"),
        (["study"], "Missing argument 'DATA'"),
        (["predict", "model"], "Missing argument 'INPUT...'"),
        (["study", "x", "--bugdet", "3m"], "No such option: --bugdet"),
        (["study", "x", "--seed", "many"], "Invalid value for '--seed'"),
        (["study", "x", "--budget"], "'--budget' requires an argument"),
        (["report", "a", "b"], "unexpected extra argument"),
    ],
)
def test_usage_errors_exit_2(headstart, words, said):
    done = headstart(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_errors_say_what_where_and_what_next(headstart, monkeypatch):
    def fail(*_, **__):
        raise DataError("the fact", place="the place", hint="the hint")

    monkeypatch.setattr("headstart.cli.using.show_strategies", fail)
    done = headstart("strategies")
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: the fact\n  in: the place\n  hint: the hint\n"


def test_our_own_faults_exit_3_without_a_traceback(headstart, monkeypatch):
    monkeypatch.setattr("headstart.cli.using.show_strategies", lambda **_: 1 / 0)
    done = headstart("strategies")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("error: ZeroDivisionError: division by zero\n  hint: This is a fault of Headstart")
    assert "Traceback" not in done.err


def test_debug_shows_the_traceback(headstart, monkeypatch):
    monkeypatch.setattr("headstart.cli.using.show_strategies", lambda **_: 1 / 0)
    done = headstart("--debug", "strategies")
    assert done.code == 3
    assert "Traceback" in done.err


def test_ctrl_c_says_that_nothing_is_lost(headstart, monkeypatch):
    def stop(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr("headstart.cli.using.show_strategies", stop)
    done = headstart("strategies")
    assert done.code == 130
    assert "the same command goes on" in done.err


@pytest.mark.parametrize("code", ["import headstart", "import headstart.cli", "import headstart.core"])
def test_heavy_libraries_wait_until_they_are_needed(code):
    """No time is measured, because machines differ: what makes a start slow is importing these."""
    heavy = "torch transformers datasets kornia sklearn scipy pandas altair skops peft accelerate"
    check = f"{code}\nimport sys\nprint(*[name for name in {heavy.split()} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_public_names_exist_and_are_in_order():
    assert headstart.__all__ == sorted(headstart.__all__)
    for name in headstart.__all__:
        assert getattr(headstart, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = headstart.nothing
