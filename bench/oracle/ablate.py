"""Where the table contradicts what is known of an arm: the same trials at other rates and with twice the steps.

    python bench/oracle/ablate.py DATA_FOLDER --set sst2 --strategy full_finetune [--size few] [--draws 3]

Around the default recipe: three times and a third of its rate, and twice its steps. The trials go into
``trials/SET_ablations.parquet``, with recipes whose names begin with "ablation".
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from run import SEEDS, SETS, TABLE, Bench, cell

from headstart.core import limit_spinning
from headstart.strategies.schedules import at_other_rates


def main() -> None:
    """Run what is missing until the time is over."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", choices=sorted(SETS), required=True)
    parser.add_argument("--strategy", required=True)
    parser.add_argument("--size", choices=["few", "some", "all"], default="few")
    parser.add_argument("--draws", type=int, default=SEEDS)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--work", type=Path, default=Path("runs/oracle"))
    arguments = parser.parse_args()
    until = time.monotonic() + 60 * arguments.minutes
    bench = Bench(arguments.set, arguments.folder, arguments.work, TABLE / f"{arguments.set}_ablations.parquet")
    n = bench.sizes[arguments.size]
    arms = [arm for arm in bench.arms() if arm.strategy == arguments.strategy]
    for seed in range(arguments.draws):
        for arm in arms:
            default, *rates = at_other_rates(bench.recipes(arm, n)[0], (3.0, 1 / 3))
            longer = default.model_copy(update={"steps": 2 * default.steps, "label": "steps x 2"})
            for recipe in (*rates, longer):
                named = recipe.model_copy(update={"label": f"ablation: {recipe.label}"})
                spec = bench.spec(arm, named, n, seed, "measuring")
                if cell(spec) not in bench.done and time.monotonic() < until:
                    row = bench.run(spec)
                    print(f"{arm.key} seed={seed} {row['recipe']}: {100 * row['value']:.1f}", flush=True)


if __name__ == "__main__":
    main()
