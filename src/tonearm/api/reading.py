"""What answers reads of listens: kept warm, and read anew when the tables have changed."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from fastapi import Depends, Request

from tonearm.errors import TonearmError
from tonearm.read.overview import LISTENS
from tonearm.read.plays import Plays

if TYPE_CHECKING:
    from tonearm.lake import Lake

    _Made = TypeVar("_Made")

_MOST_BYTES = 16_000_000
"""Of all answers that are kept, pickled; in memory most take a few times as much."""
_TABLES = (LISTENS, "tracks", "album_names")
_MOST_RENEWED = 16
"""Answers that are made again when the tables change: the pages that somebody has open."""


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
        self._renewed: OrderedDict[Hashable, Callable[[], object]] = OrderedDict()
        self._renewed_for: tuple[int | None, ...] | None = None

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

    def keep_renewed(self, about: Hashable, ask: Callable[[], object]) -> None:
        """Have :meth:`renew` ask for this answer again; of many the newest."""
        with self._lock:
            self._renewed[about] = ask
            self._renewed.move_to_end(about)
            if len(self._renewed) > _MOST_RENEWED:
                self._renewed.popitem(last=False)

    def renew(self) -> None:
        """If the tables have changed, make answers from them before somebody has to wait for one.

        An answer that there is no more is not asked for again.
        """
        versions = self.versions()
        if versions == self._renewed_for:
            return
        self._renewed_for = versions
        with self._lock:
            newest_first = list(reversed(self._renewed.items()))
        for about, ask in newest_first:
            try:
                ask()
            except TonearmError:
                with self._lock:
                    self._renewed.pop(about, None)

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
