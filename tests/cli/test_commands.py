"""The commands that use what is there: predict, check, models, strategies and the plan of a study."""

from __future__ import annotations

import json

from headstart.strategies import strategy_names

PLAN = ("--dry-run", "--budget", "60s", "--strategy", "linear_probe")


def test_check_shows_what_is_in_the_data(headstart, digit_folders):
    done = headstart("check", digit_folders)
    assert (done.code, done.err) == (0, "")
    assert "60 images" in done.out
    assert "3 classes" in done.out


def test_check_as_json_is_one_document(headstart, tmp_path):
    file = tmp_path / "spam.csv"
    rows = [f"win a prize number {n},spam" for n in range(20)] + [f"see you at {n},ham" for n in range(20)]
    file.write_text("\n".join(["text,label", *rows, "win a prize number 1,ham", "win a prize number 1,ham"]) + "\n")
    done = headstart("check", file, "--json")
    assert (done.code, done.err) == (0, "")
    assert {"code", "severity", "message"} <= set(done.document["findings"][0])
    rows = done.document["accounting"]["rows"]
    assert (rows["seen"], rows["used"], rows["named"]) == (42, 42, {})


def test_check_says_how_the_data_was_read(headstart, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("id,text,label\n" + "".join(f"{n},some words {n},{'ab'[n % 2]}\n" for n in range(30)) + "30,,a\n")
    done = headstart("check", file)
    text = " ".join(done.out.split())
    assert "Texts are in the column 'text', labels in 'label'" in text
    assert "31 rows: 30 became examples, 1 empty; columns not used: id" in text


def test_check_lists_every_finding(headstart, tmp_path):
    for number in range(8):
        folder = tmp_path / f"class{number}"
        folder.mkdir()
        for place in range(3):
            (folder / f"{place}.png").write_bytes(b"damaged")
    from PIL import Image

    for number in range(2):
        for place in range(3):
            Image.new("RGB", (9, 9), (90 * number, 30 * place, 5)).save(tmp_path / f"class{number}" / f"{place}.png")
    done = headstart("check", tmp_path)
    assert done.out.count("is lost") == 6


def test_texts_of_two_columns(headstart, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("head,body,label\n" + "".join(f"t {n},b {n},{'ab'[n % 2]}\n" for n in range(12)))
    done = headstart("check", file, "--text-column", "head", "--text-column", "body", "--json")
    assert done.document["accounting"]["columns"] == {"head": "text", "body": "text", "label": "label"}


def test_slow_reading_shows_a_line_within_two_seconds(headstart, tmp_path, monkeypatch):
    from headstart.cli import checking

    file = tmp_path / "a.parquet"
    import pandas as pd

    pd.DataFrame({"text": [f"some words {n}" for n in range(40)], "label": ["a", "b"] * 20}).to_parquet(file)
    monkeypatch.setattr(checking, "FIRST_LINE", -1.0)
    assert "reading rows: 0 of 40" in headstart("check", file).err


def test_check_knows_every_option_of_study_that_describes_data(headstart):
    for option in (
        "task",
        "label-column",
        "text-column",
        "image-column",
        "group-column",
        "group-regex",
        "layout",
        "labels",
        "test",
    ):
        assert f"--{option}" in headstart("check", "--help").out
        assert f"--{option}" in headstart("study", "--help").out


def test_strategies_are_blocks_that_fit_the_screen(headstart):
    done = headstart("strategies")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    for name in strategy_names():
        assert any(line.split()[:1] == [name] for line in lines)
    assert "arXiv" in done.out
    listed = headstart("strategies", "--json").document
    assert [row["name"] for row in listed] == list(strategy_names())
    told = {"name", "paradigm", "idea", "tends to win", "tends to lose", "cost", "trains", "in a study", "paper"}
    assert all(set(row) == told for row in listed)


def test_models_fit_the_screen(headstart):
    done = headstart("models")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    for name in ("builtin:image", "builtin:compact-image", "builtin:tfidf", "builtin:compact-text"):
        assert sum(line.startswith(f"{name} ") for line in lines) == 1


def test_models_for_the_data_at_hand(headstart, digit_folders):
    rows = headstart("models", digit_folders, "--json").document
    assert {row["task"] for row in rows} == {"image-classification"}


def test_plan_trains_nothing(headstart, digit_folders, tmp_path):
    out = tmp_path / "study"
    done = headstart("study", digit_folders, *PLAN, "--out", out, "--json")
    assert done.code == 0
    plan = done.document
    assert {"rows", "total_seconds", "budget_seconds", "comparison_size", "left_out"} <= set(plan)
    assert plan["budget_seconds"] == 60
    assert "only differences above about" in plan["notes"][0]  # said before any compute is spent
    assert not (out / "model").exists()
    again = headstart("study", digit_folders, *PLAN, "--out", out, "--quiet")
    assert (again.code, again.err) == (0, "")
    assert "planned option" in again.out
    headstart("report", out).failed_well("no study here")


def test_settings_are_kept_as_json(headstart, digit_folders, tmp_path):
    """A folder that holds another study is refused in one message that says what changed."""
    out = tmp_path / "study"
    short = ("--budget", "12s", "--strategy", "linear_probe", "--out", out, "--quiet")
    assert headstart("study", digit_folders, *short).code == 0
    done = headstart("study", digit_folders, *short, "--seed", 1)
    done.failed_well("seed: 0 -> 1", "--out")
    assert json.loads(headstart("strategies", "--json").out)


def test_a_dry_run_leaves_no_trace_in_a_study(headstart, digit_folders, tmp_path):
    out = tmp_path / "study"
    short = ("--budget", "12s", "--strategy", "linear_probe", "--out", out, "--quiet")
    assert headstart("study", digit_folders, *short).code == 0
    before = {file.name: file.read_bytes() for file in out.glob("study.sqlite")}
    assert headstart("study", digit_folders, *PLAN, "--out", out, "--quiet").code == 0
    assert {file.name: file.read_bytes() for file in out.glob("study.sqlite")} == before


def test_what_a_plug_in_prints_stays_out_of_the_document(headstart, tmp_path, monkeypatch):
    from headstart.cli import studying
    from headstart.studies import Plan

    def noisy(**_):
        print("a plug-in says hello")
        return Plan()

    monkeypatch.setattr(studying, "plan", noisy)
    done = headstart("study", str(tmp_path), "--dry-run", "--json", "--quiet")
    assert json.loads(done.out)["rows"] == []
    assert "a plug-in says hello" in done.err
