"""Whatever is wrong with data or options, a user reads one message and learns what to do next."""

from __future__ import annotations

import random

import pytest

from headstart.studies import StudyLock

LINES = "".join(f"this is text number {number},{'good' if number % 2 else 'bad'}\n" for number in range(40))


def missing(folder):
    (folder / "flowers").mkdir()
    return folder / "flwoers"


def empty_folder(folder):
    (folder / "empty").mkdir()
    return folder / "empty"


def empty_file(folder):
    (folder / "empty.csv").write_bytes(b"")
    return folder / "empty.csv"


def one_class(folder):
    file = folder / "one.csv"
    file.write_text("text,label\n" + "".join(f"this is text number {n},good\n" for n in range(30)))
    return file


def all_broken(folder):
    for name in ("cat", "dog"):
        (folder / "pets" / name).mkdir(parents=True)
        for number in range(6):
            (folder / "pets" / name / f"{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    return folder / "pets"


def no_label_column(folder):
    file = folder / "unlabelled.csv"
    file.write_text("text\n" + "".join(f"this is text number {n}\n" for n in range(30)))
    return file


def binary_noise(folder):
    (folder / "noise.csv").write_bytes(random.Random(0).randbytes(20_000))
    return folder / "noise.csv"


def picture_as_table(folder):
    (folder / "photo.parquet").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    return folder / "photo.parquet"


def two_label_columns(folder):
    file = folder / "two.csv"
    rows = "".join(f"this is text number {n},{'ab'[n % 2]},{'xyz'[n % 3]}\n" for n in range(60))
    file.write_text("text,label,category\n" + rows)
    return file


BAD_DATA = [
    (missing, ["no such file or folder", "flwoers", "'flowers'"]),
    (empty_folder, ["empty"]),
    (empty_file, ["empty.csv"]),
    (one_class, ["one class", "'good'", "another class"]),
    (all_broken, ["images can be read"]),
    (no_label_column, ["--label-column"]),
    (binary_noise, ["noise.csv"]),
    (picture_as_table, ["photo.parquet"]),
    (two_label_columns, ["label", "category", "--label-column"]),
]


@pytest.mark.parametrize("command", ["check", "study"])
@pytest.mark.parametrize(("make", "words"), BAD_DATA, ids=[make.__name__ for make, _ in BAD_DATA])
def test_bad_data(headstart, tmp_path, command, make, words):
    headstart(command, make(tmp_path)).failed_well(*words)
    assert not (tmp_path / "headstart-runs").exists()


@pytest.fixture
def texts(tmp_path):
    file = tmp_path / "reviews.csv"
    file.write_text("text,label\n" + LINES)
    return file


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--strategy", "linear_prob"], ["linear_prob", "Did you mean 'linear_probe'?"]),
        (["--candidate", "builtin:txet"], ["builtin:txet", "builtin:text"]),
        (["--candidate", "builtin:image"], ["does not fit text-classification", "builtin:tfidf"]),
        (["--candidate", "nobody/no-such-model"], ["nobody/no-such-model", "cannot be reached"]),
        (["--candidate", "./no-folder"], ["no-folder"]),
        (["--budget", "1s"], ["1 s", "10s"]),
        (["--budget", "soon"], ["'soon' is not a duration", "15m"]),
        (["--budget", "-5m"], ["is not a duration"]),
        (["--budget", "nan"], ["is not a duration"]),
        (["--margin", "-0.1"], ["--margin", "0.01 is one point"]),
        (["--margin", "5"], ["--margin"]),
        (["--margin", "nan"], ["--margin"]),
        (["--metric", "acuracy"], ["acuracy", "'accuracy'"]),
        (["--task", "text-clasification"], ["text-clasification", "text-classification"]),
        (["--task", "image-classification"], ["images"]),
        (["--label-column", "lable"], ["lable", "'label'"]),
        (["--group-column", "patient"], ["patient"]),
        (["--group-regex", "(["], ["--group-regex"]),
        (["--test", "nowhere.csv"], ["nowhere.csv"]),
    ],
    ids=lambda value: " ".join(value) if value[0].startswith("--") else "",
)
def test_bad_options(headstart, texts, options, words):
    headstart("study", texts, *options).failed_well(*words)


def test_a_file_where_the_study_should_go(headstart, texts, tmp_path):
    (tmp_path / "taken").write_text("not a folder")
    headstart("study", texts, "--out", tmp_path / "taken").failed_well("cannot be written", "taken", "--out")
    assert (tmp_path / "taken").read_text() == "not a folder"


def test_a_second_study_in_the_same_folder(headstart, texts, tmp_path):
    with StudyLock(tmp_path / "study"):
        headstart("study", texts, "--out", tmp_path / "study").failed_well("another process", "--out")


@pytest.mark.parametrize("content", [None, "", "nothing"])
def test_report_of_no_study(headstart, tmp_path, content):
    folder = tmp_path / "study"
    if content is not None:
        folder.mkdir()
        (folder / "notes.txt").write_text(content)
    headstart("report", folder).failed_well("no study", "study")


def test_report_of_a_damaged_study(headstart, tmp_path):
    (tmp_path / "study.sqlite").write_bytes(b"this is no database, though it has the name of one" * 40)
    headstart("report", tmp_path).failed_well("study")


@pytest.mark.parametrize("command", [["check"], ["study"]])
def test_control_characters_in_names_do_not_reach_the_screen(headstart, command):
    done = headstart(*command, "evil\x1b[2Jname.csv")
    done.failed_well()
    assert "\x1b" not in done.err
