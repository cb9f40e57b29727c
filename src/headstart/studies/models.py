"""Trained models of a study: one for each arm while it runs, and the chosen one where users look for it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from headstart.core import BundleError, safe_name
from headstart.models import read_card
from headstart.studies.trials import Trial, longest


class ModelShelf:
    """Keeps the model of each arm's largest size.

    Args:
        folder: The study's.
        work: Where workers leave models, a folder for each trial.
    """

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder, self.work = folder, work / "models"

    def place(self, arm_key: str) -> Path:
        """Where the model of an arm is kept; keys that differ in any letter have different folders."""
        digest = hashlib.blake2b(arm_key.encode(), digest_size=3).hexdigest()
        return self.folder / "models" / f"{safe_name(arm_key)}-{digest}"

    def take(self, trial: Trial, trials: Iterable[Trial]) -> None:
        """Take the model that a stored trial left, unless one of more labels is kept.

        Raises:
            BundleError: It cannot be moved.
        """
        left = self.work / trial.key
        if not left.exists():
            return
        kept = _trained_by(self.place(trial.spec.arm.key))
        larger = {other.key for other in trials if other.spec.n > trial.spec.n}
        if kept in larger:
            shutil.rmtree(left, ignore_errors=True)
            return
        try:
            _replace(left, self.place(trial.spec.arm.key))
        except OSError as error:
            raise BundleError(f"the model of {trial.spec.arm.name} could not be kept: {error.strerror}") from None

    def recover(self, trials: Iterable[Trial]) -> None:
        """Take the models of stored trials that a kill left lying, and remove those that no row speaks of."""
        by_key = {trial.key: trial for trial in trials}
        for left in sorted(self.work.iterdir()) if self.work.exists() else ():
            if left.name in by_key:
                self.take(by_key[left.name], by_key.values())
            else:
                shutil.rmtree(left, ignore_errors=True)

    def publish(self, arm_key: str, trial_key: str | None) -> Path | None:
        """Put the chosen arm's model where users look for it.

        Args:
            arm_key: The chosen arm.
            trial_key: The trial behind its figure.

        Returns:
            The folder; None if the model of that trial could not be kept.
        """
        source, target = self.place(arm_key), self.folder / "model"
        if trial_key is None or _trained_by(source) != trial_key:
            return None
        if _trained_by(target) != trial_key:
            partial = target.with_name("model.partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(source, partial, copy_function=_link)
            shutil.rmtree(target, ignore_errors=True)
            partial.replace(target)
        return target


def behind_figure(trials: Iterable[Trial]) -> str | None:
    """Key of the trial of an arm whose model is kept: the first repeat at its largest size."""
    firsts = [trial for trial in trials if trial.spec.role == "measuring" and trial.spec.repeat == 0]
    return max(longest(firsts), key=lambda trial: trial.spec.n).key if firsts else None


def _trained_by(folder: Path) -> str | None:
    """Key of the trial that trained a saved model; None where there is no whole one."""
    try:
        return read_card(folder).trial
    except BundleError:
        return None


def _replace(source: Path, target: Path) -> None:
    """Move a folder in the place of another."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.move(source, target)


def _link(source: str, target: str) -> None:
    """Share a file's bytes instead of copying them, where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
