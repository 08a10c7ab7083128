"""What answers reads of listens: kept warm, and read anew when the tables have changed."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from fastapi import Depends, Request

from tonearm.read.overview import LISTENS
from tonearm.read.plays import Plays

if TYPE_CHECKING:
    from tonearm.lake import Lake

    _Made = TypeVar("_Made")

_MOST_BYTES = 16_000_000
"""Of all answers that are kept, pickled; in memory most take a few times as much."""
_TABLES = (LISTENS, "tracks", "album_names")


@dataclass(frozen=True)
class _Answer:
    """What was made, what else than the tables it was made from, and how large it is."""

    also: Hashable
    found: Any
    bytes: int


class Reading:
    """Listens, and answers about those of the tables; may be shared by threads."""

    def __init__(self, lake: Lake) -> None:
        """Nothing is read yet."""
        self.plays = Plays(lake)
        self._lake, self._lock = lake, Lock()
        self._kept: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._made_from: tuple[int | None, ...] = ()
        self._bytes = 0

    def versions(self) -> tuple[int | None, ...]:
        """Of the tables that answers are made from."""
        return tuple(self._lake.version(table) for table in _TABLES)

    def answer(
        self, about: Hashable, make: Callable[[], _Made], also: Hashable = None, is_index: bool = False
    ) -> _Made:
        """What ``make`` returns, made once for each version of the tables, and of ``also``.

        An index, of which there is one for all requests, takes no room from answers however large it is.
        """
        versions = self.versions()
        with self._lock:
            self._forget_others_than(versions)
            kept = self._kept.get(about)
            if kept is not None and kept.also == also:
                self._kept.move_to_end(about)
                return cast("_Made", kept.found)
        found = make()
        made = _Answer(also, found, 0 if is_index else len(pickle.dumps(found)))
        with self._lock:
            if versions == self._made_from:
                self._keep(about, made)
        return found

    def _forget_others_than(self, versions: tuple[int | None, ...]) -> None:
        if versions != self._made_from:
            self._kept.clear()
            self._made_from, self._bytes = versions, 0

    def _keep(self, about: Hashable, made: _Answer) -> None:
        """Keep an answer as the newest; the oldest make room."""
        before = self._kept.pop(about, None)
        self._kept[about] = made
        self._bytes += made.bytes - (before.bytes if before else 0)
        while self._bytes > _MOST_BYTES:
            self._bytes -= self._kept.popitem(last=False)[1].bytes


def _reading(request: Request) -> Reading:
    reading: Reading = request.app.state.reading
    return reading


ReadingDep = Annotated[Reading, Depends(_reading)]
"""The app's one reader: what it needs is read at the first use, and again when it has changed."""
