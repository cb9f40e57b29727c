"""Cut any network into ordered stages, from the input to the output, without a table of model names.

The rule: the *trunk* is the outermost list of blocks that holds at least half of the parameters that
are not embeddings. What is registered before it is the stem; each block of the trunk is a stage; what
comes after it (a final norm, a pooler) belongs to the last stage; the head stands apart. Lists of the same kind of
block side by side (the ``layer1`` to ``layer4`` of many residual networks) are the stages themselves, even where the
last of them holds most of the parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

TRUNK_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Stage:
    """A run of layers that freezes or moves as one.

    Attributes:
        name: ``stem``, or the dotted name of the block in the network.
        modules: The layers, in order.
        owned: Their parameters, without those that an earlier stage shares.
    """

    name: str
    modules: tuple[nn.Module, ...]
    owned: tuple[nn.Parameter, ...]

    def parameters(self) -> list[nn.Parameter]:
        """Every parameter of the stage, once."""
        return list(self.owned)


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
        head: The head; its parameters belong to no stage. It may be a list of submodules.

    Returns:
        At least one stage. Every parameter outside the head is in exactly one of them; a parameter that
        several layers share is in the first of their stages.
    """
    excluded = {id(parameter) for parameter in head.parameters()}
    name, trunk, blocks = _find_trunk(network, excluded)
    parts: list[tuple[str, list[nn.Module]]] = [("stem", [])]
    _gather(network, excluded, trunk, blocks, f"{name}." if name else "", parts)
    parts = [(part, modules) for part, modules in parts if modules]
    if len(parts) > 1 and all(isinstance(module, LooseParameters) for module in parts[0][1]):
        parts[:2] = [(parts[1][0], [*parts[0][1], *parts[1][1]])]  # a lone class token is no stage
    stages: list[Stage] = []
    seen = set(excluded)
    for part, modules in parts:
        owned = []
        for parameter in (parameter for module in modules for parameter in module.parameters()):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                owned.append(parameter)
        if owned or not stages:
            stages.append(Stage(part, tuple(modules), tuple(owned)))
        else:  # layers without weights of their own, such as a norm that only keeps statistics
            stages[-1] = Stage(stages[-1].name, (*stages[-1].modules, *modules), stages[-1].owned)
    return tuple(stages)


def _gather(
    module: nn.Module,
    excluded: set[int],
    trunk: nn.Module | None,
    blocks: set[str],
    prefix: str,
    parts: list[tuple[str, list[nn.Module]]],
) -> None:
    """Add the largest submodules without a parameter of the head to the last part, in order of registration.

    Each child of the trunk that is named in ``blocks`` opens a part. A container that cannot be taken whole gives its
    loose parameters (a class token, say) as :class:`LooseParameters`, then its children.
    """
    holds_trunk = trunk is not None and any(part is trunk for part in module.modules())
    tensors = [*module.parameters(), *module.buffers()]
    if not tensors or all(id(tensor) in excluded for tensor in tensors):
        return
    if not holds_trunk and not any(id(tensor) in excluded for tensor in tensors):
        parts[-1][1].append(module)
        return
    loose = [p for p in module.parameters(recurse=False) if id(p) not in excluded]
    if loose:
        parts[-1][1].append(LooseParameters(loose))
    for child_name, child in module.named_children():
        if module is trunk and child_name in blocks:
            parts.append((prefix + child_name, []))
        _gather(child, excluded, trunk if holds_trunk and module is not trunk else None, blocks, prefix, parts)


def _size(module: nn.Module, excluded: set[int]) -> int:
    return sum(p.numel() for p in module.parameters() if id(p) not in excluded)


def _weight(module: nn.Module, excluded: set[int]) -> int:
    """Parameters without those of embeddings, which would outweigh the blocks of small text models."""
    embedded = {id(p) for m in module.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    return _size(module, excluded | embedded)


def _find_trunk(network: nn.Module, excluded: set[int]) -> tuple[str, nn.Module, set[str]]:
    """Name of the trunk, the trunk, and names of its children that are stages."""
    total = max(_weight(network, excluded), 1)
    name, node, best = "", network, ("", network, {child_name for child_name, _ in network.named_children()})
    while True:
        children = [(child_name, child) for child_name, child in node.named_children() if _size(child, excluded)]
        if isinstance(node, nn.ModuleList | nn.Sequential) and len(children) >= 2:
            return name, node, {child_name for child_name, _ in children}
        if len(children) >= 2:
            best = (name, node, {child_name for child_name, _ in children})
        if not children:
            return best
        child_name, child = max(children, key=lambda pair: _weight(pair[1], excluded))
        if _weight(child, excluded) < TRUNK_SHARE * total:
            # No single block list dominates: the children of this level are the stages.
            return best
        kin = {other_name for other_name, other in children if _kinds(other) & _kinds(child)}
        if len(kin) >= 2:
            return name, node, kin
        name, node = f"{name}.{child_name}" if name else child_name, child


def _kinds(module: nn.Module) -> set[type[nn.Module]]:
    """Classes of the blocks in a list of blocks; layers of torch itself are no blocks."""
    if not isinstance(module, nn.ModuleList | nn.Sequential):
        return set()
    return {type(child) for child in module if not type(child).__module__.startswith("torch.nn.")}


class LooseParameters(nn.Module):
    """Parameters that a container owns directly, such as a class token; shares them, never copies."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        super().__init__()
        self.loose = nn.ParameterList(parameters)
