"""``headstart curves``: measurements from any tool in, one message where they cannot be used."""

from __future__ import annotations

import json

import numpy as np
import pytest

import headstart as hs

SIZES = (25, 50, 100, 200, 400)


def rows_of(measure="error", percent=False, arms=("scratch", "finetune"), sizes=SIZES, seeds=3, **more):
    """A table in which from scratch overtakes near n = 120."""
    rng = np.random.default_rng(0)
    rows = []
    for arm in arms:
        for n in sizes:
            for seed in range(seeds):
                fall = 0.6 * (n / 25) ** -0.7 if "scratch" in arm else 0.15 * (n / 25) ** -0.3
                error = (0.05 if "scratch" in arm else 0.15) + fall + 0.002 * rng.standard_normal()
                value = error if measure == "error" else 1 - error
                written = round(100 * value if percent else value, 5)
                rows.append({"arm": arm, "n": n, measure: written, "seed": seed} | more)
    return rows


def write(folder, rows, name="runs.csv"):
    file = folder / name
    heads = list(rows[0])
    lines = [",".join(heads), *(",".join(str(row[head]) for head in heads) for row in rows)]
    file.write_text("\n".join(lines) + "\n")
    return file


def test_the_screen_says_it_in_words(headstart, tmp_path):
    done = headstart("curves", write(tmp_path, rows_of()))
    assert (done.code, done.err) == (0, "")
    assert "Already crossed" in done.out
    assert "Head start" in done.out
    assert "error is read as a share" in done.out
    assert max(len(line) for line in done.out.splitlines()) <= 80


def test_json_is_one_document_and_the_library_says_the_same(headstart, tmp_path):
    file = write(tmp_path, rows_of())
    done = headstart("curves", file, "--json", "--at", "800", "--at", "9000", "--target", "0.2", "--label-price", "0.5")
    document = done.document
    found = hs.curves(file, at=(800, 9000), targets=(0.2,), label_price=0.5)
    assert document == found.to_dict()
    assert document["crossover"]["statement"] == "crossed"
    assert document["crossover"]["low"] < 140 < 1.3 * document["crossover"]["high"]
    far = [one for one in document["predictions"] if one["n"] == 9000]
    assert [one["error"] for one in far] == [None, None]
    assert {one["arm"] for one in document["targets"]} == {"scratch", "finetune"}
    assert any(one["price"] for one in document["head_starts"])
    assert found.sentence in repr(found)
    table = found.table()
    assert set(table.arm) == {"scratch", "finetune"}
    assert table.n.max() == pytest.approx(1600)


def test_a_table_in_memory_gives_the_same(tmp_path):
    import pandas as pd

    rows = rows_of()
    expected = hs.curves(write(tmp_path, rows)).to_dict()
    assert hs.curves(pd.DataFrame(rows)).to_dict() == expected
    assert hs.curves({name: [row[name] for row in rows] for name in rows[0]}).to_dict() == expected


def test_percent_accuracy_and_own_names(headstart, tmp_path):
    share = headstart("curves", write(tmp_path, rows_of()), "--json").document
    rows = [
        {"method": row["arm"], "per_class": row["n"], "top1": row["accuracy"]}
        for row in rows_of("accuracy", percent=True)
    ]
    names = "arm=method,n=per_class,accuracy=top1"
    done = headstart("curves", write(tmp_path, rows, "own.csv"), "--columns", names, "--json").document
    assert done["metric"] == "accuracy"
    assert done["crossover"]["n"] == pytest.approx(share["crossover"]["n"], rel=0.03)
    assert any("in percent" in note for note in done["notes"])


def test_targets_are_values_of_the_metric(headstart, tmp_path):
    error = headstart("curves", write(tmp_path, rows_of()), "--target", "0.2", "--json").document
    accuracy = headstart("curves", write(tmp_path, rows_of("accuracy"), "a.csv"), "--target", "0.8", "--json").document
    for one, other in zip(error["targets"], accuracy["targets"], strict=True):
        assert one["target"] == pytest.approx(other["target"])
        assert one["n"] == pytest.approx(other["n"], rel=0.02)
    assert "accuracy of 80 %" in accuracy["targets"][0]["sentence"]


@pytest.mark.parametrize("name", ["picture.svg", "picture.html"])
def test_pictures_ask_nobody_for_anything(headstart, tmp_path, name):
    rows = rows_of(arms=("scratch", "<script>alert(1)</script>"))
    done = headstart("curves", write(tmp_path, rows), "--plot", name)
    assert done.code == 0
    assert name in done.out
    text = (tmp_path / name).read_text()
    assert "<svg" in text
    assert "<script>alert" not in text
    assert "http" not in text.replace("http://www.w3.org/", "")


