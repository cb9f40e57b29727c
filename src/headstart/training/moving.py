"""Which parameters move: a phase's choice of stages, resolved on a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from headstart.core import Recipe, SettingsError
from headstart.models import Network
from headstart.strategies import Moving, Pairs, Train

Relevance = Callable[[], Sequence[float]]


def moving_stages(network: Network, moving: Moving, relevance: Relevance | None = None) -> tuple[int, ...]:
    """Indices of the stages that move, ascending.

    Args:
        network: Cut into S stages.
        moving: What the phase or its recipe asks for.
        relevance: Gives a figure for each stage (S,); asked only for ``relevant``.

    Raises:
        SettingsError: The network has fewer stages than asked for, or nothing tells their relevance.
    """
    total = len(network.stages)
    if moving.where == "all":
        return tuple(range(total))
    count = moving.count if moving.count is not None else max(1, round(moving.share * total))
    if moving.where == "none" or not count:
        return ()
    if count > total:
        raise SettingsError(
            f"{network.candidate.name} has {total} stages, so {count} of them cannot move",
            place=f"{moving.where}:{count}",
            hint=f"Ask for at most {total}: {moving.where}:{total}",
        )
    if moving.where == "relevant":
        if relevance is None:
            raise SettingsError("relevance needs examples to measure gradients on", place="relevant")
        figures = relevance()
        return tuple(sorted(sorted(range(total), key=lambda stage: -figures[stage])[:count]))
    first = {"first": 0, "last": total - count, "middle": (total - count) // 2}[moving.where]
    return tuple(range(first, first + count))


def freeze(
    network: Network, phase: Train | Pairs, recipe: Recipe, relevance: Relevance | None = None
) -> tuple[tuple[int, ...], list[nn.Module]]:
    """Freeze everything but what the phase moves, the head and added adapters; pairs do not reach the head.

    Returns:
        Indices of the stages that move, and the modules that must stay in eval mode, so that their running
        statistics stay too.
    """
    of_phase = phase.moving if isinstance(phase, Train) else None
    moving = of_phase or Moving.parse(recipe.moving)
    indices = moving_stages(network, moving, relevance)
    biases = {id(p) for name, p in network.named_parameters() if name.endswith("bias")}
    still: list[nn.Module] = []
    network.requires_grad_(False)
    for index, stage in enumerate(network.stages):
        for parameter in stage.parameters():
            whole = moving.only == "weights"
            parameter.requires_grad_(index in indices and (whole or id(parameter) in biases))
        if index not in indices:
            still.extend(stage.modules)
        elif moving.only == "biases":
            still += [part for module in stage.modules for part in module.modules() if hasattr(part, "running_mean")]
    head = () if isinstance(phase, Pairs) else network.head_module.parameters()
    for parameter in (*head, *network.added):
        parameter.requires_grad_(True)
    return indices, still
