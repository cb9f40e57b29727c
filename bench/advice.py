"""Whether the prior from published results knows how sure it is: each source is predicted from all others.

``python bench/advice.py`` refits the prior without one source at a time, predicts the leads of that source, and writes
``results/advice.md``: how many 80 % intervals hold, whether probabilities are right, and how they compare with "always
transfer" and with a rule by labels per class. Takes under a minute.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from headstart.knowledge.fitting import fit_prior
from headstart.knowledge.prior import MARGIN, expect
from headstart.knowledge.published import Comparison, comparisons

RESULT = Path(__file__).parent / "results" / "advice.md"
BINS = (0.0, 0.4, 0.55, 0.7, 0.85, 1.0)
SMALLEST = 20  # comparisons of a bin that may be judged
MANY_A_CLASS, MANY = 1000, 100_000  # from here on the rule of thumb says "from scratch"


def rule(one: Comparison) -> float:
    """1 for transfer: below 1,000 labels a class, or 100,000 labels where classes are not known."""
    if one.n is None:
        return 1.0
    return float(one.n / one.classes < MANY_A_CLASS if one.classes else one.n < MANY)


def left_out(data: list[Comparison]) -> list[tuple[Comparison, float, float, float, float]]:
    """Each comparison with its probability, median and interval from a prior that never saw its source."""
    found = []
    for source in sorted({one.source for one in data}):
        prior = fit_prior([one for one in data if one.source != source])
        for one in data:
            if one.source == source:
                said = expect(one.modality, one.n, one.start, one.arm, prior=prior)
                found.append((one, said.probability, said.median, said.low, said.high))
    return found


def scores(rows: list[tuple[Comparison, float, float, float, float]], weights: np.ndarray) -> list[float]:
    """Brier scores of the prior, of always transfer and of the rule; coverage of the 80 % intervals."""
    won = np.array([one.points > MARGIN for one, *_ in rows], float)
    said = np.array([row[1] for row in rows])
    by_rule = np.array([rule(row[0]) for row in rows])
    held = np.array([low <= one.points <= high for one, _, _, low, high in rows], float)
    columns = ((said - won) ** 2, (1 - won) ** 2, (by_rule - won) ** 2, held)
    return [float(np.average(column, weights=weights)) for column in columns]


def main() -> None:
    """Write the result."""
    data = [one for one in comparisons() if one.use == "fit"]
    rows = left_out(data)
    per = defaultdict(int)
    for one in data:
        per[one.source] += 1
    each = np.ones(len(rows))
    by_source = np.array([1 / per[row[0].source] for row in rows])
    lines = [
        "# What published results foretell",
        "",
        f"{len(data)} comparisons of a pretrained start with from scratch, {len(per)} sources, "
        f"{len({(one.source, one.dataset) for one in data})} data sets. Each source is predicted from all others. "
        f"Transfer wins where it leads by more than {MARGIN:g} point.",
        "",
        "| | Brier, prior | Brier, always transfer | Brier, rule by labels a class | 80 % intervals that hold |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, weights in (("every comparison counts alike", each), ("every source counts alike", by_source)):
        a, b, c, d = scores(rows, weights)
        lines.append(f"| {name} | {a:.3f} | {b:.3f} | {c:.3f} | {d:.1%} |")
    lines += [
        "",
        "The rule says transfer below 1,000 labels a class (100,000 labels where classes are not known, and",
        "always where no size is known).",
        "",
        "## Are the probabilities right?",
        "",
        "| said | comparisons | mean said | transfer won | difference |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for low, high in zip(BINS, BINS[1:], strict=False):
        ours = [row for row in rows if low <= row[1] < high or row[1] == high == 1]
        if not ours:
            continue
        said, won = np.mean([row[1] for row in ours]), np.mean([row[0].points > MARGIN for row in ours])
        few = "" if len(ours) >= SMALLEST else " (fewer than 20: not judged)"
        lines.append(f"| {low:.2f}-{high:.2f} | {len(ours)}{few} | {said:.2f} | {won:.2f} | {won - said:+.2f} |")
    head = "modality | sources | comparisons | transfer won | mean said | Brier, prior | always transfer | rule"
    lines += ["", "## By modality", "", f"| {head} | intervals that hold |", "| --- |" + " ---: |" * 8]
    worse = []
    for modality in sorted({one.modality for one in data}):
        ours = [row for row in rows if row[0].modality == modality]
        a, b, c, d = scores(ours, np.ones(len(ours)))
        won, said = np.mean([row[0].points > MARGIN for row in ours]), np.mean([row[1] for row in ours])
        count = len({row[0].source for row in ours})
        cells = [
            modality,
            count,
            len(ours),
            f"{won:.2f}",
            f"{said:.2f}",
            f"{a:.3f}",
            f"{b:.3f}",
            f"{c:.3f}",
            f"{d:.0%}",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
        if a >= min(b, c):
            worse.append(modality)
    lines += [
        "",
        f"No better than the better of the two rules: {', '.join(worse) or 'nowhere'}.",
        "",
        "Where a modality has one source, that source is predicted from other kinds of data alone: there the prior",
        "knows least. Comparisons of one source resemble each other, so bins hold fewer independent cases than rows.",
        "Several models of one arm are read by their median; ECG networks from scratch by the stronger of two, the",
        "same for all tasks. Memory plans against measured peaks: `memory.md`; predicted seconds:",
        "`costs.md`.",
        "",
    ]
    RESULT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
