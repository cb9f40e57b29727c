"""Files seen = used + named, rows seen = examples + named: on generated trees and tables, and on real sets."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from awkward_inputs import picture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.core import HeadstartError
from headstart.data import load
from headstart.data.accounting import Accounting, Count, Ledger
from headstart.data.encodings import read_text_file
from headstart.data.table import read_table

FEW, MANY = (
    settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
    for count in (60, 500)
)


def png(seed: int) -> bytes:
    stream = io.BytesIO()
    picture(seed, 6).save(stream, "PNG")
    return stream.getvalue()


PICTURES = [png(seed) for seed in range(24)]

CLASSES = st.sampled_from(["cat", "dog", "owl", "a b", "Ünï", "unsup", "test_tube", "masks", "images"])
PARTS = st.sampled_from(["", "train/", "val/", "test/", "seg_train/", "seg_test/", "Train Set/", "images/", "deep/er/"])
FILES = st.sampled_from(
    [
        "1.png",
        "2.PNG",
        "x.jpg",
        "y.txt",
        ".hidden.png",
        "z.nef",
        "notes.md",
        "noend",
        "broken.png",
        "a.zip",
        "Thumbs.db",
    ]
)
TABLES = st.sampled_from(["labels.csv", "train.csv", "metadata.csv", "readme.tsv", "sub/extra.csv"])
ODD = st.sampled_from(["fifo", "dead link", "loop", "empty folder"])


@st.composite
def trees(draw: st.DrawFn) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Relative paths with what lies there, and entries that are no files."""
    files: dict[str, str] = {}
    for part in draw(st.lists(PARTS, min_size=1, max_size=3, unique=True)):
        for name in draw(st.lists(CLASSES, min_size=2, max_size=4, unique=True)):
            for number in range(draw(st.integers(2, 5))):
                files[f"{part}{name}/{name[:1]}{number}.png"] = "picture"
            for file in draw(st.lists(FILES, max_size=2, unique=True)):
                inner = draw(st.sampled_from(["", "sub/", "masks/"]))
                files[f"{part}{name}/{inner}{file}"] = "noise" if "broken" in file else "picture"
    for file in draw(st.lists(FILES, max_size=2, unique=True)):
        files[file] = "picture"
    if draw(st.booleans()):
        files[draw(TABLES)] = draw(st.sampled_from(["list", "texts", "noise"]))
    odd = [(kind, draw(st.sampled_from(["cat", "train", "zoo"]))) for kind in draw(st.lists(ODD, max_size=2))]
    return files, odd


