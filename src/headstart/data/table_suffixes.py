"""How files that hold tables end."""

from __future__ import annotations

ARROW_SUFFIXES = (".parquet", ".feather", ".arrow")
DELIMITED_SUFFIXES = (".csv", ".tsv", ".tab", ".psv")
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
TABLE_SUFFIXES = (*DELIMITED_SUFFIXES, *JSON_SUFFIXES, *ARROW_SUFFIXES)
PLAIN_SUFFIXES = (".txt", ".dat", ".data")  # a table only where the user names the very file
