"""Files as spreadsheets, data-frame libraries and accidents leave them (kinds F and G)."""

import bz2
import gzip
import io
import json
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest
from awkward_inputs import remarks

from headstart.core import DataError, SettingsError
from headstart.data import check, load

ROWS = remarks(80)
PLAIN = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)


def codes(data):
    return {finding.code: finding for finding in check(data)}


def refused(source, **options):
    with pytest.raises(DataError) as caught:
        load(source, **options)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- quotation marks ---


def spoiled(rows, change):
    return "text,label\n" + "".join(f"{change(i, text)},{label}\n" for i, (text, label) in enumerate(rows))


@pytest.mark.parametrize(
    "change",
    [
        lambda i, text: f'"{text}' if i in (12, 50) else text,
        lambda i, text: f'"{text}' if i == 30 else text,
        lambda i, text: f'"{text}' if i == 79 else text,
        lambda i, text: f'"Big" they wrote {text}' if i == 20 else text,
        lambda i, text: f'5" pipe {text}' if i % 3 == 0 else f'"{text}' if i == 40 else text,
        lambda i, text: f'"{text}' if i in (3, 4, 5, 6) else text,
        lambda i, text: f'"{text}"' if i % 2 else f'"{text}' if i == 10 else text,
        lambda i, text: f'"a ""quoted"" word, {text}"' if i % 2 else f'"{text}' if i == 10 else text,
    ],
)
def test_no_row_is_lost_to_an_open_quotation_mark(write, change):
    data = load(write("a.csv", spoiled(ROWS, change)))
    assert len(data) == 80
    assert np.bincount(data.labels).tolist() == [40, 40]
    assert max(map(len, data.content.texts)) < 120
    found = codes(data)
    assert "open-quote" in found
    assert found["open-quote"].examples[0].startswith("a.csv:")


@pytest.mark.parametrize("inner", ["one\ntwo", "one, two\nthree, four\nfive", 'a ""word""\nmore', "x\n\n\ny"])
def test_cells_over_several_lines_stay_whole(write, inner):
    data = load(write("a.csv", PLAIN + f'"{inner}",good\n"{inner} too",bad\n'))
    assert len(data) == 82
    assert data.content.texts[-2] == inner.replace('""', '"')
    assert "open-quote" not in codes(data)


def test_cells_over_lines_beside_an_open_mark(write):
    text = PLAIN + '"one, two\nthree words",good\n"never closed,bad\nplain again,good\nlast of all,bad\n'
    data = load(write("a.csv", text))
    assert len(data) == 84
    assert data.content.texts[80] == "one, two\nthree words"
    assert codes(data)["open-quote"].examples == ("a.csv:84",)


def test_marks_escaped_by_a_backslash(write):
    body = "".join(f'"he said \\"{text}\\", and left",{label}\n' for text, label in ROWS)
    data = load(write("a.csv", "text,label\n" + body))
    assert len(data) == 80
    assert data.content.texts[0] == f'he said "{ROWS[0][0]}", and left'


def test_ten_thousand_open_marks_take_no_time(write):
    rows = "".join(f'"remark {i} of many,{"ab"[i % 2]}\n' for i in range(10_000))
    assert len(load(write("a.csv", "text,label\n" + rows))) == 10_000


# --- separators ---


@pytest.mark.parametrize(("header", "line"), [("text,label", "{t}, and more,{l}"), ("label,text", "{l},{t}, and more")])
def test_unquoted_separators_are_explained(write, header, line):
    body = "".join(line.format(t=text, l=label) + "\n" for text, label in ROWS)
    message = refused(write("a.csv", f"{header}\n{body}"))
    assert "80 of 80 rows have 3 cells where the header has 2" in message
    assert "quotation marks" in message


def test_some_rows_with_too_many_cells_are_loud(write):
    body = "".join(f"{text}{', and more' if i % 4 == 0 else ''},{label}\n" for i, (text, label) in enumerate(ROWS))
    data = load(write("a.csv", "text,label\n" + body))
    assert codes(data)["malformed-row"].severity == "error"
    assert data.accounting.rows.named == {"malformed": 20}


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\r\n" + PLAIN.replace(",", ";").replace("\n", "\r\n"),
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "".join(f"{line},,\n" for line in PLAIN.splitlines()),
        PLAIN + ",\n,\n,\n",
        "\n\n" + PLAIN,
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        "".join(f"{line};;\r\n" for line in PLAIN.replace(",", ";").splitlines()),
    ],
    ids=["sep", "mark", "crlf", "cr", "empty columns", "empty rows", "blank head", "tabs", "bars", "german"],
)
def test_what_spreadsheets_write(write, content):
    data = load(write("a.csv", content))
    assert data.content.texts == [text for text, _ in ROWS]
    assert data.accounting.balanced


