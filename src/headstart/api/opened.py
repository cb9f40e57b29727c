"""A study that was run: its answer, its figures and its model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from headstart.advice import Recommendation, StudyCosts, study_costs
from headstart.core import BundleError
from headstart.knowledge import find_device
from headstart.models import FittedModel
from headstart.models import load as load_model
from headstart.report import repr_html
from headstart.report.summary import Summary
from headstart.studies import Store

if TYPE_CHECKING:
    import pandas as pd


class Study:
    """A study that was run, or opened again from its folder.

    Attributes:
        summary: Everything the report shows.
        folder: Where the study lies.
    """

    def __init__(self, summary: Summary, folder: Path) -> None:
        self.summary, self.folder = summary, folder

    @classmethod
    def open(cls, folder: str | Path) -> Study:
        """Open a study without running anything.

        Raises:
            BundleError: There is no study, or nothing has been measured yet.
        """
        folder = Path(folder)
        with Store.open_readonly(folder) as store:
            document = store.summary()
        if document is None:
            raise BundleError(
                "the study has not measured anything yet",
                place=str(folder),
                hint="Run the `headstart study` command again; it goes on where it was",
            )
        try:
            return cls(Summary.model_validate(document), folder)
        except ValidationError as error:
            first = error.errors()[0]
            raise BundleError(
                f"the study's stored answer cannot be read ({first['loc'][0] if first['loc'] else ''}: {first['msg']})",
                place=str(folder),
                hint="Run the `headstart study` command again; it writes the answer again",
            ) from None

    @property
    def recommendation(self) -> Recommendation:
        """The answer, and every number behind it."""
        return self.summary.recommendation

    @property
    def model_dir(self) -> Path | None:
        """Folder of the trained winner; None before anything was measured."""
        folder = self.folder / "model"
        return folder if self.recommendation.model_dir and folder.exists() else None

    def model(self, *, allow_code: bool = False) -> FittedModel:
        """Load the trained winner.

        Args:
            allow_code: Run the user's own code that an own architecture or module needs.

        Raises:
            BundleError: There is none yet.
        """
        if self.model_dir is None:
            raise BundleError("the study saved no model yet", place=str(self.folder), hint="Allow a larger budget")
        return load_model(self.model_dir, allow_code=allow_code)

    @property
    def curves(self) -> pd.DataFrame:
        """Learning curves: a row for each arm and size."""
        import pandas as pd

        rows = [
            {"arm": arm.key, "paradigm": arm.paradigm, **point.model_dump()}
            for arm in self.recommendation.arms
            for point in arm.curve
        ]
        return pd.DataFrame(rows, columns=["arm", "paradigm", "n", "value", "low", "high", "repeats"])

    def costs(
        self,
        *,
        target: float | None = None,
        labels: int | None = None,
        label_price: float | None = None,
        hardware: Sequence[str] = (),
    ) -> StudyCosts:
        """Price one run of every measured option, the cheapest first, by the study's curves and timings.

        Args:
            target: Value of the metric to reach, as a share: each option is priced with the labels it needs.
            labels: Price runs with so many labels; the labels there are if not given.
            label_price: What a label more costs, in US dollars.
            hardware: Cards by name, to price runs on beside this study's machine.

        Raises:
            SettingsError: An option is impossible, or there is no such card.
        """
        return study_costs(
            self.recommendation,
            self.summary.data.n_pool,
            target=target,
            labels=labels,
            label_price=label_price,
            machines=[find_device(name) for name in hardware],
        )

    def table(self) -> pd.DataFrame:
        """Every trial: a row each."""
        import pandas as pd

        return pd.DataFrame([row.model_dump() for row in self.summary.trials])

    def __repr__(self) -> str:
        return f"Study({self.folder.name!r}: {self.recommendation.sentence})"

    def _repr_html_(self) -> str:
        return repr_html(self.summary)
