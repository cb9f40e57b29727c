"""Candidates by their names in timm, with the extra ``timm``: the only file that knows that library."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from headstart.core import SourceError, did_you_mean, reason_of
from headstart.modalities import Candidate, Modality
from headstart.modalities.image.pixels import Resize
from headstart.models.families.base import Family
from headstart.models.hub import fetch
from headstart.models.libraries import torchvision_trouble
from headstart.models.network import Network

PREFIX = "timm:"
WEIGHTS = "model.safetensors"
RESAMPLE = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3}  # Pillow's codes of timm's words


class TimmNetwork(nn.Module):
    """Gives a network of timm its pixels by position."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Map (B, 3, S, S) standardised pixels to (B, classes) logits."""
        logits: torch.Tensor = self.net(pixel_values)
        return logits


class TimmFamily(Family):
    """Networks for pictures by their names in timm."""

    name = "timm"

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """Names that begin with ``timm:``."""
        return resolve_timm(name, modality) if name.startswith(PREFIX) else None

    def require(self) -> None:
        """Import timm."""
        import_timm()

    def build(self, candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool) -> Network:
        """As timm makes it, with its own classifier as the head."""
        module, head = make_timm(candidate, len(class_names), weights)
        return Network(module, candidate, head)

    def renew(self, network: Network, stages: Sequence[int], seed: int) -> None:
        """From another network, because the library has its own rules of initialisation."""
        self.renew_from_another(network, stages, seed)


def import_timm() -> Any:
    """Import timm.

    Raises:
        SourceError: timm, or the torchvision that it needs, is not here or does not fit torch; the hint says what to
            install.
    """
    try:
        import timm
    except Exception as error:  # torchvision raises RuntimeError where it does not fit torch
        missing = getattr(error, "name", None) or ""
        if missing == "timm":
            raise SourceError("timm is not installed", hint="pip install 'headstart[timm]'") from None
        reason = reason_of(error)
        if "torchvision" not in f"{missing} {reason}":
            raise SourceError(f"timm cannot be imported: {reason}", hint="pip install --upgrade timm") from None
        trouble = torchvision_trouble()
        state = f"which cannot be imported here ({trouble})" if trouble else "which is not installed"
        raise SourceError(f"timm needs torchvision, {state}", hint=_how_to_install(again=bool(trouble))) from None
    return timm


def _how_to_install(again: bool) -> str:
    """The commands that bring the torchvision built for this torch."""
    pair = f"pip install torch=={torch.__version__.partition('+')[0]} torchvision"
    if torch.version.cuda is None and sys.platform == "linux":
        pair += ", both from the index of CPU builds that PyTorch's installation page names"
    return f"pip uninstall -y torchvision && {pair}" if again else pair


def resolve_timm(name: str, modality: Modality) -> Candidate:
    """Find a network by its name in timm, such as ``timm:resnet50`` or ``timm:resnet50.a1_in1k``.

    Its weights come from the local cache of the hub, else from the hub itself; where neither has them, the candidate
    is an architecture that trains from scratch, and says so.

    Raises:
        SourceError: timm cannot be used here, does not know the network, or it is not for pictures in colour.
    """
    if modality.name != "image":
        hint = f"Give a network for {modality.nouns}: a local folder or a hub id"
        raise SourceError(f"{name} is for images", hint=hint)
    word = name.removeprefix(PREFIX)
    described = _described(word)
    channels, *sides = described.input_size
    if channels != 3 or len(set(sides)) != 1:
        raise SourceError(f"{name} reads inputs of shape {described.input_size}", hint="Choose one for square pictures")
    folder, missing = _weights(described.hf_hub_id)
    return Candidate(
        name=name,
        modality=modality.name,
        family="timm",
        has_weights=folder is not None,
        missing=missing,
        weights_hash=_identity(word, folder, described),
        folder=None if folder is None else str(folder),
        input_size=sides[0],
        resize=_resize(described, sides[0]),
        mean=tuple(described.mean),
        std=tuple(described.std),
        licence=described.license,
    )


