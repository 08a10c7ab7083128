"""What runs beside the requests of a server: the live worker, the relay, what renews the page's documents and, where
asked for, the schedule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tonearm.ingest.ledger import ImportReport, totals
from tonearm.live.repeat import Repeat
from tonearm.live.schedule import Scheduler
from tonearm.live.worker import Live
from tonearm.logs import write_event
from tonearm.relay.sender import run_due

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from fastapi import FastAPI

RELAY_S = 3.0
"""How often relays are looked at; each keeps to its own service's rate."""
RENEW_S = 2.0
"""How often the tables are looked at for a change after which what the page shows is made again."""


def beside(with_schedule: bool) -> Callable[[FastAPI], AbstractContextManager[None]]:
    """What to run beside an application, from its start to its end: ``app.state.live`` and ``app.state.scheduler``."""

    @contextmanager
    def work(app: FastAPI) -> Iterator[None]:
        settings, store = app.state.settings, app.state.store

        def imported(report: ImportReport) -> None:
            app.state.metrics.imported(report)
            write_event("imported", run=report.run, **totals([report]))

        def forward() -> None:
            opened = store.get()
            if not opened.is_missing:
                done = run_due(settings, opened, datetime.now(UTC))
                if done.sent or done.refused:
                    write_event("relayed", sent=done.sent, refused=done.refused)

        app.state.live = Live(settings, store.get, imported=imported)

        workers = [
            app.state.live,
            Repeat("relay", RELAY_S, forward),
            Repeat("documents", RENEW_S, app.state.reading.renew),
        ]
        if with_schedule:
            app.state.scheduler = Scheduler(settings, store.get)
            workers.append(app.state.scheduler)
        with ExitStack() as stack:
            for worker in workers:
                worker.start()
                stack.callback(worker.stop)
            yield

    return work
