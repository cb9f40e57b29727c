"""Features of frozen networks against sentence-transformers' ``encode`` and a plain loop, in interleaved pairs.

    python bench/features.py DATA [--pairs 10]

Texts from the words on, tokenising included; pictures from their bytes on. The plain loop is the usual one: batches of
32, no gradient, the network as it was loaded. Nothing else may run meanwhile. Writes ``results/features.md``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from record import write
from step import texts

TEXTS = {"questions": 800, "tweets": 800, "long": 160}  # how many of each
PICTURES = (("builtin:image", 64, 1024), ("builtin:image", 32, 2048), ("builtin:efficientnet-lite0", 128, 192))
PLAIN_BATCH = 32
Way = Callable[[], np.ndarray]


def main() -> None:
    """Run pairs, and write."""
    from headstart.core import keep_freed_memory, limit_spinning

    limit_spinning()
    keep_freed_memory()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--pairs", type=int, default=10)
    given = parser.parse_args()
    lines = [
        f"{given.pairs} interleaved pairs in one process. The largest difference is that of any feature, as a share of",
        "the mean length of a feature vector.",
        "",
        "| examples | network | against | ours, a second | theirs | ratio | range | largest difference |",
        "| --- | --- | --- | ---: | ---: | ---: | --- | ---: |",
    ]
    for case, count in TEXTS.items():
        ours, theirs = of_texts(given.data, case, count)
        lines.append(
            row(f"{case} | builtin:text | sentence-transformers' encode", count, ours, theirs, given.pairs, True)
        )
    for name, side, count in PICTURES:
        ours, theirs = of_pictures(name, side, count)
        lines.append(row(f"pictures of {side} px | {name} | a plain loop", count, ours, theirs, given.pairs, False))
    write("features", "Features of frozen networks", lines)


def row(what: str, count: int, ours: Way, theirs: Way, pairs: int, normed: bool) -> str:
    """One row of the table."""
    mine, other = ours(), theirs()
    if normed:  # what encode gives has length one
        mine = mine / np.linalg.norm(mine, axis=1, keepdims=True)
    apart = float(np.abs(mine - other).max() / np.linalg.norm(other, axis=1).mean())
    seconds: dict[Way, list[float]] = {ours: [], theirs: []}
    for number in range(pairs):
        for way in (ours, theirs) if number % 2 else (theirs, ours):
            start = time.perf_counter()
            way()
            seconds[way].append(time.perf_counter() - start)
    ratios = sorted(b / a for a, b in zip(seconds[ours], seconds[theirs], strict=True))
    speeds = [count / statistics.median(seconds[way]) for way in (ours, theirs)]
    line = (
        f"| {what} | {speeds[0]:,.0f} | {speeds[1]:,.0f} | **{statistics.median(ratios):.2f}** | "
        f"{ratios[0]:.2f} to {ratios[-1]:.2f} | {apart:.0e} |"
    )
    print(line, flush=True)
    return line


def of_texts(data: Path, case: str, count: int) -> tuple[Way, Way]:
    """Ours and theirs, from words to features."""
    from sentence_transformers import SentenceTransformer

    from headstart.models import build, encode_items, resolve
    from headstart.training import FeatureCache

    chosen = texts(data, case)[0][:count]
    candidate = resolve("builtin:text", "text-classification")
    network = build(candidate, ("a", "b"), weights="pretrained", seed=0).eval()
    theirs = SentenceTransformer(str(candidate.folder), device="cpu")

    def ours() -> np.ndarray:
        with tempfile.TemporaryDirectory() as place:
            inputs = encode_items(candidate, chosen)
            return FeatureCache(Path(place), "", "").rows(network, inputs, np.arange(count))

    return ours, lambda: theirs.encode(chosen, show_progress_bar=False, normalize_embeddings=True)


def of_pictures(name: str, side: int, count: int) -> tuple[Way, Way]:
    """Ours and theirs, from bytes to features."""
    import torch

    from headstart.modalities.image.inputs import PixelInputs
    from headstart.models import build, folded, resolve
    from headstart.training import FeatureCache

    candidate = resolve(name, "image-classification", native_size=side)
    pixels = np.random.default_rng(0).integers(0, 256, (count, 3, side, side), dtype=np.uint8)
    inputs = PixelInputs(pixels, candidate)
    plain, network = (build(candidate, ("a", "b"), weights="pretrained", seed=0).eval() for _ in range(2))
    reader = folded(network.to(memory_format=torch.channels_last), inputs.batch(np.arange(2)))
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in (candidate.mean, candidate.std))

    def ours() -> np.ndarray:
        with tempfile.TemporaryDirectory() as place:
            return FeatureCache(Path(place), "", "").rows(reader, inputs, np.arange(count))

    def theirs() -> np.ndarray:
        found = []
        with torch.no_grad():
            for start in range(0, count, PLAIN_BATCH):
                values = (torch.from_numpy(pixels[start : start + PLAIN_BATCH]).float() / 255 - mean) / std
                found.append(plain.features(pixel_values=values).numpy())
        return np.concatenate(found)

    return ours, theirs


if __name__ == "__main__":
    main()
