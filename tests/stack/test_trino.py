"""Trino reads the lake: the same tables, the same rows and sums as DuckDB's, and every commit as it is made."""

from __future__ import annotations

import json

import pytest

from tests.stack.conftest import tonearm
from tests.stack.trino import Trino
from tonearm.lake import open_lake
from tonearm.settings import Settings


def test_every_table_of_the_lake_is_there(published: Trino, household: Settings) -> None:
    shown = [name for (name,) in published.ask("SHOW TABLES")]
    assert shown == open_lake(household.lake).names()


def test_what_is_published_again_stays_as_it_was(published: Trino, household: Settings) -> None:
    printed = tonearm(household.home, "publish", "trino", "--server", published.url, "--json")
    assert {one["did"] for one in json.loads(printed)} == {"unchanged"}


@pytest.mark.parametrize("user", ["analyst", "tonearm"])
def test_nobody_writes_rows(published: Trino, user: str) -> None:
    from trino.exceptions import TrinoUserError

    before = published.ask("SELECT count(*) FROM listens")
    for statement in (
        "INSERT INTO listens SELECT * FROM listens",
        "DELETE FROM listens",
        "UPDATE listens SET listener = 'nobody'",
        "TRUNCATE TABLE listens",
    ):
        with pytest.raises(TrinoUserError, match="Access Denied"):
            published.ask(statement, user)
    assert published.ask("SELECT count(*) FROM listens") == before


def test_redis_answers(redis: str) -> None:
    """The one that dashboards keep their answers in."""
    assert redis.startswith("redis://127.0.0.1:")
