"""The answer on disk: now and then while a study runs, and at its end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from headstart.advice import folder_size_mb, recommend
from headstart.core import Hardware
from headstart.data import Finding
from headstart.models import read_card
from headstart.report.html import write_html
from headstart.report.schema import write_json
from headstart.report.summary import build_summary
from headstart.studies import StudyRunner, StudyView
from headstart.studies.store import now

SUMMARY_EVERY = 45.0  # seconds between answers written while the study runs
CLOSING_SECONDS = 6.0  # kept back for the report


class Closing:
    """Writes the answer: now and then while the study runs, and at its end."""

    def __init__(
        self,
        view: StudyView,
        runner: StudyRunner,
        hardware: Hardware,
        findings: Sequence[Finding],
        skipped: list[tuple[str, str]],
        command: Sequence[str],
        created: str,
    ) -> None:
        self.view, self.runner, self.hardware, self.findings = view, runner, hardware, findings
        self.skipped, self.command, self.created = skipped, command, created
        self._last = -SUMMARY_EVERY

    def summary(self, status: str, model: tuple[str | None, str | None] = (None, None)) -> dict[str, Any]:
        """The summary as of now."""
        runner = self.runner
        sizes = {arm.key: folder_size_mb(runner.model_folder(arm.key)) for arm in self.view.arms}
        recommendation = recommend(
            self.view,
            baseline=self.view.baseline,
            spent_seconds=runner.budget.spent,
            budget_seconds=runner.budget.seconds,
            dropped=runner.planner.dropped if runner.planner else {},
            model_dir=model[0],
            model_format=model[1],
            model_sizes={key: size for key, size in sizes.items() if size is not None},
        )
        return build_summary(
            self.view,
            recommendation,
            self.hardware,
            findings=self.findings,
            skipped=self.skipped,
            command=self.command,
            created=self.created,
            status=status,
        )

    def now_and_then(self) -> None:
        """Keep a valid answer in the store, without spending much time on it."""
        if now() - self._last >= SUMMARY_EVERY:
            self.write("running", report=False)
            self._last = now()

    def write(self, status: str, report: bool = True) -> dict[str, Any]:
        """Publish the chosen model, store the summary, write JSON and page."""
        draft = self.summary(status)
        chosen = draft["recommendation"]
        published = None
        if chosen["strategy"]:
            published = self.runner.publish_model(f"{chosen['strategy']}@{chosen['candidate']}")
        summary = draft
        if published is not None:
            summary = self.summary(status, (str(published), read_card(published).model_format))
        self.view.store.set_fact("summary", json.dumps(summary))
        write_json(summary, self.view.store.folder / "recommendation.json")
        if report:
            write_html(summary, self.view.store.folder / "report.html")
        return summary
