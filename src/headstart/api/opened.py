"""A study that was run: its answer, its figures and its model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.advice import Recommendation
from headstart.core import BundleError
from headstart.models import FittedModel
from headstart.models import load as load_model
from headstart.report import repr_html
from headstart.studies import Store

if TYPE_CHECKING:
    import pandas as pd


class Study:
    """A study that was run, or opened again from its folder.

    Attributes:
        summary: Everything the report shows, as one plain dict.
        folder: Where the study lies.
    """

    def __init__(self, summary: dict[str, Any], folder: Path) -> None:
        self.summary, self.folder = summary, folder

    @classmethod
    def open(cls, folder: str | Path) -> Study:
        """Open a study without running anything.

        Raises:
            BundleError: There is no study, or nothing has been measured yet.
        """
        folder = Path(folder)
        store = Store(folder, read_only=True)
        try:
            text = store.fact("summary")
        finally:
            store.close()
        if text is None:
            raise BundleError(
                "the study has not measured anything yet",
                place=str(folder),
                hint="Run the `headstart study` command again; it goes on where it was",
            )
        return cls(json.loads(text), folder)

    @property
    def recommendation(self) -> Recommendation:
        """The answer, and every number behind it."""
        return Recommendation.model_validate(self.summary["recommendation"])

    @property
    def model_dir(self) -> Path | None:
        """Folder of the trained winner; None before anything was measured."""
        folder = self.folder / "model"
        return folder if self.summary["recommendation"]["model_dir"] and folder.exists() else None

    def model(self) -> FittedModel:
        """Load the trained winner.

        Raises:
            BundleError: There is none yet.
        """
        if self.model_dir is None:
            raise BundleError("the study saved no model yet", place=str(self.folder), hint="Allow a larger budget")
        return load_model(self.model_dir)

    @property
    def curves(self) -> pd.DataFrame:
        """Learning curves: a row for each arm and size."""
        import pandas as pd

        arms = self.summary["recommendation"]["arms"]
        rows = [{"arm": arm["key"], "paradigm": arm["paradigm"], **point} for arm in arms for point in arm["curve"]]
        return pd.DataFrame(rows, columns=["arm", "paradigm", "n", "value", "low", "high", "repeats"])

    def table(self) -> pd.DataFrame:
        """Every trial: a row each."""
        import pandas as pd

        return pd.DataFrame(self.summary["trials"])

    def __repr__(self) -> str:
        return f"Study({self.folder.name!r}: {self.recommendation.sentence})"

    def _repr_html_(self) -> str:
        return repr_html(self.summary)
