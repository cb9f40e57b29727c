"""Bytes of unknown encoding as text, with damage confined to the characters concerned."""

from __future__ import annotations

import codecs
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.core import DataError

SAMPLE_BYTES = 64 * 1024  # of lines with unusual characters; detection gains nothing from more
BINARY_SHARE = 0.05  # more control characters than this: no text that a user wrote
NUL_SHARE = 0.001  # up to here, zero bytes are damage in a text
SPOKEN = 0.1  # its "coherence", from which a language is recognised
KANA_SHARE = 0.2  # of a Japanese text's characters are syllables
SAME_CHAOS = 0.02  # difference of charset-normalizer's "chaos" that decides nothing
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WIDE = ["utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "utf_7"]  # recognised by their zeros
_REPLACED = "\ufffd"
_state = threading.local()


@dataclass(frozen=True)
class Decoded:
    """A text and how it was read.

    Attributes:
        text: The text.
        encoding: Such as ``"utf-8"`` or ``"cp1251"``.
        damage: Line (from 1) and value of the first bytes that stand for no character in that encoding.
        damaged: How many such places there are; each is U+FFFD in ``text``.
    """

    text: str
    encoding: str
    damage: tuple[tuple[int, int], ...] = ()
    damaged: int = 0


def read_text_file(path: Path) -> Decoded:
    """Read a text file in whichever encoding it is.

    Args:
        path: The file.

    Returns:
        The text.

    Raises:
        DataError: The file cannot be read, is empty, or holds no text.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"The file cannot be read ({error.strerror})", place=str(path), hint="Check its permissions"
        ) from error
    return decode(raw, str(path))


def decode(raw: bytes, place: str) -> Decoded:
    """Read bytes as text.

    Marks at the start decide, then UTF-8, then UTF-16 by its zero bytes, then what charset-normalizer finds.
    Bytes among UTF-8 that are none are replaced.

    Args:
        raw: The bytes.
        place: What error messages call them.

    Returns:
        The text.

    Raises:
        DataError: There is nothing, or nothing that could be text.
    """
    if not raw.strip():
        raise DataError("The file is empty", place=place, hint="Write a header and rows into it, or leave it out")
    decoded = _decode(raw, encoding_of([raw]))
    if not _is_text(decoded.text):
        raise DataError(
            "The file holds binary data, no text",
            place=place,
            hint="Give a table with a header (.csv, .tsv, .jsonl) or a .parquet file",
        )
    return _without_zeros(decoded)


def encoding_of(pieces: Sequence[bytes]) -> str:
    """Find the encoding that pieces of text have in common.

    Args:
        pieces: At least one.

    Returns:
        A name that ``bytes.decode`` knows.
    """
    for mark, name in MARKS:
        if pieces[0].startswith(mark):
            return name
    strange = [piece for piece in pieces if not _is_utf8(piece)]
    if not strange:
        return _utf16_by_zeros(pieces[0]) or "utf-8"
    if wide := _utf16_by_zeros(strange[0]):
        return wide
    whole = b"\n".join(strange)[: 64 * SAMPLE_BYTES]
    text = whole.decode("utf-8", "replace")
    broken = text.count(_REPLACED) - whole.count(_REPLACED.encode())
    foreign = len(text) - sum(text.count(chr(code)) for code in range(128)) - broken
    if foreign >= broken:  # other encodings hardly ever look like UTF-8 by chance
        return "utf-8"
    return _detected(_unusual_lines(strange))


def decode_as(raw: bytes, encoding: str) -> str:
    """Decode with replacement, with the line ends of Unix."""
    return raw.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _utf16_by_zeros(raw: bytes) -> str | None:
    """Recognise UTF-16 without its mark: in most scripts every second byte is the same few."""
    sample = raw[:4096]
    if sample.count(0) < 0.2 * len(sample):
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if min(even, odd) > 0.1 * max(even, odd):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _unusual_lines(pieces: Sequence[bytes]) -> bytes:
    lines: list[bytes] = []
    size = 0
    for piece in pieces:
        for line in piece.split(b"\n"):
            if not line.isascii():
                lines.append(line[:4096])
                size += len(lines[-1])
            if size > SAMPLE_BYTES:
                return b"\n".join(lines)
    return b"\n".join(lines)


def _detected(sample: bytes) -> str:
    """What charset-normalizer finds.

    A language that it recognises in another script decides, and so does Japanese by its syllables; otherwise the usual
    encoding of Western Europe is taken where it is as clean as the best.
    """
    import charset_normalizer

    matches = list(charset_normalizer.from_bytes(sample, cp_exclusion=WIDE))
    for encoding in ("cp932", "euc_jp"):
        if _share(sample, encoding, "\u3040", "\u309f") > KANA_SHARE:
            return encoding
    if not matches:
        return "cp1252"
    spoken = max(matches, key=lambda match: match.coherence - match.chaos)
    if spoken.coherence > SPOKEN and _share(sample, spoken.encoding, "\u0000", "\u024f") < 0.5:
        return spoken.encoding
    clean = matches[0].chaos + SAME_CHAOS
    if any("cp1252" in match.could_be_from_charset and match.chaos <= clean for match in matches):
        return "cp1252"
    return matches[0].encoding


def _share(sample: bytes, encoding: str, first: str, last: str) -> float:
    """Share of the characters beyond ASCII that lie in a range."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    foreign = [character for character in text if character > "\x7f"]
    return sum(first <= character <= last for character in foreign) / max(1, len(foreign))


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _state.places.append((error.start, error.object[error.start]))
    return _REPLACED, error.end


codecs.register_error("headstart-mark", _mark)


def _decode(raw: bytes, encoding: str) -> Decoded:
    places: list[tuple[int, int]] = []
    _state.places = places
    text = raw.decode(encoding, "headstart-mark")
    shown = [(raw.count(b"\n", 0, start) + 1, byte) for start, byte in places[:10]]
    return Decoded(text, "utf-8" if encoding == "utf-8-sig" else encoding, tuple(shown), len(places))


def _is_text(text: str) -> bool:
    """Whether control characters are rare; some real corpora contain a few."""
    sample = text[:100_000]
    strange = sum(unicodedata.category(character) in {"Cc", "Co", "Cn"} for character in sample)
    plain = sample.count("\n") + sample.count("\r") + sample.count("\t")
    return text.count("\x00") <= NUL_SHARE * len(text) and strange - plain <= BINARY_SHARE * len(sample)


def _without_zeros(decoded: Decoded) -> Decoded:
    zeros = decoded.text.count("\x00")
    if not zeros:
        return decoded
    line = decoded.text.count("\n", 0, decoded.text.index("\x00")) + 1
    text = decoded.text.replace("\x00", _REPLACED)
    return Decoded(text, decoded.encoding, (*decoded.damage, (line, 0))[:10], decoded.damaged + zeros)
