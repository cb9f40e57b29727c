"""Make the shipped facts and the fitted prior from tables of published results.

``python scripts/knowledge.py TABLES`` reads ``transfer_vs_scratch.csv``, ``vtab2019_results.csv``,
``hoiem2021_cifar100.csv`` and ``costs.csv`` in the folder TABLES, writes ``comparisons.csv``, ``costs.csv`` and
``prior.json`` into ``src/headstart/knowledge`` and prints what was left out and why. A new figure is a row in those
tables and a line in ``sources.csv``.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median
from typing import Any

HOME = Path(__file__).parent.parent / "src" / "headstart" / "knowledge"
Row = dict[str, Any]

FLIPPED = {"WER", "CER", "PER", "error rate"}  # percent, and lower is better
OFF_SCALE = ("MSE", "RMSE", "PSNR", "loss", "background")  # not between 0 and 100
LEFT_OUT = {
    "nlpprogress": "compares figures of separate papers",
    "corley2023": "no network trained from scratch",
    "modcl2026": "no network trained from scratch",
}
# Of two networks from scratch the stronger one, the same for all tasks: what a careful user would have trained.
NAMED_RIVAL = {"ecgfm2025": "S4"}
KINDS = {"finetune": "finetune", "linear_probe": "probe", "lora": "peft", "prefix": "peft", "prompt": "peft"}
KINDS["bitfit"] = "peft"
# Classes and training sizes that are part of the definition of VTAB (Zhai et al. 2019, appendix).
VTAB = {
    "CIFAR-100": (100, 50000), "Caltech101": (102, 3060), "DTD": (47, 3760), "Flowers102": (102, 2040),
    "Pets": (37, 3680), "SVHN": (10, 73257), "Sun397": (397, 87003), "Camelyon": (2, 294912),
    "EuroSAT": (10, 21600), "Resisc45": (45, 25200), "Retinopathy": (5, 46032), "Clevr-Count": (8, 70000),
    "Clevr-Dist": (6, 70000), "DMLab": (6, 88178), "KITTI-Dist": (4, 6770), "dSpr-Loc": (16, 663552),
    "dSpr-Orient": (16, 663552), "sNORB-Azim": (18, 24300), "sNORB-Elev": (9, 24300),
}  # fmt: skip
# Yang and Sharma 2026: three ways on one data set. Never fitted: it is a case to check the prior with.
COWS = [("probe", 76.6, "frozen DINOv3 6.7B"), ("peft", 83.2, "QLoRA, all layers, rank 64")]


def read(path: Path) -> list[Row]:
    """A CSV file, NA and empty cells as None."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [{k: None if v in ("NA", "") else v for k, v in row.items()} for row in csv.DictReader(stream)]


def distance(row: Row) -> str:
    """How far the pretraining data lie from the task: ``own`` (its own unlabelled examples), ``near``, ``far``."""
    start, kind, domain = str(row["pretrain_data"]), row["modality"], row["domain"]
    if start.startswith(("same ", "target-task")) or (start.startswith("KITTI3D") and "KITTI" in row["dataset"]):
        return "own"
    if "ImageNet" in start and not domain.startswith(("natural", "human pose")):
        return "far"
    return "far" if kind == "source code" and "code" not in start.lower() else "near"


def schedule(row: Row) -> str:
    """The length of training where a source compares lengths, such as ``3x schedule``."""
    found = re.search(r"\d+x schedule|\d+ epochs; large-scale", row["note"] or "")
    return found[0].split(";")[0] if found and row["source"] in ("he2018", "detectron2") else ""


def compare(rows: list[Row], left: Counter[tuple[str, str]]) -> list[Row]:
    """Pairs of arms within one source, data set, size, metric and schedule.

    Several pretrained models become their median, and so do several networks from scratch: the best of many on the
    test part would favour the side with more entries.
    """
    cells: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        source = row["source"]
        if source in LEFT_OUT:
            left[source, LEFT_OUT[source]] += 1
        elif row["metric"].startswith(OFF_SCALE) or "loss" in row["metric"]:
            left[source, f"{row['metric']} is not on a scale of 0 to 100"] += 1
        elif "random" in (row["pretrain_data"] or ""):
            left[source, "frozen random features are neither side"] += 1
        elif row["strategy"] not in (*KINDS, "scratch"):
            left[source, "used as it is or trained in a way of its own"] += 1
        elif row["strategy"] == "scratch" and row["model"] != NAMED_RIVAL.get(source, row["model"]):
            left[source, f"from scratch stands for {NAMED_RIVAL[source]} throughout"] += 1
        else:
            cells[source, row["dataset"], row["n_train"], row["metric"], schedule(row)].append(row)
    found = []
    for cell in cells.values():
        arms: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in cell:
            kind = "scratch" if row["strategy"] == "scratch" else KINDS[row["strategy"]]
            arms[kind, "" if kind == "scratch" else distance(row)].append(row)
        scratch = arms.pop(("scratch", ""), [])
        for (kind, far), ours in arms.items():
            rivals = {"scratch": scratch}
            if kind in ("peft", "probe"):
                rivals["finetune"] = arms.get(("finetune", far), [])
            for name, theirs in rivals.items():
                made = pair(kind, far, ours, name, theirs)
                found += [made] if made else []
        if not scratch and not any(kind == "finetune" and len(arms) > 1 for kind, _ in arms):
            left[cell[0]["source"], "no partner at the same size and metric"] += len(cell)
        elif scratch and not arms:
            left[cell[0]["source"], "no pretrained partner at the same size, metric and schedule"] += len(cell)
    return found


