"""What published results let one expect of such data, beside what the data say."""

from __future__ import annotations

from headstart.advice.before_record import Before
from headstart.advice.decide import Verdict
from headstart.knowledge import Expectation, expect
from headstart.studies import Evidence

KNOWN_AS = {"series": "time series"}  # tasks whose modality has another name in the published table
SURE = 0.8  # share of the interval, and probability from which on published results take a side


def known_before(evidence: Evidence, verdict: Verdict | None) -> Before | None:
    """Compare the verdict with published results; None before anything was compared."""
    if verdict is None or verdict.runner_up is None or verdict.difference is None:
        return None
    sides = {arm.paradigm: arm for arm in (verdict.winner, verdict.runner_up)}
    if set(sides) != {"transfer", "scratch"}:
        return None
    task = evidence.settings.task.removesuffix("-classification")
    arm = "probe" if evidence.kind(sides["transfer"].key) == "closed" else "finetune"
    known = expect(KNOWN_AS.get(task, task), verdict.n, "near", "probe" if arm == "probe" else "finetune")
    lead = 100 * verdict.difference[0] * (1 if verdict.winner.paradigm == "transfer" else -1)
    improbable = (verdict.kind == "scratch" and known.probability >= SURE) or (
        verdict.kind == "transfer" and known.scratch_probability >= SURE
    )
    contradicted = improbable or not known.low <= lead <= known.high
    return Before(
        n=verdict.n,
        expectation=known,
        measured=lead,
        contradicted=contradicted,
        sentence=_sentence(known, lead, verdict.n, contradicted),
    )


def _sentence(known: Expectation, lead: float, n: int, contradicted: bool) -> str:
    basis = (
        f"{known.comparisons} published comparisons on {known.datasets} data sets"
        if known.strength != "none"
        else "published comparisons of other kinds of data, for none is known of this kind"
    )
    expected = (
        f"With {n:,} labels, {basis} let one expect transfer to lead by {known.median:.1f} points "
        f"({SURE:.0%} interval {known.low:.1f} to {known.high:.1f}) from a general pretrained start"
    )
    if not contradicted:
        return f"{expected}; yours measured {lead:+.1f}, as expected."
    return (
        f"{expected}. Yours measured {lead:+.1f}: your data say otherwise, and they count. They may be unlike what was "
        "published, or the starts that were tried unlike those."
    )
