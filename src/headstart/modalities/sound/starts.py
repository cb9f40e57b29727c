"""The pretrained networks for sounds that come inside packages."""

from __future__ import annotations

from pathlib import Path

import torch

from headstart.core import SourceError
from headstart.modalities.packaged import Packaged
from headstart.modalities.sound.fronts import LONGEST_READ
from headstart.modalities.sound.speech_embedding import SpeechEmbedding, renamed

SPEECH = "builtin:speech"
CARD = (
    "Google's speech embedding (Lin 2020, arXiv 2002.01322), a small convolutional network trained to tell short "
    "spoken phrases apart; spoken digits were probably among them, so results on digits say little about other "
    "sounds. Two statements on licences stand in the package openwakeword 0.5.1. Of this network: 'This model is "
    "provided by Google as a TFHub module under an Apache-2.0 license.' Of the package: 'All of the included "
    "pre-trained models are licensed under the Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International "
    "license due to the inclusion of datasets with unknown or restrictive licensing as part of the training data', "
    "which is meant for its wake-word heads; those are not used."
)


def read_onnx(file: Path) -> dict[str, torch.Tensor]:
    """The network's weights among the initialisers of an ONNX file, which is parsed and never run.

    Raises:
        SourceError: The package onnx is not installed.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise SourceError(f"{SPEECH} needs onnx once, to read its weights", hint="pip install onnx") from None
    graph = onnx.load(str(file), load_external_data=False).graph
    return renamed({held.name: torch.from_numpy(numpy_helper.to_array(held).copy()) for held in graph.initializer})


STARTS: dict[str, Packaged] = {
    SPEECH: Packaged(
        name=SPEECH,
        package="openwakeword",
        version="0.5.1",
        file="embedding_model.onnx",
        sha256="70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f",
        licence="Apache-2.0",
        card=CARD,
        build=lambda classes, _: SpeechEmbedding(classes),
        read=read_onnx,
        fields={"input_size": LONGEST_READ, "settings": {"front": "speech"}},
        install="pip install --no-deps openwakeword==0.5.1, and pip install onnx",
    )
}
