"""What answers reads of listens: kept warm, and read anew when the tables have changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request

from tonearm.read.overview import LISTENS
from tonearm.read.plays import Plays

if TYPE_CHECKING:
    from tonearm.lake import Lake

    _Made = TypeVar("_Made")

_KEPT = 512
"""Answers that are kept, of some kilobytes each."""
_TABLES = (LISTENS, "tracks")


class Reading:
    """Listens, and answers about those of the tables; may be shared by threads."""

    def __init__(self, lake: Lake) -> None:
        """Nothing is read yet."""
        self.plays = Plays(lake)
        self._lake, self._lock = lake, Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, Any]] = OrderedDict()

    def versions(self) -> tuple[int | None, ...]:
        """Of the tables that answers are made from."""
        return tuple(self._lake.version(table) for table in _TABLES)

    def answer(self, about: Hashable, make: Callable[[], _Made], also: Hashable = None) -> _Made:
        """What ``make`` returns, made once for each version of the tables, and of ``also``."""
        versions = self.versions(), also
        with self._lock:
            kept = self._kept.get(about)
        if kept is None or kept[0] != versions:
            kept = versions, make()
        with self._lock:
            self._kept[about] = kept
            self._kept.move_to_end(about)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        found: _Made = kept[1]
        return found


def _reading(request: Request) -> Reading:
    reading: Reading = request.app.state.reading
    return reading


ReadingDep = Annotated[Reading, Depends(_reading)]
"""The app's one reader: what it needs is read at the first use, and again when it has changed."""
