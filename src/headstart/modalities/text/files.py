"""Texts that lie in files of their own, all in one encoding."""

from __future__ import annotations

from collections.abc import Iterable

from headstart.data.encodings import decode_as, encoding_of
from headstart.data.findings import Finding, finding, plural
from headstart.data.listing import Entry
from headstart.data.progress import progress
from headstart.data.text import as_text

TEXT_SUFFIXES = frozenset({".txt", ".text"})
MAX_TEXT = 2**26  # bytes; a longer file is no example


def read_text_entries(entries: Iterable[Entry | None]) -> tuple[list[str | None], list[Finding]]:
    """Read text files that share an encoding.

    Args:
        entries: The files; None where there is none.

    Returns:
        The texts, None where there is nothing to read, and findings about their encoding and size.
    """
    raw: list[bytes | None] = []
    broken: list[str] = []
    listed = list(entries)
    with progress("reading texts", len(listed)) as step:
        for entry in listed:
            try:
                usable = entry is not None and entry.size <= MAX_TEXT
                raw.append(entry.path.read_bytes() if usable and entry is not None else None)
            except OSError:
                raw.append(None)
            if raw[-1] is None and entry is not None:
                broken.append(entry.relative)
            step(len(raw))
    findings = []
    if broken:
        message = f"{plural(len(broken), 'text file')} cannot be read or holds more than {MAX_TEXT // 2**20} MB"
        findings.append(finding("unreadable", "warning", message, broken))
    strange = [i for i, content in enumerate(raw) if content is not None and not _is_plain(content)]
    encoding = encoding_of([raw[i] or b"" for i in strange]) if strange else "utf-8"
    odd = set(strange)
    texts = [
        None if content is None else as_text(decode_as(content, encoding if i in odd else "utf-8-sig"))
        for i, content in enumerate(raw)
    ]
    if strange:
        ids = [entry.relative for i in strange if (entry := listed[i]) is not None]
        how = "with bytes that were replaced" if encoding == "utf-8" else f"and read as {encoding}"
        are = "is" if len(ids) == 1 else "are"
        message = f"{plural(len(ids), 'text file')} {are} not UTF-8 {how}"
        findings.append(finding("damaged-text" if encoding == "utf-8" else "encoding", "warning", message, ids))
    return texts, findings


def _is_plain(content: bytes) -> bool:
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return b"\x00" not in content[:4096]
