"""What the numbers in a picture mean: the ground under transparent places, and the scale of deep grey.

Both are chosen once for a whole set. Scaled picture by picture, a dark one and a bright one would become the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from headstart.core import Record

if TYPE_CHECKING:
    import PIL.Image

INTEGER_MODES = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N"})  # Pillow's names for more than 8 bits of grey
DEEP_MODES = INTEGER_MODES | {"F"}
DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras and scanners deliver in 16
LIGHT = 0.75  # mean grey of what can be seen, from which a white ground would hide it


@dataclass(frozen=True)
class Traits:
    """What is unusual about one picture.

    Attributes:
        alpha: Whether any place of it is transparent.
        seen: Mean grey of what is not transparent, in 0..1; NaN without transparency.
        deep: ``"i"`` for integers of more than 8 bits, ``"f"`` for floats, else empty.
        low: Smallest value of a deep picture, NaN for others.
        high: Largest value, NaN for others.
        mode: Pillow's mode before the conversion.
        moving: Whether there are more pictures in the file.
        wide: Whether it has colours of 16 bits, of which Pillow keeps the upper 8.
    """

    alpha: bool = False
    seen: float = float("nan")
    deep: Literal["", "i", "f"] = ""
    low: float = float("nan")
    high: float = float("nan")
    mode: str = "RGB"
    moving: bool = False
    wide: bool = False

    @property
    def special(self) -> bool:
        """Whether the set's tones decide what its pixels become."""
        return self.alpha or bool(self.deep)


class Tones(Record):
    """How the unusual pictures of a set become 8-bit RGB.

    Attributes:
        ground: What is put under transparent places.
        integers: Smallest and largest value of deep integers, None where there are none.
        floats: The same of floats.
    """

    ground: Literal["white", "black"] = "white"
    integers: tuple[float, float] | None = None
    floats: tuple[float, float] | None = None

    @property
    def key(self) -> str:
        """A name for files, such as ``"white-0:4095"``."""
        ranges = [f"{low:g}:{high:g}" for low, high in filter(None, (self.integers, self.floats))]
        return "-".join([self.ground, *ranges])


def tones_of(traits: list[Traits]) -> Tones | None:
    """Choose the tones of a set.

    Integers are taken to fill the smallest usual depth that holds all of them; floats between 0 and 1 are shares, up
    to 255 they are grey values, and anything else is spread over the range of the set.

    Args:
        traits: Of every picture.

    Returns:
        The tones, or None where no picture needs them.
    """
    clear = [trait.seen for trait in traits if trait.alpha and trait.seen == trait.seen]
    integers = [trait for trait in traits if trait.deep == "i"]
    floats = [trait for trait in traits if trait.deep == "f"]
    if not any(trait.special for trait in traits):
        return None
    return Tones(
        ground="black" if clear and float(np.median(clear)) > LIGHT else "white",
        integers=_integer_range(integers) if integers else None,
        floats=_float_range(floats) if floats else None,
    )


def to_rgb(image: PIL.Image.Image, tones: Tones | None = None) -> tuple[PIL.Image.Image, Traits]:
    """Convert a picture of any mode.

    Args:
        image: The picture, upright.
        tones: Those of its set; found from the picture alone without.

    Returns:
        The picture in mode RGB, and what was unusual about it.
    """
    from PIL import Image

    mode = image.mode
    if mode in DEEP_MODES:
        return _from_deep(image, tones)
    if mode == "RGB" and "transparency" not in image.info:
        return image.convert("RGB"), Traits()
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layers = image.convert("RGBA")
        alpha = layers.getchannel("A")
        lowest = alpha.getextrema()[0]
        if isinstance(lowest, int) and lowest < 255:
            traits = Traits(alpha=True, seen=_seen(layers), mode=mode)
            chosen = tones or tones_of([traits]) or Tones()
            ground = Image.new(
                "RGBA", layers.size, (255, 255, 255, 255) if chosen.ground == "white" else (0, 0, 0, 255)
            )
            return Image.alpha_composite(ground, layers).convert("RGB"), traits
    return image.convert("RGB"), Traits(mode=mode)


def _seen(layers: PIL.Image.Image) -> float:
    """Mean grey of what is not transparent."""
    weights = np.asarray(layers.getchannel("A"), dtype=np.float64)
    total = weights.sum()
    return float((np.asarray(layers.convert("RGB").convert("L")) * weights).sum() / total / 255) if total else np.nan


def _from_deep(image: PIL.Image.Image, tones: Tones | None) -> tuple[PIL.Image.Image, Traits]:
    from PIL import Image

    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    kind: Literal["i", "f"] = "f" if image.mode == "F" else "i"
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    traits = Traits(deep=kind, low=low, high=high, mode=image.mode)
    chosen = tones and (tones.floats if kind == "f" else tones.integers)
    bottom, top = chosen or (_float_range([traits]) if kind == "f" else _integer_range([traits]))
    grey = np.clip((values - bottom) * (255 / max(top - bottom, 1e-12)), 0, 255)
    return Image.fromarray(grey.round().astype(np.uint8)).convert("RGB"), traits


def _integer_range(traits: list[Traits]) -> tuple[float, float]:
    low, high = min(trait.low for trait in traits), max(trait.high for trait in traits)
    if low < 0 or high >= 2 ** DEPTHS[-1]:
        return low, high
    return 0.0, next(float(2**bits - 1) for bits in DEPTHS if high < 2**bits)


def _float_range(traits: list[Traits]) -> tuple[float, float]:
    low, high = min(trait.low for trait in traits), max(trait.high for trait in traits)
    if low >= 0 and high <= 255:
        return 0.0, 1.0 if high <= 1 else 255.0
    return low, high
