"""Start-up: a help page and an import, as ratios to a bare interpreter in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 9
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import headstart": [sys.executable, "-c", "import headstart"],
    "headstart --help": [str(Path(sys.executable).parent / "headstart"), "--help"],
}


def main() -> None:
    """Time each command in turn, several times over."""
    from record import write

    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, words in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(words, check=True, capture_output=True)
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    bare = medians["python -c pass"]
    write(
        "startup",
        "Start-up",
        [
            f"Median of {RUNS} interleaved runs (promised: help under 0.5 s, import under 0.3 s).",
            "",
            "| command | seconds | times a bare interpreter |",
            "|---|---|---|",
            *(f"| `{name}` | {value:.3f} | {value / bare:.1f} |" for name, value in medians.items()),
        ],
    )


if __name__ == "__main__":
    main()
