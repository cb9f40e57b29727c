"""Pretrain the image backbone that Headstart ships, from labelled 64 px photographs.

Run it on two CPU cores or on a GPU; it writes a checkpoint after every epoch and the same
command continues from there::

    python recipes/pretrain_builtin.py DATA_FOLDER --work runs/pretrain --out src/headstart/builtin/image

``DATA_FOLDER`` holds ``train-*.parquet`` and ``test-*.parquet`` with the columns ``image`` (struct of
``bytes``) and ``label``.

The model card says which settings the shipped weights had. A second cycle may warm-restart from earlier weights
(SGDR, Loshchilov & Hutter 2017) at higher resolutions::

    python recipes/pretrain_builtin.py DATA_FOLDER --work runs/second --out src/headstart/builtin/image \
        --start-from FIRST_WEIGHTS --epochs 15 --rate 0.06 --smallest-crop 0.4 --compile

The recipe, and why:

* SGD with Nesterov momentum on a one-cycle schedule (Smith & Topin 2018): the best use of few epochs.
* The resolution grows while training (as in "Training ResNet on ImageNet in 18 minutes", fast.ai 2018):
  early epochs at 40 px cost 40 % of late ones at 64 px.
* Random resized crops and flips, label smoothing 0.1 (Szegedy 2016), an exponential moving average of
  the weights for the final model.
* The cheaper of fp32 and bf16 is measured, never assumed: without hardware support bf16 is slower.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import math
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
import torch.nn.functional as F
from PIL import Image
from transformers import ResNetConfig, ResNetForImageClassification

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
RESOLUTIONS = ((0.30, 40), (0.70, 48), (1.00, 64))  # (until this share of the run, pixels)
SECOND_CYCLE = ((0.33, 48), (1.00, 64))
NATIVE = 64


def decode(folder: Path, part: str, work: Path) -> tuple[torch.Tensor, torch.Tensor, list[str]]:
    """Decode one part once into uint8 arrays on disk: images (N, 3, 64, 64) and labels (N,)."""
    pixels, labels = work / f"{part}-x.npy", work / f"{part}-y.npy"
    files = sorted(folder.glob(f"{part}-*.parquet"))
    features = json.loads(pq.read_schema(files[0]).metadata[b"huggingface"])
    names = features["info"]["features"]["label"]["names"]
    if not labels.exists():
        tables = [pq.read_table(file) for file in files]
        images, targets = [], []
        for table in tables:
            for image in table["image"].to_pylist():
                picture = Image.open(io.BytesIO(image["bytes"])).convert("RGB")
                images.append(np.asarray(picture.resize((NATIVE, NATIVE))).transpose(2, 0, 1))
            targets.append(table["label"].to_numpy())
        np.save(pixels, np.stack(images))
        np.save(labels, np.concatenate(targets))
    return torch.from_numpy(np.load(pixels)), torch.from_numpy(np.load(labels)), names


def normalise(batch: torch.Tensor) -> torch.Tensor:
    """Map uint8 pixels to standardised floats, channels last."""
    mean = torch.tensor(MEAN, device=batch.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=batch.device).view(1, 3, 1, 1)
    return ((batch.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)


def random_resized_crop(batch: torch.Tensor, pixels: int, smallest: float) -> torch.Tensor:
    """Cut a random box and flip a coin for every image of a (B, 3, H, W) batch, all in one resampling."""
    count, device = len(batch), batch.device
    area = torch.empty(count, device=device).uniform_(smallest, 1.0)
    ratio = torch.exp(torch.empty(count, device=device).uniform_(-math.log(4 / 3), math.log(4 / 3)) / 2)
    width, height = (area.sqrt() * ratio).clamp(max=1), (area.sqrt() / ratio).clamp(max=1)
    shift_x = (1 - width) * torch.empty(count, device=device).uniform_(-1, 1)
    shift_y = (1 - height) * torch.empty(count, device=device).uniform_(-1, 1)
    flip = torch.where(torch.rand(count, device=device) < 0.5, -1.0, 1.0)
    theta = torch.zeros(count, 2, 3, device=device)
    theta[:, 0, 0], theta[:, 0, 2] = width * flip, shift_x
    theta[:, 1, 1], theta[:, 1, 2] = height, shift_y
    grid = F.affine_grid(theta, [count, 3, pixels, pixels], align_corners=False)
    return F.grid_sample(batch, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def fastest_dtype(model: torch.nn.Module, device: torch.device) -> torch.dtype:
    """Time one training step in each precision and return the faster."""
    batch = torch.randn(32, 3, NATIVE, NATIVE, device=device).contiguous(memory_format=torch.channels_last)
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        for _ in range(2):
            start = time.perf_counter()
            with torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
                model(batch).logits.float().sum().backward()
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds[dtype] = time.perf_counter() - start
    model.zero_grad()
    return min(seconds, key=seconds.__getitem__)


@torch.inference_mode()
def accuracy(model: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor, device: torch.device) -> float:
    """Top-1 share of the examples in ``images`` (N, 3, 64, 64) uint8."""
    model.eval()
    right = 0
    for start in range(0, len(images), 250):
        logits = model(normalise(images[start : start + 250].to(device))).logits
        right += (logits.argmax(1).cpu() == labels[start : start + 250]).sum().item()
    return right / len(images)


def rate(progress: float, peak: float) -> float:
    """One cycle: a linear rise over the first 15 %, then a cosine to zero."""
    rise = 0.15
    if progress < rise:
        return peak * max(progress / rise, 0.02)
    return peak * 0.5 * (1 + math.cos(math.pi * (progress - rise) / (1 - rise)))


def build_config(names: list[str], widths: list[int]) -> ResNetConfig:
    """A ResNet of basic blocks, two a stage."""
    return ResNetConfig(
        embedding_size=widths[0],
        hidden_sizes=widths,
        depths=[2, 2, 2, 2],
        layer_type="basic",
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
    )


def train(arguments: argparse.Namespace) -> None:
    """Train, checkpoint each epoch, and save the averaged weights at the end."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    arguments.work.mkdir(parents=True, exist_ok=True)
    images, labels, names = decode(arguments.data, "train", arguments.work)
    test_images, test_labels, _ = decode(arguments.data, "test", arguments.work)
    torch.manual_seed(arguments.seed)
    config = build_config(names, arguments.widths)
    if arguments.start_from:
        model = ResNetForImageClassification.from_pretrained(arguments.start_from, dtype=torch.float32)
    else:
        model = ResNetForImageClassification(config)
    model = model.to(device, memory_format=torch.channels_last)
    resolutions = SECOND_CYCLE if arguments.start_from else RESOLUTIONS
    average = copy.deepcopy(model).eval()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": arguments.decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=arguments.rate, momentum=0.9, nesterov=True)
    dtype = fastest_dtype(model, device)
    steps_per_epoch = len(images) // arguments.batch
    total = steps_per_epoch * arguments.epochs
    forward = torch.compile(model, dynamic=False) if arguments.compile else model
    first_epoch, history = 0, []
    checkpoint = arguments.work / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        first_epoch, history = state["epoch"], state["history"]
    print(f"device={device} dtype={dtype} parameters={sum(p.numel() for p in model.parameters()):,}", flush=True)
    for epoch in range(first_epoch, arguments.epochs):
        torch.manual_seed(arguments.seed * 1000 + epoch)
        start, running = time.perf_counter(), 0.0
        pixels = next(px for until, px in resolutions if epoch / arguments.epochs < until)
        model.train()
        order = torch.randperm(len(images))
        for step in range(steps_per_epoch):
            done = epoch * steps_per_epoch + step
            for group in optimizer.param_groups:
                group["lr"] = rate(done / total, arguments.rate)
            rows = order[step * arguments.batch : (step + 1) * arguments.batch]
            batch = random_resized_crop(normalise(images[rows].to(device)), pixels, arguments.smallest_crop)
            batch = batch.contiguous(memory_format=torch.channels_last)
            with torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
                logits = forward(batch).logits
            loss = F.cross_entropy(logits.float(), labels[rows].to(device), label_smoothing=0.1)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            running += loss.item()
            keep = min(arguments.average, (1 + done) / (10 + done))
            with torch.no_grad():
                for slow, fast in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
                    if slow.is_floating_point():
                        slow.lerp_(fast, 1 - keep)
                    else:
                        slow.copy_(fast)
        top1 = accuracy(average, test_images, test_labels, device)
        seconds = time.perf_counter() - start
        row = {"epoch": epoch + 1, "pixels": pixels, "loss": running / steps_per_epoch, "test": top1}
        row["seconds"] = seconds
        history.append(row)
        print(json.dumps(row), flush=True)
        state = {
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": epoch + 1,
            "history": history,
        }
        partial = checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(checkpoint)
    save(average, arguments.out, history)


def save(model: torch.nn.Module, out: Path, history: list[dict]) -> None:
    """Write config, preprocessor config, fp16 safetensors and the training history."""
    out.mkdir(parents=True, exist_ok=True)
    model.half().to(memory_format=torch.contiguous_format).save_pretrained(out)
    preprocessor = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": MEAN,
        "image_std": STD,
        "resample": 2,
        "size": {"height": NATIVE, "width": NATIVE},
    }
    (out / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2) + "\n")
    (out / "training_history.json").write_text(json.dumps(history, indent=1) + "\n")
    print(f"saved {out}", flush=True)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("runs/pretrain"))
    parser.add_argument("--out", type=Path, default=Path("src/headstart/builtin/image"))
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=0.12)
    parser.add_argument("--decay", type=float, default=5e-4)
    parser.add_argument("--average", type=float, default=0.998)
    parser.add_argument("--smallest-crop", type=float, default=0.5)
    parser.add_argument("--widths", type=int, nargs=4, default=[32, 64, 128, 256])
    parser.add_argument("--start-from", type=Path, help="weights of an earlier cycle")
    parser.add_argument("--compile", action="store_true", help="compile the network: a tenth faster on two cores")
    parser.add_argument("--seed", type=int, default=0)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