@pytest.mark.parametrize(
    "save",
    [
        lambda frame, path: frame.to_csv(path),
        lambda frame, path: frame.to_csv(path, sep=";", encoding="utf-16"),
        lambda frame, path: frame.set_index("label").to_csv(path),
        lambda frame, path: frame.to_csv(path, quoting=1),
    ],
)
def test_what_pandas_writes_as_csv(tmp_path, save):
    save(pd.DataFrame(ROWS, columns=["text", "label"]), tmp_path / "a.csv")
    assert load(tmp_path / "a.csv").content.texts == [text for text, _ in ROWS]


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split", "table"])
def test_what_pandas_writes_as_json(tmp_path, orient):
    pd.DataFrame(ROWS, columns=["text", "label"]).to_json(tmp_path / "a.json", orient=orient)
    assert load(tmp_path / "a.json").content.texts == [text for text, _ in ROWS]


def test_tabs_with_quoted_cells(tmp_path):
    rows = pd.DataFrame([(f"{text}\nand so on", label) for text, label in ROWS], columns=["text", "label"])
    rows.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    assert load(tmp_path / "a.tsv").content.texts == rows["text"].tolist()


def test_lines_of_fasttext(write):
    body = "".join(f"__label__{label} {text}\n" for text, label in ROWS)
    data = load(write("a.txt", body))
    assert data.class_names == ("bad", "good")
    assert "no columns" in refused(write("b.txt", "some words\n" * 9))


# --- encodings ---


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1252", "schön größer müde «naïve» Straße"),
        ("cp1251", "очень хороший товар спасибо за быструю доставку"),
        ("koi8-r", "очень хороший товар спасибо за быструю доставку"),
        ("cp1253", "πολύ καλό προϊόν χάλασε αμέσως δυστυχώς"),
        ("gb18030", "这个产品非常好我很满意它的质量和服务"),
        ("shift_jis", "これはとても良い製品でしたがすぐに壊れました"),
        ("euc_kr", "이 제품은 정말 좋아요 금방 고장났어요 그래도"),
        ("utf-16-le", "plain words of no account"),
        ("utf-16", "größer als alles"),
        ("utf-32", "größer als alles"),
    ],
)
def test_encodings_are_found(write, encoding, words):
    body = "text,label\n" + "".join(f"{words} {i},{'ab'[i % 2]}\n" for i in range(40))
    data = load(write("a.csv", body.encode(encoding)))
    assert data.content.texts[3] == f"{words} 3"


def test_damage_stays_where_it_is(write):
    body = "text,label\n" + "".join(f"größer {i},{'ab'[i % 2]}\n" for i in range(40))
    raw = body.encode().replace(b"er 7,", b"er \xff 7,").replace("größer 9".encode(), b"gr\xc3er 9")
    data = load(write("a.csv", raw))
    assert data.content.texts[6] == "größer 6"
    assert data.content.texts[7] == "größer \ufffd 7"
    found = codes(data)["damaged-text"]
    assert found.count == 2
    assert "line 9: 0xFF" in found.message


def test_zero_bytes_are_damage(write):
    data = load(write("a.csv", PLAIN.replace("number 5 ", "num\x00ber 5 ")))
    assert len(data) == 80
    assert codes(data)["damaged-text"].count == 1


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "\\ud83d\\ud83d", "\\ud83d x \\ude00"])
def test_half_characters_are_repaired(write, half):
    lines = [
        f'{{"text": "{text} {half if i % 9 == 0 else ""}", "label": "{label}"}}' for i, (text, label) in enumerate(ROWS)
    ]
    data = load(write("a.jsonl", "\n".join(lines)))
    assert codes(data)["damaged-text"].count == 9
    "".join(data.content.texts).encode()
    assert "\ufffd" in data.content.texts[0]


def test_whole_pairs_are_joined():
    texts = pd.Series(["a \ud83d\ude00 b", "c d", "e f", "g h"], dtype=object)
    rows = pd.DataFrame({"text": texts, "label": ["a", "b", "a", "b"]})
    assert load(rows).content.texts[0] == "a 😀 b"


def test_text_files_in_another_encoding(tmp_path):
    for c, name in enumerate(("gut", "schlecht")):
        (tmp_path / name).mkdir()
        for i in range(5):
            words = f"schön und größer als müde {i} {c}"
            (tmp_path / name / f"{i}.txt").write_bytes(words.encode("cp1252" if i % 2 else "utf-8-sig"))
    data = load(tmp_path)
    assert data.content.texts[1] == "schön und größer als müde 1 0"
    assert data.content.texts[0] == "schön und größer als müde 0 0"
    assert codes(data)["encoding"].count == 4


# --- JSON ---


def test_line_separators_inside_texts(write):
    lines = [json.dumps({"text": f"{text}\u2028more", "label": label}, ensure_ascii=False) for text, label in ROWS]
    assert len(load(write("a.jsonl", "\r\n".join(lines)))) == 80


def test_objects_over_several_lines(write):
    body = "\n".join(json.dumps({"text": text, "label": label}, indent=2) for text, label in ROWS)
    assert len(load(write("a.json", body))) == 80


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"text": "a b", "label": "x"}, {"text": "c', "line 1, column"),
        ("[" * 200_000, "nested too deeply"),
        ('[{"text": "a", "label": ' + "9" * 6000 + "}]", "digits"),
        ('{"train": [{"text": "a"}], "test": [{"text": "b"}]}', "2 lists of objects (train, test)"),
        ("[]", "is empty"),
        ("[1, 2]", "no list of objects"),
    ],
)
def test_documents_that_cannot_be_read(write, content, words):
    assert words in refused(write("a.json", content))


