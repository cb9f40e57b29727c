"""Which arms a study compares, and why others are left out."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core import Arm, SettingsError
from headstart.modalities import get_modality
from headstart.models import Candidate, absent_names, builtin_names, resolve
from headstart.strategies import Strategy, default_strategies, get_strategy

LeftOut = list[tuple[str, str]]


def find_candidates(asked: Sequence[str], task: str, native_size: int) -> tuple[dict[str, Candidate], LeftOut]:
    """The candidates asked for, or the built-in ones; compact networks always stand beside them.

    Raises:
        SourceError: A candidate that was asked for cannot be had.
    """
    left_out: LeftOut = []
    names = list(builtin_names(task))
    if asked:
        own = builtin_names(task, pretrained=False)
        names = [*dict.fromkeys(asked), *(name for name in own if name not in asked)]
    else:
        left_out += absent_names(task)
    found = {name: resolve(name, task, native_size=native_size) for name in names}
    for name, candidate in list(found.items()):
        if not asked and candidate.least_size > native_size:
            words = get_modality(candidate.modality).size_words
            what = f"made for examples of {words(candidate.least_size)} and more; these have {words(native_size)}"
            left_out.append((name, what))
            del found[name]
    return found, left_out


def make_arms(
    candidates: dict[str, Candidate], asked: Sequence[str], asked_candidates: Sequence[str]
) -> tuple[tuple[Arm, ...], LeftOut]:
    """Cross candidates with strategies.

    Args:
        candidates: By name.
        asked: Names of strategies; empty for those that are compared by default.
        asked_candidates: Candidates the user named, whose architecture is then tried from scratch too.

    Returns:
        The arms, and what was left out.

    Raises:
        SettingsError: Nothing fits together.
    """
    names, left_out = (list(asked), []) if asked else default_strategies()
    arms = []
    for name in names:
        strategy = get_strategy(name)
        drawn: dict[str, str] = {}  # architectures that this strategy starts at random, and for which candidate
        for candidate in candidates.values():
            reason = strategy.refuses(candidate)
            same = drawn.get(candidate.architecture)
            if reason is None and same is not None:
                reason = f"without its weights it is the same network as {same}"
            if reason is None and _needs_asking(strategy, candidate, asked, asked_candidates):
                reason = get_modality(candidate.modality).costly
            if reason is None:
                if strategy.weights == "random" and candidate.architecture:
                    drawn[candidate.architecture] = candidate.name
                arms.append(Arm(candidate=candidate.name, strategy=name, paradigm=strategy.paradigm))
            elif candidate.has_weights or candidate.missing or asked:
                left_out.append((f"{name} of {candidate.name}", reason))
    if not arms:
        raise SettingsError(
            f"none of the strategies applies to any of the candidates{_first_reason(left_out)}",
            place="--strategy, --candidate",
            hint="headstart strategies shows what each needs",
        )
    return tuple(arms), left_out


def _first_reason(left_out: LeftOut) -> str:
    return f" ({left_out[0][0]}: {left_out[0][1]})" if left_out else ""


def _needs_asking(
    strategy: Strategy, candidate: Candidate, asked: Sequence[str], asked_candidates: Sequence[str]
) -> bool:
    """Text encoders from scratch are left to the compact networks and TF-IDF unless asked for by name."""
    wanted = candidate.name in asked_candidates and strategy.name in asked
    costly = get_modality(candidate.modality).costly
    return bool(costly) and strategy.paradigm == "scratch" and candidate.has_weights and not wanted
