"""A realistic summary of a study that never ran: five arms, four sizes, three repeats."""

from __future__ import annotations

import base64
import hashlib
import math
import struct
import zlib
from typing import Any

from headstart.advice.arm_record import ArmReport, CurvePoint, ExpectedPoint
from headstart.advice.recommendation import (
    Costs,
    Crossover,
    Difference,
    HeadStart,
    Leaning,
    MetricValue,
    Reason,
    Recommendation,
)
from headstart.core import Recipe

SIZES = (60, 180, 500, 992)
CLASSES = ("daisy", "dandelion", "rose", "sunflower", "tulip")
# (strategy, candidate, paradigm, accuracies at SIZES, half-widths, seconds per trial, status, note)
ARMS = (
    (
        "full_finetune",
        "builtin:image",
        "transfer",
        (0.712, 0.801, 0.872, 0.914),
        (0.031, 0.021, 0.014, 0.011),
        (14.0, 24.0, 41.0, 66.0),
        "chosen",
        "best at every size from 180 on",
    ),
    (
        "linear_probe",
        "builtin:image",
        "transfer",
        (0.742, 0.812, 0.861, 0.889),
        (0.026, 0.019, 0.015, 0.013),
        (1.1, 1.6, 3.0, 4.6),
        "compared",
        "14x cheaper, 2.5 points less",
    ),
    (
        "linear_probe",
        "timm:resnet18",
        "transfer",
        (0.668, 0.741, 0.795, 0.826),
        (0.029, 0.022, 0.017, 0.015),
        (2.0, 3.1, 5.5, 9.4),
        "compared",
        "general photographs, small input",
    ),
    (
        "from_scratch",
        "builtin:image",
        "scratch",
        (0.405, 0.531, 0.694, 0.802),
        (0.041, 0.033, 0.027, 0.024),
        (18.0, 36.0, 64.0, 102.0),
        "compared",
        "tuned with 6 recipes",
    ),
    (
        "from_scratch",
        "timm:resnet18",
        "scratch",
        (0.371, 0.468),
        (0.044, 0.039),
        (25.0, 55.0),
        "dropped",
        "clearly behind at 180 labels",
    ),
)
REPEATS = 3


def build_document() -> dict[str, Any]:
    """Return a fresh summary as JSON has it, which tests may change."""
    trials = _trials()
    recommendation = _recommendation(trials)
    return {
        "schema_version": 1,
        "headstart_version": "0.1.0",
        "study": {
            "name": "flowers",
            "folder": "runs/flowers",
            "command": "headstart study data/flowers --budget 30m",
            "seed": 0,
            "status": "finished",
            "created": "2026-03-02T09:41:00+00:00",
        },
        "data": {
            "source": "data/flowers",
            "task": "image-classification",
            "n_pool": 992,
            "n_test": 248,
            "test_kind": "set aside",
            "class_names": list(CLASSES),
            "class_counts": [162, 231, 185, 210, 204],
            "groups": None,
            "found": ["1,240 images in 5 class folders", "2 hidden folders skipped (.ipynb_checkpoints)"],
            "findings": [
                {
                    "code": "near-duplicates",
                    "severity": "warning",
                    "message": "14 near-duplicates across classes",
                    "count": 14,
                    "examples": ["rose/081.jpg", "tulip/007.jpg", "tulip/113.jpg"],
                    "value": 0.011,
                },
                {
                    "code": "unreadable",
                    "severity": "warning",
                    "message": "3 images cannot be read and were left out",
                    "count": 3,
                    "examples": ["daisy/017.jpg", "daisy/020.jpg", "rose/003.png"],
                    "value": None,
                },
                {
                    "code": "sizes",
                    "severity": "info",
                    "message": "images are between 180 and 500 pixels wide",
                    "count": 1240,
                    "examples": [],
                    "value": None,
                },
            ],
            "fingerprint": "9f2c4bd1a07e55c3",
        },
        "hardware": {
            "cores": 2,
            "memory_gb": 13.4,
            "gpu": None,
            "gflops_float32": 118.0,
            "gflops_bfloat16": 61.0,
            "dtype": "float32",
            "dtype_reason": "matrix product 0.52x as fast in bf16 as in fp32",
            "system": "Linux x86_64, Python 3.11.2, torch 2.13.0",
        },
        "recommendation": recommendation.model_dump(mode="json"),
        "trials": trials,
        "skipped": [
            {"what": "lora of timm:resnet18", "reason": "no linear attention layers in resnet18"},
            {"what": "from_scratch of timm:resnet18 at n = 500 and 992", "reason": "clearly behind at 180 labels"},
        ],
        "errors": {
            "confusion": [[29, 2, 0, 1, 0], [1, 44, 0, 1, 0], [1, 0, 32, 0, 4], [0, 1, 0, 41, 0], [0, 1, 7, 2, 81]],
            "class_names": list(CLASSES),
            "worst": [
                {
                    "id": f"{label}/{number:03d}.jpg",
                    "text": None,
                    "thumbnail": thumbnail(number),
                    "label": label,
                    "predicted": predicted,
                    "confidence": 0.99 - 0.03 * place,
                }
                for place, (label, number, predicted) in enumerate(
                    [
                        ("tulip", 41, "rose"),
                        ("rose", 112, "tulip"),
                        ("tulip", 88, "sunflower"),
                        ("daisy", 9, "dandelion"),
                        ("tulip", 150, "rose"),
                        ("rose", 17, "tulip"),
                    ]
                )
            ],
        },
        "reproduce": {
            "command": "headstart study data/flowers --budget 30m --seed 0",
            "seed": 0,
            "versions": {"headstart": "0.1.0", "python": "3.11.2", "torch": "2.13.0", "transformers": "5.23.0"},
            "fingerprint": "9f2c4bd1a07e55c3",
            "protocol_version": 1,
        },
    }


