"""What waiting threads cost: training steps with and without another process on the same cores.

Compares how libgomp's idle threads wait: the default (spin long), never (``OMP_WAIT_POLICY=PASSIVE``)
and briefly (``GOMP_SPINCOUNT=10000``, what Headstart sets unless told otherwise).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

STEPS = 12
WAYS = {
    "default": {},
    "OMP_WAIT_POLICY=PASSIVE": {"OMP_WAIT_POLICY": "PASSIVE"},
    "GOMP_SPINCOUNT=10000": {"GOMP_SPINCOUNT": "10000"},
}

CODE = """
import time, torch, sys
from transformers import ResNetConfig, ResNetForImageClassification
config = ResNetConfig(embedding_size=32, hidden_sizes=[32, 64, 128, 256], depths=[2, 2, 2, 2], layer_type="basic")
model = ResNetForImageClassification(config).to(memory_format=torch.channels_last).train()
x = torch.randn(16, 3, 64, 64).contiguous(memory_format=torch.channels_last)
optimizer = torch.optim.AdamW(model.parameters())
def step():
    model(x).logits.sum().backward()
    optimizer.step()
    optimizer.zero_grad()
step()
start = time.perf_counter()
count, limit = 0, float(sys.argv[2])
while count < int(sys.argv[1]) and time.perf_counter() - start < limit:
    step()
    count += 1
print((time.perf_counter() - start) / max(count, 1))
"""


def seconds_a_step(extra: dict[str, str]) -> float:
    """Seconds of one training step of 16 images in a fresh process."""
    words = [sys.executable, "-W", "ignore", "-c", CODE, str(STEPS), "40"]
    done = subprocess.run(words, env=os.environ | extra, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Measure alone, then beside a process that trains with the default setting."""
    from record import write

    alone = {name: seconds_a_step(extra) for name, extra in WAYS.items()}
    rival = subprocess.Popen([sys.executable, "-W", "ignore", "-c", CODE, "1000000", "600"], stdout=subprocess.DEVNULL)
    try:
        time.sleep(8)
        beside = {name: seconds_a_step(extra) for name, extra in WAYS.items()}
    finally:
        rival.kill()
        rival.wait()
    best = min(alone.values())
    write(
        "threads",
        "How idle threads wait",
        [
            f"Seconds of a training step (16 images of 64 px, 2.8 M parameters), {STEPS} steps; ratios to the fastest.",
            "",
            "| setting | alone | beside another training process |",
            "|---|---|---|",
            *(
                f"| {name} | {alone[name]:.3f} ({alone[name] / best:.1f}x) | {both:.3f} ({both / best:.1f}x) |"
                for name, both in beside.items()
            ),
        ],
    )


if __name__ == "__main__":
    main()
