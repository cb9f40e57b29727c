import pytest

from headstart.core import DataError
from headstart.data.encodings import read_text_file
from headstart.data.text import as_text
from headstart.modalities.text.likeness import exact_keys, near_keys, text_lengths


@pytest.mark.parametrize("value", [None, float("nan"), "", "  \n", "\u200b\ufeff", "\x00"])
def test_empty(value):
    assert as_text(value) is None


@pytest.mark.parametrize("value", ["a", ":)", " ?", "😀", "\u200ba", "nan-a"])
def test_not_empty(value):
    assert as_text(value) == value


def test_numbers_are_written_out():
    assert as_text(12) == "12"


def test_keys():
    texts = ["Hello, world", "hello world", "hello  WORLD!", ":)", ":(", "hello"]
    assert len(set(exact_keys(texts).tolist())) == 6
    keys = near_keys(texts).tolist()
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys)) == 4


def test_lengths():
    assert text_lengths(["a bc", ""]).tolist() == [[4, 2], [0, 0]]
    assert text_lengths([]).shape == (0, 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(write, encoding):
    decoded = read_text_file(write("a.txt", "größer als\n".encode(encoding)))
    assert decoded.text == "größer als\n"
    assert decoded.encoding == encoding.removesuffix("-sig")


def test_a_few_control_characters_are_text(write):
    assert read_text_file(write("a.txt", "It\x92s a message \x01 from a phone with enough words\n" * 20)).text


def test_binary(write):
    with pytest.raises(DataError, match="binary data"):
        read_text_file(write("a.txt", b"\x00\x01\x02" * 100))
