"""What the oracle table holds, and whether it says what is known of the arms; writes ``bench/results/oracle.md``.

    python bench/oracle/check.py

Each statement is a difference in accuracy between two arms on the same test examples and the same draws of labels. Its
standard error counts both the draws (where there are three) and the test examples.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))
from record import write

from headstart.testing.recorded import UNTUNED

TABLE = Path(__file__).parent / "trials"
TEXTS = ("tweeteval_emotion", "sst2")
FINE_TUNED = ("full_finetune", "lp_ft", "partial_finetune", "lora", "gradual_unfreeze", "l2_sp", "hybrid", "bitfit")
WORDS = ("few", "some", "all")
SCHEDULE = "schedule of fine-tuning"


class Table:
    """The measuring trials, by data set, size and arm."""

    def __init__(self) -> None:
        self.every = pd.read_parquet(TABLE)
        self.every["size"] = self.every.groupby("data")["n"].transform(lambda sizes: sizes.map(_words(sizes)))
        measured = self.every[(self.every.role == "measuring") & (self.every.error == "")]
        ablated = measured.recipe.str.startswith("ablation")
        self.own = measured[~measured.recipe.isin((SCHEDULE, UNTUNED)) & ~ablated]
        self.ablated = measured[ablated]
        self.borrowed = measured[measured.recipe == SCHEDULE]

    def right(self, data: str, size: str, strategy: str, *, scratch: str = "") -> dict[int, np.ndarray]:
        """For each draw of labels, which test examples an arm got right."""
        of = self.own[(self.own.data == data) & (self.own["size"] == size) & (self.own.strategy == strategy)]
        of = of[of.candidate == scratch] if scratch else of
        return {row.seed: _bits(row) for row in of.itertuples()}

    def strategies(self, data: str, size: str) -> set[str]:
        """Which were measured."""
        return set(self.own[(self.own.data == data) & (self.own["size"] == size)].strategy)


def _words(sizes: pd.Series) -> dict[int, str]:
    """The three sizes of a set in words; tuning is done at the middle one."""
    return dict(zip(sorted(sizes.unique()), WORDS, strict=False))


def _bits(row) -> np.ndarray:  # noqa: ANN001 - a named tuple of pandas
    return np.unpackbits(np.frombuffer(row.correct, np.uint8))[: row.tested].astype(float)


def difference(one: dict[int, np.ndarray], other: dict[int, np.ndarray]) -> tuple[float, float, int] | None:
    """Mean difference in points over the draws both have, its standard error, and how many draws."""
    draws = sorted(one.keys() & other.keys())
    if not draws:
        return None
    gaps = np.stack([one[draw] - other[draw] for draw in draws])
    by_draw = gaps.mean(1)
    variance = gaps.mean(0).var(ddof=1) / gaps.shape[1]
    variance += by_draw.var(ddof=1) / len(draws) if len(draws) > 1 else 0.0
    return 100 * float(by_draw.mean()), 100 * float(variance**0.5), len(draws)


def told(found: tuple[float, float, int] | None) -> str:
    """A difference as people read it."""
    if found is None:
        return "not measured yet"
    mean, error, draws = found
    return f"{mean:+.1f} ({error:.1f}), {draws} {'draw' if draws == 1 else 'draws'}"


def statements(table: Table) -> list[str]:
    """One line for each thing that should hold."""
    lines = ["| statement | where | difference in points (standard error) |", "|---|---|---|"]
    sets = sorted(set(table.own.data))
    for data in sets:
        if data in TEXTS:
            gap = difference(table.right(data, "few", "linear_probe"), table.right(data, "few", "full_finetune"))
            lines.append(f"| probe at least as good as full fine-tuning at 10 per class | {data} | {told(gap)} |")
    for data in sets:
        probe = table.right(data, "all", "linear_probe")
        gaps = {name: difference(table.right(data, "all", name), probe) for name in FINE_TUNED}
        known = {name: gap for name, gap in gaps.items() if gap}
        best = max(known, key=lambda name: known[name][0]) if known else ""
        lines.append(
            f"| some fine-tuning at least as good as the probe at full size | {data}{f', {best}' if best else ''} | "
            f"{told(known.get(best))} |"
        )
    small = []
    for size in ("few", "some"):
        for data in sets:
            gap = difference(table.right(data, size, "lp_ft"), table.right(data, size, "full_finetune"))
            lines.append(f"| LP-FT at least as good as full fine-tuning at small n | {data}, {size} | {told(gap)} |")
            small += [gap] if gap else []
    if small:
        mean, error = (sum(gap[0] for gap in small) / len(small), sum(gap[1] ** 2 for gap in small) ** 0.5 / len(small))
        lines.append(f"| the same on average | {len(small)} sets and sizes | {mean:+.1f} ({error:.1f}) |")
    for data in sets:
        for size in WORDS if data in TEXTS else ():
            gap = difference(table.right(data, size, "lora"), table.right(data, size, "full_finetune"))
            lines.append(f"| LoRA within a point of full fine-tuning on text | {data}, {size} | {told(gap)} |")
    lines += ablations(table)
    for row in table.borrowed.itertuples():
        own = table.right(row.data, row.size, "from_scratch", scratch=row.candidate)
        gap = difference(own, {row.seed: _bits(row)})
        where = f"{row.data}, {row.size}, {row.candidate}"
        lines.append(f"| tuned from scratch better than at the schedule of fine-tuning | {where} | {told(gap)} |")
    lora = table.own[(table.own.strategy == "lora") & table.own.data.isin(TEXTS)]
    if len(lora):
        share = 100 * (lora.trainable_parameters / lora.parameters).max()
        lines += ["", f"LoRA trains {share:.2f} % of the weights on texts."]
    return lines


def ablations(table: Table) -> list[str]:
    """The statements about an arm again, for each recipe that was tried where the arm's own contradicts them."""
    lines = []
    for (data, size, strategy, recipe), rows in table.ablated.groupby(["data", "size", "strategy", "recipe"]):
        other = {row.seed: _bits(row) for row in rows.itertuples()}
        if strategy == "full_finetune":
            said, gap = "probe", difference(table.right(data, size, "linear_probe"), other)
        else:
            said, gap = strategy, difference(other, table.right(data, size, "full_finetune"))
        lines.append(f"| {said} against full fine-tuning, {recipe} | {data}, {size} | {told(gap)} |")
    return lines