def test_paradigms_come_from_a_column_an_option_or_the_names(headstart, tmp_path):
    rows = rows_of(arms=("deep from scratch", "deep"))
    named = headstart("curves", write(tmp_path, rows), "--json").document
    paradigms = {one["arm"]: one["paradigm"] for one in named["arms"]}
    assert paradigms == {"deep from scratch": "scratch", "deep": "transfer"}
    for row in rows:
        row["arm"] = {"deep": "b", "deep from scratch": "a"}[row["arm"]]
    told = headstart("curves", write(tmp_path, rows), "--scratch", "a", "--json").document
    assert told["crossover"]["n"] == pytest.approx(named["crossover"]["n"], rel=0.03)
    for row in rows:
        row["paradigm"] = "scratch" if row["arm"] == "a" else "transfer"
    column = headstart("curves", write(tmp_path, rows), "--json").document
    assert column["crossover"] == told["crossover"]


def test_pairs_are_told_where_there_are_several_arms(headstart, tmp_path):
    done = headstart("curves", write(tmp_path, rows_of(arms=("scratch", "finetune", "probe"))), "--json").document
    pairs = [(one["scratch"], one["transfer"]) for one in done["pairs"]]
    assert pairs == [("scratch", "finetune"), ("scratch", "probe")]
    assert {one["reference"] for one in done["differences"] if one["n"] == 400} == {"scratch"}


def test_what_runs_cost_is_told_where_the_table_says_it(headstart, tmp_path):
    rows = rows_of()
    for row in rows:  # a pretrained network is larger: ten times as dear for each label
        row["minutes"] = 60 * row["n"] / 100 if row["arm"] == "scratch" else 6 * row["n"]
        row["energy"] = 1.0 if row["arm"] == "scratch" else ""
    file = write(tmp_path, rows)
    document = headstart("curves", file, "--columns", "seconds=minutes", "--json").document
    for one in document["head_starts"]:
        (saving,) = one["savings"]  # energy is known of one side only
        if one["labels"] is not None:
            assert saving["unit"] == "seconds"
            assert saving["value"] == pytest.approx(0.6 * one["labels"] - 6 * one["n"], abs=0.5)
    (gain,) = [one for one in document["gains"] if one["arm"] == "finetune"]
    assert gain["costs"] == [{"unit": "seconds", "per_point": pytest.approx(6 * 400 / (100 * gain["expected"]))}]
    assert "; a run takes" in headstart("curves", file, "--columns", "seconds=minutes").out.replace("\n", " ")
    rows[4]["energy"] = -1
    headstart("curves", write(tmp_path, rows)).failed_well("energy is -1", "runs.csv:6")


def test_arms_at_chance_are_not_extrapolated(headstart, tmp_path):
    rows = rows_of("accuracy")
    for row in rows:
        if row["arm"] == "finetune":
            row["accuracy"] = round(0.101 + 0.0001 * row["seed"], 4)
    file = write(tmp_path, rows)
    document = headstart("curves", file, "--chance", "0.1", "--json").document
    (arm,) = [one for one in document["arms"] if one["arm"] == "finetune"]
    assert "above chance" in arm["not_extrapolated"]
    assert arm["reach"] == 400


def changed(change, **options):
    rows = rows_of(**options)
    change(rows)
    return rows


def put(name, value, place=4):
    def change(rows):
        rows[place][name] = value

    return change


def without(name):
    return [{key: value for key, value in row.items() if key != name} for row in rows_of()]


