"""``/documents``: what the page shows, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from tonearm.api.auth import CallerDep
from tonearm.api.deps import LakeDep, OneListener, SettingsDep, StoreDep
from tonearm.api.etags import mark
from tonearm.api.reading import ReadingDep
from tonearm.documents.cards.card import Tables
from tonearm.documents.history import History, as_json
from tonearm.documents.home import home
from tonearm.documents.insights import TABLES, insights
from tonearm.documents.search import search
from tonearm.engine.rows import dicts
from tonearm.read.overview import LISTENS
from tonearm.read.ranges import local_time
from tonearm.store.playing import Playing, playing

_RECENT = 10
_OF_RECENT = ("started_at", "started_at_local", "track_id", "track_name", "artist_id", "artist_name", "album_name")
_NAMES = {"track_name": "track", "artist_name": "artist", "album_name": "album"}

router = APIRouter(prefix="/documents", tags=["documents"])


@dataclass(frozen=True)
class _Asked:
    """A document that is wanted: of whom, and on which of their days."""

    request: Request
    who: CallerDep
    settings: SettingsDep
    reading: ReadingDep
    listener: str
    today: date
    version: int | None

    def answer(self, make: Callable[[History], Any], also: Hashable = None) -> Response:
        """The document that ``make`` makes of the history, and of what has the versions ``also``.

        It is made once for each address, version of the tables and day.
        """
        mark(self.request, self.who, (self.listener, self.version, self.today, also))
        about = ("document", self.listener, self.today, self.request.url.path, self.request.url.query)
        return Response(self.reading.answer(about, lambda: self._made(make), also), media_type="application/json")

    def _made(self, make: Callable[[History], Any]) -> bytes:
        return msgspec.json.encode(as_json(make(self.history())))

    def history(self) -> History:
        """The listener's history, read once for each version of the tables."""
        return self.reading.answer(
            ("history", self.listener), lambda: History(self.settings, self.listener), is_index=True
        )


def _asked(
    request: Request,
    who: CallerDep,
    settings: SettingsDep,
    reading: ReadingDep,
    lake: LakeDep,
    store: StoreDep,
    listener: OneListener,
) -> _Asked:
    today = local_time(store.listener(listener), datetime.now(UTC)).date()
    return _Asked(request, who, settings, reading, listener, today, lake.version(LISTENS))


Asked = Annotated[_Asked, Depends(_asked)]


@router.get("/home")
def read_home(asked: Asked) -> Response:
    """The first page: totals, favourites, the last week and month, streaks, milestones, discoveries, and all days."""
    return asked.answer(lambda history: home(history, asked.today))


@router.get("/insights")
def read_insights(asked: Asked, lake: LakeDep) -> Response:
    """Questions about the listener, each with its answer, picture and evidence, or with what would help."""
    tables = Tables(lake, asked.listener)
    versions = tuple(lake.version(name) for name in TABLES)
    return asked.answer(lambda history: insights(history, tables, asked.today), versions)


@router.get("/search")
def read_search(
    asked: Asked,
    text: Annotated[str, Query(alias="q", max_length=200, description="A name, or a part of one, or nearly one.")] = "",
) -> Response:
    """Artists, albums and tracks of the history whose names are like a text; typing errors are forgiven."""
    return asked.answer(lambda history: search(history, text))


@router.get("/recent")
def read_recent(asked: Asked, store: StoreDep) -> Response:
    """The newest listens, those included that arrived just now, and what is playing."""
    rows = dicts(asked.reading.plays.page(store, asked.listener, limit=_RECENT).select(_OF_RECENT))
    now = playing(store, asked.listener, datetime.now(UTC))
    listens = [{_NAMES.get(name, name): value for name, value in row.items()} for row in rows]
    found = {"listens": listens, "playing": _playing(now) if now else None}
    return Response(msgspec.json.encode(as_json(found)), media_type="application/json")


def _playing(now: Playing) -> dict[str, Any]:
    metadata = msgspec.json.decode(now.body)["track_metadata"]
    return {"track": metadata["track_name"], "artist": metadata["artist_name"]}
