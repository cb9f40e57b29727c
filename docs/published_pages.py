"""Pages whose figures come from the published results that Headstart ships and from its own measurements."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median

from headstart.knowledge import comparisons, cost_of, devices, expect, find_device, plan_memory, sources
from headstart.knowledge.large import SHAPES
from headstart.knowledge.prior import fitted_prior
from headstart.knowledge.published import Comparison, published_costs
from headstart.knowledge.starts import starting_points
from headstart.knowledge.ways import strategy_record

PICTURES = ("image", "medical image", "image detection", "image segmentation", "remote sensing")
MANY = 100_000


def pages(results: Path) -> dict[str, str]:
    """Every page by file name.

    Args:
        results: The folder ``bench/results``.
    """
    return {"transfer-or-scratch.md": rules_page(results), "fit-and-cost.md": cost_page(results)}


def rules_page(results: Path) -> str:
    """The usual rules of thumb, each with what was published and where it fails."""
    data = [one for one in comparisons() if one.use == "fit"]
    used = {one.source for one in data}
    lines = [
        "# Transfer learning or from scratch?",
        "",
        "It depends on how many labels there are, how far they lie from what models were trained on, and how hard each",
        f"side is tried. This page holds the usual rules against {len(data)} published comparisons of both sides",
        f"({len(used)} sources, {len({(one.source, one.dataset) for one in data})} data sets); "
        '"ahead" means by more than',
        "one point. Of many pretrained models the median is read: the best of many, chosen on test, "
        "would favour transfer.",
        'For your own case: `headstart advise --modality image --labels 500 --domain "chest x-ray"`, then',
        "`headstart study DATA`, which measures it.",
        "",
    ]
    for title, text in _rules(data).items():
        lines += [f"## {title}", "", text, ""]
    lines += ["## What Headstart measured itself", "", *_own(results), ""]
    lines += ["## How far this may be trusted", "", *_calibration(results), ""]
    lines += ["## Questions", "", *_questions(), ""]
    lines += ["## Sources", "", *(_source(key) for key in sorted(used)), ""]
    return "\n".join(lines)


def _rules(data: list[Comparison]) -> dict[str, str]:
    def of(test: Callable[[Comparison], object]) -> str:
        return _ahead([one for one in data if test(one)])

    pictures = [one for one in data if one.modality in PICTURES and one.n]
    slope = 10 ** (1 / -fitted_prior().mean[1])
    few, many = expect("text", 1000), expect("text", 100_000)
    five = expect("image", 5000)
    coco = [one for one in data if one.source == "he2018" and one.dataset == "COCO" and one.metric == "box AP"]
    short = median(one.points for one in coco if one.detail == "2x schedule")
    long = median(one.points for one in coco if one.detail == "6x schedule")
    hoiem = {one.n: one.points for one in data if one.source == "hoiem2021" and one.arm == "finetune"}
    adapter = SHAPES[7].adapter(16) / SHAPES[7].parameters
    model = next(one for one in starting_points() if one.name == "timm:resnet50")
    run = cost_of("full_finetune", model, 5000, find_device("rtx3090"))
    return {
        "Below 100,000 images, transfer": (
            "Mostly. With fewer images transfer was ahead in "
            f"{_ahead([o for o in pictures if (o.n or 0) < MANY])}. It fails "
            "where the pretraining data are unlike yours: see the domain gap."
        ),
        "Millions are needed for scratch": (
            "No. From 100,000 images on transfer was ahead in only "
            f"{_ahead([o for o in pictures if (o.n or 0) >= MANY])}. "
            f"On COCO (118,287 images) its lead was {short:+.1f} box AP at twice the usual schedule "
            f"and {long:+.1f} at six "
            "times: a short schedule, not the number of images, kept from scratch behind (He et al. 2018)."
        ),
        "A consumer card is enough": (
            f"To fine-tune, yes: ResNet-50 on 5,000 images is estimated at {run.seconds[0] / 60:.1f} to "
            f"{run.seconds[1] / 60:.0f} minutes on an RTX 3090. To pretrain, see [what it costs](fit-and-cost.md)."
        ),
        "Scratch overtakes as data grow": (
            f"It comes closer. In the fitted model the lead shrinks with labels, by one step of its scale for every "
            f"{slope:,.0f}-fold; the point where it ends is not known within powers of ten. "
            "CIFAR-100, fine-tuned against "
            f"from scratch: {hoiem[2500]:+.1f} points with 25 images a class, {hoiem[40000]:+.1f} "
            "with 400 (Hoiem et al. 2021)."
        ),
        "Beware of the domain gap": (
            f"Near starts were ahead in {of(lambda o: o.start == 'near')}, far ones in "
            f"{of(lambda o: o.start == 'far')}, "
            f"pretraining on the task's own unlabelled examples in {of(lambda o: o.start == 'own')}."
        ),
        "Adapters train 0.1 to 1 % of the weights and match full fine-tuning": (
            f"Nearly. Of LoRA and its kin: {strategy_record('peft')}. Rank 16 on every linear layer of a 7B model is "
            f"{adapter:.2%} of its weights."
        ),
        "Freeze the backbone when labels are few": (
            f"It is cheap, but {strategy_record('probe')}. Against from scratch a frozen model was ahead in "
            f"{of(lambda o: o.arm == 'probe')}."
        ),
        "BERT with 1,000 labels, and with 100,000": (
            f"With 1,000 the expected lead is {few.median:+.1f} points (80 % interval "
            f"{few.low:+.1f} to {few.high:+.1f}), with "
            f"100,000 {many.median:+.1f} ({many.low:+.1f} to {many.high:+.1f}); transfer is ahead "
            f"with {few.probability:.0%} "
            f"and {many.probability:.0%}. In texts it was ahead in {of(lambda o: o.modality == 'text')}."
        ),
        "500 images a class": (
            f"Ten classes make 5,000 images: expected lead {five.median:+.1f} points "
            f"({five.low:+.1f} to {five.high:+.1f}) for "
            f"photographs, and {expect('image', 5000, 'far').median:+.1f} where the start is far."
        ),
        "Unfreeze progressively": (
            "Nobody in the table has published it as a pair with all else alike. `headstart study DATA --strategy "
            "gradual_unfreeze --strategy full_finetune` measures it."
        ),
        "A smaller network of your own may do": (
            "Against the same network from scratch transfer was ahead in "
            f"{of(lambda o: o.matched)}, against another, mostly "
            f"smaller one in {of(lambda o: not o.matched)}. On records of the heart the median of "
            "eight pretrained models was "
            f"ahead in {of(lambda o: o.source == 'ecgfm2025' and o.arm == 'finetune')}, the best of eight on test in "
            f"{_best(data)}."
        ),
    }


def _ahead(rows: list[Comparison]) -> str:
    ahead, behind = sum(one.points > 1 for one in rows), sum(one.points < -1 for one in rows)
    return f"{ahead} of {len(rows)} comparisons (behind in {behind})"


def _best(data: list[Comparison]) -> str:
    tasks = [one for one in data if one.source == "ecgfm2025" and one.arm == "finetune"]
    return f"{sum(one.best_points > 1 for one in tasks)} of {len(tasks)}"


def _own(results: Path) -> list[str]:
    """The better arm of each side at the largest size of every full comparison."""
    lines = ["| data | labels | best of transfer | best from scratch | lead |", "| --- | ---: | ---: | ---: | ---: |"]
    for path in sorted(results.glob("full_*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if row["role"] == "measuring" and row["value"]]
        cells: dict[tuple[str, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            if row["paradigm"] in ("transfer", "scratch"):
                cells[row["paradigm"], int(row["n"])][row["arm"]].append(100 * float(row["value"]))
        both = {n for side, n in cells if side == "transfer"} & {n for side, n in cells if side == "scratch"}
        if not both:
            continue
        n = max(both)
        best = [max(sum(v) / len(v) for v in cells[side, n].values()) for side in ("transfer", "scratch")]
        name = path.stem.removeprefix("full_")
        lines.append(f"| {name} | {n:,} | {best[0]:.1f} | {best[1]:.1f} | {best[0] - best[1]:+.1f} |")
    return lines


def _calibration(results: Path) -> list[str]:
    """The first table and the last sentence of the calibration."""
    text = (results / "advice.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in text[: text.index("## Are the probabilities right?")] if line.startswith("|")]
    worse = next(line for line in text if line.startswith("No better"))
    return ["Each source was predicted from all others (`bench/advice.py`).", "", *table, "", worse]


def _questions() -> list[str]:
    thin = sorted(name for name, counts in fitted_prior().counts.items() if counts[0] < 3)
    return [
        "**Which model should I start from?** `headstart advise` lists some by name, licence and "
        "place; `headstart rank "
        "DATA` orders those at hand by scores on your data, and a study measures them.",
        "",
        "**There is no model for my kind of data.** Nothing published in the table covers radar, "
        "seismic or radio records: "
        "train your own network, and keep a borrowed one as the rival.",
        "",
        f"**Where is the evidence thin?** Fewer than three sources: {', '.join(thin)}.",
        "",
        "**Why does my result differ from this page?** It may: the interval for one new data set "
        "spans many points. What "
        "you measure goes before what others measured.",
    ]


def _source(key: str) -> str:
    one = sources()[key]
    title = f"[{one.title}]({one.link})" if one.link else one.title
    how = " (read in a summary; weighs less)" if one.read == "second-hand" else ""
    return f"- {one.authors}, {title}, {one.year}{how}"


def _measured_memory(results: Path) -> str:
    """How near plans came to what a GPU really held, from the bench's table."""
    rows = [line.split("|") for line in (results / "memory_gpu.md").read_text().splitlines() if line.startswith("| ")]
    ratios = [float(row[7]) for row in rows if row[7].strip().replace(".", "").isdigit()]
    return (
        f"In {len(ratios)} runs of five small models on an H100 (all weights or adapters, 32 or 16 bits, with and\n"
        f"without checkpointing) the plan was {min(ratios):.2f} to {max(ratios):.2f} of the allocator's peak. "
        + _measured_on_a_cpu(results)
    )


