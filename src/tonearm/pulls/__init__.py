"""Pulls: histories that other services keep, fetched a page at a time from where the last pull came to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import Any, Protocol

from filelock import FileLock, Timeout

from tonearm.errors import ExtraMissing, HomeBusy, ServiceRefused, ServiceUnavailable, TonearmError
from tonearm.home import make_home
from tonearm.pulls.library import Fact, write
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.connections import Connection, Cursor, advance, ended
from tonearm.store.submissions import Submission

RETRY_S = 600.0
"""After a failure of which the service does not say how long it lasts."""
LONGEST_WAIT_S = 7 * 86_400.0
"""A service that asks to be left alone for longer is asked again after a week."""
SETTLED_EVERY = 50_000
"""Listens after which a long pull lets those it has fetched be moved to bronze."""


@dataclass(frozen=True)
class Page:
    """Part of a history, and the cursor that is true once it is kept."""

    listens: Sequence[Submission]
    cursor: Cursor
    doing: str = ""
    """What is being read, in a few words, such as the month."""
    library: Sequence[Fact] = ()
    """What the listener collects there, beside what they heard."""


class Service(Protocol):
    """A service that a history is pulled from."""

    def pages(self, cursor: Cursor, now: datetime) -> Iterator[Page]:
        """What is new behind ``cursor``, which each page moves on.

        Raises ServiceUnavailable and ServiceRefused; the pages before that stay good.
        """
        ...


@dataclass(frozen=True)
class Pulled:
    """What one pull of one connection came to."""

    listener: str
    kind: str
    account: str
    listens: int = 0
    """New listens; which of them are duplicates shows when they reach bronze."""
    problem: str | None = None
    """Why it stopped early; what was fetched before is kept."""
    exit_code: int = 0
    """That of the error behind the problem."""
    retry_at: datetime | None = None
    """Until when the service is not asked again."""
    was_asked: bool = True
    """Whether the service was asked at all: not before ``retry_at``."""
    hole: str | None = None
    """Listens that are probably missing, and between which instants."""


Progress = Callable[[Connection, int, str], None]
"""Called with the connection, the listens pulled so far and what is being read."""
Sleep = Callable[[float], None]


def sync_once(
    settings: Settings,
    store: Store,
    connection: Connection,
    now: datetime,
    sleep: Sleep = time.sleep,
    progress: Progress | None = None,
    settle: Callable[[], object] | None = None,
) -> Pulled:
    """Pull what is new of one connection into the store, from where `tonearm run` takes it to bronze.

    What goes wrong with the service is in the answer and in the connection; what was pulled before that is kept, and
    the next call goes on there. A service that asked to be left alone is not asked. ``settle`` is called now and then
    during a long pull. Raises HomeBusy if the connection is being pulled by another process, ExtraMissing without what
    talks to Spotify, and HomeUnusable.
    """
    if not connection.may_be_asked(now):
        return _pulled(connection, 0, problem=connection.problem, exit_code=ServiceUnavailable.exit_code, asked=False)
    pulled = 0
    with _alone(settings, connection):
        try:
            for page in open_service(settings, connection, now, sleep).pages(connection.cursor, now):
                # Before the cursor moves on, as it can be written again.
                write(store, connection.listener, page.library)
                connection = advance(store, connection, page.listens, page.cursor)
                before, pulled = pulled, pulled + len(page.listens)
                if progress:
                    progress(connection, pulled, page.doing)
                if settle and pulled // SETTLED_EVERY > before // SETTLED_EVERY:
                    settle()
        except (ServiceUnavailable, ServiceRefused) as error:
            connection = ended(store, connection, now, str(error), _retry_at(error, now))
            return _pulled(connection, pulled, problem=str(error), exit_code=error.exit_code)
        return _pulled(ended(store, connection, now), pulled)


def failure(problem: str, exit_code: int) -> ServiceRefused | ServiceUnavailable:
    """The error behind a problem that a pull answered with."""
    return ServiceRefused(problem) if exit_code == ServiceRefused.exit_code else ServiceUnavailable(problem)


def open_service(settings: Settings, connection: Connection, now: datetime, sleep: Sleep) -> Service:
    """The service behind a connection; raises ServiceRefused and ExtraMissing if what it needs is not there."""
    if connection.kind == "spotify":
        require_spotify()
        from tonearm.pulls.spotify import open_spotify

        return open_spotify(settings, connection, now, sleep)
    if connection.kind == "lastfm":
        from tonearm.pulls.lastfm import open_lastfm

        return open_lastfm(settings, connection, sleep)
    from tonearm.pulls.listenbrainz import open_listenbrainz

    return open_listenbrainz(settings, connection, sleep)


def require_spotify() -> None:
    """Raise ExtraMissing where the library that talks to Spotify is not installed."""
    if not find_spec("spotipy"):
        raise ExtraMissing("what talks to Spotify is", "spotify")


def _retry_at(error: TonearmError, now: datetime) -> datetime | None:
    """None after a refusal: whether its owner has mended it shows by asking."""
    if not isinstance(error, ServiceUnavailable):
        return None
    return now + timedelta(seconds=min(RETRY_S if error.wait_s is None else error.wait_s, LONGEST_WAIT_S))


@contextmanager
def _alone(settings: Settings, connection: Connection) -> Iterator[None]:
    """Two pulls of one account would use up each other's tokens."""
    make_home(settings)
    try:
        with FileLock(settings.home / f"sync-{connection.number}.lock", timeout=0):
            yield
    except Timeout as error:
        raise HomeBusy(
            f"another tonearm is syncing {connection.kind} for {connection.listener}; let it finish"
        ) from error


def _pulled(
    connection: Connection, listens: int, problem: str | None = None, exit_code: int = 0, asked: bool = True
) -> Pulled:
    return Pulled(
        *(connection.listener, connection.kind, connection.account, listens, problem, exit_code),
        retry_at=connection.retry_at,
        was_asked=asked,
        hole=hole_of(connection.cursor),
    )


def hole_of(cursor: Mapping[str, Any]) -> str | None:
    """The newest gap that pulls came too late for, in words."""
    holes = cursor.get("holes") or []
    if not holes:
        return None
    first, last = holes[-1]
    more = f", and {len(holes) - 1} earlier" if len(holes) > 1 else ""
    return (
        f"plays between {first} and {last} may be missing{more}: the service only gives the last 50; "
        "sync more often, and import its export to fill them in"
    )
