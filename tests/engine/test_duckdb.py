"""What the embedded engine does when its memory is full."""

from __future__ import annotations

import duckdb
import pytest

from tonearm.engine.duckdb import Engine


def test_what_does_not_fit_on_many_threads_is_done_on_one() -> None:
    engine = Engine(duckdb.connect(config={"threads": 4}))
    tried = []

    def work() -> str:
        tried.append(engine.value("SELECT current_setting('threads')"))
        if tried[-1] > 1:
            raise duckdb.OutOfMemoryException("as four threads need four buffers")
        return "made"

    assert engine._within_memory(work) == "made"
    assert tried == [4, 1]
    assert engine.value("SELECT current_setting('threads')") == 4


def test_what_does_not_fit_at_all_is_said() -> None:
    engine = Engine(duckdb.connect(config={"threads": 2}))

    def work() -> None:
        raise duckdb.OutOfMemoryException("ten times the memory")

    with pytest.raises(duckdb.OutOfMemoryException):
        engine._within_memory(work)
    assert engine.value("SELECT current_setting('threads')") == 2
