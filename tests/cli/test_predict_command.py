"""headstart predict: what it reads, what it writes, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest


def lines(done):
    assert done.code == 0, done.err
    return [line.split("\t") for line in done.out.splitlines()]


def test_a_line_for_each_image(headstart, image_model, digit_folders):
    done = headstart("predict", image_model, digit_folders / "0" / "00.png", digit_folders / "1")
    assert done.err == ""
    rows = lines(done)
    assert len(rows) == 21
    assert {name for _, name, _ in rows} <= {"cat", "dog"}
    assert all(0.5 <= float(probability) <= 1 for _, _, probability in rows)


def test_json_is_one_document(headstart, text_model):
    done = headstart("predict", text_model, "how nice — schön", "leave me alone", "--json")
    assert done.code == 0
    first, second = done.document
    assert first["input"] == "how nice — schön"
    assert first["class"] in first["probabilities"]
    assert sum(second["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_the_folder_of_a_study_leads_to_its_model(headstart, image_model, digit_folders, tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "model").symlink_to(image_model)
    assert headstart("predict", tmp_path / "study", digit_folders / "0" / "00.png").code == 0


def test_images_that_cannot_be_read(headstart, image_model, digit_folders, tmp_path):
    picture = digit_folders / "0" / "00.png"
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "nothing").mkdir()
    headstart("predict", image_model, "no.png").failed_well("no such file", "no.png")
    headstart("predict", image_model, picture, tmp_path / "broken.png").failed_well("broken.png")
    headstart("predict", image_model, tmp_path / "nothing").failed_well("no images")
    headstart("predict", tmp_path / "nothing", picture).failed_well("no model")
    headstart("predict", tmp_path / "nowhere", picture).failed_well("no model")


def test_broken_files_of_a_folder_are_named_and_left_out(headstart, image_model, digit_folders, tmp_path):
    folder = tmp_path / "new"
    shutil.copytree(digit_folders / "0", folder)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "._00.png").write_bytes(b"what other systems leave behind")
    done = headstart("predict", image_model, folder)
    assert len(lines(done)) == 20
    assert done.err.count("left out") == 1
    assert "broken.png" in done.err
    assert headstart("predict", image_model, folder, "--quiet").err == ""


@pytest.mark.parametrize("damage", ["headstart.json", "network.safetensors"])
def test_a_damaged_model(headstart, image_model, digit_folders, tmp_path, damage):
    model = shutil.copytree(image_model, tmp_path / "model")
    (model / damage).write_bytes(b"{")
    headstart("predict", model, digit_folders / "0" / "00.png").failed_well("model")


ROWS = ["how very nice", "leave me alone, please", "what a day"]


@pytest.fixture
def table(tmp_path):
    """Writes the same three texts in any form of table; the file."""

    def write(suffix, column="text"):
        frame = pd.DataFrame({"id": ["p", "q", "r"], column: ROWS, "stars": [1, 2, 3]})
        file = tmp_path / f"new{suffix}"
        if suffix == ".csv":
            frame.to_csv(file, index=False)
        elif suffix == ".tsv":
            frame.to_csv(file, index=False, sep="\t")
        elif suffix == ".jsonl":
            frame.to_json(file, orient="records", lines=True)
        else:
            frame.to_parquet(file)
        return file

    return write


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_a_row_of_a_table_is_an_input(headstart, text_model, table, suffix):
    expected = lines(headstart("predict", text_model, *ROWS))
    assert lines(headstart("predict", text_model, table(suffix))) == expected


def test_the_column_that_the_user_names(headstart, text_model, table, tmp_path):
    file = table(".csv", column="was gesagt wurde")
    assert [row[0] for row in lines(headstart("predict", text_model, file))] == ROWS  # the only one of sentences
    named = headstart("predict", text_model, file, "--text-column", "id")
    assert [row[0] for row in lines(named)] == ["p", "q", "r"]
    both = headstart("predict", text_model, file, "--text-column", "id", "--text-column", "was gesagt wurde")
    assert lines(both)[0][0] == r"p\nhow very nice"
    headstart("predict", text_model, file, "--text-column", "was").failed_well("no column 'was'", "was gesagt wurde")
    (tmp_path / "two.csv").write_text("a,b\nsome words,other words\n")
    headstart("predict", text_model, tmp_path / "two.csv").failed_well("several columns", "--text-column", "a, b")


def test_the_columns_that_the_model_learnt_from(headstart, text_model, tmp_path):
    model = shutil.copytree(text_model, tmp_path / "model")
    card = json.loads((model / "headstart.json").read_text())
    (model / "headstart.json").write_text(json.dumps(card | {"columns": ["body"]}))
    (tmp_path / "new.csv").write_text("text,body\nwrong one,how very nice\n")
    assert lines(headstart("predict", model, tmp_path / "new.csv"))[0][0] == "how very nice"
    (tmp_path / "other.csv").write_text("text,Body\nwrong one,how very nice\n")
    headstart("predict", model, tmp_path / "other.csv").failed_well("no column 'body'", "--text-column")


def test_rows_without_a_text_are_counted(headstart, text_model, tmp_path):
    (tmp_path / "new.csv").write_text('text,id\nhow nice,1\n,2\n"  ",3\nleave me,4\n')
    done = headstart("predict", text_model, tmp_path / "new.csv", "--json")
    assert [row["row"] for row in done.document] == ["new.csv:2", "new.csv:5"]
    assert "left out: 2 rows without a readable input (new.csv:3, new.csv:4)" in done.err
    (tmp_path / "empty.csv").write_text("text,id\n,1\n")
    headstart("predict", text_model, tmp_path / "empty.csv").failed_well("nothing to predict")


def test_a_file_of_lines_and_standard_input(headstart, text_model, tmp_path, monkeypatch):
    expected = lines(headstart("predict", text_model, *ROWS))
    (tmp_path / "new.txt").write_text("\n".join([ROWS[0], "", *ROWS[1:], ""]))
    assert lines(headstart("predict", text_model, tmp_path / "new.txt")) == expected

    class Input:
        buffer = io.BytesIO("\ufeff".encode() + "\r\n".join(ROWS).encode())

    monkeypatch.setattr(sys, "stdin", Input)
    assert lines(headstart("predict", text_model, "-")) == expected


def test_a_folder_of_texts(headstart, text_model, tmp_path):
    folder = tmp_path / "letters"
    (folder / "more").mkdir(parents=True)
    for number, text in enumerate(ROWS):
        (folder / "more" / f"{number}.txt").write_text(text)
    (folder / "table.csv").write_text("text\nand one more\n")
    rows = headstart("predict", text_model, folder, "--json").document
    assert [row["row"] for row in rows] == ["more/0.txt", "more/1.txt", "more/2.txt", "table.csv:2"]
    (folder / "empty.txt").touch()
    done = headstart("predict", text_model, folder)
    assert len(lines(done)) == 4
    assert "empty.txt: The file is empty" in done.err
    (tmp_path / "nothing").mkdir()
    headstart("predict", text_model, tmp_path / "nothing").failed_well("no texts (.txt) and no tables found")


def test_pictures_listed_in_tables_and_lists(headstart, image_model, digit_folders, tmp_path, monkeypatch):
    names = [f"{name}/{number:02d}.png" for name in range(2) for number in range(3)]
    root = shutil.copytree(digit_folders, tmp_path / "digits")
    (root / "list.csv").write_text("where,who\n" + "".join(f"{name},x\n" for name in names))
    (root / "list.txt").write_text("\n".join(names))
    expected = lines(headstart("predict", image_model, *(root / name for name in names)))
    for file in ("list.csv", "list.txt"):
        found = lines(headstart("predict", image_model, root / file))
        assert [row[1:] for row in found] == [row[1:] for row in expected]
        assert [row[0] for row in found] == names
    (root / "list.csv").write_text("where\n0/00.png\nnowhere.png\n")
    done = headstart("predict", image_model, root / "list.csv")
    assert len(lines(done)) == 1
    assert "left out: nowhere.png" in done.err


@pytest.mark.parametrize(
    "word",
    ["new.csv", "nosuchfile.txt", "data/new", "./new", "C:\\data\\new.xlsx", "pictures/*.jpg", "my new file.tsv"],
)
def test_what_looks_like_a_path_and_is_none(headstart, text_model, word):
    headstart("predict", text_model, "a text", word).failed_well("no such file", word, "headstart predict MODEL -")


def test_files_of_another_kind(headstart, text_model, digit_folders, tmp_path):
    headstart("predict", text_model, digit_folders / "0" / "00.png").failed_well("this is an image", "reads texts")
    (tmp_path / "new.xlsx").write_bytes(b"PK\x03\x04")
    headstart("predict", text_model, tmp_path / "new.xlsx").failed_well("ending in .xlsx are not read", ".csv")
    (tmp_path / "what").write_bytes(bytes(range(256)) * 40)
    headstart("predict", text_model, tmp_path / "what").failed_well("binary")
    (tmp_path / "deep.jsonl").write_text('{"a":' * 100_000)
    headstart("predict", text_model, tmp_path / "deep.jsonl").failed_well("deep.jsonl")
    os.mkfifo(tmp_path / "pipe")
    headstart("predict", text_model, tmp_path / "pipe").failed_well("no regular file")
    headstart("predict", text_model, "").failed_well("an empty text")
    assert headstart("predict", text_model, "long " * 2000, "--out", tmp_path / "preds.csv").code == 0
    assert headstart("predict", text_model, "long " * 2000, "--out", tmp_path / "preds.csv").code == 0  # now it exists


def test_predictions_in_a_file(headstart, text_model, table, tmp_path):
    expected = headstart("predict", text_model, table(".csv"), "--json").document
    done = headstart("predict", text_model, table(".csv"), "--out", tmp_path / "preds.csv")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("3 predictions in ")
    frame = pd.read_csv(tmp_path / "preds.csv")
    assert list(frame.columns) == ["row", "input", "class", "probability"]
    assert list(frame["input"]) == ROWS
    assert list(frame["row"]) == ["new.csv:2", "new.csv:3", "new.csv:4"]
    done = headstart("predict", text_model, table(".csv"), "--out", tmp_path / "preds.jsonl", "--json")
    assert done.document == {"out": str(tmp_path / "preds.jsonl"), "predictions": 3, "left_out": 0}
    assert [json.loads(line) for line in (tmp_path / "preds.jsonl").read_text().splitlines()] == expected
    headstart("predict", text_model, "a", "--out", tmp_path / "preds.tsv", "--top", 2)
    with (tmp_path / "preds.tsv").open() as file:
        header, row = csv.reader(file, delimiter="\t")
    assert header == ["row", "input", "class", "probability", "class_2", "probability_2"]
    assert float(row[3]) + float(row[5]) == pytest.approx(1, abs=1e-5)
    assert not list(tmp_path.glob("*.partial"))


def test_files_that_predictions_cannot_go_to(headstart, text_model, table, tmp_path):
    file = table(".csv")
    before = file.read_bytes()
    headstart("predict", text_model, file, "--out", file).failed_well("would replace an input")
    assert file.read_bytes() == before
    headstart("predict", text_model, file, "--out", "preds.xlsx").failed_well(".xlsx", ".csv, .tsv, .jsonl")
    headstart("predict", text_model, file, "--out", "nowhere/preds.csv").failed_well(
        "predictions cannot be written there"
    )
    assert headstart("predict", text_model, file, "--top", 0).code == 2


def test_the_most_probable_classes(headstart, text_model):
    (row,) = lines(headstart("predict", text_model, "how nice", "--top", 2))
    assert {row[1], row[3]} == {"calm", "cross"}
    assert float(row[2]) >= float(row[4])
    (one,) = headstart("predict", text_model, "how nice", "--top", 9, "--json").document
    assert list(one["probabilities"]) == [row[1], row[3]]


HOSTILE = "\x1b[2J\x1b]0;owned\x07\ttab\nline\u202eright\u2066\x9b31m\u2028"


@pytest.fixture
def hostile_model(text_model, tmp_path):
    model = shutil.copytree(text_model, tmp_path / "hostile")
    card = json.loads((model / "headstart.json").read_text())
    (model / "headstart.json").write_text(json.dumps(card | {"class_names": [HOSTILE, HOSTILE + "2"]}))
    return model


def clean(text):
    return not [c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066\u2028")]


def test_no_name_or_input_reaches_the_terminal_raw(headstart, hostile_model, tmp_path):
    done = headstart("predict", hostile_model, f"a {HOSTILE} b", "plain")
    assert len(done.out.splitlines()) == 2
    assert all(len(line.split("\t")) == 3 for line in done.out.splitlines())
    assert clean(done.out.replace("\t", ""))
    assert r"\x1b[2J\x1b]0;owned\x07\ttab\nline\u202e" in done.out
    done = headstart("predict", hostile_model, f"a {HOSTILE} b", "--json")
    assert clean(done.out)
    assert done.document[0]["input"] == f"a {HOSTILE} b"
    (tmp_path / "odd\x1b[31m.csv").write_text("text,id\n,1\n")
    done = headstart("predict", hostile_model, tmp_path / "odd\x1b[31m.csv")
    assert "\x1b" not in done.err
    (tmp_path / "new.csv").write_text(f'text,id\n"{"many words " * 40}{HOSTILE}",1\n')
    headstart("predict", hostile_model, tmp_path / "new.csv", "--out", "preds.csv")
    with (tmp_path / "preds.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 2


def test_code_that_a_model_names_needs_a_word_of_the_user(headstart, users_module, tmp_path, digit_folders):
    from headstart.models import Card, FittedModel, build, resolve

    source = "from torch import nn\ndef make(n):\n    return nn.Sequential(nn.Flatten(), nn.Linear(3072, n))\n"
    module = users_module("told_net", source)
    task = "image-classification"
    candidate = resolve(f"arch:{module}:make", task, native_size=32)
    network = build(candidate, ("a", "b"), weights="random", seed=0)
    card = Card(model_format="headstart", task=task, class_names=("a", "b"), candidate=candidate, arm="x@y")
    folder = FittedModel(network, card).save(tmp_path / "model")
    picture = digit_folders / "0" / "00.png"
    headstart("predict", folder, picture).failed_well("needs code", f"{module}:make", "--allow-code")
    assert headstart("predict", folder, picture, "--allow-code").code == 0


def start(text_model, *words, **options):
    command = [sys.executable, "-c", "from headstart.cli import main; main()", "predict", str(text_model), *words]
    environment = dict(os.environ) | options.pop("environment", {})
    return subprocess.run(command, capture_output=True, env=environment, check=False, **options)


@pytest.mark.slow
def test_a_terminal_of_plain_ascii(text_model):
    done = start(text_model, "schön \udcff", environment={"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(rb"sch\xf6n \udcff")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["strategies", "models", "explain arm", "--help"])
def test_a_pipe_that_is_closed(command):
    call = f"{sys.executable} -c 'from headstart.cli import main; main()' {command}"
    done = subprocess.run(
        ["bash", "-c", f"({call}; echo code $? >&2) | head -c 1 > /dev/null"], capture_output=True, text=True
    )
    assert done.stderr == "code 0\n"
