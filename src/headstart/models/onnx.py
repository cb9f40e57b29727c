"""Networks as ONNX files, checked by another runtime before they are handed over; needs the extra ``onnx``."""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from headstart._version import __version__
from headstart.core import HeadstartError, Record, SettingsError, SourceError, reason_of
from headstart.modalities import get_modality
from headstart.modalities.inputs import is_padded
from headstart.models.bundle import FittedModel
from headstart.models.card import Card
from headstart.models.inputs import Batch
from headstart.models.network import Network

TOLERANCE = 1e-4  # on probabilities
LARGEST = 2 * 2**30  # bytes of one ONNX file
SHAPES = ((1, 7), (3, 12), (2, 31))  # examples and tokens that the check uses; the first two are also exported with
OUTPUT = "probabilities"


class Exported(Record):
    """A written ONNX file.

    Attributes:
        file: Where it lies.
        inputs: Names of its inputs, in order.
        difference: Largest difference of a probability from the network's, in the check.
        opset: Version of ONNX's operators.
    """

    file: str
    inputs: tuple[str, ...]
    difference: float
    opset: int


class Probabilities(nn.Module):
    """A network from named tensors by position to probabilities.

    Args:
        network: In evaluation.
        names: Of its inputs, in order.
    """

    def __init__(self, network: Network, names: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self.names = network, names

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        """Map a batch to (B, classes)."""
        logits: torch.Tensor = self.network(**dict(zip(self.names, tensors, strict=True)))
        return logits.float().softmax(-1)


def export_onnx(model: FittedModel, file: str | Path) -> Exported:
    """Write a network as an ONNX file, for any number of examples (and tokens), and check it.

    Its input is what the network reads: standardised pixels, or token ids and their mask. The file's metadata hold the
    class names and how pictures become pixels.

    Args:
        model: A network; features in closed form, as of TF-IDF or MiniRocket, are none.
        file: Where to.

    Raises:
        SettingsError: The model is no network.
        SourceError: The packages of the extra ``onnx`` are missing.
        HeadstartError: It cannot be expressed, or another runtime computes something else; no file is left then.
    """
    if not isinstance(model.model, Network):
        raise SettingsError(
            f"{model.card.candidate.name} is no network, so ONNX is not its form",
            hint="Use headstart.load; or export another option's model",
        )
    _import_packages()
    file = Path(file)
    network = copy.deepcopy(model.model).to("cpu").eval()
    partial = file.with_name(file.name + ".partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        names, opset = _write(network, model.card, partial)
        difference = _check(network, model.card, partial)
        partial.replace(file)
    except OSError as error:
        raise HeadstartError(
            f"the file cannot be written: {error.strerror or reason_of(error)}", place=str(file), hint="Give --out"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return Exported(file=str(file), inputs=names, difference=difference, opset=opset)


def _import_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise SourceError(
            f"{error.name or 'a package'} is not installed, which export to ONNX needs",
            hint="pip install 'headstart[onnx]'",
        ) from None


def _write(network: Network, card: Card, file: Path) -> tuple[tuple[str, ...], int]:
    import onnx

    batch = _made_up(network, card, *SHAPES[1], seed=0)
    names = tuple(batch)
    length = batch["attention_mask"].shape[1] if is_padded(batch) else None  # the axis that long differs by batch
    axes = [
        {axis: torch.export.Dim.DYNAMIC for axis in range(one.ndim) if axis == 0 or one.shape[axis] == length}
        for one in batch.values()
    ]
    try:
        with _quietly():
            program = torch.onnx.export(
                Probabilities(network, names),
                tuple(batch.values()),
                dynamo=True,
                input_names=list(names),
                output_names=[OUTPUT],
                dynamic_shapes={"tensors": tuple(axes)},
                verbose=False,
                optimize=True,
            )
    except Exception as error:  # torch's exporter has a wide range of complaints
        raise HeadstartError(
            f"{card.candidate.name} cannot be written as ONNX: {reason_of(error)}",
            hint="Use the folder itself with headstart.load",
        ) from error
    assert program is not None
    proto = program.model_proto
    if proto.ByteSize() > LARGEST:
        raise HeadstartError("the network is too large for one ONNX file", hint="Use the folder itself")
    for word, value in _metadata(card).items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = word, value
    onnx.save(proto, file)
    return names, int(proto.opset_import[0].version)


def _metadata(card: Card) -> dict[str, str]:
    """What is needed to use the file alone."""
    candidate = card.candidate
    known = {"headstart": __version__, "class_names": json.dumps(card.class_names), "input_size": candidate.input_size}
    if candidate.resize is not None:
        known |= {"resize": candidate.resize.key, "mean": json.dumps(candidate.mean), "std": json.dumps(candidate.std)}
    return {word: str(value) for word, value in known.items()}


def _check(network: Network, card: Card, file: Path) -> float:
    """The largest difference of a probability between two runtimes, over batches of several shapes.

    Raises:
        HeadstartError: It is larger than :data:`TOLERANCE`.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        worst = 0.0
        for seed, shape in enumerate(SHAPES):
            batch = _made_up(network, card, *shape, seed=seed)
            with torch.inference_mode():
                expected = network(**batch).float().softmax(-1).numpy()
            # what the exporter finds unused (a mask, say) is no input of the file
            wanted = {given.name for given in session.get_inputs()}
            feed = {name: tensor.numpy() for name, tensor in batch.items() if name in wanted}
            found = np.asarray(session.run([OUTPUT], feed)[0])
            worst = max(worst, float(np.abs(found - expected).max()))
    except Exception as error:  # onnxruntime's own classes of errors have no common base beside Exception
        raise HeadstartError(
            f"the file does not run in onnxruntime: {reason_of(error)}", hint="Use the folder itself"
        ) from error
    if not worst <= TOLERANCE:
        raise HeadstartError(
            f"onnxruntime gives probabilities that differ by {worst:.1e}, more than {TOLERANCE:.0e}",
            hint="The file was not kept. Use the folder itself with headstart.load",
        )
    return worst


def _made_up(network: Network, card: Card, examples: int, tokens: int, seed: int) -> Batch:
    """A batch of noise in the form that the network reads, its texts of unequal lengths."""
    generator = torch.Generator().manual_seed(seed)
    candidate = card.candidate
    modality = get_modality(candidate.modality)
    if not modality.tokens:
        return modality.made_up(candidate, examples, seed)
    tokens = min(tokens, candidate.input_size)
    ids = torch.randint(1, _vocabulary(network), (examples, tokens), generator=generator)
    lengths = torch.arange(tokens, tokens - examples, -1).clamp(min=1)
    mask = (torch.arange(tokens) < lengths[:, None]).long()
    padding = getattr(getattr(_inner(network), "config", None), "pad_token_id", None) or 0
    return {"input_ids": torch.where(mask == 1, ids, padding), "attention_mask": mask}


def _inner(network: Network) -> nn.Module:
    """The module with a configuration, where there is one."""
    return next((part for part in network.modules() if hasattr(part, "config")), network)


def _vocabulary(network: Network) -> int:
    """Rows of the smallest table of words: ids below are known to every member."""
    tables = [part.num_embeddings for part in network.modules() if isinstance(part, nn.Embedding)]
    config: Any = getattr(_inner(network), "config", None)
    size = getattr(config, "vocab_size", None)
    return int(size) if isinstance(size, int) else min(tables, default=2)


class _quietly(warnings.catch_warnings):  # noqa: N801 - a context, used as a verb
    """The exporter without its notices, which are advice for those who call it by hand."""

    def __enter__(self) -> Any:
        entered = super().__enter__()
        warnings.simplefilter("ignore")
        self._before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        return entered

    def __exit__(self, *reason: Any) -> None:
        logging.disable(self._before)
        super().__exit__(*reason)
