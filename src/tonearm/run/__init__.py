"""The pass: import what waits, in the inbox and from clients, build, predict, and publish, recorded as one Run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import msgspec

from tonearm.building.execute import BuildReport, TableReport, build
from tonearm.errors import AfterRunFailed, TonearmError
from tonearm.ingest.added_songs import import_added_songs
from tonearm.ingest.inbox import import_inbox
from tonearm.ingest.ledger import FileReport, ImportReport, totals
from tonearm.ingest.submissions import import_submissions
from tonearm.lake import open_lake
from tonearm.run.after import after_run
from tonearm.run.keeping import keep_small
from tonearm.run.predictions import Predicted, predict
from tonearm.run.record import record
from tonearm.run.trial import put_on_trial
from tonearm.settings import Settings
from tonearm.store import open_store

Progress = Callable[[str, str, int, int], None]
"""Called with the step (build or train), what is worked on, how many are done and how many there are."""


class Run(msgspec.Struct, kw_only=True):
    """One pass: what came in, what was built, predicted and published, and what failed."""

    started_at: datetime
    ended_at: datetime | None = None
    imports: list[ImportReport] = []
    built: BuildReport = msgspec.field(default_factory=lambda: BuildReport(tables=[]))
    predicted: Predicted = msgspec.field(default_factory=Predicted)
    is_published: bool = False
    """Whether the command of the setting ``after_run`` was started and succeeded."""
    problem: str | None = None
    """Why the pass as a whole stopped or could not publish."""

    @property
    def files(self) -> list[FileReport]:
        """Every file that was imported, or could not be."""
        return [file for report in self.imports for file in report.files]

    @property
    def failed(self) -> list[TableReport]:
        """The tables that were not brought up to date."""
        return [*self.built.failed, *self.predicted.built.failed]

    @property
    def counts(self) -> dict[str, Any]:
        """The pass in a few numbers, named by when it began, as the table ``runs`` has it."""
        changed = [*self.built.changed, *self.predicted.built.changed]
        return {
            "run": self.started_at.isoformat(),
            **totals(self.imports),
            "tables_changed": len(changed) - len(self.failed),
            "tables_failed": len(self.failed),
            "models_trained": len(self.predicted.trained),
            "scores": sum(one.scores for one in self.predicted.scored),
        }


def run_once(
    settings: Settings,
    full_retrain: bool = False,
    progress: Progress | None = None,
    waiting: Callable[[str], None] | None = None,
) -> Run:
    """Import the inbox and what clients submitted, build, predict, start the command that follows; record all of it.

    Once a day it also removes versions of tables that are older than the setting ``time_travel_days`` promises.

    Models are trained where ``full_retrain`` asks for it, where none ever was, and where the settings say so of models
    that are due; else those that are served predict anew, learning nothing. A file, a table or a model that fails is in
    the Run and stops none of the others; so is the command that follows. Raises, and records, what stops the pass:
    HomeBusy, HomeUnusable, EngineMissing, RegistryUnreachable, UsageError for files of nobody in particular.
    """
    run = Run(started_at=datetime.now(UTC))
    try:
        _pass(settings, run, full_retrain, progress, waiting)
    except TonearmError as error:
        run.problem = str(error)
        raise
    finally:
        run.ended_at = datetime.now(UTC)
        record(settings, run)
    return run


def _pass(
    settings: Settings,
    run: Run,
    full_retrain: bool,
    progress: Progress | None,
    waiting: Callable[[str], None] | None,
) -> None:
    def of(step: str) -> Callable[[str, int, int], None] | None:
        return (lambda name, done, total: progress(step, name, done, total)) if progress else None

    run.imports = import_inbox(settings, waiting)
    with closing(open_store(settings)) as store:
        run.imports += import_submissions(settings, store, waiting)
        run.imports += import_added_songs(settings, store, waiting)
    lake = open_lake(settings.lake)
    run.built = build(settings, progress=of("build"), waiting=waiting, lake=lake)
    run.predicted = predict(settings, bool(run.built.changed), full_retrain, of("train"), waiting, lake)
    put_on_trial(settings)
    keep_small(settings, run.started_at, waiting)
    if run.built.changed or run.predicted.trained:
        try:
            run.is_published = after_run(settings)
        except AfterRunFailed as error:
            run.problem = str(error)