def accuracies(table: Table) -> list[str]:
    """Mean accuracy of each arm, by data set and size."""
    own = table.own.assign(arm=table.own.strategy + " of " + table.own.candidate.str.removeprefix("builtin:"))
    lines = []
    for data, of_set in own.groupby("data"):
        sizes = {word: int(n) for word, n in of_set.groupby("size").n.first().items()}
        heads = [f"{word}: {sizes[word]:,}" for word in WORDS if word in sizes]
        lines += [f"## {data}", "", f"| arm | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
        for arm, of_arm in of_set.groupby("arm"):
            cells = []
            for word in WORDS:
                values = 100 * of_arm[of_arm["size"] == word].value
                spread = f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
                if word in sizes:
                    cells.append(f"{values.mean():.1f}{spread} ({len(values)})" if len(values) else "")
            lines.append(f"| {arm} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def main() -> None:
    """Write the page."""
    table = Table()
    counts = table.every.groupby(["data", "role"]).size().unstack(fill_value=0)
    held = [f"{data}: {row.to_dict()}" for data, row in counts.iterrows()]
    hours = table.every.cpu_seconds.sum() / 3600
    lines = [
        f"{len(table.every):,} trials, {hours:.1f} core-hours: {'; '.join(held)}. The table grows by "
        "`python bench/oracle/run.py DATA_FOLDER`.",
        "",
        *statements(table),
        "",
        "Accuracy in %, ± the standard deviation over draws of labels (number of draws).",
        "",
        *accuracies(table),
    ]
    write("oracle", "The oracle table", lines)


if __name__ == "__main__":
    main()
