"""Saved models: written in their library's own format where it can express them, read back by one function."""

from __future__ import annotations

import copy
import json
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from headstart.core import BundleError, DataError, Record
from headstart.models.candidates import Candidate
from headstart.models.compact import CompactImageNetwork, CompactTextNetwork
from headstart.models.inputs import Inputs, RawTexts, encode_files, encode_texts, load_tokenizer
from headstart.models.network import Network, build, quiet_transformers

CARD = "headstart.json"
ModelFormat = Literal["transformers", "skops", "headstart"]
SKOPS_TRUSTED: list[str] = []  # TF-IDF with logistic regression needs nothing beyond what skops trusts by itself


class Card(Record):
    """What :func:`load` needs beside the weights, and the key of the trial that trained them."""

    schema_version: int = 1
    model_format: ModelFormat
    task: str
    class_names: tuple[str, ...]
    candidate: Candidate
    arm: str
    mean_pooled: bool = False
    trial: str = ""


class MeanPooledClassifier(nn.Module):
    """An encoder, the mean of its last hidden states over real tokens, and a linear head."""

    def __init__(self, encoder: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, num_classes)

    def forward(self, **batch: torch.Tensor) -> torch.Tensor:
        """Map token ids (B, L) and their mask to logits (B, classes)."""
        hidden = self.encoder(**batch).last_hidden_state.float()
        mask = batch["attention_mask"][..., None].to(hidden.dtype)
        return self.head((hidden * mask).sum(1) / mask.sum(1).clamp(min=1))


