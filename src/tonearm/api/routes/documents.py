"""``/documents``: what the page shows, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tonearm.api.auth import CallerDep
from tonearm.api.deps import CoversDep, LakeDep, OneListener, SettingsDep, StoreDep
from tonearm.api.etags import mark
from tonearm.api.reading import ReadingDep, history_of
from tonearm.documents.album import album
from tonearm.documents.artist import artist
from tonearm.documents.charts import Kind, charts
from tonearm.documents.covered import with_covers
from tonearm.documents.day import day
from tonearm.documents.genre import genre
from tonearm.documents.history import History, as_json
from tonearm.documents.home import home
from tonearm.documents.household import household
from tonearm.documents.insights import TABLES, insights
from tonearm.documents.rewind import rewind
from tonearm.documents.search import search
from tonearm.documents.session import session
from tonearm.documents.tables import Tables
from tonearm.documents.things import Listed, Thing, a_genre, a_track, an_album, an_artist, listed
from tonearm.documents.track import track
from tonearm.documents.weekly import weekly
from tonearm.engine.rows import dicts
from tonearm.errors import UsageError
from tonearm.models.trial.summary import trials
from tonearm.read.covers import Covers
from tonearm.read.ranges import FIRST, LAST, local_time
from tonearm.store.forecasts import count_open
from tonearm.store.playing import Playing, playing

_RECENT = 10
_OF_RECENT = ("started_at", "started_at_local", "track_id", "track_name", "artist_id", "artist_name", "album_name")
_PERSONAS = "behavioral_segments"
_NAMES = {"track_name": "track", "artist_name": "artist", "album_name": "album"}
_RANGE = "all, a week, month or year as 2019-W07, 2019-05 or 2019, or the newest one as week, month or year."
_DAYS: dict[str, Any] = {"ge": FIRST.date(), "lt": LAST.date()}

router = APIRouter(prefix="/documents", tags=["documents"])


@dataclass(frozen=True)
class _Asked:
    """A document that is wanted: of whom, and on which of their days."""

    request: Request
    who: CallerDep
    settings: SettingsDep
    reading: ReadingDep
    lake: LakeDep
    listener: str
    today: date
    versions: tuple[int | None, ...]
    covers: Covers | None
    """None where the document shall not say which albums have a cover."""

    def answer(
        self, make: Callable[[History], Any], tables: Sequence[str] = (), also: Callable[[], Hashable] = tuple
    ) -> Response:
        """The document that ``make`` makes of the history, of further tables, and of what has the version ``also()``.

        It is made once for each address, version of the tables and day.
        """
        address = (self.listener, self.request.url.path, self.request.url.query)

        def state() -> Hashable:
            return self._versions(tables), also(), self.covers and self.covers.version()

        def ask(of: Hashable) -> bytes:
            return self.reading.answer(("document", *address, self.today), lambda: self._made(make), of)

        now = state()
        mark(self.request, self.who, (self.listener, self.versions, self.today, now))
        self.reading.keep_renewed(address, lambda: ask(state()))
        return Response(ask(now), media_type="application/json")

    def _versions(self, tables: Sequence[str]) -> tuple[int | None, ...]:
        return tuple(self.lake.version(name) for name in tables)

    def _made(self, make: Callable[[History], Any]) -> bytes:
        document = make(self.history())
        self.name_covers(document)
        return msgspec.json.encode(as_json(document))

    def name_covers(self, document: dict[str, Any]) -> None:
        """Say in a document which albums have a cover, if that is asked for and there are any."""
        if self.covers is not None and self.covers.version():
            with_covers(document, self.history(), self._cover)

    def _cover(self, artist: str, album_name: str) -> str | None:
        """The version of an album's cover."""
        found = self.covers.find(artist, album_name) if self.covers else None
        return found.version if found else None

    def history(self, of: str | None = None) -> History:
        """The history of the listener, or of another one, read once for each version of the tables."""
        return history_of(self.reading, self.settings, of or self.listener)


def _asked(
    request: Request,
    who: CallerDep,
    settings: SettingsDep,
    reading: ReadingDep,
    lake: LakeDep,
    store: StoreDep,
    listener: OneListener,
    covers: CoversDep,
    names_covers: Annotated[bool, Query(alias="covers", description="Say which albums have a cover.")] = False,
) -> _Asked:
    today = local_time(store.listener(listener), datetime.now(UTC)).date()
    named = covers if names_covers else None
    return _Asked(request, who, settings, reading, lake, listener, today, reading.versions(), named)


Asked = Annotated[_Asked, Depends(_asked)]


@router.get("/home")
def read_home(asked: Asked) -> Response:
    """The first page: totals, favourites, the last week and month, streaks, milestones, discoveries, and all days."""
    return asked.answer(lambda history: home(history, asked.today))