def build(root: Path, files: dict[str, str], odd: list[tuple[str, str]]) -> None:
    pictures = [name for name in files if name.lower().endswith(".png")]
    for number, (name, what) in enumerate(files.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if what == "list":
            rows = [f"{listed},{'ab'[i % 2]}" for i, listed in enumerate(pictures)]
            path.write_text("\n".join(["file,label", *rows]) + "\n")
        elif what == "texts":
            path.write_text("text,label\n" + "".join(f"words of {i},{'ab'[i % 2]}\n" for i in range(24)))
        else:
            path.write_bytes(b"noise" if what == "noise" else PICTURES[number % len(PICTURES)])
    for number, (kind, place) in enumerate(odd):
        folder = root / place
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"odd{number}.png"
        if kind == "fifo":
            os.mkfifo(target)
        elif kind == "dead link":
            target.symlink_to(root / "nowhere")
        elif kind == "loop":
            target.symlink_to(root)
        else:
            target.mkdir()


def entries_below(root: Path) -> int:
    """Everything that is no folder, counted by another walk; links are not followed."""
    return sum(len(files) + sum(Path(top, name).is_symlink() for name in names) for top, names, files in os.walk(root))


outcomes = {"tree": [0, 0], "table": [0, 0]}


@FEW
@given(trees())
def test_every_file_of_a_tree_is_used_or_named(tree):
    account_for_tree(tree)


@pytest.mark.slow
@MANY
@given(trees())
def test_every_file_of_500_trees_is_used_or_named(tree):
    account_for_tree(tree)


def account_for_tree(tree: tuple[dict[str, str], list[tuple[str, str]]]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        build(folder / "data", *tree)
        outcomes["tree"][1] += 1
        try:
            data = load(folder / "data", cache_dir=folder / "cache")
        except HeadstartError:
            return
        outcomes["tree"][0] += 1
        account = data.accounting
        assert account.files.seen == entries_below(folder / "data")
        assert account.files.seen == account.files.used + sum(account.files.named.values())
        assert account.rows.seen == len(data) + sum(account.rows.named.values())
        assert account.rows.used == len(data)
    finally:
        shutil.rmtree(folder)


CELLS = st.text(alphabet="ab ,;\"'\n\tü\\é1.", min_size=0, max_size=14)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, int, str]:
    """A CSV file as Python writes it, how many rows were written, and its separator."""
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    extra = draw(st.lists(st.sampled_from(["id", "author", "split", "note"]), max_size=2, unique=True))
    labels = draw(st.sampled_from([("good", "bad"), ("1", "0"), ("a", "b"), ("x y", "z")]))
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    writer.writerow(["text", "label", *extra])
    count = draw(st.integers(8, 24))
    for row in range(count):
        text = draw(CELLS)
        label = labels[row % 2] if draw(st.integers(0, 9)) else ""
        cells = {"id": str(row), "author": "me", "split": ("train", "test", "odd")[row % 5 % 3], "note": ""}
        writer.writerow(
            [f"{text} no {row}" if draw(st.integers(0, 9)) else "", label, *(cells[name] for name in extra)]
        )
    return stream.getvalue(), count, separator


DAMAGE = st.sampled_from([None, "drop mark", "extra cell", "cut"])


@FEW
@given(tables(), DAMAGE)
def test_every_row_of_a_table_is_an_example_or_named(written, damage):
    account_for_table(written, damage)


@pytest.mark.slow
@MANY
@given(tables(), DAMAGE)
def test_every_row_of_500_tables_is_an_example_or_named(written, damage):
    account_for_table(written, damage)


def account_for_table(written: tuple[str, int, str], damage: str | None) -> None:
    text, count, separator = written
    lines = text.split("\n")
    if damage == "drop mark":
        text = text.replace('"', "", 1)
    elif damage == "extra cell":
        text = "\n".join([*lines[:3], lines[3] + separator + "more", *lines[4:]])
    elif damage == "cut":
        text = text[: -max(1, len(text) // 7)]
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / ("a.tsv" if separator == "\t" else "a.csv")
        path.write_bytes(text.encode())
        outcomes["table"][1] += 1
        try:
            table = read_table(path, path.name)
            data = load(path, cache_dir=folder / "cache")
        except HeadstartError:
            return
        outcomes["table"][0] += 1
        account = data.accounting
        assert account.rows.seen == table.rows_seen
        assert account.rows.seen == len(data) + sum(account.rows.named.values())
        assert set(account.columns) | set(account.unused_columns) == set(table.columns)
        assert not set(account.columns) & set(account.unused_columns)
        if damage is None:
            assert account.rows.seen == count
        elif damage != "cut":
            assert account.rows.seen >= count  # no row is swallowed; a broken one may become several
    finally:
        shutil.rmtree(folder)


def test_most_generated_inputs_are_read():
    """The properties above mean little where nearly everything is refused; runs after them in this file."""
    for read, tried in outcomes.values():
        assert tried == 0 or read > 0.4 * tried, outcomes


def test_ledger_refuses_sums_that_do_not_add_up():
    with pytest.raises(AssertionError, match="not accounted for"):
        Ledger(files_seen=2, files_used=1).close(0)
    with pytest.raises(AssertionError, match="not accounted for"):
        Ledger(rows_seen=3).close(2)


def test_accounts_of_two_sources_add_up(write):
    body = "".join(f"words {i},{'ab'[i % 2]}\n" for i in range(12))
    first, second = (
        write("a.csv", "text,label\n" + body + ",a\n"),
        write("b.csv", "text,label,x\n" + "words,a,1\nmore,b,2\n"),
    )
    account = load(first, test=second).accounting
    assert account.files.seen == account.files.used == 2
    assert (account.rows.seen, account.rows.used, account.rows.named) == (15, 14, {"empty": 1})
    assert account.unused_columns == ("x",)


def test_sentence():
    account = Accounting(
        files=Count(seen=3, used=2, named={"hidden": 1}), rows=Count(seen=10, used=10), unused_columns=("id",)
    )
    assert account.sentence() == "3 files: 2 used, 1 hidden; 10 rows: 10 became examples; columns not used: id"


@pytest.mark.real
def test_real_sets_are_accounted_for(shared, real_cache):
    read = {}
    for folder in sorted(path for path in shared.iterdir() if path.is_dir()):
        try:
            data = load(folder, cache_dir=real_cache)
        except HeadstartError:
            continue
        account = data.accounting
        assert account.balanced
        assert account.files.seen == entries_below(folder)
        assert account.rows.used == len(data)
        read[folder.name] = (account.files.seen, account.rows.seen)
    assert len(read) >= 8, read


@pytest.mark.real
def test_rows_of_real_tables_are_their_lines(shared):
    for name in ("tweeteval_emotion/train.csv", "sms_spam/sms_spam.csv", "sst2/train.tsv", "ag_news/train.jsonl"):
        path = shared / name
        table = read_table(path, path.name)
        lines = read_text_file(path).text
        expected = lines.count("\n") - (path.suffix != ".jsonl")
        assert abs(table.rows_seen - expected) <= 0.01 * expected