class FittedModel:
    """A trained classifier that predicts and saves itself.

    Args:
        model: A network, or a scikit-learn pipeline over raw texts.
        card: What it is.
    """

    def __init__(self, model: Network | Any, card: Card) -> None:
        self.model, self.card = model, card

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the columns of :meth:`predict_proba`."""
        return self.card.class_names

    def predict_inputs(self, inputs: Inputs, rows: np.ndarray | None = None, batch_size: int = 128) -> np.ndarray:
        """Probabilities (N, classes) in fp32 for encoded inputs, or for their rows ``rows``."""
        rows = np.arange(len(inputs)) if rows is None else rows
        if isinstance(inputs, RawTexts):
            full = np.zeros((len(rows), len(self.class_names)), dtype=np.float32)
            # scikit-learn has no columns for classes that it did not see in training
            full[:, self.model.classes_] = self.model.predict_proba([inputs.texts[row] for row in rows])
            return full
        return predict_network(self.model, inputs, rows, batch_size)

    def predict_proba(self, items: Sequence[str | Path]) -> np.ndarray:
        """Probabilities (N, classes) for image files or texts.

        Raises:
            DataError: A file cannot be read as an image.
        """
        if not len(items):
            raise DataError("nothing to predict", hint="Give at least one input")
        if self.card.task.startswith("image"):
            return self.predict_inputs(encode_files(self.card.candidate, items))
        return self.predict_inputs(encode_texts(self.card.candidate, [str(item) for item in items]))

    def predict(self, items: Sequence[str | Path]) -> list[str]:
        """The most probable class of each image file or text."""
        return [self.class_names[index] for index in self.predict_proba(items).argmax(1)]

    def save(self, folder: str | Path) -> Path:
        """Write the model; an existing folder is replaced only once the new one is complete.

        Raises:
            BundleError: The folder cannot be written.
        """
        from safetensors import SafetensorError

        folder = Path(folder)
        partial = folder.with_name(folder.name + ".partial")
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            with quiet_transformers():
                _WRITERS[self.card.model_format](self.model, self.card, partial)
            candidate = self.card.candidate.model_copy(update={"folder": None})  # the bundle stands for itself
            card = self.card.model_copy(update={"candidate": candidate})
            (partial / CARD).write_text(card.model_dump_json(indent=2) + "\n")
            shutil.rmtree(folder, ignore_errors=True)
            partial.replace(folder)
        except (OSError, SafetensorError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BundleError(
                f"the model cannot be saved: {reason}", place=str(folder), hint="Free space or give --out"
            ) from None
        return folder


def predict_network(network: Network, inputs: Inputs, rows: np.ndarray, batch_size: int = 128) -> np.ndarray:
    """Probabilities (len(rows), classes) in fp32; examples of like length share a batch."""
    device = next(network.parameters()).device
    network.eval()
    order = np.argsort(inputs.lengths[rows], kind="stable")
    probabilities: np.ndarray | None = None
    with torch.inference_mode():
        for start in range(0, len(rows), batch_size):
            part = order[start : start + batch_size]
            batch = {name: tensor.to(device) for name, tensor in inputs.batch(rows[part]).items()}
            values = network(**batch).float().softmax(-1).cpu().numpy()
            if probabilities is None:
                probabilities = np.empty((len(rows), values.shape[1]), dtype=np.float32)
            probabilities[part] = values
    return probabilities if probabilities is not None else np.empty((0, 0), dtype=np.float32)


def load(folder: str | Path) -> FittedModel:
    """Read a model saved by a study.

    Args:
        folder: The model's folder, or a study's folder that holds one.

    Raises:
        BundleError: There is no model here, or it is damaged.
    """
    folder = Path(folder)
    folder = folder / "model" if not (folder / CARD).exists() and (folder / "model" / CARD).exists() else folder
    card = read_card(folder)
    card = card.model_copy(update={"candidate": card.candidate.model_copy(update={"folder": str(folder)})})
    try:
        return FittedModel(_READERS[card.model_format](card, folder), card)
    except BundleError:
        raise
    except Exception as error:  # any library's complaint about damaged files becomes one line
        reason = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
        raise BundleError(f"the model is damaged: {reason}", place=str(folder), hint="Save the model anew") from error


def read_card(folder: Path) -> Card:
    """Read what a saved model says of itself, without its weights.

    Raises:
        BundleError: There is no model here, or its card cannot be read.
    """
    try:
        return Card.model_validate_json((folder / CARD).read_text())
    except OSError:
        raise BundleError(
            f"no {CARD}, so this is no model of Headstart", place=str(folder), hint="Give the model_dir of a study"
        ) from None
    except ValueError:
        raise BundleError(f"{CARD} cannot be read", place=str(folder), hint="Save the model anew") from None


def _write_transformers(network: Network, card: Card, folder: Path) -> None:
    network.module.save_pretrained(folder, state_dict=_on_cpu(network.module))
    candidate = card.candidate
    if candidate.modality == "text":
        load_tokenizer(candidate).save_pretrained(folder)
        _write_truncation(folder, candidate.input_size)
    else:
        _write_processor(candidate, folder)


def _on_cpu(module: nn.Module) -> dict[str, torch.Tensor]:
    """The weights as files want them, while the module (which others may share) stays where it is."""
    return {name: value.detach().to("cpu").contiguous() for name, value in module.state_dict().items()}


def _write_truncation(folder: Path, limit: int) -> None:
    """Let pipelines cut texts where training did (those that are called with ``truncation=True``)."""
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({**settings, "model_max_length": limit}, indent=2) + "\n")


def _write_processor(candidate: Candidate, folder: Path) -> None:
    resize = candidate.resize
    assert resize is not None
    common = {
        "do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "resample": resize.resample, "image_mean": list(candidate.mean), "image_std": list(candidate.std),
        "do_convert_rgb": True,
    }  # fmt: skip
    if resize.mode == "squash":
        own = {"image_processor_type": "ViTImageProcessor", "size": {"height": resize.size, "width": resize.size}}
    else:
        side = {"height": resize.size, "width": resize.size}
        own = {
            "image_processor_type": "BitImageProcessor", "size": {"shortest_edge": resize.shorter or resize.size},
            "do_center_crop": True, "crop_size": side,
        }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps({**own, **common}, indent=2) + "\n")


def _read_transformers(card: Card, folder: Path) -> Network:
    candidate = card.candidate.model_copy(update={"has_weights": True})
    return build(candidate, card.class_names, weights="pretrained", seed=0, with_head=True)


def _write_headstart(network: Network, card: Card, folder: Path) -> None:
    from safetensors.torch import save_file

    if card.mean_pooled:
        network.module.encoder.save_pretrained(folder, state_dict=_on_cpu(network.module.encoder))
        load_tokenizer(card.candidate).save_pretrained(folder)
        save_file(_on_cpu(network.module.head), folder / "head.safetensors")
        return
    settings = {"settings": json.dumps(network.module.settings)}
    save_file(_on_cpu(network.module), folder / "model.safetensors", metadata=settings)


def _read_headstart(card: Card, folder: Path) -> Network:
    from safetensors import safe_open
    from safetensors.torch import load_file

    if card.mean_pooled:
        from transformers import AutoModel

        with quiet_transformers():
            encoder, loading = AutoModel.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, dtype=torch.float32,
                output_loading_info=True,
            )  # fmt: skip
        if loading["missing_keys"]:
            raise ValueError(f"the weights lack {sorted(loading['missing_keys'])[0]}")
        module = MeanPooledClassifier(encoder, len(card.class_names))
        module.head.load_state_dict(load_file(folder / "head.safetensors"))
        return Network(module, card.candidate, module.head)
    with safe_open(folder / "model.safetensors", "pt") as file:
        settings = json.loads(file.metadata()["settings"])
    kind = CompactImageNetwork if card.candidate.modality == "image" else CompactTextNetwork
    module = kind(**settings)
    module.load_state_dict(load_file(folder / "model.safetensors"))
    return Network(module, card.candidate)


def _write_skops(pipeline: Any, card: Card, folder: Path) -> None:
    import skops.io

    skops.io.dump(_with_word_arrays(pipeline), folder / "model.skops", compression=zipfile.ZIP_DEFLATED)


def _with_word_arrays(pipeline: Any) -> Any:
    """A copy whose vocabularies are arrays, from which the vectorisers make their dicts again at first use.

    skops writes a dict word by word, which takes minutes for the 100,000 of them that a few thousand texts have.
    """
    slim = copy.deepcopy(pipeline)
    parts = [part for step in slim.named_steps.values() for _, part in getattr(step, "transformer_list", ())]
    for part in parts:
        if not hasattr(part, "vocabulary_"):  # just read from disk, so it holds an array already
            continue
        words = sorted(part.vocabulary_, key=part.vocabulary_.__getitem__)
        if any(word.endswith("\0") for word in words):  # an array of strings would lose it
            part.vocabulary_ = {word: int(place) for word, place in part.vocabulary_.items()}
            continue
        part.set_params(vocabulary=np.asarray(words))
        part.fixed_vocabulary_ = True
        del part.vocabulary_
    return slim


def _read_skops(card: Card, folder: Path) -> Any:
    import skops.io

    file = folder / "model.skops"
    unknown = [name for name in skops.io.get_untrusted_types(file=file) if name not in SKOPS_TRUSTED]
    if unknown:
        raise BundleError(
            f"the file holds types that are not trusted: {', '.join(unknown)}", place=str(file),
            hint="It was not written by Headstart; do not load it",
        )  # fmt: skip
    return skops.io.load(file, trusted=SKOPS_TRUSTED)


_WRITERS = {"transformers": _write_transformers, "headstart": _write_headstart, "skops": _write_skops}
_READERS = {"transformers": _read_transformers, "headstart": _read_headstart, "skops": _read_skops}
