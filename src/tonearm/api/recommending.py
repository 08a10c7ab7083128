"""What answers recommendations: read once, and anew when the tables or the model have changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from http import HTTPStatus
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi.routing import APIRoute

from tonearm import models
from tonearm.api.auth import asking, guard
from tonearm.errors import UsageError
from tonearm.recommend.answers.search import read_names

if TYPE_CHECKING:
    from tonearm.lake import Lake
    from tonearm.recommend.answers.search import Names
    from tonearm.recommend.home import Home
    from tonearm.settings import Settings

    _Made = TypeVar("_Made")

_TABLES = ("tracks", "catalogue_tracks", "listening_with_features", "model_evaluations", "model_scores")
"""What recommendations depend on. Training writes the last two, by which a new model is noticed."""

_MOST_BYTES, _LARGEST_ANSWER = 32_000_000, 1_000_000
"""Of remembered answers together, and of one."""
_LOOK_EVERY_S = 0.25
_AT_ONCE = 2


class Recommending:
    """Names, and scores and reasons, of the newest version of a home; may be shared by threads."""

    def __init__(self, settings: Settings, lake: Lake, clock: Callable[[], float] = monotonic) -> None:
        """Nothing is read yet; ``clock`` counts seconds."""
        self.settings, self._lake, self._lock, self._clock = settings, lake, Lock(), clock
        # Reading takes seconds, for which an answer that is remembered does not wait.
        self._reading = {"names": Lock(), "home": Lock()}
        self._kept: dict[str, tuple[tuple[int | None, ...], Any]] = {}
        self._answers: dict[str, tuple[tuple[int | None, ...], bytes]] = {}
        self._size = 0
        self._rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
        self._looked: tuple[int | None, ...] = ()
        self._look_s = float("-inf")

    def names(self) -> Names:
        """For searching; raises UsageError where nothing was built yet, ExtraMissing without the models."""
        models.require()
        return self._newest("names", lambda: read_names(self.settings))

    def home(self) -> Home:
        """Scores and reasons; raises UsageError where there is no track yet, and ExtraMissing without the models."""
        models.require()
        # pandas and scipy take a second to load, which an API that recommends nothing need not wait for.
        from tonearm.recommend.home import open_home

        home = self._newest("home", lambda: open_home(self.settings))
        if not len(home.items):
            raise UsageError("there are no tracks yet: import a history or a catalogue, and build")
        return home

    def known(self, track_ids: Iterable[int]) -> tuple[int, ...]:
        """Those of the tracks that can be recommended from, in their order."""
        ids = set(self.home().items.track_id)
        return tuple(track for track in track_ids if track in ids)

    def remembered(self, key: str) -> bytes | None:
        """The answer that was remembered under ``key``, if what it was made of is still the newest."""
        with self._lock:
            versions, body = self._answers.get(key, (None, None))
        return body if body is not None and versions == self._versions() else None

    def room(self) -> asyncio.Semaphore:
        """Enter to compute an answer: many at a time would take no less time, and more memory than all models."""
        loop = asyncio.get_running_loop()
        if loop not in self._rooms:
            self._rooms[loop] = asyncio.Semaphore(_AT_ONCE)
        return self._rooms[loop]

    def remember(self, key: str, body: bytes, versions: tuple[int | None, ...]) -> None:
        """Keep an answer that was made from these :meth:`versions` of the tables; the oldest make room."""
        if len(body) > _LARGEST_ANSWER:
            return
        with self._lock:
            self._size -= len(self._answers.pop(key, (versions, b""))[1])
            self._answers[key] = versions, body
            self._size += len(body)
            while self._size > _MOST_BYTES:
                self._size -= len(self._answers.pop(next(iter(self._answers)))[1])

    def versions(self) -> tuple[int | None, ...]:
        """Of the tables that recommendations depend on: the same versions give the same answers."""
        return tuple(self._lake.version(table) for table in _TABLES)

    def _versions(self) -> tuple[int | None, ...]:
        """The same, looked up a few times a second at most: a look costs as much as the rest of a remembered answer."""
        now_s = self._clock()
        if now_s >= self._look_s:
            self._looked, self._look_s = self.versions(), now_s + _LOOK_EVERY_S
        return self._looked

    def _newest(self, name: str, make: Callable[[], _Made]) -> _Made:
        versions = self.versions()
        with self._reading[name]:
            if name not in self._kept or self._kept[name][0] != versions:
                self._kept[name] = versions, make()
            found: _Made = self._kept[name][1]
            return found


class Remembered(APIRoute):
    """A route whose answers follow from the request's address and the tables alone, unless it names a listener.

    Such an answer is made once for each version of the tables. Who asks is checked each time, before it is looked up.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own, behind what is remembered."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            asked: Recommending = request.app.state.recommending
            key = await _key(request)
            body = asked.remembered(key) if key is not None else None
            if body is not None:
                return Response(body, media_type="application/json")
            versions = await run_in_threadpool(asked.versions) if key is not None else ()
            async with asked.room():
                found = await answer(request)
            if key is not None and found.status_code == HTTPStatus.OK:
                asked.remember(key, bytes(found.body), versions)
            return found

        return handle


async def _key(request: Request) -> str | None:
    """What an answer is remembered under; None where it depends on a listener, whose feedback may change any moment."""
    who = await asking(request)
    await guard(request, who)
    if who.only is not None or "listener" in request.query_params:
        return None
    return f"{request.url.path}?{request.url.query}"
