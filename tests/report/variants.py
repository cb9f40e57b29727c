"""Summaries that real studies will produce sooner or later: other verdicts, gaps, and hostile words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from example_summary import build_document

from headstart.report.summary import Summary

HOSTILE = (
    "<script>alert(1)</script>",
    "[bold]x[/bold]",
    "[red]",
    "</script><img src=x onerror=alert(2)>",
    "日本語 Größe ñ 👩‍🔬",
    "a" * 400,
    "\x1b[31mred\x1b[0m",
    "two\nlines\r",
    "\u202egnp.exe",
    "{{ 7*7 }}",
    "' onload='x",
    "&lt;b&gt;",
    "",
    "http://example.invalid/x.png",
    "datum.value",
    "\ud800",
)


def undetermined() -> dict[str, Any]:
    """Nothing decided, no model yet, the study interrupted."""
    summary = build_document()
    summary["study"]["status"] = "interrupted"
    summary["recommendation"] |= {
        "paradigm": "undetermined",
        "sentence": "Transfer and from scratch cannot be told apart yet.",
        "p_best": 0.61,
        "remedy": "Label about 300 more examples or allow 20 more minutes.",
        "model_dir": None,
        "model_format": None,
    }
    for row in summary["recommendation"]["differences"]:
        row |= {"verdict": "undetermined", "difference": 0.012, "low": -0.02, "high": 0.044, "p_better": 0.71}
    return summary


def tie() -> dict[str, Any]:
    """Both ways inside the margin."""
    summary = build_document()
    summary["recommendation"] |= {
        "paradigm": "tie",
        "sentence": "Both ways are within one point; take the cheaper one.",
    }
    for row in summary["recommendation"]["differences"]:
        row |= {"verdict": "tie", "difference": 0.001, "low": -0.006, "high": 0.008}
    return summary


def without_scratch() -> dict[str, Any]:
    """Only transfer arms were measured."""
    summary = build_document()
    answer = summary["recommendation"]
    answer["arms"] = [arm for arm in answer["arms"] if arm["paradigm"] == "transfer"]
    answer["differences"] = [row for row in answer["differences"] if "from_scratch" not in row["reference"]]
    answer["comparison_size"] = None
    answer["crossover"] |= {"statement": "not measured: no size has both sides", "n": None, "low": None}
    answer["head_start"] |= {"statement": "not measured: no size has both sides", "n": None, "multiplier": None}
    answer["head_start"] |= {"examples": None, "low": None, "high": None}
    return summary


def empty() -> dict[str, Any]:
    """A study that was stopped before its first trial: every figure that may be missing is missing."""
    summary = build_document()
    summary["study"]["status"] = "interrupted"
    summary |= {"trials": [], "skipped": [], "errors": None}
    summary["data"] |= {"class_counts": [], "findings": [], "found": [], "groups": None}
    answer = summary["recommendation"]
    answer |= {
        "paradigm": "undetermined",
        "sentence": "Nothing was measured yet.",
        "strategy": None,
        "candidate": None,
        "p_best": None,
        "expected_regret": None,
        "runner_up": None,
        "baseline": None,
        "comparison_size": None,
        "differences": [],
        "reasons": [],
        "warnings": [],
        "model_dir": None,
        "model_format": None,
        "remedy": None,
        "action": "Nothing to use yet: no option finished in the time.",
        "leaning": None,
        "leaning_sentence": None,
        "p_side": None,
        "p_within": None,
        "trained_on": None,
    }
    answer["metric"] |= {"value": None, "low": None, "high": None, "naive": None}
    answer["crossover"] |= {"statement": "not measured", "n": None, "low": None, "high": None}
    answer["head_start"] |= {"statement": "not measured"} | {
        key: None for key in ("n", "examples", "multiplier", "low", "high")
    }
    answer["arms"] = [
        arm | {"status": "not started", "curve": [], "train_seconds": None, "recipe": None, "converged": None}
        for arm in answer["arms"]
    ]
    return summary


def hostile() -> dict[str, Any]:
    """Every place that can hold a stranger's words holds hostile ones."""
    summary = build_document()
    answer, data = summary["recommendation"], summary["data"]
    words = list(HOSTILE)
    summary["study"] |= {"name": words[0], "folder": f"runs/{words[3]}", "command": words[1]}
    data |= {"source": words[3], "class_names": words[:5], "found": words, "groups": words[2]}
    data["findings"] = [
        {"code": "x", "severity": "warning", "message": word, "count": 1, "examples": words, "value": None}
        for word in words
    ]
    keys = {}
    for arm, word in zip(answer["arms"], words, strict=False):
        keys[arm["key"]] = f"{arm['strategy']}@{word}"
        arm |= {"candidate": word, "name": f"{arm['strategy']} of {word}", "note": word, "key": keys[arm["key"]]}
    for row in answer["differences"]:
        row |= {"arm": keys[row["arm"]], "reference": keys[row["reference"]]}
    for trial, word in zip(summary["trials"], words * 10, strict=False):
        trial |= {"arm_name": word, "recipe": word, "error": word or None}
    for trial in summary["trials"]:
        trial["arm"] = keys[trial["arm"]]
    answer |= {"sentence": f"Take {words[0]} and {words[1]}", "warnings": words, "candidate": words[0]}
    answer |= {"reasons": [{"text": f"{word} 12.3", "trials": [word]} for word in words], "remedy": words[3]}
    answer["metric"]["name"] = words[0]
    answer["crossover"]["statement"] = answer["head_start"]["statement"] = words[3]
    summary["errors"]["class_names"] = words[:5]
    for row, word in zip(summary["errors"]["worst"], words[:6], strict=True):
        row |= {
            "id": word,
            "text": word,
            "label": word,
            "predicted": word,
            "thumbnail": f'data:image/png;base64,"{word}',
        }
    summary["skipped"] = [{"what": word, "reason": word} for word in words]
    summary["reproduce"] |= {"command": words[3], "versions": {word: word for word in words}}
    return summary


def many_classes(number: int = 200) -> dict[str, Any]:
    """A confusion matrix of 200 classes with long names, and thousands of trials."""
    summary = build_document()
    names = [f"class {place} " + "very long name " * 8 for place in range(number)]
    summary["data"] |= {"class_names": names, "class_counts": [7 + place % 5 for place in range(number)]}
    matrix = [[0] * number for _ in range(number)]
    for place in range(number):
        matrix[place][place] = 6
        matrix[place][(place * 7 + 1) % number] += 1 + place % 3
    summary["errors"] |= {"confusion": matrix, "class_names": names}
    first = summary["trials"][0]
    summary["trials"] += [first | {"key": f"more{place}", "repeat": place} for place in range(4000)]
    big = summary["errors"]["worst"][0]["thumbnail"] + "A" * 40_000
    summary["errors"]["worst"] = [row | {"thumbnail": big} for row in summary["errors"]["worst"] * 10]
    return summary


def _record(make: Callable[[], dict[str, Any]]) -> Callable[[], Summary]:
    return lambda: Summary.model_validate(make())


ALL: dict[str, Callable[[], Summary]] = {
    "example": _record(build_document),
    "undetermined": _record(undetermined),
    "tie": _record(tie),
    "without scratch": _record(without_scratch),
    "empty": _record(empty),
    "hostile": _record(hostile),
    "many classes": _record(many_classes),
}
