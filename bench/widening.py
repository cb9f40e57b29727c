"""Fit the factors by which extrapolated intervals are widened, from real curves.

    python bench/real_curves.py DATA && python bench/widening.py

A curve needs the factor that stretches its interval, about its median, just up to what was then seen; 90 % of the
curves need at most their 90 % quantile. Writes ``src/headstart/evidence/widening.json``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

RUNS = Path(__file__).parents[1] / "runs"
TABLE = Path(__file__).parents[1] / "src" / "headstart" / "evidence" / "widening.json"
LEVEL = 0.90


def records(bank: str | None = None) -> list[dict]:
    """What ``real_curves.py`` wrote, without the curves that a guard keeps from being extrapolated."""
    rows = [json.loads(line) for line in (RUNS / "real_curves.jsonl").read_text().splitlines()]
    return [row for row in rows if row["interval"] and (bank is None or row["bank"] == bank)]


def needed(rows: list[dict]) -> np.ndarray:
    """The factor each curve needs at each ratio (curves, 2)."""
    result = []
    for row in rows:
        line = []
        for truth, (middle, low, high) in zip(row["truth"], row["interval"], strict=True):
            reach = high - middle if truth >= middle else middle - low
            line.append(abs(truth - middle) / max(reach, 1e-9))
        result.append(line)
    return np.asarray(result)


def factors(rows: list[dict]) -> dict[int, tuple[float, ...]]:
    """By the number of sizes: factors at 1, 2 and 4 n_max; never below 1, never falling."""
    table = {}
    for count in sorted({row["sizes"] for row in rows}):
        need = needed([row for row in rows if row["sizes"] == count])
        two, four = np.quantile(need, LEVEL, axis=0)
        two = max(1.0, float(two))
        table[count] = (1.0, two, max(two, float(four)))
    return table


def main() -> None:
    """Fit on all of LCDB and write the table."""
    rows = records("lcdb")
    table = {str(count): [round(value, 3) for value in row] for count, row in factors(rows).items()}
    document = {
        "source": "LCDB 1.1 (Yan, Mohr and Viering 2025, arXiv 2505.15657), made by bench/widening.py",
        "curves": {count: sum(row["sizes"] == int(count) for row in rows) for count in table},
        "ratios": [1, 2, 4],
        "factors": table,
    }
    TABLE.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(TABLE.read_text())


if __name__ == "__main__":
    main()
