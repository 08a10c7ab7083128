"""``/documents``: what the page shows, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tonearm.api.auth import CallerDep
from tonearm.api.deps import LakeDep, OneListener, SettingsDep, StoreDep
from tonearm.api.etags import mark
from tonearm.api.reading import ReadingDep
from tonearm.documents.history import History, as_json
from tonearm.documents.home import home
from tonearm.documents.household import household
from tonearm.documents.search import search
from tonearm.engine.rows import dicts
from tonearm.errors import UsageError
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

    def answer(self, make: Callable[[History], Any]) -> Response:
        """The document that ``make`` makes of the history: once for each address, version of the tables and day."""
        mark(self.request, self.who, (self.listener, self.version, self.today))
        about = ("document", self.listener, self.today, self.request.url.path, self.request.url.query)
        return Response(self.reading.answer(about, lambda: self._made(make)), media_type="application/json")

    def _made(self, make: Callable[[History], Any]) -> bytes:
        return msgspec.json.encode(as_json(make(self.history())))

    def history(self, of: str | None = None) -> History:
        """The history of the listener, or of another one, read once for each version of the tables."""
        whose = of or self.listener
        return self.reading.answer(("history", whose), lambda: History(self.settings, whose), is_index=True)


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


@router.get("/search")
def read_search(
    asked: Asked,
    text: Annotated[str, Query(alias="q", max_length=200, description="A name, or a part of one, or nearly one.")] = "",
) -> Response:
    """Artists, albums and tracks of the history whose names are like a text; typing errors are forgiven."""
    return asked.answer(lambda history: search(history, text))


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
    return Response(msgspec.json.encode(as_json(found)), media_type="application/json")


def _playing(now: Playing) -> dict[str, Any]:
    metadata = msgspec.json.decode(now.body)["track_metadata"]
    return {"track": metadata["track_name"], "artist": metadata["artist_name"]}
