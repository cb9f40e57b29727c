"""The tokenizer that lies beside a transformers network, and whether it is one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core import SourceError, reason_of
from headstart.modalities import Candidate
from headstart.modalities.text.inputs import TokenInputs
from headstart.models.libraries import quiet_transformers

FEWEST = 3  # tokens that are not special ones: tokenizers that transformers makes up from nothing have up to two
CHUNK = 4096  # texts that are tokenised at once
LONGEST_WORD = 64  # characters a token stands for at most, on average over a text
HINT = "Put the tokenizer beside config.json with tokenizer.save_pretrained(folder)"


def load_tokenizer(candidate: Candidate) -> Any:  # transformers has no common public type
    """Load the tokenizer that belongs to a transformers candidate.

    Raises:
        SourceError: There is none. transformers itself makes up an empty one for many kinds of networks, to which all
            texts look alike.
    """
    from transformers import AutoTokenizer

    folder = str(candidate.folder)
    try:
        with quiet_transformers():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # transformers, tokenizers and sentencepiece raise a dozen unrelated kinds
        reason = reason_of(error)
        raise SourceError(
            f"the tokenizer of {candidate.name!r} cannot be loaded: {reason}", place=folder, hint=HINT
        ) from None
    if len(tokenizer) - len(tokenizer.get_added_vocab()) < FEWEST:
        raise SourceError(f"the tokenizer of {candidate.name!r} has no vocabulary", place=folder, hint=HINT)
    return tokenizer


def padding_of(tokenizer: Any) -> int:
    """The token that fills up: its own, else the one that ends texts, which decoders take for it."""
    for token in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if token is not None:
            return int(token)
    return 0


def check_ids(candidate: Candidate, rows: Sequence[np.ndarray]) -> None:
    """Compare texts as token ids with the length of the network's table of words, where a configuration tells it.

    Raises:
        SourceError: The network has no row for one of them.
    """
    folder = Path(str(candidate.folder))
    # a network that sits in Headstart's own form has network.json; saved adapters have neither
    config = next((folder / name for name in ("config.json", "network.json") if (folder / name).exists()), None)
    size = json.loads(config.read_bytes()).get("vocab_size") if config else None
    largest = max((int(row.max()) for row in rows), default=0)
    if isinstance(size, int) and largest >= size:
        raise SourceError(
            f"the tokenizer of {candidate.name!r} gives token {largest}, but its configuration has vocab_size {size}",
            place=str(candidate.folder),
            hint=f"Set vocab_size to at least {largest + 1}, or give another tokenizer",
        )


def encode_tokens(candidate: Candidate, texts: Sequence[str]) -> TokenInputs:
    """Tokenise texts, cut at what the candidate reads.

    Raises:
        SourceError: The candidate has no tokenizer, or one that does not fit its configuration.
    """
    texts = list(texts)
    tokenizer = load_tokenizer(candidate)
    limit = candidate.input_size
    padding = padding_of(tokenizer)
    rows: list[np.ndarray] = []
    truncated = 0
    for start in range(0, len(texts), CHUNK):
        # one token more than the limit tells which texts are longer, without keeping the whole of them
        chunk = [text[: limit * LONGEST_WORD] for text in texts[start : start + CHUNK]]
        full = tokenizer(chunk, truncation=True, max_length=limit + 1, verbose=False)["input_ids"]
        long = [index for index, row in enumerate(full) if len(row) > limit]
        if long:
            shorter = tokenizer([chunk[index] for index in long], truncation=True, max_length=limit)["input_ids"]
            for index, row in zip(long, shorter, strict=True):
                full[index] = row
        truncated += len(long)
        rows += [np.asarray(row or [padding], dtype=np.int32) for row in full]
    check_ids(candidate, rows)
    return TokenInputs(rows, padding, truncated)


def write_tokenizer(candidate: Candidate, folder: Path) -> None:
    """Write the tokenizer with the length that training cut texts at.

    Pipelines cut there where they are called with ``truncation=True``, and warn of longer texts otherwise.
    """
    load_tokenizer(candidate).save_pretrained(folder)
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({**settings, "model_max_length": candidate.input_size}, indent=2) + "\n")
