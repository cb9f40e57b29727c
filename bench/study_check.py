"""Does a study name an arm as good as the full comparison does, and does its model load elsewhere?

    python bench/study_check.py STUDY bench/results/full_NAME.csv DATA [--group-regex R]

The full comparison names its best arm on the judge half of the test part; both arms are then read on the
final half. Writes ``bench/results/study_NAME.md``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

import headstart as hs
from headstart.data import load

SAMPLE = 64


def regret(full: pd.DataFrame, arm: str) -> tuple[str, float, float, float]:
    """Best arm by the judge half; final metric of both, and the standard error of their difference over repeats."""
    measured = full[(full.role == "measuring") & full.error.isna()]
    best = measured.groupby("arm").judge.mean().idxmax()
    table = measured.pivot_table(index="repeat", columns="arm", values="final")
    if arm not in table:
        raise SystemExit(f"the full comparison holds no {arm}")
    gap = (table[best] - table[arm]).dropna()
    error = float(gap.std(ddof=1) / np.sqrt(len(gap))) if len(gap) > 1 and arm != best else 0.0
    return best, float(table[best].mean()), float(table[arm].mean()), error


def same_elsewhere(study: hs.Study, source: str, group_regex: str | None) -> str:
    """Whether the model's own library predicts what Headstart predicts, on a few examples."""
    from transformers import pipeline

    model = study.model()
    if model.card.model_format != "transformers":
        return f"format {model.card.model_format}: read by headstart.load alone"
    data = load(source, group_regex=group_regex)
    rows = np.random.default_rng(0).choice(len(data), SAMPLE, replace=False)
    if data.kind.name == "image":
        folder = study.folder / "sample"
        folder.mkdir(exist_ok=True)
        items = []
        for row in rows:
            data.content.open(int(row)).save(folder / f"{row}.png")
            items.append(str(folder / f"{row}.png"))
    else:
        items = [data.content.texts[row] for row in rows]
    options = {} if data.kind.name == "image" else {"truncation": True}
    theirs = pipeline(data.task, model=str(study.model_dir), top_k=None, **options)(items)
    ours = model.predict_proba(items)
    gaps = [
        abs(entry["score"] - ours[i, model.class_names.index(entry["label"])])
        for i, found in enumerate(theirs)
        for entry in found
    ]
    return f"transformers.pipeline on {SAMPLE} examples: largest difference of a probability {max(gaps):.1e}"


def first_answer(study: hs.Study) -> str:
    """When the first arm was measured, in seconds and as a share of the budget."""
    trials = study.table()
    ended = trials[trials.role == "measuring"].ended.min()
    return f"{ended:.0f} s ({100 * ended / study.recommendation.costs.budget_seconds:.0f} % of the budget)"


def main() -> None:
    """Compare and write."""
    from record import write

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("full", type=Path)
    parser.add_argument("data")
    parser.add_argument("--group-regex")
    arguments = parser.parse_args()
    study = hs.Study.open(arguments.study)
    answer = study.recommendation
    arm = f"{answer.strategy}@{answer.candidate}"
    lines = [
        f"- verdict: {answer.sentence}",
        f"- budget {answer.costs.budget_seconds:.0f} s, spent {answer.costs.spent_seconds:.0f} s; "
        f"first arm measured after {first_answer(study)}",
        f"- comparison size {answer.comparison_size:,}; recipes tried: "
        + ", ".join(f"{arm.name} {arm.evaluations}" for arm in answer.arms),
        f"- model: {same_elsewhere(study, arguments.data, arguments.group_regex)}",
    ]
    if arguments.full.exists():
        best, top, own, error = regret(pd.read_csv(arguments.full), arm)
        allowed = 0.01 + error
        verdict = "within" if top - own <= allowed else "NOT within"
        lines.append(
            f"- full comparison: best {best} {top:.4f}, the study's {arm} {own:.4f}; "
            f"loss {100 * (top - own):.2f} points, {verdict} one point + one standard error ({100 * allowed:.2f})"
        )
    else:
        lines.append("- full comparison: not run")
    write(f"study_{arguments.study.name}", f"A study of {arguments.study.name}", lines)


if __name__ == "__main__":
    main()
