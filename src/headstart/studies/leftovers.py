"""What workers leave behind: removed at the end, but for what a larger budget can go on from."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from headstart.studies.trials import Trial

KEPT = "checkpoints"  # of runs that ended early; trials find them there


def clear_work(folder: Path, tuning: Iterable[Trial] = ()) -> None:
    """Empty the folder that trials work in, and keep the states that runs can go on from.

    Args:
        folder: Of the study's workers.
        tuning: Tuning trials of a study that is through with them: nobody goes on from recipes that were given up.
    """
    for trial in tuning:
        for file in (folder / KEPT).glob(f"{trial.spec.whole.key}-*") if trial.spec.stopped_at else ():
            file.unlink(missing_ok=True)
    for child in folder.iterdir() if folder.exists() else ():
        if child.name == KEPT and any(child.iterdir()):
            continue
        shutil.rmtree(child, ignore_errors=True) if child.is_dir() else child.unlink(missing_ok=True)
