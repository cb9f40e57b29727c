"""Our training loop against a bare PyTorch loop on the same work, in ten interleaved pairs.

The bare loop imports nothing of ours: it runs in a process of its own on the same arrays and the same
network, built from transformers. Both do: gather a batch, standardise, forward, backward, clip, AdamW step.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS, BATCH, EXAMPLES, SIDE, PAIRS = 40, 32, 512, 64, 10

BARE = """
import json, sys, time
import numpy as np, torch
from transformers import ResNetConfig, ResNetForImageClassification
folder, steps, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pixels, labels = np.load(folder + "/x.npy", mmap_mode="r"), np.load(folder + "/y.npy")
torch.manual_seed(0)
model = ResNetForImageClassification.from_pretrained(folder + "/model").to(memory_format=torch.channels_last)
model.train()
mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
targets = torch.from_numpy(labels)
def run(count):
    for step in range(count):
        rows = np.random.default_rng(step).permutation(len(labels))[:batch]
        x = ((torch.from_numpy(np.ascontiguousarray(pixels[rows])).float() / 255 - mean) / std)
        x = x.contiguous(memory_format=torch.channels_last)
        loss = torch.nn.functional.cross_entropy(model(pixel_values=x).logits.float(), targets[rows])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()
run(3)
start = time.perf_counter()
run(steps)
print(json.dumps(steps * batch / (time.perf_counter() - start)))
"""

OURS = """
import json, sys, time
import numpy as np
from headstart.core import Recipe
from headstart.models import build, resolve
from headstart.modalities.image.inputs import PixelInputs
from headstart.strategies import Train
from headstart.training import LoopOptions, train
folder, steps, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pixels, labels = np.load(folder + "/x.npy", mmap_mode="r"), np.load(folder + "/y.npy")
candidate = resolve(folder + "/model", "image-classification")
network = build(candidate, tuple(str(i) for i in range(10)), weights="pretrained", seed=0)
inputs = PixelInputs(pixels, candidate)
recipe = Recipe(learning_rate=1e-3, weight_decay=0.05, steps=steps, batch_size=batch)
rows = np.arange(len(labels))
train(network, inputs, labels, rows, Train(), recipe.model_copy(update={"steps": 3}), 0, LoopOptions())
start = time.perf_counter()
train(network, inputs, labels, rows, Train(), recipe, 0, LoopOptions())
print(json.dumps(steps * batch / (time.perf_counter() - start)))
"""


def prepare(folder: Path) -> None:
    """Random pictures and a small residual network with random weights."""
    import numpy as np
    from transformers import ResNetConfig, ResNetForImageClassification

    rng = np.random.default_rng(0)
    np.save(folder / "x.npy", rng.integers(0, 256, (EXAMPLES, 3, SIDE, SIDE), dtype=np.uint8))
    np.save(folder / "y.npy", rng.integers(0, 10, EXAMPLES))
    config = ResNetConfig(
        embedding_size=32, hidden_sizes=[32, 64, 128, 256], depths=[2, 2, 2, 2], layer_type="basic", num_labels=10
    )
    ResNetForImageClassification(config).save_pretrained(folder / "model")
    (folder / "model" / "preprocessor_config.json").write_text(json.dumps({"size": {"height": SIDE, "width": SIDE}}))


def measure(code: str, folder: Path) -> float:
    """Examples per second of one process."""
    words = [sys.executable, "-W", "ignore", "-c", code, str(folder), str(STEPS), str(BATCH)]
    result = subprocess.run(words, capture_output=True, text=True, check=True)
    return float(result.stdout.strip().splitlines()[-1])


def main() -> None:
    """Run the pairs and write the ratios."""
    from record import write

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        pairs = []
        for number in range(PAIRS):
            order = (OURS, BARE) if number % 2 else (BARE, OURS)
            speeds = {code: measure(code, folder) for code in order}
            pairs.append((speeds[OURS], speeds[BARE]))
    ratios = sorted(ours / bare for ours, bare in pairs)
    write(
        "loop_overhead",
        "Throughput of our loop against a bare PyTorch loop",
        [
            f"{PAIRS} interleaved pairs, {STEPS} steps of {BATCH} examples at {SIDE} px, 2.8 M parameters.",
            "",
            f"Ratio ours / bare: median **{statistics.median(ratios):.3f}**, from {ratios[0]:.3f} to {ratios[-1]:.3f}"
            " (promised: at least 0.97).",
            "",
            "| pair | ours, examples/s | bare, examples/s |",
            "|---|---|---|",
            *(f"| {i + 1} | {ours:.0f} | {bare:.0f} |" for i, (ours, bare) in enumerate(pairs)),
        ],
    )


if __name__ == "__main__":
    main()
