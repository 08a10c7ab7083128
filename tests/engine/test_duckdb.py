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


def test_joins_are_made_as_written_where_that_is_asked_for_and_nowhere_else() -> None:
    engine = Engine(duckdb.connect())
    query = "SELECT current_setting('disabled_optimizers') AS disabled"
    engine.keep("as_written", query, (), as_written=True)
    engine.keep("as_it_likes", query, ())
    assert engine.value("SELECT disabled FROM as_written") == "build_side_probe_side"
    assert engine.value("SELECT disabled FROM as_it_likes") == ""


def test_what_did_not_fit_is_joined_as_written() -> None:
    engine = Engine(duckdb.connect(config={"threads": 2}))
    tried = []

    def work() -> str:
        tried.append(engine.value("SELECT current_setting('disabled_optimizers')"))
        if len(tried) == 1:
            raise duckdb.OutOfMemoryException("a million rows held to look up a few")
        return "made"

    assert engine._within_memory(work) == "made"
    assert tried == ["", "build_side_probe_side"]
    assert engine.value("SELECT current_setting('disabled_optimizers')") == ""
