"""Cut any network into ordered stages, from the input to the output, without a table of model names.

The rule: the *trunk* is the outermost list of blocks that holds at least half of the parameters that
are not embeddings. What is registered before it is the stem; each block of the trunk is a stage; what
comes after it (a final norm, a pooler) belongs to the last stage; the head stands apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

TRUNK_SHARE = 0.5


@dataclass(frozen=True)
class Stage:
    """A run of layers that freezes or moves as one.

    Attributes:
        name: ``stem``, or the dotted name of the block in the network.
        modules: The layers, in order; together they hold each parameter of the stage once.
    """

    name: str
    modules: tuple[nn.Module, ...]

    def parameters(self) -> list[nn.Parameter]:
        """Every parameter of the stage."""
        return [parameter for module in self.modules for parameter in module.parameters()]


def last_linear(module: nn.Module) -> tuple[str, nn.Linear]:
    """Find the classifier of a plain network: its last registered linear layer.

    Raises:
        ValueError: The network has no linear layer.
    """
    found = [(name, layer) for name, layer in module.named_modules() if isinstance(layer, nn.Linear)]
    if not found:
        raise ValueError("the network has no linear layer to serve as its head")
    return found[-1]


def cut(network: nn.Module, head: nn.Module) -> tuple[Stage, ...]:
    """Cut a network into stages ordered from input to output, without its head.

    Args:
        network: Any module, head included.
        head: The submodule that is the head; its parameters belong to no stage.

    Returns:
        At least one stage. Every parameter outside the head is in exactly one of them.
    """
    excluded = {id(parameter) for parameter in head.parameters()}
    name, trunk = _find_trunk(network, excluded)
    blocks = [(child_name, child) for child_name, child in trunk.named_children() if _size(child, excluded)]
    inside = {id(parameter) for parameter in trunk.parameters()}
    before, after = _around(network, trunk, head, excluded | inside)
    stages = [Stage("stem", tuple(before))] if before else []
    stages += [Stage(f"{name}.{child}" if name else child, (block,)) for child, block in blocks]
    if after:
        stages[-1] = Stage(stages[-1].name, (*stages[-1].modules, *after))
    return tuple(stages)


def _size(module: nn.Module, excluded: set[int]) -> int:
    return sum(p.numel() for p in module.parameters() if id(p) not in excluded)


def _weight(module: nn.Module, excluded: set[int]) -> int:
    """Parameters without those of embeddings, which would outweigh the blocks of small text models."""
    embedded = {id(p) for m in module.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    return _size(module, excluded | embedded)


def _find_trunk(network: nn.Module, excluded: set[int]) -> tuple[str, nn.Module]:
    total = max(_weight(network, excluded), 1)
    name, node, best = "", network, ("", network)
    while True:
        children = [(child_name, child) for child_name, child in node.named_children() if _size(child, excluded)]
        if isinstance(node, nn.ModuleList | nn.Sequential) and len(children) >= 2:
            return name, node
        if len(children) >= 2:
            best = (name, node)
        if not children:
            return best
        child_name, child = max(children, key=lambda pair: _weight(pair[1], excluded))
        if _weight(child, excluded) < TRUNK_SHARE * total:
            # No single block list dominates: the children of this level are the stages.
            return best
        name, node = f"{name}.{child_name}" if name else child_name, child


def _around(
    network: nn.Module, trunk: nn.Module, head: nn.Module, covered: set[int]
) -> tuple[list[nn.Module], list[nn.Module]]:
    """Collect the largest submodules before and after the trunk, in order of registration.

    A module that owns loose parameters itself (a position embedding, say) is returned as a
    :class:`LooseParameters` beside its children, so that nothing is counted twice.
    """
    before: list[nn.Module] = []
    after: list[nn.Module] = []
    seen_trunk = False

    def visit(module: nn.Module) -> None:
        nonlocal seen_trunk
        if module is trunk:
            seen_trunk = True
            return
        if module is head:
            return
        inside = list(module.modules())
        if not any(part is trunk or part is head for part in inside):
            if _size(module, covered):
                (after if seen_trunk else before).append(module)
            return
        loose = [p for p in module.parameters(recurse=False) if id(p) not in covered]
        if loose:
            (after if seen_trunk else before).append(LooseParameters(loose))
        for child in module.children():
            visit(child)

    visit(network)
    return before, after


class LooseParameters(nn.Module):
    """Parameters that a container owns directly, such as a class token; shares them, never copies."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        super().__init__()
        self.loose = nn.ParameterList(parameters)
