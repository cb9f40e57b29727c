"""What training a described case takes: operations, then seconds, energy and money, as ranges.

Work and machine are apart: operations come from the model and the labels, seconds from the machine's rate and the share
of it that training reaches. A study replaces these estimates by measurements after its first trials.
"""

from __future__ import annotations

from headstart.core import Record
from headstart.knowledge.devices import Device
from headstart.knowledge.starts import StartingPoint

# Share of the peak rate that training reaches: small models and batches, then large ones (PaLM, Chowdhery et al. 2022,
# section 4.1, has 0.2 to 0.5 for large models; small ones stay below 0.1).
REACHED = (0.05, 0.40)
OVERHEAD = (1.1, 1.6)  # energy of a data centre over that of its machines (PUE)
FINETUNE_EPOCHS = 26  # to 90 % of the best odds, mean over networks and data sets (Kornblith et al. 2019, section 4)
SCRATCH_EPOCHS = 444  # the same from scratch
MOST_PASSES = 1.15e8  # examples of 90 epochs of ImageNet: a longer schedule is not usual
STARTING = (5.0, 60.0)  # seconds to load libraries and weights and to decode the data: an assumption, not a measurement
TUNED = 5  # trials of a small search
# Operations of a training step over those of a forward pass: backward costs two forward passes, half of it for the
# gradients of weights, which adapters hardly need (Kaplan et al. 2020, section 2.1).
# Share of the weights that move: those of adapters are one in a hundred at most (LoRA, Hu et al. 2021, table 2).
MOVING = {"linear_probe": 0.0, "lora": 0.01, "full_finetune": 1.0, "from_scratch": 1.0}
STEP = {"linear_probe": 1.0, "lora": 2.0, "full_finetune": 3.0, "from_scratch": 3.0}


class Cost(Record):
    """What one way of training takes on one machine.

    Attributes:
        strategy: As ``--strategy`` takes it.
        device: Where.
        flops: Operations of one training run.
        seconds: Least and most for one run.
        kwh: Least and most, a data centre's share included; None where the machine's draw is not known.
        usd: Least and most to rent it; None for a machine of one's own.
        labels: Labels of the run; 0 where the run was measured.
        memory_gb: Weights, gradients and the two moments of AdamW in 32 bits, to which activations come; None where
            the run was measured.
        tuned: Runs of a small search, to multiply by.
    """

    strategy: str
    device: str
    flops: float
    seconds: tuple[float, float]
    kwh: tuple[float, float] | None
    usd: tuple[float, float] | None
    tuned: int = TUNED
    labels: int = 0
    memory_gb: float | None = None


def training_flops(strategy: str, forward_gflop: float, labels: int) -> float:
    """Operations of one training run on so many labels.

    A probe sees every example once, because its features are kept; the others see each in every epoch.
    """
    epochs = {"linear_probe": 1, "from_scratch": SCRATCH_EPOCHS}.get(strategy, FINETUNE_EPOCHS)
    passes = min(float(epochs * labels), max(MOST_PASSES, float(labels)))
    return STEP[strategy] * forward_gflop * 1e9 * passes


def cost_of(strategy: str, model: StartingPoint, labels: int, device: Device) -> Cost:
    """Cost of one training run."""
    run = cost_of_run(strategy, training_flops(strategy, model.forward_gflop, labels), device)
    held = 4 * (1 + 3 * MOVING[strategy]) * model.parameters_m / 1000  # bytes a weight, times millions, in GB
    return run.model_copy(update={"labels": labels, "memory_gb": held})


def cost_of_run(strategy: str, flops: float, device: Device) -> Cost:
    """Cost of a run whose operations are known, by the rate that training reaches on a machine."""
    # A measured rate is that of plain matrix products, of which training reaches more than of a maker's peak.
    slow, fast = (0.2, 0.8) if device.measured else REACHED
    rate = device.gflops * 1e9
    seconds = (STARTING[0] + flops / (rate * fast), STARTING[1] + flops / (rate * slow))
    hours = (seconds[0] / 3600, seconds[1] / 3600)
    kwh = usd = None
    if device.watts is not None:
        kwh = (hours[0] * device.watts * OVERHEAD[0] / 1000, hours[1] * device.watts * OVERHEAD[1] / 1000)
    if device.price_low is not None and device.price_high is not None:
        usd = (hours[0] * device.price_low, hours[1] * device.price_high)
    return Cost(strategy=strategy, device=device.name, flops=flops, seconds=seconds, kwh=kwh, usd=usd)


def costs_of(model: StartingPoint, labels: int, devices: tuple[Device, ...]) -> tuple[Cost, ...]:
    """Every way of training on every machine."""
    return tuple(cost_of(strategy, model, labels, device) for device in devices for strategy in STEP)