def pair(kind: str, far: str, ours: list[Row], name: str, theirs: list[Row]) -> Row | None:
    """One comparison: medians over the models that both arms have, else over all of each."""
    shared = {row["model"] for row in ours} & {row["model"] for row in theirs}
    if shared:
        ours, theirs = ([row for row in rows if row["model"] in shared] for rows in (ours, theirs))
    if not ours or not theirs:
        return None
    row, sign = ours[0], -1 if ours[0]["metric"] in FLIPPED else 1
    first, second = (median(float(one["value"]) for one in rows) for rows in (ours, theirs))
    best, rival = (max(sign * float(one["value"]) for one in rows) for rows in (ours, theirs))
    return dict(
        source=row["source"], modality=row["modality"], domain=row["domain"], dataset=row["dataset"],
        n=row["n_train"], classes=row["n_classes"], metric=row["metric"], detail=schedule(row), start=far,
        arm=kind, rival=name, arm_value=round(first, 3), rival_value=round(second, 3),
        points=round(sign * (first - second), 3), models=len(ours), rivals=len(theirs),
        matched="yes" if shared else "no", use="fit" if name == "scratch" else "strategy",
        best_points=round(best - rival, 3),
    )  # fmt: skip


def vtab(rows: list[Row]) -> list[Row]:
    """The supervised ImageNet start of VTAB, named before looking, against its network from scratch."""
    by = {(row["method"], row["task"], row["train_examples"]): row for row in rows}
    return [
        base("vtab2019", "image", row["group"] + " images", task, VTAB[task][1] if n == "full" else 1000, VTAB[task][0])
        | dict(start="near" if row["group"] == "natural" else "far", arm="finetune", metric="accuracy")
        | values(float(by["Sup-100%", task, n]["top1_percent"]), float(row["top1_percent"]))
        for (method, task, n), row in by.items()
        if method == "From-Scratch"
    ]


def hoiem(rows: list[Row]) -> list[Row]:
    """CIFAR-100 with 25 to 400 images a class: means over the partitions."""
    cells: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row in rows:
        cells[row["arm"], int(row["examples_per_class"])].append(float(row["test_error_percent"]))
    mean = {key: sum(found) / len(found) for key, found in cells.items()}
    return [
        base("hoiem2021", "image", "natural images", "CIFAR-100", 100 * n, 100)
        | dict(start="near", arm="probe" if arm == "linear" else "finetune", metric="accuracy")
        | values(round(100 - error, 2), round(100 - mean["scratch", n], 2))
        for (arm, n), error in mean.items()
        if arm in ("linear", "finetune")
    ]


def cows() -> list[Row]:
    """Dairy-cow behaviour: shown beside an answer, never fitted."""
    made = [
        base("yang2026", "image", "farm animals", "dairy-cow behaviour", 2160, None)
        | dict(start="near", arm=arm, metric="accuracy", detail=detail, matched="no")
        | values(value, 72.9)
        for arm, value, detail in COWS
    ]
    return [row | dict(use="shown") for row in made]


def base(source: str, modality: str, domain: str, dataset: str, n: int, classes: int | None) -> Row:
    """What the comparisons of other tables share."""
    names = dict(source=source, modality=modality, domain=domain, dataset=dataset, n=n, classes=classes)
    return names | dict(detail="", rival="scratch", models=1, rivals=1, matched="yes", use="fit")


def values(first: float, second: float) -> Row:
    """Two values in percent, and their difference in points."""
    points = round(first - second, 3)
    return dict(arm_value=first, rival_value=second, points=points, best_points=points)


FIELDS = (
    "source modality domain dataset n classes metric detail start arm rival arm_value rival_value points best_points "
    "models rivals matched use"
).split()


def main() -> int:
    """Write the files, and print what was left out."""
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "transfer_vs_scratch.csv").exists():
        print("usage: python scripts/knowledge.py FOLDER_WITH_TABLES", file=sys.stderr)
        return 2
    tables, left = Path(sys.argv[1]), Counter[tuple[str, str]]()
    raw = read(tables / "transfer_vs_scratch.csv")
    rows = [*compare(raw, left), *vtab(read(tables / "vtab2019_results.csv"))]
    rows += [*hoiem(read(tables / "hoiem2021_cifar100.csv")), *cows()]
    rows.sort(key=lambda row: [str(row[name] or "") for name in FIELDS[:11]])
    with (HOME / "comparisons.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    costs = [row for row in read(tables / "costs.csv") if row["hours"] or row["usd"]]
    with (HOME / "costs.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["source", "year", "what", "hardware", "hours", "usd", "note"],
                                lineterminator="\n", extrasaction="ignore")  # fmt: skip
        writer.writeheader()
        writer.writerows(costs)
    print(f"{len(raw)} figures read; {len(rows)} comparisons: {dict(Counter(row['use'] for row in rows))}")
    for (source, reason), count in sorted(left.items()):
        print(f"left out: {count:4d} of {source}: {reason}")
    from headstart.knowledge.fitting import fit_prior
    from headstart.knowledge.published import comparisons

    comparisons.cache_clear()
    prior = fit_prior([one for one in comparisons() if one.use == "fit"])
    (HOME / "prior.json").write_text(prior.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
