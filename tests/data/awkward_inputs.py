"""Generators of awkward inputs, as people bring them: pictures that differ by class, sentences, tables, trees."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

GOOD = ("a pleasure to hold", "does what it says", "would order again", "better than the last one")
BAD = ("fell apart at once", "smells of glue", "never arrived", "too loud to sleep beside")


def picture(seed: int, side: int = 12, mode: str = "RGB") -> Image.Image:
    """A small picture that no other seed gives."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def save_all(root: Path, names: Sequence[str], first: int = 0) -> list[Path]:
    """Save a different picture under each name; returns the paths."""
    paths = []
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(first + number).save(path, "JPEG" if path.suffix.lower() in (".jpg", ".jpeg") else "PNG")
        paths.append(path)
    return paths


def class_tree(root: Path, classes: Sequence[str], each: int = 4, first: int = 0, end: str = ".png") -> Path:
    """Class folders of pictures."""
    for place, name in enumerate(classes):
        save_all(root / name, [f"{name[:1]}{number}{end}" for number in range(each)], first + 100 * place)
    return root


def remarks(count: int) -> list[tuple[str, str]]:
    """Different texts with a label each."""
    return [
        (f"number {i} was {(GOOD if i % 2 else BAD)[i // 2 % 4]} on day {i * 7 % 31}", "good" if i % 2 else "bad")
        for i in range(count)
    ]


def table(rows: Sequence[Sequence[object]], header: Sequence[str], **options: str) -> str:
    """A CSV table as Python writes it."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", **options)  # type: ignore[arg-type]
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()