def thumbnail(shade: int) -> str:
    """A 48 x 48 PNG with a diagonal wash, as a data URI."""
    rows = b"".join(
        b"\0"
        + b"".join(bytes(((shade * 3 + x * 3) % 256, (90 + y * 2) % 256, (shade + x + y) % 256)) for x in range(48))
        for y in range(48)
    )

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 48, 48, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _key(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def _trials() -> list[dict[str, Any]]:
    """Sizes from small to large, arms within a size, as the planner goes; tuning first."""
    trials: list[dict[str, Any]] = []
    now = 18.0
    for place, n in enumerate(SIZES):
        for strategy, candidate, _, values, _, seconds, _, _ in ARMS:
            if place >= len(values):
                continue
            arm = f"{strategy}@{candidate}"
            plan = [("tuning", "rate x3"), ("tuning", "rate /3")] if place == 1 else []
            plan += [("measuring", "default")] * REPEATS
            for repeat, (role, recipe) in enumerate(plan):
                took = seconds[place] * (0.8 if role == "tuning" else 1.0)
                wobble = 0.006 * math.sin(7 * len(trials))
                trials.append(
                    {
                        "key": _key(arm, n, repeat, role),
                        "arm": arm,
                        "arm_name": f"{strategy} of {candidate}",
                        "role": role,
                        "n": n,
                        "repeat": repeat % REPEATS,
                        "fold": 0,
                        "value": values[place] + wobble,
                        "seconds": took,
                        "started": now,
                        "ended": now + took,
                        "error": None,
                        "recipe": recipe,
                        "n_realised": n,
                        "recipe_informed": repeat > 0,
                        "notes": [],
                    }
                )
                now += took + 0.4
    failed = trials[-1] | {"key": _key("failed"), "value": None, "error": "out of memory at batch 32, and again at 16"}
    trials.append(failed | {"started": now, "ended": now + 3.0, "seconds": 3.0})
    return trials


def _recommendation(trials: list[dict[str, Any]]) -> Recommendation:
    chosen = [t["key"] for t in trials if t["arm"] == "full_finetune@builtin:image" and t["n"] == 992]
    scratch = [
        t["key"] for t in trials if t["arm"] == "from_scratch@builtin:image" and t["n"] == 992 and not t["error"]
    ]
    probe = [t["key"] for t in trials if t["arm"] == "linear_probe@builtin:image" and t["n"] == 992]
    return Recommendation(
        paradigm="transfer",
        sentence="Start from builtin:image and fine-tune all of it: 91.4 % accuracy with your 992 labels.",
        strategy="full_finetune",
        candidate="builtin:image",
        action="Use fine-tuning all of builtin:image: 91.4 % accuracy with 992 labels, trained in 66 s.",
        leaning=Leaning(
            n=3968, target=3968, arm="full_finetune@builtin:image", paradigm="transfer", p_side=0.93, p_best=0.9
        ),
        leaning_sentence="At 3,968 labels: leaning to transfer (P = 0.93), with fine-tuning all of builtin:image; "
        "an extrapolation, not a measurement.",
        p_side=0.99,
        p_within=0.01,
        trained_on=992,
        labels=992,
        metric=MetricValue(name="accuracy", value=0.914, low=0.903, high=0.925, n_test=248, naive=0.917),
        margin=0.01,
        p_best=0.93,
        p_best_n=3968,
        expected_regret=0.0008,
        runner_up="linear_probe@builtin:image",
        baseline=0.186,
        crossover=Crossover(
            statement="From scratch may catch up near 3,400 labels [2,100, more than 3,968]; that is extrapolated.",
            n=3400.0,
            low=2100.0,
            high=None,
            horizon=3968,
        ),
        head_start=HeadStart(
            statement="The pretrained start at 180 labels is worth about 5.4x the labels [4.6, 6.5].",
            n=180,
            examples=972.0,
            multiplier=5.4,
            low=4.6,
            high=6.5,
        ),
        comparison_size=992,
        scratch_might_win_with_compute=False,
        arms=tuple(_arm(*row) for row in ARMS),
        differences=(
            _difference("from_scratch@builtin:image", 0.112, 0.079, 0.146, 0.999, "better"),
            _difference("linear_probe@builtin:image", 0.025, 0.006, 0.044, 0.97, "better"),
            _difference("linear_probe@timm:resnet18", 0.088, 0.061, 0.114, 0.999, "better"),
            _difference("from_scratch@builtin:image", 0.178, 0.132, 0.223, 0.999, "better", n=500),
        ),
        costs=Costs(
            budget_seconds=1800,
            spent_seconds=1562,
            tuning_seconds=200,
            measuring_seconds=1287,
            preparing_seconds=75,
            flops=3.1e15,
        ),
        reasons=(
            Reason(text="Full fine-tuning reaches 91.4 % [90.3, 92.5] on 248 test images.", trials=tuple(chosen)),
            Reason(
                text="It beats from scratch by 11.2 points [7.9, 14.6], paired over 3 repeats at 992 labels.",
                trials=(*chosen, *scratch),
            ),
            Reason(text="A linear probe is 14x cheaper and 2.5 points [0.6, 4.4] behind.", trials=(*chosen, *probe)),
            Reason(text="Doubling the labels should add about 2.1 points [0.8, 3.5].", trials=tuple(chosen)),
        ),
        warnings=(
            "From scratch had not converged at 992 labels: twice the steps gained 1.9 points.",
            "14 near-duplicates lie across classes; check their labels.",
            "One trial ran out of memory and was left out.",
            "The test part has 248 examples; figures were corrected for selection.",
        ),
        model_dir="runs/flowers/model",
        model_format="transformers",
    )


def _arm(strategy, candidate, paradigm, values, halves, seconds, status, note) -> ArmReport:
    curve = tuple(
        CurvePoint(n=n, n_realised=n, value=value, low=value - half, high=value + half, repeats=REPEATS, seconds=took)
        for n, value, half, took in zip(SIZES, values, halves, seconds, strict=False)
    )
    last = curve[-1]
    expected = (
        *(ExpectedPoint(n=p.n, value=p.value, low=p.low, high=p.high, extrapolated=False) for p in curve),
        ExpectedPoint(n=4 * last.n, value=last.value + 0.02, low=last.low, high=last.high + 0.03, extrapolated=True),
    )
    probe = strategy == "linear_probe"
    return ArmReport(
        key=f"{strategy}@{candidate}",
        name=f"{strategy} of {candidate}",
        candidate=candidate,
        strategy=strategy,
        paradigm=paradigm,
        status=status,
        note=note,
        curve=curve,
        expected=() if status == "dropped" else expected,
        recipe=Recipe(learning_rate=0.0 if probe else 3e-4, steps=0 if probe else 600),
        evaluations=1 if probe else 6,
        runner_up=None if probe else Recipe(learning_rate=1e-3, steps=600, label="rate x3"),
        tuned_at=180,
        converged=None if probe else strategy == "full_finetune",
        parameters=11_200_000,
        trainable_parameters=2_565 if probe else 11_200_000,
        size_on_disk_mb=44.8,
        latency_ms=6.1,
        train_seconds=seconds[-1],
        train_flops=0.0 if probe else 4e14,
        feature_seconds=0.02 if probe else 0.0,
        machine_share=None if probe else 0.31,
        seconds_to_95=0.6 * seconds[-1],
    )


def _difference(
    reference: str, value: float, low: float, high: float, p: float, verdict: str, n: int = 992
) -> Difference:
    return Difference(
        arm="full_finetune@builtin:image",
        reference=reference,
        n=n,
        difference=value,
        low=low,
        high=high,
        p_better=p,
        repeats=REPEATS,
        verdict=verdict,
    )
