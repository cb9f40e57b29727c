"""Do intervals hold, and are verdicts right, whatever the true spread between repeats is? And if one looks again?

    python bench/honest_spread.py [STUDIES]

Four arms, two of each side, true accuracies N(0.80, 0.03); predictions are a latent probit with shared and own
difficulty of examples and effects of repeats, so the truth is exact. Verdicts by the rules of ``advice/decide.py``.
Writes ``results/honest_spread.md``.
"""

from __future__ import annotations

import sys

import numpy as np
from record import write
from scipy.stats import norm

from headstart.evidence import Run, joint_draws
from headstart.evidence.spread import Cell, arm_spread, fitted_spread
from headstart.studies.comparing import needed_confidence

SHARED, OWN, NOISE = 1.6, 0.7, 0.7  # standard deviations of an example's difficulty: for all arms, an arm, a run
PER_CLASS = 20.0  # labels of a class
SIDES = ("transfer", "transfer", "scratch", "scratch")
KINDS = ("gradient", "closed", "gradient", "closed")


def effect(accuracy: float, sd: float) -> float:
    """The latent repeat effect that gives runs of this accuracy such a spread."""
    base, low, high = SHARED**2 + OWN**2 + NOISE**2, 0.0, 8.0
    z = np.linspace(-4, 4, 201)
    weight = norm.pdf(z) / norm.pdf(z).sum()
    for _ in range(40):
        middle = (low + high) / 2
        mean = norm.ppf(accuracy) * np.sqrt(base + middle**2)
        values = norm.cdf((mean + middle * z) / np.sqrt(base))
        spread = np.sqrt((weight * (values - accuracy) ** 2).sum())
        low, high = (middle, high) if spread < sd else (low, middle)
    return low


def study(rng, accuracies, spreads, counts, tested):
    """Runs of each arm in one simulated study."""
    base = SHARED**2 + OWN**2 + NOISE**2
    effects = np.asarray([effect(a, s) for a, s in zip(accuracies, spreads, strict=True)])
    means = norm.ppf(accuracies) * np.sqrt(base + effects**2)
    hard, own = SHARED * rng.standard_normal(tested), OWN * rng.standard_normal((len(means), tested))
    shared = rng.standard_normal(max(counts))
    labels, index = np.arange(tested) % 2, np.arange(tested)
    runs = {}
    for arm in range(len(means)):
        of_arm = []
        for repeat in range(counts[arm]):
            luck = effects[arm] * (np.sqrt(0.3) * shared[repeat] + np.sqrt(0.7) * rng.standard_normal())
            right = means[arm] + hard + own[arm] + luck + NOISE * rng.standard_normal(tested) > 0
            of_arm.append(Run(repeat, 0, index, index, labels, np.where(right, labels, 1 - labels)))
        runs[str(arm)] = of_arm
    return runs


def verdict(runs, seed, looks=0):
    """Draws, and which side wins if any."""
    prior, spreads = fitted_spread(), {}
    for place, (arm, of_arm) in enumerate(runs.items()):
        cell = Cell(PER_CLASS, np.asarray([(run.predictions == run.labels).mean() for run in of_arm]))
        spreads[arm] = arm_spread([cell], cell, KINDS[place % 4], prior)
    draws = joint_draws(runs, "accuracy", 2, spreads, seed, draws=1000, correlation=prior.correlation)
    winner = int(np.argmax(draws.estimates))
    half = len(runs) // 2
    sides = [str(i) for i in range(half)], [str(i) for i in range(half, len(runs))]
    mine, others = sides if winner < half else sides[::-1]
    sure = draws.p_side(mine, others) >= needed_confidence(looks)
    return draws, (int(winner >= half) if sure else None)


def cell(name, truth, counts, tested, studies, rng):
    """One row of the table."""
    held, widths, definite, wrong, said, best = 0, [], 0, 0, [], []
    for number in range(studies):
        accuracies = np.clip(0.80 + 0.03 * rng.standard_normal(4), 0.6, 0.95)
        runs = study(rng, accuracies, truth(rng), counts, tested)
        draws, side = verdict(runs, number)
        _, low, high, _ = draws.difference("0", "2")
        held += low <= accuracies[0] - accuracies[2] <= high
        widths.append(100 * (high - low))
        top = draws.arms[int(np.argmax(draws.estimates))]
        said.append(draws.p_best(top))
        best.append(accuracies[int(top)] >= accuracies.max())
        if side is not None:
            sides = accuracies[:2].max(), accuracies[2:].max()
            definite += 1
            wrong += sides[side] <= sides[1 - side]
    share = f"{wrong / definite:.0%}" if definite else "-"
    return (
        f"| {name} | {tested} | {held / studies:.0%} | {np.mean(widths):.1f} | {definite / studies:.0%} | {share} of "
        f"{definite} | {np.mean(said):.2f} / {np.mean(best):.2f} |"
    )


def looks(studies, tested, rng) -> str:
    """Equal arms, looked at after one, two and three runs each."""
    ever = 0
    for number in range(studies):
        accuracies = np.full(4, 0.8)
        runs = study(rng, accuracies, np.full(4, 0.015), (3, 3, 3, 3), tested)
        for look in range(3):
            so_far = {arm: of_arm[: look + 1] for arm, of_arm in runs.items()}
            if verdict(so_far, number, look)[1] is not None:
                ever += 1
                break
    return f"- {tested} test examples: definite at some look in {ever / studies:.1%} of {studies} studies of equal arms"


def main() -> None:
    """Simulate and write."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rng = np.random.default_rng(0)

    def fixed(sd):
        return lambda rng: np.asarray([sd, 0.35 * sd, sd, 0.35 * sd])

    def varied(rng):
        return np.clip(np.asarray([0.025, 0.010, 0.025, 0.010]) * np.exp(0.6 * rng.standard_normal(4)), 0.002, 0.12)

    rows = [
        "| true spread, runs | test examples | 90 % interval holds | width | definite | wrong | P(best) said / true |"
    ]
    rows.append("|" + " --- |" * 7)
    for tested in (200, 1000):
        for sd in (0.01, 0.02, 0.03, 0.05, 0.08):
            for count in (1, 2, 3):
                name = f"{100 * sd:.0f} points, {count}"
                rows.append(cell(name, fixed(sd), (count,) * 4, tested, studies, rng))
    for name, counts in (
        ("log-normal, costly once, probes 3", (1, 3, 1, 3)),
        ("log-normal, all once", (1,) * 4),
        ("log-normal, all 3", (3,) * 4),
    ):
        rows.append(cell(name, varied, counts, 1000, studies, rng))
    rows += ["", "Looking three times at the same study, with alpha spending:", ""]
    rows += [looks(studies, tested, rng) for tested in (1000, 4000)]
    write("honest_spread", "Intervals and verdicts under true spreads of 1 to 8 points", rows)


if __name__ == "__main__":
    main()