# --- packed and foreign files ---


def test_compressed_tables_are_read(write, tmp_path):
    raw = PLAIN.encode()
    write("a.csv.gz", gzip.compress(raw))
    write("b.csv.bz2", bz2.compress(raw))
    write("c.csv.xz", lzma.compress(raw))
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("inner/reviews.csv", PLAIN)
    stream = io.BytesIO()
    pd.DataFrame(ROWS, columns=["text", "label"]).to_parquet(stream)
    write("e.parquet.gz", gzip.compress(stream.getvalue()))
    for name in ("a.csv.gz", "b.csv.bz2", "c.csv.xz", "d.zip", "e.parquet.gz"):
        assert len(load(tmp_path / name)) == 80, name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.xlsx", "an Excel workbook"),
        ("a.npz", "a file of arrays"),
        ("a.pkl", "can run code"),
        ("a.tar.gz", "Unpack it first"),
        ("a.rar", "an archive"),
        ("a.h5", "HDF5"),
        ("a.sqlite", "a database"),
        ("a.csv.gz", "cannot be unpacked"),
        ("a.zip", "cannot be unpacked"),
        ("a.wav", "a sound"),
        ("a.xyz", "'.xyz'"),
    ],
)
def test_other_files_are_refused_by_what_they_are(write, name, words):
    assert words in refused(write(name, b"PK\x03\x04 nothing of use"))


def test_zipped_class_folders(tmp_path):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for name in ("cat", "dog"):
            for i in range(3):
                archive.writestr(f"pets/{name}/{i}.jpg", b"x")
    message = refused(tmp_path / "pets.zip")
    assert "6 files in 2 folders" in message
    assert "unzip pets.zip" in message


def test_folder_of_archives(tmp_path, write):
    for i in range(3):
        write(f"box/{i}.zip", b"PK")
    message = refused(tmp_path / "box")
    assert "3 .zip" in message
    assert "Unpack" in message


def test_a_table_in_two_formats_is_read_once(tmp_path):
    rows = pd.DataFrame(ROWS, columns=["text", "label"])
    rows.to_csv(tmp_path / "train.csv", index=False)
    rows.to_parquet(tmp_path / "train.parquet")
    data = load(tmp_path)
    assert len(data) == 80
    assert "copy" in codes(data)["table-copy"].message
    assert data.accounting.files.named == {"copies": 1}


def test_arrow_files(tmp_path):
    pd.DataFrame(ROWS, columns=["text", "label"]).to_feather(tmp_path / "a.feather")
    assert len(load(tmp_path / "a.feather")) == 80


def test_damaged_note_of_datasets(tmp_path):
    import pyarrow
    import pyarrow.parquet

    rows = pyarrow.table({"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]})
    for note in (b"{", b"[1]", b'{"info": []}', b"\xff"):
        pyarrow.parquet.write_table(rows.replace_schema_metadata({b"huggingface": note}), tmp_path / "a.parquet")
        data = load(tmp_path / "a.parquet")
        assert len(data) == 80
        assert "damaged-note" in codes(data)


# --- unbounded inputs ---


def test_dictionary_that_expands_without_bound(tmp_path, monkeypatch):
    import pyarrow
    import pyarrow.parquet

    from headstart.data import arrow_table

    texts = pyarrow.DictionaryArray.from_arrays(np.zeros(50_000, dtype=np.int32), pyarrow.array(["word " * 200]))
    labels = pyarrow.DictionaryArray.from_arrays(np.arange(50_000, dtype=np.int32) % 2, pyarrow.array(["a", "b"]))
    pyarrow.parquet.write_table(pyarrow.table({"text": texts, "label": labels}), tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 50_000
    data = load(tmp_path / "a.parquet")
    assert len({id(text) for text in data.content.texts}) == 1
    monkeypatch.setattr(arrow_table, "MAX_EXPANDED", 2**20)
    assert "expands to" in refused(tmp_path / "a.parquet")


def test_archive_that_unpacks_without_bound(write, monkeypatch):
    from headstart.data import packed

    path = write("a.csv.gz", gzip.compress(b"a,b\n" * 10**6))
    monkeypatch.setattr(packed, "MAX_UNPACKED", 2**20)
    assert "unpacks to more than" in refused(path)


def test_pattern_that_takes_for_ever(tmp_path, save_image, monkeypatch):
    from headstart.data import assemble

    for i in range(4):
        save_image(tmp_path / "ab"[i % 2] / f"{'a' * 40}{i}!.png", seed=i)
    monkeypatch.setattr(assemble, "PATTERN_SECONDS", 0.3)
    with pytest.raises(SettingsError, match="takes more than"):
        load(tmp_path, group_regex="^((a|aa)+)$")