@router.get("/charts")
def read_charts(
    asked: Asked,
    kind: Annotated[Kind, Query(description="What is ranked.")] = "artists",
    named: Annotated[str, Query(alias="range", max_length=20, description=_RANGE)] = "all",
    first: Annotated[date | None, Query(alias="from", description="First local day.", **_DAYS)] = None,
    last: Annotated[date | None, Query(alias="to", description="Last local day.", **_DAYS)] = None,
    genre: Annotated[str | None, Query(max_length=200, description="Only plays of this genre.")] = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """What was heard most in a period, how that moved against the one before, when it was heard, and what was new."""
    return asked.answer(lambda history: charts(history, asked.today, kind, named, first, last, genre, page))


@router.get("/insights")
def read_insights(asked: Asked, store: StoreDep) -> Response:
    """Questions about the listener, each with its answer, picture and evidence, or with what would help."""
    tables = Tables(asked.lake, asked.listener)
    return asked.answer(
        lambda history: insights(history, tables, asked.today, trials(store, asked.listener)),
        TABLES,
        # Forecasts that are kept or scored change what is open.
        lambda: count_open(store, asked.listener),
    )


@router.get("/search")
def read_search(
    asked: Asked,
    text: Annotated[str, Query(alias="q", max_length=200, description="A name, or a part of one, or nearly one.")] = "",
) -> Response:
    """Artists, albums and tracks of the history whose names are like a text; typing errors are forgiven."""
    return asked.answer(lambda history: search(history, text))


Id = Annotated[int, Query(ge=-(2**63), lt=2**63, description="As in the tables.")]
Name = Annotated[str, Query(min_length=1, max_length=2000, description="As it is written in the history.")]
Page = Annotated[int, Query(ge=1, le=10**6, description="Of the listens, 1 is the first.")]


@router.get("/artist")
def read_artist(asked: Asked, artist_id: Id) -> Response:
    """An artist: rank, months, days, hours, neighbours, what is heard before and after, albums, tracks and plays."""
    return asked.answer(lambda history: artist(history, artist_id))


@router.get("/album")
def read_album(asked: Asked, artist_id: Id, album_name: Annotated[Name, Query(alias="album")]) -> Response:
    """An album of an artist: the same as of an artist, with its tracks."""
    return asked.answer(lambda history: album(history, artist_id, album_name))


@router.get("/track")
def read_track(asked: Asked, track_id: Id) -> Response:
    """A track: the same as of an artist, with the albums it was heard on, and the tracks before and after it."""
    return asked.answer(lambda history: track(history, track_id))


@router.get("/genre")
def read_genre(asked: Asked, name: Annotated[Name, Query(alias="genre")]) -> Response:
    """A genre: the same as of an artist, with its artists and tracks."""
    return asked.answer(lambda history: genre(history, name))


@router.get("/day")
def read_day(asked: Asked, on: Annotated[date, Query(alias="day")], page: Page = 1) -> Response:
    """A local day: its listens in order by session, what was new, other years, and the days before and after."""
    return asked.answer(lambda history: day(history, on, page))


@router.get("/session")
def read_session(
    asked: Asked,
    at: Annotated[datetime, Query(description="When any of its listens started; UTC unless it says otherwise.")],
    page: Page = 1,
) -> Response:
    """A session: its listens in order, what was new, and the sessions before and after."""
    instant = at if at.tzinfo else at.replace(tzinfo=UTC)
    return asked.answer(lambda history: session(history, instant, page))


def _thing(
    artist_id: Id | None = None,
    album_name: Annotated[str | None, Query(alias="album", max_length=2000)] = None,
    track_id: Id | None = None,
    name: Annotated[str | None, Query(alias="genre", max_length=2000)] = None,
) -> Callable[[History], Thing]:
    if track_id is not None:
        return lambda _: a_track(track_id)
    if name is not None:
        return lambda _: a_genre(name)
    if artist_id is None:
        raise UsageError("nothing is asked for: name an artist_id, an artist_id and album, a track_id or a genre")
    if album_name is None:
        return lambda _: an_artist(artist_id)
    return lambda history: an_album(history, artist_id, album_name)


@router.get("/listed/{what}")
def read_listed(
    asked: Asked, what: Listed, thing: Annotated[Callable[[History], Thing], Depends(_thing)], page: Page = 1
) -> Response:
    """A page of the plays, tracks, albums or artists of an artist, an album, a track or a genre."""
    return asked.answer(lambda history: listed(history, thing(history), what, page))


@router.get("/rewind")
def read_rewind(
    asked: Asked,
    period: Annotated[
        str,
        Query(
            max_length=20,
            description="2019, 2019-summer, 2019-03 or 2019-W10; the last complete year with listens if left out.",
        ),
    ] = "",
) -> Response:
    """A year, season, month or week as a story: tops, discoveries, clock, streak, and what sets it apart."""
    tables = Tables(asked.lake, asked.listener)
    return asked.answer(
        lambda history: rewind(history, asked.today, period, next(iter(tables.rows(_PERSONAS)), None)), (_PERSONAS,)
    )


@router.get("/weekly")
def read_weekly(asked: Asked) -> Response:
    """The last week that is over, with the artist who stood out if one did by more than chance explains."""
    return asked.answer(lambda history: weekly(history, asked.today))


@router.get("/household")
def read_household(
    asked: Asked,
    store: StoreDep,
    other: Annotated[str, Query(alias="with", max_length=200, description="The other listener.")],
) -> Response:
    """Two listeners side by side, for a caller who may see everybody: what they share, who found it first, a blend."""
    if asked.who.only is not None:
        raise HTTPException(403, f"this token opens the data of {asked.who.only} alone, and a household is of two")
    beside = store.listener(other).name
    if beside == asked.listener:
        raise UsageError(f"{beside} beside {beside} is one listener; name another with `with`")
    return asked.answer(lambda history: household(history, asked.history(beside)))


@router.get("/recent")
def read_recent(asked: Asked, store: StoreDep) -> Response:
    """The newest listens, those included that arrived just now, and what is playing."""
    rows = dicts(asked.reading.plays.page(store, asked.listener, limit=_RECENT).select(_OF_RECENT))
    now = playing(store, asked.listener, datetime.now(UTC))
    listens = [{_NAMES.get(name, name): value for name, value in row.items()} for row in rows]
    found = {"listens": listens, "playing": _playing(now) if now else None}
    asked.name_covers(found)
    return Response(msgspec.json.encode(as_json(found)), media_type="application/json")


def _playing(now: Playing) -> dict[str, Any]:
    return {"track": now.metadata["track_name"], "artist": now.metadata["artist_name"]}
