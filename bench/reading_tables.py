"""The same 30 awkward tables read by pandas, by ``datasets`` and by Headstart: rows read, rows lost, reported or not.

Each reader is called as its documentation shows first: ``pandas.read_csv(path)`` / ``read_json``,
``load_dataset("csv", data_files=path)`` / ``"json"``, and ``headstart.data.load(path)``. A row counts as read where its
text and its label are what was meant. "Reported" means an error, a warning or a finding; an error leaves no row.

    python bench/reading_tables.py
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import record

COUNT = 60
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    """One file.

    Attributes:
        name: What is awkward.
        file: Its name.
        content: Its bytes.
        meant: Text and label of every row; what cannot be known (damaged places) is left as U+FFFD.
    """

    name: str
    file: str
    content: bytes
    meant: Pairs


def pairs(text: Callable[[int], str] = lambda i: f"remark {i} on day {i % 7}") -> Pairs:
    """Rows with two labels in turn."""
    return [(text(i), "good" if i % 2 else "bad") for i in range(COUNT)]


def table(rows: Pairs, header: bool = True, **options: object) -> str:
    """CSV as Python writes it."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", **options)  # type: ignore[arg-type]
    if header:
        writer.writerow(["text", "label"])
    writer.writerows(rows)
    return stream.getvalue()


def bare(rows: Pairs, mark: str = ",") -> str:
    """CSV by a program that never quotes."""
    return f"text{mark}label\n" + "".join(f"{text}{mark}{label}\n" for text, label in rows)


def cases() -> list[Case]:
    """The files."""
    plain = pairs()
    umlauts = pairs(lambda i: f"größer als {i} müde Straßen")
    russian = pairs(lambda i: f"очень хороший товар номер {i}, спасибо")
    lines = pairs(lambda i: f"first {i}\nsecond, and more")
    quotes = pairs(lambda i: f'he said "{i}" twice')
    open_one = pairs(lambda i: f'"opened {i}' if i in (9, 40) else f"remark {i}")
    inner = pairs(lambda i: f'"Big" they wrote {i}' if i == 20 else f"remark {i}")
    commas = pairs(lambda i: f"well, {i}" if i % 6 == 0 else f"remark {i}")
    missing = pairs(lambda i: ("NA", "null", "None", "n/a")[i % 4] + ("" if i < 4 else f" {i}"))
    numbers = pairs(lambda i: f"00{i}")
    emoji = pairs(lambda i: f"cut {i} \ufffd" if i % 9 == 0 else f"whole {i}")
    halves = "".join(
        json.dumps({"text": f"cut {i} \ud83d" if i % 9 == 0 else f"whole {i}", "label": label}) + "\n"
        for i, (_, label) in enumerate(plain)
    )
    separator = pairs(lambda i: f"one\u2028two {i}")

    def objects(rows: Pairs) -> list[dict[str, str]]:
        return [{"text": text, "label": label} for text, label in rows]

    def lined(rows: Pairs) -> str:
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in objects(rows))

    raw = bare(umlauts).encode().replace(b"als 7 ", b"al\xff 7 ")
    meant_raw = [(text.replace("als 7 ", "al\ufffd 7 "), label) for text, label in umlauts]
    text_columns = {"text": {str(i): text for i, (text, _) in enumerate(plain)}}
    text_columns["label"] = {str(i): label for i, (_, label) in enumerate(plain)}
    split = {"columns": ["text", "label"], "index": list(range(COUNT)), "data": [list(row) for row in plain]}
    listed = [{"text": text, "label": [label]} for text, label in plain]
    return [
        Case("plain", "plain.csv", bare(plain).encode(), plain),
        Case("quotation marks that never close", "open.csv", bare(open_one).encode(), open_one),
        Case("quoted word at the start of a cell", "word.csv", bare(inner).encode(), inner),
        Case(
            "marks escaped by a backslash",
            "backslash.csv",
            (
                "text,label\n" + "".join('"' + text.replace('"', '\\"') + f'",{label}\n' for text, label in quotes)
            ).encode(),
            quotes,
        ),
        Case("cells over two lines", "lines.csv", table(lines).encode(), lines),
        Case("some unquoted commas", "commas.csv", bare(commas).encode(), commas),
        Case("semicolons", "semicolons.csv", bare(plain, ";").encode(), plain),
        Case("sep=; in the first line", "sep.csv", ("sep=;\n" + bare(plain, ";")).encode(), plain),
        Case("bars", "bars.csv", bare(plain, "|").encode(), plain),
        Case("tabs under .csv", "tabs.csv", bare(plain, "\t").encode(), plain),
        Case("tabs, plain quotation marks", "quotes.tsv", bare(quotes, "\t").encode(), quotes),
        Case("tabs, quoted cells over lines", "lines.tsv", table(lines, delimiter="\t").encode(), lines),
        Case("no header", "headless.csv", table(plain, header=False).encode(), plain),
        Case(
            "empty columns and rows at the end",
            "edges.csv",
            ("text,label,,\n" + "".join(f"{text},{label},,\n" for text, label in plain) + ",,,\n" * 3).encode(),
            plain,
        ),
        Case("line ends of old Macs", "mac.csv", bare(plain).replace("\n", "\r").encode(), plain),
        Case("Windows-1252", "western.csv", bare(umlauts).encode("cp1252"), umlauts),
        Case("Windows-1251", "cyrillic.csv", table(russian).encode("cp1251"), russian),
        Case("UTF-16 with its mark", "wide.csv", bare(umlauts).encode("utf-16"), umlauts),
        Case("UTF-16 without its mark", "wide_le.csv", bare(plain).encode("utf-16-le"), plain),
        Case("one damaged byte in UTF-8", "damaged.csv", raw, meant_raw),
        Case(
            "a zero byte",
            "zero.csv",
            bare(plain).encode().replace(b"remark 9 ", b"remark\x009 "),
            [(text.replace("remark 9 ", "remark\ufffd9 "), label) for text, label in plain],
        ),
        Case("texts that look missing (NA, null)", "missing.csv", bare(missing).encode(), missing),
        Case("texts that look like numbers", "numbers.csv", bare(numbers).encode(), numbers),
        Case("lines cut in the middle of an emoji", "halves.jsonl", halves.encode(), emoji),
        Case(
            "U+2028 in texts, Windows line ends",
            "separator.jsonl",
            lined(separator).replace("\n", "\r\n").encode(),
            separator,
        ),
        Case(
            "objects over several lines",
            "pretty.json",
            "\n".join(json.dumps(row, indent=1) for row in objects(plain)).encode(),
            plain,
        ),
        Case("one broken line", "broken.jsonl", (lined(plain[:30]) + "{broken\n" + lined(plain[30:])).encode(), plain),
        Case("columns of cells (pandas' to_json)", "columns.json", json.dumps(text_columns).encode(), plain),
        Case("names and rows apart (orient=split)", "split.json", json.dumps(split).encode(), plain),
        Case("labels as lists of one", "lists.json", json.dumps(listed).encode(), plain),
    ]