def _measured_on_a_cpu(results: Path) -> str:
    """How plans compare with what processes held, from the bench's table."""
    rows = [line.split("|") for line in (results / "memory.md").read_text().splitlines() if line.startswith("| ")][1:]
    rows = [row for row in rows if row[4].strip(" -:")]
    tensors, process = ([float(row[place]) for row in rows] for place in (4, 6))
    return (
        f"On a CPU it was\n{min(tensors):.2f} to {max(tensors):.2f} of what tensors took; a process held "
        f"{min(process):.2f} to {max(process):.2f} times the plan, because the C\nlibrary keeps some of what was freed."
    )


def cost_page(results: Path) -> str:
    """Memory, time and money."""
    date, cards = devices()
    lines = [
        "# Will it fit, what will it cost",
        "",
        "`headstart cost --config FOLDER` reads a model's `config.json` and adds up what training holds in memory;",
        "`headstart cost --modality text --labels 2000` estimates time, energy and money. Both "
        "train nothing. GB are 1e9",
        "bytes.",
        "",
        "## What reaches a value cheapest",
        "",
        "More labels, another strategy or a larger model: that is known once a study measured them. With its folder,",
        "",
        "```sh",
        "headstart cost studies/flowers --target 0.95 --label-price 2 --hardware t4",
        "```",
        "",
        "lists every option that is expected to reach 95 %, the cheapest first: how many labels it needs, with the",
        "90 % interval of its learning curve, how many of them are missing and what these cost, how long one run takes",
        "on the study's machine, and what the first would take on the cards that were named. Options that are not",
        "expected to reach it are named with the best that is expected of them. Nothing is said beyond four times an",
        "option's largest",
        "measured size. Without `--target`, one run with all labels is priced, or with `--labels 5000`.",
        "",
        "## Memory by strategy",
        "",
        "One text of 1,024 tokens, 16-bit weights, Adam, gradient checkpointing, adapters of rank 16:",
        "",
        "| model | full fine-tuning | LoRA | QLoRA | smallest card for QLoRA |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for size, shape in SHAPES.items():
        plans = [plan_memory(shape, name, length=1024) for name in ("full_finetune", "lora", "qlora")]
        fitting = sorted((card.memory_gb, card.name) for card in cards if plans[-1].fits(card))
        shown = " | ".join(f"{plan.total / 1e9:,.1f}" for plan in plans)
        lines.append(f"| {size}B | {shown} | {fitting[0][1] if fitting else 'none of the table'} |")
    lines += [
        "",
        "Full fine-tuning holds 12 bytes a weight: 2 for the weight, 2 for its gradient, 8 for "
        "Adam in 32 bits, as published figures have",
        "it; torch keeps Adam's moments as wide as the weights, which makes 8 in bf16. QLoRA holds about half a",
        "byte and trains only the adapters (`--strategy qlora`, with `pip install 'headstart[llm]'`). Headstart",
        "then keeps embeddings, norms and the head in 32 bits, not the 16 of the plan: with 128,000 tokens of width",
        "4,096 that is 1 GB more.",
        "",
        _measured_memory(results),
        "",
        f"## Cards and prices ({date})",
        "",
        "| card | GB | peak TFLOP/s in bf16, or fp32 without it | watts | US dollars an hour |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for card in cards:
        watts = f"{card.watts:g}" if card.watts else "not stated"
        price = f"{card.price_low:.2f}-{card.price_high:.2f}"
        lines.append(f"| {card.name} | {card.memory_gb:g} | {card.gflops / 1000:,.0f} | {watts} | {price} |")
    lines += [
        "",
        "Prices of one card differ by a factor of two to four between providers, so every estimate "
        "is a range. Training is",
        "taken to reach 5 to 40 % of the peak rate; a study replaces that by what it measures.",
        "",
        "## What pretraining from scratch was published to take",
        "",
        "| what | hardware | hours | US dollars then | year |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for one in published_costs():
        if "pretrain" in one.what or "ResNet-50" in one.what:
            hours = f"{one.hours:,.3g}" if one.hours is not None and one.hours < 1000 else f"{one.hours or 0:,.0f}"
            usd = f"{one.usd:,.0f}" if one.usd else ""
            lines.append(f"| {one.what} | {one.hardware or 'not named'} | {hours} | {usd} | {one.year} |")
    return "\n".join([*lines, ""])
