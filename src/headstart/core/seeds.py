"""One study seed, and from it every random choice by name."""

from __future__ import annotations

import hashlib


def derive_seed(*parts: str | int) -> int:
    """Derive a seed from names, so that equal names give equal numbers on every machine.

    Hashing keeps streams apart: adding an arm or a repeat never shifts another one's draws.

    Args:
        *parts: For example ``(study_seed, "subset", repeat)``.

    Returns:
        An integer in ``[0, 2**31)``, accepted by numpy, torch and scikit-learn alike.
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") % 2**31
