"""What this server is doing that takes a while, so that a page can show it after the reader left and came back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Annotated, Literal

from fastapi import Depends, Request

Task = Literal["import", "look", "undo", "run", "train", "job", "zone"]


@dataclass(frozen=True)
class UnderWay:
    """Something that a request began and that is not over."""

    task: Task
    about: str
    """The job, the models or the listener that it is about; empty for everything."""
    started_at: datetime


class Working:
    """The tasks of one server; may be shared by threads."""

    def __init__(self) -> None:
        """Nothing is under way."""
        self._lock = Lock()
        self._tasks: list[UnderWay] = []

    @contextmanager
    def on(self, task: Task, about: str = "") -> Iterator[None]:
        """List the task while the block is under way, however it ends."""
        begun = UnderWay(task, about, datetime.now(UTC))
        with self._lock:
            self._tasks.append(begun)
        try:
            yield
        finally:
            with self._lock:
                # By identity: two alike may have begun at one instant.
                self._tasks = [one for one in self._tasks if one is not begun]

    def tasks(self) -> list[UnderWay]:
        """What is under way, oldest first."""
        with self._lock:
            return list(self._tasks)


async def _working(request: Request) -> Working:
    working: Working = request.app.state.working
    return working


WorkingDep = Annotated[Working, Depends(_working)]
