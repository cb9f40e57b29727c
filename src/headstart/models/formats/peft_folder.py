"""The form of peft: the adapters and the trained head, without the frozen weights that they sit on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from headstart.core import BundleError, SourceError
from headstart.modalities import Candidate
from headstart.models.adapters import head_names, quiet_adapters, wrap
from headstart.models.building import build
from headstart.models.candidates import resolve
from headstart.models.card import Card
from headstart.models.families import get_family
from headstart.models.formats.weights import held_in
from headstart.models.network import Network
from headstart.models.quantised import INSTALL, MISSING, has_four_bits

if TYPE_CHECKING:
    from peft import PeftConfig

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# Stands where transformers looks for the frozen weights. It would find them where they are a local folder, and answer
# with class names of its own; the name of nothing that can exist makes it refuse, and this is what it then prints.
NO_BASE = "load this folder with headstart.load: see README.md"
WORDS = {"peft_type", "task_type", "bias", "base_model_name_or_path", "peft_version", "revision"}
NAMES = {"target_modules", "feedforward_modules", "modules_to_save", "exclude_modules"}
IGNORED = {"auto_mapping", "base_model_name_or_path", "peft_version", "revision", "inference_mode"}


def write_peft(network: Network, card: Card, folder: Path) -> None:
    """Write the adapters and the trained head."""
    cast(Any, network.module).save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
    file = folder / CONFIG
    settings = json.loads(file.read_text()) | {"base_model_name_or_path": NO_BASE, "auto_mapping": None}
    for word in NAMES & settings.keys():  # sets, in another order each time
        settings[word] = sorted(set(settings[word])) if isinstance(settings[word], list) else settings[word]
    file.write_text(json.dumps(settings, indent=2) + "\n")
    get_family(card.candidate.family).write_reader(card.candidate, folder)


def read_peft(card: Card, folder: Path, allow_code: bool = False) -> Network:
    """Put the adapters back on the candidate's weights, which must be the same as when they were trained.

    Raises:
        BundleError: Adapters or candidate are missing, changed, or need code that is not allowed.
    """
    from peft import PeftModel, get_peft_model_state_dict

    if not (folder / WEIGHTS).is_file():
        raise BundleError(f"the adapters have no {WEIGHTS}", place=str(folder), hint="Save the model again")
    if card.quantised and not has_four_bits():
        raise BundleError(MISSING, place=str(folder), hint=INSTALL)
    config = _read_config(folder)
    network = _base(card, folder, allow_code)
    heads = head_names(network)
    with quiet_adapters():
        module = PeftModel.from_pretrained(
            cast(Any, network.module), str(folder), config=config, local_files_only=True, torch_device="cpu"
        )
        expected = get_peft_model_state_dict(module, save_embedding_layers=False).keys()
    missing = sorted(expected - held_in(folder / WEIGHTS).shapes.keys())
    if missing:  # of which peft itself only warns
        raise ValueError(f"{WEIGHTS} has no {missing[0]}")
    return wrap(module, network, heads)


def _base(card: Card, folder: Path, allow_code: bool) -> Network:
    """The network that the adapters sit on."""
    candidate = card.candidate
    family = get_family(candidate.family)
    if family.runs_code:
        return family.read_body(candidate, card.class_names, folder / "network.safetensors", allow_code)
    found = _found(candidate, card.task, folder)
    return build(found, card.class_names, weights="pretrained", seed=0, quantised=card.quantised)


def _found(candidate: Candidate, task: str, folder: Path) -> Candidate:
    try:
        found = resolve(candidate.name, task)
    except SourceError as error:
        raise BundleError(
            f"the adapters sit on {candidate.name}, which cannot be had here: {error.fact}",
            place=str(folder),
            hint="Put it back where it was, or save merged() models, which stand for themselves",
        ) from None
    if (found.weights_hash, found.family) != (candidate.weights_hash, candidate.family):
        raise BundleError(
            f"the adapters belong to other weights of {candidate.name} than those found here",
            place=str(folder),
            hint="Restore the candidate they were trained on",
        )
    return found


def _read_config(folder: Path) -> PeftConfig:
    """Read peft's description of the adapters, and refuse values that name files or code, or that ask for too much.

    Raises:
        ValueError: There is such a value.
    """
    from peft import PEFT_TYPE_TO_CONFIG_MAPPING

    settings = json.loads((folder / CONFIG).read_bytes())
    kinds = {kind.value: made for kind, made in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    kind = kinds[settings["peft_type"]]
    known = {word: field for word, field in kind.__dataclass_fields__.items() if field.init}
    plain = json.loads(json.dumps(kind().to_dict(), default=str)) if _has_defaults(kind) else {}
    most = max(2**16, held_in(folder / WEIGHTS).elements)
    for word, value in settings.items():
        if word in IGNORED or word in WORDS or value == plain.get(word, None):
            continue
        if word not in known or not _harmless(word, value, most):
            raise ValueError(f"{CONFIG} has a value for {word} that Headstart does not write")
    return kind(**{word: settings[word] for word in settings.keys() & known.keys() - IGNORED})


def _has_defaults(kind: Any) -> bool:
    try:
        kind()
    except (TypeError, ValueError):
        return False
    return True


def _harmless(word: str, value: object, most: int) -> bool:
    """Switches, sizes that fit the weights, and lists of names (not patterns) where names belong."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return abs(value) <= most
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value) if word in NAMES else not value
    return value == {}
