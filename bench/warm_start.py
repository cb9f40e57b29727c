"""Does it help to look first at the side that published results expect to win?

    python bench/warm_start.py [--seeds 3] [--workers 2]

Studies of the oracle sets are replayed twice with a few percent of the exhaustive cost: with first looks in the order
of what nothing is known of, and with the side first that the prior of published comparisons expects ahead for this
modality, number of labels and classes. Writes ``results/warm_start.md``.
"""

from __future__ import annotations

import argparse
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from decision_tables import TrueTable, oracle
from record import write

from headstart.advice.decide import decide
from headstart.knowledge import expect
from headstart.studies.planners import ContendersPlanner, contenders
from headstart.studies.planners.contender_looks import FirstLooks
from headstart.testing import replay

SHARES = (0.01, 0.02, 0.05, 0.1)
TEXTS = ("sst2", "tweeteval", "ag_news", "spam")


class WarmLooks(FirstLooks):
    """First looks that begin with the side that is expected ahead."""

    expected = "transfer"

    def _order(self, arm, sides, ways):
        return arm.paradigm != self.expected, *super()._order(arm, sides, ways)[1:]


def expected_side(table: TrueTable) -> str:
    """The side that the prior expects ahead."""
    modality = "text" if any(name in table.name for name in TEXTS) else "image"
    return "transfer" if expect(modality, table.pool).median >= 0 else "scratch"


def one(job: tuple[TrueTable, float]) -> list[dict]:
    """Regret at all labels, and whether both sides were measured, in both orders."""
    warnings.simplefilter("ignore")
    table, share = job
    best = max(table.truth(recorded.arm.key, table.pool) for recorded in table.arms)
    rows = []
    for order in ("cold", "warm"):
        WarmLooks.expected = expected_side(table)
        contenders.FirstLooks = WarmLooks if order == "warm" else FirstLooks
        played = replay(table, ContendersPlanner(), share * table.exhaustive, margin=None)
        verdict = decide(played.state.evidence, 0, table.pool)
        if verdict is None:
            regret, both, definite = best, False, False
        else:
            advised = verdict.leaning.arm if verdict.leaning else verdict.chosen.key
            regret = best - table.truth(advised, table.pool)
            both, definite = verdict.p_side is not None, verdict.kind in ("transfer", "scratch", "tie")
        rows.append(
            {"set": table.name, "share": share, "order": order, "regret": regret, "both": both, "definite": definite}
        )
    return rows


def main() -> None:
    """Replay and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    jobs = [(table, share) for seed in range(given.seeds) for table in oracle(seed) for share in SHARES]
    with ProcessPoolExecutor(given.workers) as pool:
        rows = [row for found in pool.map(one, jobs) for row in found]
    lines = ["| share of the exhaustive cost | studies | order | regret | both sides measured | decided |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for share in SHARES:
        for order in ("cold", "warm"):
            here = [row for row in rows if (row["share"], row["order"]) == (share, order)]
            mean = partial(lambda name, chosen: float(np.mean([row[name] for row in chosen])), chosen=here)
            lines.append(
                f"| {share:.0%} | {len(here)} | {order} | {100 * mean('regret'):.2f} | {mean('both'):.0%} | "
                f"{mean('definite'):.0%} |"
            )
    by_set: dict[str, list[float]] = {}
    for cold, warm in zip(rows[::2], rows[1::2], strict=True):
        by_set.setdefault(cold["set"], []).append(warm["regret"] - cold["regret"])
    gaps = np.asarray([np.mean(gap) for gap in by_set.values()])
    draws = np.random.default_rng(0).choice(gaps, (4000, len(gaps))).mean(1)
    low, high = np.quantile(draws, [0.05, 0.95])
    lines += ["", f"Regret, warm minus cold: {100 * gaps.mean():+.2f} [{100 * low:+.2f}, {100 * high:+.2f}] points"]
    lines += [f"(90 % interval over {len(gaps)} sets)."]
    write("warm_start", "First looks in the order of published results", lines)


if __name__ == "__main__":
    main()
