"""The static word vectors that come inside a package."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from headstart.modalities.packaged import Packaged
from headstart.modalities.text.inputs import MAX_TOKENS
from headstart.modalities.text.static_encoder import StaticEncoder

CARD = (
    "WordLlama (Miller 2024): vectors of 256 values for 32,000 tokens, trained on pairs of similar texts from the "
    "token embeddings of Llama 2 70B and related models. The package is under the MIT licence; Meta's Llama 2 licence "
    "may bind what is derived from its embeddings."
)
TOKENIZER = "tokenizer.json"


def read_vectors(file: Path) -> dict[str, torch.Tensor]:
    """The table of vectors in fp32."""
    from safetensors.torch import load_file

    return {"embedding.weight": load_file(file)["embedding.weight"].float()}


def write_settings(folder: Path) -> None:
    """Settings of the tokenizer, which puts no token before a text: it would weigh in each mean."""
    file = folder / TOKENIZER
    known = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(known | {"post_processor": None}, ensure_ascii=False), encoding="utf-8")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<unk>",
        "model_max_length": MAX_TOKENS,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


STARTS = {
    "builtin:wordllama": Packaged(
        name="builtin:wordllama",
        package="wordllama",
        version="0.4.0.post1",
        file="l2_supercat_256.safetensors",
        sha256="64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
        licence="MIT (package); derived from Llama 2, whose licence may bind",
        card=CARD,
        build=lambda classes, _: StaticEncoder(classes),
        read=read_vectors,
        fields={"input_size": MAX_TOKENS},
        install="pip install 'headstart[text]'",
        also={"l2_supercat_tokenizer_config.json": TOKENIZER},
        write=write_settings,
    )
}
