"""Trained classifiers: how they predict, and how they are saved and loaded."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core import BundleError, DataError, HeadstartError, SettingsError, did_you_mean, reason_of
from headstart.modalities import get_modality
from headstart.models.adapters import merged
from headstart.models.averaged import members_of
from headstart.models.card import CARD, Card, read_card
from headstart.models.families import get_family
from headstart.models.formats import format_of, read, write
from headstart.models.inputs import Inputs, encode_items
from headstart.models.libraries import quiet_transformers
from headstart.models.network import Network
from headstart.models.predicting import predict_inputs
from headstart.models.readme import ModelFacts, write_readme

SHOWN = 5  # class names in a line


class FittedModel:
    """A trained classifier that predicts and saves itself.

    Args:
        model: A network, or a scikit-learn pipeline over raw texts.
        card: What it is.
    """

    def __init__(self, model: Network | Any, card: Card) -> None:
        self.model, self.card = model, card

    def __repr__(self) -> str:
        names = ", ".join(self.class_names[:SHOWN]) + (", ..." if len(self.class_names) > SHOWN else "")
        count = "1 class" if len(self.class_names) == 1 else f"{len(self.class_names)} classes"
        return f"FittedModel({self.card.arm!r}, {self.card.task}, {count}: {names})"

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the columns of :meth:`predict_proba`."""
        return self.card.class_names

    @property
    def classes_(self) -> np.ndarray:
        """The same as an array, under the name that scikit-learn has for it."""
        return np.asarray(self.class_names)

    def predict_inputs(self, inputs: Inputs, rows: np.ndarray | None = None, batch_size: int = 128) -> np.ndarray:
        """Probabilities (N, classes) in fp32 for encoded inputs, or for their rows ``rows``."""
        return predict_inputs(self.model, len(self.class_names), inputs, rows, batch_size)

    def predict_proba(self, items: Any) -> np.ndarray:
        """Probabilities (N, classes) for examples such as images or texts.

        Args:
            items: One text, path or picture (N = 1), or many: a list, an array, a pandas Series or DataFrame, a data
                set of ``datasets``. Pictures are paths, encoded bytes, Pillow images or arrays (H, W, 3); of a table,
                the columns are read that the model learnt from.

        Raises:
            DataError: Something in it cannot be read.
            BundleError: The model is damaged.
        """
        candidate = self.card.candidate
        listed = get_modality(candidate.modality).items(items, self.card.columns)
        return self._checked(lambda: encode_items(candidate, listed))

    def _checked(self, encode: Any) -> np.ndarray:
        """Predict, with one line for what broken weights or a broken tokenizer raise."""
        try:
            probabilities = self.predict_inputs(encode())
        except (HeadstartError, KeyboardInterrupt):
            raise
        except BaseException as error:  # also the panics of libraries in Rust, which are no Exception
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            raise self._damaged(reason_of(error, kind=True)) from error
        if not np.isfinite(probabilities).all() or probabilities.shape[1] != len(self.class_names):
            raise self._damaged("it does not predict a probability for each class")
        return probabilities

    def _damaged(self, reason: str) -> BundleError:
        return BundleError(f"the model fails on its input: {reason}", hint="Save the model again, or train it again")

    def predict(self, items: Any) -> list[str]:
        """The most probable class of each item; see :meth:`predict_proba` for what items may be."""
        return [self.class_names[index] for index in self.predict_proba(items).argmax(1)]

    def score(self, items: Any, labels: str | Sequence[str]) -> float:
        """The share of items whose most probable class is their label (accuracy).

        Raises:
            DataError: There are as many labels as items in no way, or one is no class of this model.
        """
        wanted = [labels] if isinstance(labels, str) else [str(label) for label in labels]
        unknown = sorted(set(wanted) - set(self.class_names))
        if unknown:
            hint = did_you_mean(unknown[0], self.class_names)
            raise DataError(f"{unknown[0]!r} is no class of this model", hint=hint)
        found = self.predict(items)
        if len(found) != len(wanted):
            raise DataError(f"{len(found)} items and {len(wanted)} labels", hint="Give a label for each item")
        return float(np.mean([one == other for one, other in zip(found, wanted, strict=True)]))

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
            write_readme(partial, ModelFacts.of(self.card))
            _share_modes(partial)
            shutil.rmtree(folder, ignore_errors=True)
            partial.replace(folder)
        except (OSError, RuntimeError, ValueError, SafetensorError) as error:  # libraries refuse in their own ways
            shutil.rmtree(partial, ignore_errors=True)
            reason = getattr(error, "strerror", None) or reason_of(error)
            raise BundleError(
                f"the model cannot be saved: {reason}", place=str(folder), hint="Free space or give --out"
            ) from None
        return folder


def _share_modes(folder: Path) -> None:
    """Give every file the mode that the user's umask gave the card; safetensors writes for the owner alone."""
    mode = (folder / CARD).stat().st_mode & 0o777
    for file in folder.rglob("*"):
        if file.is_file():
            os.chmod(file, mode)


def load(folder: str | Path, *, allow_code: bool = False) -> FittedModel:
    """Read a model saved by a study.

    Args:
        folder: The model's folder, or a study's folder that holds one.
        allow_code: Let code that the model names but does not hold run: your own architecture, or your own module
            before the head. It must be where Python finds it, and as it was when the model was saved.

    Raises:
        BundleError: There is no model here, it is damaged, or it needs code.
        SourceError: It is of a library that is not installed, such as timm.
    """
    folder = Path(folder)
    folder = folder / "model" if not (folder / CARD).exists() and (folder / "model" / CARD).exists() else folder
    _check_files(folder)
    card = read_card(folder)
    card = card.model_copy(update={"candidate": card.candidate.model_copy(update={"folder": str(folder)})})
    get_family(card.candidate.family).require()
    try:
        model = read(card, folder, allow_code)
        _check_classes(model, card)
        return FittedModel(model, card)
    except BundleError as error:
        error.place = error.place or str(folder)
        raise BundleError(error.fact, place=error.place, hint=error.hint) from error.__cause__
    except SettingsError as error:  # only what a user's own code is asked for raises it here
        raise BundleError(
            f"the model needs code that is not as it was: {error.fact}",
            place=str(folder),
            hint="Load it where that code can be imported, as it was when the model was saved",
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # any library's complaint about damaged files becomes one line
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # which Rust's panics are
            raise
        reason = reason_of(error)
        raise BundleError(f"the model is damaged: {reason}", place=str(folder), hint="Save the model again") from error


def _check_files(folder: Path) -> None:
    """Refuse a folder with devices or pipes in it, whose reading would never end."""
    places = [folder, *folder.glob("member-*")]
    for file in (file for place in places if place.is_dir() for file in place.iterdir()):
        if file.exists() and not file.is_file() and not file.is_dir():
            raise BundleError(f"{file.name} is no regular file", place=str(folder), hint="Save the model again")


def _check_classes(model: Any, card: Card) -> None:
    """Compare the outputs of a network with the class names.

    Raises:
        ValueError: There are more or fewer.
    """
    if not isinstance(model, Network):
        return  # a pipeline was checked when it was read
    for member in members_of(model):
        votes = getattr(member.head_module, "votes", None)
        outputs = member.head.out_features if votes is None else votes.shape[1]
        if outputs != len(card.class_names):
            raise ValueError(f"it has {outputs} outputs, and {CARD} names {len(card.class_names)} classes")
