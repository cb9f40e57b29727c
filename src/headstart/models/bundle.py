"""Saved models: written in their library's own format where it can express them, read back by one function."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from headstart.core import BundleError, DataError, SettingsError, reason_of
from headstart.models.adapters import merged
from headstart.models.formats import CARD, Card, format_of, read, write
from headstart.models.inputs import Inputs, RawTexts, encode_files, encode_texts
from headstart.models.libraries import quiet_transformers
from headstart.models.network import Network
from headstart.models.timm import import_timm


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

    def merged(self) -> FittedModel:
        """The same classifier with its adapters folded into its weights, in the form of its candidate's library.

        Raises:
            SettingsError: It has no adapters, or none that can be folded in.
        """
        network = merged(copy.deepcopy(self.model))
        return FittedModel(network, self.card.model_copy(update={"model_format": format_of(network)}))

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
                write(self.model, self.card, partial)
            shutil.rmtree(folder, ignore_errors=True)
            partial.replace(folder)
        except (OSError, RuntimeError, ValueError, SafetensorError) as error:  # libraries refuse in their own ways
            reason = getattr(error, "strerror", None) or reason_of(error)
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
        SourceError: It is a network of timm, which is not installed.
    """
    folder = Path(folder)
    folder = folder / "model" if not (folder / CARD).exists() and (folder / "model" / CARD).exists() else folder
    card = read_card(folder)
    card = card.model_copy(update={"candidate": card.candidate.model_copy(update={"folder": str(folder)})})
    if card.candidate.family == "timm":
        import_timm()
    try:
        return FittedModel(read(card, folder), card)
    except BundleError:
        raise
    except SettingsError as error:  # only what a user's own code is asked for raises it here
        raise BundleError(
            f"the model needs code that is not as it was: {error.fact}",
            place=str(folder),
            hint="Load it where that code can be imported, as it was when the model was saved",
        ) from error
    except Exception as error:  # any library's complaint about damaged files becomes one line
        reason = reason_of(error)
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
