"""Write ``constraints.txt``: the exact versions that the tests ran on, taken from this environment.

Run it in the environment of ``make setup`` after the tests have passed with newer versions: ``make pin``.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

FILE = Path(__file__).parent.parent / "constraints.txt"
EXTRAS = ("dev", "docs", "heif", "image", "llm", "onnx", "ray", "sound", "text")
ALONE = ("openwakeword", "timm")  # installed without what they need, as the Makefile says
HEAD = "# The versions that the tests ran on. Written by scripts/pin.py; `make setup` installs exactly these.\n"


def closure(name: str, extras: tuple[str, ...]) -> dict[str, str]:
    """Name and version of everything that a distribution needs, itself left out."""
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(name, extra) for extra in ("", *extras)]
    while waiting:
        current, extra = waiting.pop()
        if (current, extra) in seen:
            continue
        seen.add((current, extra))
        for text in distribution(current).requires or ():
            need = Requirement(text)
            if need.marker and not need.marker.evaluate({"extra": extra}):
                continue
            key = re.sub(r"[-_.]+", "-", need.name).lower()
            try:
                # "+cpu" and the like say where a build came from, and elsewhere there is no such build.
                found[key] = distribution(need.name).version.partition("+")[0]
            except PackageNotFoundError:
                raise SystemExit(f"{need.name} is not installed; run `make setup` first") from None
            waiting += [(key, wanted) for wanted in ("", *need.extras)]
    return found


def main() -> None:
    """Write the file."""
    versions = closure("headstart", EXTRAS)
    versions.pop("headstart", None)
    versions |= {name: distribution(name).version for name in ALONE}
    FILE.write_text(HEAD + "".join(f"{name}=={version}\n" for name, version in sorted(versions.items())))
    print(f"{len(versions)} versions in {FILE.name}")


if __name__ == "__main__":
    main()
