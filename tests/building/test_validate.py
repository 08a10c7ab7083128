"""A table that breaks its own rules is not let through, and the message says which rows break which rule."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tonearm.building.validate import problems
from tonearm.engine.duckdb import Engine, engine
from tonearm.settings import Settings
from tonearm.table import Table

TABLE = Table(
    name="heard",
    layer="gold",
    family="descriptive",
    grain=("listener", "hour_of_day"),
    inputs=(),
    build=lambda: None,  # type: ignore[arg-type,return-value]
    references={"track_id": "tracks"},
)


@pytest.fixture
def session(settings: Settings) -> Iterator[Engine]:
    with engine(settings) as opened:
        yield opened


def found(session: Engine, *rows: str, columns: str = "listener, hour_of_day, listens, valence") -> list[str]:
    session.run(f"CREATE OR REPLACE TABLE heard AS SELECT * FROM (VALUES {', '.join(rows)}) AS t({columns})")
    return problems(session, TABLE, "heard", {})


GOOD = "('ada', 3::BIGINT, 2::BIGINT, 0.5::DOUBLE)"


def test_a_good_table_has_no_problems(session: Engine) -> None:
    assert found(session, GOOD, "('ada', 4, 0, NULL)") == []


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("(NULL, 4, 1, 0.5)", "listener is null in 1 rows"),
        ("('ada', 24, 1, 0.5)", "hour_of_day is above 23 in 1 rows, e.g. listener ada, hour_of_day 24"),
        ("('ada', 4, -1, 0.5)", "listens is below 0"),
        ("('ada', 4, NULL, 0.5)", "listens is null"),
        ("('ada', 4, 1, 1.5)", "valence is above 1"),
        ("('ada', 4, 1, 'nan'::DOUBLE)", "valence is not a number"),
        ("('ada', 3, 1, 0.5)", "1 rows repeat the grain (listener, hour_of_day), e.g. ada, 3 (2 times)"),
    ],
)
def test_each_broken_rule_is_named_with_its_rows(session: Engine, row: str, problem: str) -> None:
    assert any(text.startswith(problem) for text in found(session, GOOD, row))


def test_types_and_unknown_columns_are_named(session: Engine) -> None:
    wrong = found(session, "('ada', '3', 1::BIGINT, 2)", columns="listener, hour_of_day, listens, loveliness")
    assert wrong == ["column loveliness is not described in columns.py", "column hour_of_day is VARCHAR, not BIGINT"]


def test_a_value_that_its_reference_lacks_is_named(session: Engine) -> None:
    session.run("CREATE TABLE tracks AS SELECT 1::BIGINT AS track_id")
    session.run("CREATE TABLE heard AS SELECT 'ada' AS listener, 3::BIGINT AS hour_of_day, 7::BIGINT AS track_id")
    (problem,) = problems(session, TABLE, "heard", {"track_id": "tracks"})
    assert problem == "track_id is not in tracks in 1 rows, e.g. listener ada, hour_of_day 3"