BAD = {
    "no such column": (without("n"), [], ["no column 'n'", "--columns n=COLUMN"]),
    "no error": (without("error"), [], ["no column 'error'", "arm, n, seed"]),
    "mapped to nothing": (rows_of(), ["--columns", "error=eror"], ["no column 'eror'", "'error'"]),
    "no such role": (rows_of(), ["--columns", "size=n"], ["'size'", "--columns"]),
    "no equals sign": (rows_of(), ["--columns", "n"], ["--columns n=COLUMN"]),
    "negative n": (changed(put("n", -50)), [], ["n is -50", "runs.csv:6"]),
    "n of zero": (changed(put("n", 0)), [], ["n is 0", "runs.csv:6"]),
    "n in words": (changed(put("n", "fifty")), [], ["'fifty'", "runs.csv:6"]),
    "shares among percent": (changed(put("error", 0.31), percent=True), [], ["shares and percent", "runs.csv:6"]),
    "above a hundred": (changed(put("error", 131), percent=True), [], ["131", "runs.csv:6"]),
    "negative error": (changed(put("error", -0.2)), [], ["-0.2", "runs.csv:6"]),
    "not a number": (changed(put("error", "nan")), [], ["'nan'", "runs.csv:6"]),
    "missing": (changed(put("error", "")), [], ["error is missing", "runs.csv:6"]),
    "one arm": (rows_of(arms=("scratch",)), [], ["only one arm, 'scratch'"]),
    "one size": (rows_of(sizes=(100,)), [], ["all measurements have n = 100"]),
    "no scratch": (rows_of(arms=("a", "b")), [], ["no arm is from scratch", "--scratch"]),
    "no such arm": (rows_of(), ["--scratch", "skratch"], ["'skratch'", "'scratch'"]),
    "same seed twice": (changed(put("seed", 0)), [], ["twice", "runs.csv:6"]),
    "no such paradigm": (rows_of(paradigm="transfre"), [], ["'transfre'", "'transfer'"]),
    "two paradigms": (changed(put("paradigm", "scratch"), paradigm="transfer"), [], ["transfer and scratch"]),
    "no such unit": (rows_of(), ["--unit", "percentage"], ["--unit", "'percent'"]),
    "wrong unit": (rows_of(percent=True), ["--unit", "share"], ["--unit percent"]),
    "bad target": (rows_of(), ["--target", "95"], ["--target", "0.95 is 95 %"]),
    "bad horizon": (rows_of(), ["--horizon", "0.5"], ["--horizon"]),
    "bad chance": (rows_of(), ["--chance", "10"], ["--chance", "0.1"]),
    "bad size": (rows_of(), ["--at", "-5"], ["--at"]),
    "bad margin": (rows_of(), ["--margin", "5"], ["--margin"]),
    "bad picture": (rows_of(), ["--plot", "picture.docx"], [".svg or .html"]),
    "no folder": (rows_of(), ["--plot", "nowhere/p.svg"], ["no such folder", "nowhere"]),
}


@pytest.mark.parametrize(("rows", "options", "words"), BAD.values(), ids=BAD.keys())
def test_bad_tables_get_one_message(headstart, tmp_path, rows, options, words):
    headstart("curves", write(tmp_path, rows), *options).failed_well(*words)


def test_files_that_are_no_tables(headstart, tmp_path):
    write(tmp_path, rows_of())
    headstart("curves", "runs.cvs").failed_well("no such file", "'runs.csv'")
    (tmp_path / "empty.csv").write_bytes(b"")
    headstart("curves", "empty.csv").failed_well("empty")
    (tmp_path / "runs.txt").write_text("arm n error")
    headstart("curves", "runs.txt").failed_well(".txt")


def test_json_files_are_read_too(headstart, tmp_path):
    (tmp_path / "runs.json").write_text(json.dumps(rows_of()))
    from_csv = headstart("curves", write(tmp_path, rows_of()), "--json").document
    assert headstart("curves", "runs.json", "--json").document["crossover"] == from_csv["crossover"]


@pytest.fixture(scope="module")
def hoiem(shared):
    """CIFAR-100 with a ResNet-18, by Hoiem et al. 2021 (arXiv 2010.11029)."""
    import pandas as pd

    table = pd.read_csv(shared / "published" / "hoiem2021_cifar100.csv")
    table = table[table.arm != "random_features_linear"]
    return table.rename(columns={"examples_per_class": "n", "test_error_percent": "error", "partition": "seed"})


@pytest.fixture(scope="module")
def published(hoiem):
    return hs.curves(hoiem).analysis


@pytest.mark.real
def test_published_crossovers(published):
    pairs = {pair.transfer: pair for pair in published.pairs}
    assert pairs["linear"].n == pytest.approx(215, abs=5)
    assert 190 < pairs["linear"].low < 215 < pairs["linear"].high < 240
    assert pairs["finetune"].statement in ("none", "undetermined")
    assert pairs["finetune"].n is None


@pytest.mark.real
def test_published_head_start_of_fine_tuning(published):
    worth = {one.n: one for one in published.head_starts if one.transfer == "finetune"}
    assert worth[25].low < 4.0 * 25 < worth[25].high
    assert worth[50].low < 5.3 * 50 < worth[50].high


@pytest.mark.real
def test_a_fit_up_to_100_holds_what_was_seen_at_200_and_400(hoiem, published):
    arms = {arm.arm: arm for arm in published.arms}
    for one in hs.curves(hoiem[hoiem.n <= 100], at=(200, 400)).analysis.predictions:
        seen = next(point.error for point in arms[one.arm].measured if point.n == one.n)
        assert one.low < seen < one.high


@pytest.mark.real
def test_fine_tuning_against_linear_at_25_is_open_within_a_point_and_a_tie_within_three(hoiem, published):
    gap = next(one for one in published.differences if one.n == 25 and one.arm == "linear")
    assert gap.low < 0 < gap.high
    assert gap.verdict == "undetermined"
    wide = hs.curves(hoiem, margin=0.03).analysis.differences
    assert next(one for one in wide if one.n == 25 and one.arm == "linear").verdict == "tie"
