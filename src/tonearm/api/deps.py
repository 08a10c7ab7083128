"""The parameters that routes share, as annotated aliases."""

from __future__ import annotations

from threading import Lock
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.concurrency import run_in_threadpool

from tonearm.api.auth import CallerDep
from tonearm.api.looking import HomeSeen, LakeSeen, Look
from tonearm.api.predicting import Predicting
from tonearm.api.recommending import Recommending
from tonearm.lake import Lake
from tonearm.read.covers import Covers
from tonearm.settings import Settings
from tonearm.store import Store, open_store

MAX_LIMIT = 100_000


class OneStore:
    """The app's one store, opened at its first use; a home that cannot be used is tried again by the next request."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self._settings, self._lock = settings, Lock()
        self._store: Store | None = None

    @property
    def kept(self) -> Store | None:
        """The store, if it is open."""
        return self._store

    def get(self) -> Store:
        """The store; raises what :func:`open_store` raises."""
        with self._lock:
            if self._store is None:
                self._store = open_store(self._settings)
            return self._store

    def close(self) -> None:
        """Close it; the next use opens it again."""
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store = None


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(_settings)]


async def _lake(request: Request) -> Lake:
    lake: Lake = request.app.state.lake
    return lake


LakeDep = Annotated[Lake, Depends(_lake)]
"""The app's one lake: a table is opened at its first use and kept up with from then on."""


async def _lake_look(request: Request) -> Look[LakeSeen]:
    look: Look[LakeSeen] = request.app.state.lake_look
    return look


LakeLookDep = Annotated[Look[LakeSeen], Depends(_lake_look)]
"""What is known of the lake, for what must be answered soon."""


async def _home_look(request: Request) -> Look[HomeSeen]:
    look: Look[HomeSeen] = request.app.state.home_look
    return look


HomeLookDep = Annotated[Look[HomeSeen], Depends(_home_look)]
"""What is known of the home's disk, for what must be answered soon."""


async def _recommending(request: Request) -> Recommending:
    recommending: Recommending = request.app.state.recommending
    return recommending


RecommendingDep = Annotated[Recommending, Depends(_recommending)]
"""The app's one recommender: what it needs is read at the first use, and again when it has changed."""


async def _predicting(request: Request) -> Predicting:
    predicting: Predicting = request.app.state.predicting
    return predicting


PredictingDep = Annotated[Predicting, Depends(_predicting)]
"""The app's loaded models: each is loaded at its first use, and again when another version is in use."""


async def _covers(request: Request) -> Covers:
    covers: Covers = request.app.state.covers
    return covers


CoversDep = Annotated[Covers, Depends(_covers)]
"""The app's one index of covers: their folder is looked through at the first use, and again from time to time."""


async def _store(request: Request) -> Store:
    opened: OneStore = request.app.state.store
    # Opening may take long; a thread for what is open already would take as long as a small query.
    return await run_in_threadpool(opened.get) if opened.kept is None else opened.kept


StoreDep = Annotated[Store, Depends(_store)]

Rule = Annotated[
    str, Query(description="Which listens count: all, 30s (heard for 30 s), lastfm (half the track or 4 minutes).")
]
Limit = Annotated[int, Query(ge=0, le=MAX_LIMIT, description="How many rows at most.")]
Offset = Annotated[int, Query(ge=0, le=2**62, description="How many rows to pass over first.")]


def _listener(store: StoreDep, who: CallerDep, name: str) -> str:
    who.of(name)
    return store.name_of(name)


ListenerInPath = Annotated[str, Depends(_listener)]
"""The name in the path, as it is written in the store."""


def _listener_asked(
    store: StoreDep, who: CallerDep, listener: Annotated[str | None, Query(description="Whose data.")] = None
) -> str | None:
    asked = who.of(listener)
    return None if asked is None else store.name_of(asked)


ListenerAsked = Annotated[str | None, Depends(_listener_asked)]
"""The listener in the query, as written in the store, or whose token it is; None for everybody."""


def _only_listener(store: StoreDep, asked: ListenerAsked) -> str:
    # One that is named was looked up already.
    return asked or store.only_listener(None).name


OneListener = Annotated[str, Depends(_only_listener)]
"""The listener in the query or of the token, else the only one there is."""