def by_pandas(path: Path) -> tuple[Pairs, str]:
    """What pandas reads when it is called without options."""
    import pandas as pd

    if path.suffix == ".csv":
        frame = pd.read_csv(path)
    elif path.suffix == ".tsv":
        frame = pd.read_csv(path, sep="\t")
    else:
        frame = pd.read_json(path, lines=path.suffix == ".jsonl")
    return _pairs_of(frame), ""


def by_datasets(path: Path) -> tuple[Pairs, str]:
    """What ``datasets`` reads when it is called without options."""
    import datasets

    kind = "json" if path.suffix.startswith(".json") else "csv"
    options = {"sep": "\t"} if path.suffix == ".tsv" else {}
    loaded = datasets.load_dataset(
        kind, data_files=str(path), split="train", cache_dir=str(path.parent / "cache"), **options
    )
    return _pairs_of(loaded.to_pandas()), ""


def by_headstart(path: Path) -> tuple[Pairs, str]:
    """What Headstart reads, and what it reports."""
    from headstart.data import load

    data = load(path, cache_dir=path.parent / "cache")
    found = [
        finding.code for finding in data.findings if finding.code not in ("shortcut",) and finding.severity != "info"
    ]
    noted = [sentence for sentence in data.found if "not UTF-8" in sentence or "no header" in sentence]
    labels = [data.class_names[label] for label in data.labels]
    return list(zip(data.content.load(range(len(data))), labels, strict=True)), ", ".join([*found, *noted])


def _pairs_of(frame: object) -> Pairs:
    columns = list(frame.columns)  # type: ignore[attr-defined]
    if not {"text", "label"} <= set(columns):
        return []
    return [
        (text if isinstance(text, str) else repr(text), label if isinstance(label, str) else repr(label))
        for text, label in zip(frame["text"], frame["label"], strict=True)  # type: ignore[index]
    ]


def attempt(reader: Callable[[Path], tuple[Pairs, str]], path: Path, meant: Pairs) -> tuple[int, int, str]:
    """Rows that came out, rows of them that are right, and what was reported."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            read, said = reader(path)
        except Exception as error:  # every reader has errors of its own
            return 0, 0, f"error: {type(error).__name__}"
    right = sum((Counter(read) & Counter(meant)).values())
    said = said or ", ".join({type(entry.message).__name__ for entry in caught if "pars" in str(entry.message).lower()})
    return len(read), right, said


def main() -> None:
    """Read everything, and write ``results/reading.md``."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    readers = {"pandas": by_pandas, "datasets": by_datasets, "Headstart": by_headstart}
    silent: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    total = 0
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for case in cases():
            path = Path(scratch) / case.file
            path.write_bytes(case.content)
            total += len(case.meant)
            cells = []
            for name, reader in readers.items():
                read, right, said = attempt(reader, path, case.meant)
                missing = len(case.meant) - right
                lost[name] += missing
                silent[name] += missing if not said else 0
                shown = "all" if not missing and read == len(case.meant) else f"{right} of {len(case.meant)}"
                cells.append(f"{shown}{f' ({said[:60]})' if said else ' (**not reported**)' if missing else ''}")
            rows.append(f"| {case.name} | {' | '.join(cells)} |")
    lines = [
        f"{len(rows)} files of {COUNT} rows, written by the script. A row is right where text and label are what "
        "was meant; in brackets what the reader reported.",
        "",
        f"| file | {' | '.join(readers)} |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
        "| | " + " | ".join(readers) + " |",
        "| --- | ---: | ---: | ---: |",
        f"| rows not right, of {total:,} | " + " | ".join(f"{lost[name]:,}" for name in readers) + " |",
        "| of them without a word | " + " | ".join(f"{silent[name]:,}" for name in readers) + " |",
    ]
    record.write("reading", "Awkward tables, three readers", lines)


if __name__ == "__main__":
    main()
