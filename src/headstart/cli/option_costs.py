"""What the options of a study would take, on the screen."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from headstart.advice.curve_sentences import size
from headstart.advice.option_costs_record import OptionCost, StudyCosts
from headstart.cli.advising import WIDTH, cost_lines
from headstart.cli.lines import as_json, one_line
from headstart.report.prices import CARDS
from headstart.report.wording import duration


def run_ways(
    folder: str,
    target: float | None,
    labels: int | None,
    label_price: float | None,
    hardware: Sequence[str],
    *,
    json_output: bool,
) -> None:
    """Print what the options of a study would take, the cheapest first."""
    from headstart.api.opened import Study

    found = Study.open(folder).costs(
        target=target, labels=labels, label_price=label_price, hardware=tuple(hardware) or CARDS
    )
    print(as_json(found.model_dump(mode="json")) if json_output else "\n".join(screen(found)))


def screen(found: StudyCosts) -> list[str]:
    """The lines of the screen."""
    lines = [*_wrapped(found.sentence), ""]
    if found.ways:
        reaching = found.target is not None
        lines.append(f"{'labels':>8}  {'90 % interval' if reaching else f'expected {found.metric}'}")
        for way in found.ways:
            lines += _option(way, reaching)
        lines += ["", "One run of the first elsewhere, by its operations (estimates; prices of " + found.dated + ")"]
        lines += cost_lines(found.ways[0].elsewhere)
        if not found.ways[0].elsewhere:
            lines.append("  not known: its operations were not counted")
    if found.beyond:
        lines += ["", "Not priced"]
        for one in found.beyond:
            lines += _wrapped(f"- {one}", "  ")
    if any(way.extrapolated for way in found.ways):
        lines += ["", "* more labels than this option was measured with: extrapolated."]
    return lines


def _option(way: OptionCost, reaching: bool) -> list[str]:
    """Two lines: what, then how many labels and what they take."""
    if reaching:
        end = size(way.high) if way.high is not None else "?"
        span = f"{size(way.low or way.labels)} to {end}"
    else:
        span = f"{100 * way.value:.1f} ({100 * way.value_low:.1f} to {100 * way.value_high:.1f})"
    parts = [f"one run here {duration(way.seconds)}"]
    if way.missing:
        price = "" if way.labelling is None else f", ${way.labelling:,.0f}"
        parts.append(f"{size(way.missing)} labels more{price}")
    mark = "*" if way.extrapolated else ""
    return [f"  {one_line(way.name)}", f"{size(way.labels) + mark:>8}  {span:22} {'; '.join(parts)}".rstrip()]


def _wrapped(text: str, indent: str = "") -> list[str]:
    hanging = indent + "  " * bool(indent)
    return textwrap.wrap(one_line(text), WIDTH, initial_indent=indent, subsequent_indent=hanging)
