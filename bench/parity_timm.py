"""Our layer-wise rates against timm's ``param_groups_layer_decay``, parameter by parameter.

    pip install timm torchvision
    python bench/parity_timm.py

Networks are timm's own with random weights, cut into stages by our rule. Both sides say at which share of the rate
each parameter moves; nothing is trained. The largest ratio of the two shares is 1.00 where both mean the same.

timm imports torchvision, whose operators are compiled for one version of torch and cannot be described to another.
No network here uses them, so this script leaves their descriptions out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch
from record import write

from headstart.core import Recipe
from headstart.modalities.image.pixels import Resize
from headstart.models import Candidate, Network
from headstart.strategies import Train
from headstart.training.moving import freeze
from headstart.training.optimizer import build_optimizer

DECAY = 0.75
NETWORKS = {
    "vit_tiny_patch16_224": {},
    "deit_tiny_distilled_patch16_224": {},
    "eva02_tiny_patch14_224": {},
    "vit_tiny_patch16_224, mean of the patches": {"global_pool": "avg"},
    "resnet18": {},
    "convnext_atto": {},
}


def main() -> None:
    """Compare and write the table."""
    leave_torchvision_out()
    import timm
    from timm.optim import param_groups_layer_decay

    lines = [
        f"timm {timm.__version__}; decay {DECAY}. Layers: how many different rates there are, that of the head "
        "included.",
        "",
        "| network | parameters | the same share | layers, ours | timm's | largest ratio | where they differ |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, options in NETWORKS.items():
        module = timm.create_model(name.partition(",")[0], pretrained=False, num_classes=10, **options)
        names = {id(parameter): key for key, parameter in module.named_parameters()}
        theirs = {
            names[id(parameter)]: group["lr_scale"]
            for group in param_groups_layer_decay(module, layer_decay=DECAY)
            for parameter in group["params"]
        }
        lines.append(row(name, our_shares(module, names), theirs))
    lines += [
        "",
        "timm's last layer is the head, at the full rate, and its layer 0 is the stem. So do we: a stage that lies k "
        "places before the head moves at decay^k, and a final norm belongs to the last block. What differs:",
        "",
        "- A norm after pooling (`fc_norm`) is the head's for timm and the last block's for us, one place apart.",
        "- A second head is part of the last block for us.",
        "- Convolutional networks: our layers are the stages that freeze and move as one, timm's are single blocks, so "
        "that its rates fall further for the same decay.",
    ]
    write("parity_timm", "Layer-wise rates against timm's", lines)


def leave_torchvision_out() -> None:
    """Let torchvision be imported beside a torch that it was not built for."""
    describe: Callable = torch.library.register_fake

    def lenient(op, *rest, **options):  # noqa: ANN001, ANN002, ANN003, ANN202
        if isinstance(op, str) and op.startswith("torchvision::"):
            return lambda function: function
        return describe(op, *rest, **options)

    torch.library.register_fake = lenient
    sys.modules.pop("torchvision", None)  # headstart sets one aside that could not be imported without this


def our_shares(module: torch.nn.Module, names: dict[int, str]) -> dict[str, float]:
    """Share of the rate of each parameter, by our optimiser."""
    candidate = Candidate(
        name="timm",
        modality="image",
        family="own",
        has_weights=True,
        weights_hash="timm",
        input_size=224,
        resize=Resize(size=224),
    )
    network = Network(module, candidate)
    recipe = Recipe(learning_rate=1.0, head_rate=1.0, layer_decay=DECAY)
    moving, _ = freeze(network, Train(), recipe)
    groups = build_optimizer(network, moving, recipe).param_groups
    return {names[id(parameter)]: group["peak"] for group in groups for parameter in group["params"]}


def row(name: str, ours: dict[str, float], theirs: dict[str, float]) -> str:
    """A line of the table."""
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    ratios = {key: ours[key] / theirs[key] for key in ours}
    odd = [key for key, ratio in ratios.items() if abs(ratio - 1) > 1e-9]
    largest = max(max(ratio, 1 / ratio) for ratio in ratios.values())
    where = "" if not odd else "every stage" if len(odd) > len(ours) / 4 else ", ".join(f"`{key}`" for key in odd)
    return (
        f"| {name} | {len(ours)} | {len(ours) - len(odd)} | {len(set(ours.values()))} | {len(set(theirs.values()))} | "
        f"{largest:.2f} | {where or 'nowhere'} |"
    )


if __name__ == "__main__":
    main()