def _described(word: str) -> Any:
    """What timm says of a network's weights: their place, their pixels, their terms."""
    timm = import_timm()
    known = timm.list_models()
    architecture, _, tag = word.partition(".")
    if architecture not in known:
        raise SourceError(f"timm knows no network {word!r}", hint=did_you_mean(architecture, known))
    tagged = timm.list_models(f"{architecture}.*", pretrained=True)
    if tag and word not in tagged:
        raise SourceError(f"timm knows no weights {word!r}", hint=did_you_mean(word, tagged))
    return timm.models.get_pretrained_cfg(word, allow_unregistered=False)


def _resize(described: Any, side: int) -> Resize:
    resample = RESAMPLE.get(described.interpolation, RESAMPLE["bilinear"])
    if described.crop_mode == "squash":
        return Resize(size=side, mode="squash", resample=resample)
    return Resize(size=side, mode="crop", shorter=max(side, int(side / described.crop_pct)), resample=resample)


def _weights(hub_id: str | None) -> tuple[Path | None, str]:
    """The folder of the weights, or why there is none."""
    if not hub_id:
        return None, "timm has no weights of this network on the hub"
    try:
        folder = fetch(hub_id, f"its weights, {hub_id}, are")
    except SourceError as trouble:
        return None, trouble.fact
    if not (folder / WEIGHTS).exists():
        return None, f"its weights, {hub_id}, have no {WEIGHTS}"
    return folder, ""


def _identity(word: str, folder: Path | None, described: Any) -> str:
    """Content hash of the weights, or of the architecture's name and timm's version, and of how pixels are read."""
    seen = (described.mean, described.std, described.crop_pct, described.crop_mode, described.interpolation)
    digest = hashlib.blake2b(f"{word} {seen}".encode(), digest_size=12)
    if folder is None:
        digest.update(import_timm().__version__.encode())
    else:
        with (folder / WEIGHTS).open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "blake2b").digest())
    return digest.hexdigest()


def _check_names(net: nn.Module, file: Path) -> None:
    """Refuse weights that leave most of a network at random values, of which timm itself only warns.

    Raises:
        ValueError: They do not fit.
    """
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        there = set(opened.keys())
    sizes = {name: parameter.numel() for name, parameter in net.named_parameters()}
    if 2 * sum(size for name, size in sizes.items() if name not in there) > sum(sizes.values()):
        raise ValueError("most of its weights are missing in the file")


def make_timm(candidate: Candidate, num_classes: int, weights: str) -> tuple[TimmNetwork, nn.Linear]:
    """Build a candidate's network and tell its head.

    Args:
        candidate: Of the family ``timm``.
        num_classes: Width of the output.
        weights: ``pretrained`` or ``random``; whatever is random is drawn from torch's generator.

    Raises:
        SourceError: timm cannot build it, its weights do not fit, or its classifier is no linear layer.
    """
    timm = import_timm()
    pretrained = weights == "pretrained"
    file = Path(str(candidate.folder)) / WEIGHTS
    word = candidate.name.removeprefix(PREFIX)
    if word.partition(".")[0] not in timm.list_models():  # other forms of name make timm read folders and the hub
        raise SourceError(f"timm knows no network {word!r}", hint="Choose another candidate")
    try:
        net = timm.create_model(
            word,
            pretrained=pretrained,
            num_classes=num_classes,
            pretrained_cfg_overlay={"file": str(file)} if pretrained else None,
        )
        if pretrained:
            _check_names(net, file)
            net.reset_classifier(num_classes)  # weights for as many other classes would bring their head
        head = net.get_classifier()
    except Exception as error:  # each of timm's networks has its own complaints
        reason = reason_of(error)
        raise SourceError(
            f"{candidate.name} cannot be built: {reason}", hint="Choose another, or load its weights again"
        ) from None
    if not isinstance(head, nn.Linear):
        raise SourceError(
            f"{candidate.name} ends in a {type(head).__name__}, not in a linear layer",
            hint="Choose another network of timm",
        )
    return TimmNetwork(net), head
