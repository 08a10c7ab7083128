"""Trino reads the lake: the same tables, rows and sums as DuckDB, and every commit as it is made."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import shake_128
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tests.stack.conftest import tonearm
from tests.stack.trino import ROOT, Trino
from tonearm.lake import Lake, open_lake
from tonearm.settings import Settings
from tonearm.table import tables

STATEMENTS = re.findall(r"(?ms)^```sql\n(.+?)^```", (ROOT / "docs" / "trino.md").read_text(encoding="utf-8"))
UNTRAINED = {"artist_breakouts", "next_mood_forecasts", "session_start_forecasts"}
"""Gold tables of models that the household's fixture does not train."""
CLOSE_S = 0.002
"""Trino shows instants in milliseconds, and the lake has microseconds."""

NUMBER, TEXT, TRUTH, INSTANT = "sum", "length", "true", "instant"
SUM = {
    NUMBER: "sum(CAST({} AS DOUBLE))",
    TEXT: "sum(CAST(length({}) AS DOUBLE))",
    TRUTH: "count_if({})",
}
IN_TRINO = {
    "bigint": (NUMBER, SUM[NUMBER]),
    "double": (NUMBER, SUM[NUMBER]),
    "varchar": (TEXT, SUM[TEXT]),
    "boolean": (TRUTH, SUM[TRUTH]),
    "date": (INSTANT, "avg(to_unixtime(with_timezone(CAST({} AS timestamp), 'UTC')))"),
    "timestamp(6)": (INSTANT, "avg(to_unixtime(with_timezone({}, 'UTC')))"),
    "timestamp(3) with time zone": (INSTANT, "avg(to_unixtime({}))"),
}
IN_DUCKDB = {
    "BIGINT": (NUMBER, SUM[NUMBER]),
    "DOUBLE": (NUMBER, SUM[NUMBER]),
    "VARCHAR": (TEXT, SUM[TEXT]),
    "BOOLEAN": (TRUTH, SUM[TRUTH]),
    "DATE": (INSTANT, "avg(epoch({}))"),
    "TIMESTAMP": (INSTANT, "avg(epoch({}))"),
    "TIMESTAMP WITH TIME ZONE": (INSTANT, "avg(epoch({}))"),
}
"""What a column of each type comes to, and the SQL for it."""


def measures(columns: Sequence[Sequence[str]], of_type: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """SQL of each measure, by column and what is measured, of columns (name, type)."""
    found = {"rows count": "count(*)"}
    for name, kind, *_ in columns:
        what, sql = of_type[kind]
        found |= {f"{name} count": f'count("{name}")', f"{name} {what}": sql.format(f'"{name}"')}
    return found


def in_trino(trino: Trino, name: str) -> dict[str, Any]:
    sql = measures(trino.ask(f"SHOW COLUMNS FROM {name}"), IN_TRINO)
    (values,) = trino.ask(f"SELECT {', '.join(sql.values())} FROM {name}")
    return dict(zip(sql, values, strict=True))


def in_duckdb(lake: Lake, name: str) -> dict[str, Any]:
    rows = lake.dataset(name)  # noqa: F841 - the query reads it
    with duckdb.connect() as connection:
        sql = measures(connection.execute("DESCRIBE FROM rows").fetchall(), IN_DUCKDB)
        (values,) = connection.execute(f"SELECT {', '.join(sql.values())} FROM rows").fetchall()
    return dict(zip(sql, values, strict=True))


def differ(what: str, one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is not other
    if what.endswith(INSTANT):
        return not math.isclose(one, other, rel_tol=0, abs_tol=CLOSE_S)
    return not math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def test_every_table_is_there_and_comes_to_what_duckdb_makes_of_it(published: Trino, household: Settings) -> None:
    lake = open_lake(household.lake)
    names = [name for (name,) in published.ask("SHOW TABLES")]
    assert names == lake.names()
    wrong, compared = [], 0
    for name in names:
        theirs, ours = in_trino(published, name), in_duckdb(lake, name)
        assert theirs.keys() == ours.keys()
        compared += len(ours)
        wrong += [
            f"{name}.{what}: {theirs[what]} {ours[what]}" for what in ours if differ(what, theirs[what], ours[what])
        ]
    assert wrong == []
    assert compared > 1_500


def test_the_gold_tables_have_rows(published: Trino) -> None:
    gold = [name for name, table in tables().items() if table.layer == "gold"]
    assert {name for name in gold if published.ask(f"SELECT count(*) FROM {name}") == [[0]]} <= UNTRAINED


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


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE listens",
        "CREATE TABLE mine AS SELECT 1 AS one",
        "CALL delta.system.unregister_table('default', 'listens')",
        "CALL delta.system.register_table('default', 'again', 'local:///home/lake/listens')",
        "CALL delta.system.vacuum('default', 'listens', '7d')",
    ],
)
def test_who_reads_changes_no_tables(published: Trino, statement: str) -> None:
    from trino.exceptions import TrinoUserError

    with pytest.raises(TrinoUserError, match="Access Denied"):
        published.ask(statement)


def test_the_page_has_statements() -> None:
    assert len(STATEMENTS) >= 8


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda sql: sql.strip().splitlines()[0][:40])
def test_statements_of_the_page_find_rows(published: Trino, statement: str) -> None:
    assert published.ask(statement)


class Small:
    """A lake beside the household's, and what Trino shows of it in its schema."""

    def __init__(self, trino: Trino, schema: str) -> None:
        self.trino, self.schema = trino, schema
        self.folder = trino.lakehouse / schema
        self.lake = Lake(self.folder)

    def write(self, name: str, value: int, rows: int = 3) -> None:
        """Replace a table by ``rows`` of one value."""
        self.lake.replace(name, pa.table({"value": [value] * rows}), {})

    def publish(self) -> dict[str, str]:
        """What was done with each table."""
        from tonearm.engine.trino import Server, publish

        changes = publish(self.lake, f"local:///{self.folder.name}", Server(self.trino.url, schema=self.schema))
        return {change.table: change.did for change in changes}

    def values(self, name: str) -> list[list[Any]]:
        """Smallest and largest value, and the number of rows."""
        return self.trino.ask(f"SELECT min(value), max(value), count(*) FROM {self.schema}.{name}")

    def names(self) -> list[str]:
        return [name for (name,) in self.trino.ask(f"SHOW TABLES FROM {self.schema}")]


@pytest.fixture
def small(trino: Trino, request: pytest.FixtureRequest) -> Iterator[Small]:
    """A lake of one test, with a schema of its own."""
    found = Small(trino, re.sub(r"\W", "_", request.node.name))
    yield found
    shutil.rmtree(found.folder, ignore_errors=True)


def test_what_is_appended_shows_at_once(small: Small) -> None:
    small.write("one", 1)
    assert small.publish() == {"one": "registered"}
    assert small.values("one") == [[1, 1, 3]]
    small.lake.append("one", pa.table({"value": [7], "newer": ["x"]}), {})
    assert small.values("one") == [[1, 7, 4]]
    assert small.trino.ask(f"SELECT newer FROM {small.schema}.one WHERE newer IS NOT NULL") == [["x"]]
    small.lake.delete("one", "value = 1", {})
    assert small.values("one") == [[7, 7, 1]]
    assert small.trino.ask(f"SELECT count(*) FROM {small.schema}.one FOR VERSION AS OF 0") == [[3]]


def test_a_table_that_is_replaced_while_it_is_read_is_the_one_before_or_the_one_after(small: Small) -> None:
    rows, replacements = 5_000, 20
    small.write("one", 0, rows)
    small.publish()
    with ThreadPoolExecutor(1) as pool:

        def write() -> None:
            for value in range(1, replacements + 1):
                small.write("one", value, rows)

        writing = pool.submit(write)
        seen = [small.values("one")[0]]
        while not writing.done() or len(seen) < replacements:
            seen.append(small.values("one")[0])
        writing.result()
    assert [one for one in seen if one[0] != one[1] or one[2] != rows] == []
    assert [one[0] for one in seen] == sorted(one[0] for one in seen)
    assert small.values("one") == [[replacements, replacements, rows]]


def test_a_scan_during_which_the_table_is_replaced_has_the_rows_from_before(small: Small) -> None:
    rows, wide = 200_000, 1_000
    before = pa.table({"value": [0] * rows, "text": [shake_128(b"%d" % n).hexdigest(wide // 2) for n in range(rows)]})
    small.lake.replace("one", before, {})
    small.publish()
    with small.trino.asking(f"SELECT value, text FROM {small.schema}.one") as reading:
        first = reading.fetchone()
        small.lake.replace("one", pa.table({"value": [1], "text": ["x"]}), {})
        assert small.values("one") == [[1, 1, 1]]
        scanned = f"SELECT sum(processed_input_rows) FROM system.runtime.tasks WHERE query_id = '{reading.query_id}'"
        # Trino holds tens of megabytes for a client that does not read on, and then waits.
        assert 0 < small.trino.ask(scanned)[0][0] < rows
        seen = [value for value, _ in [first, *reading.fetchall()]]
    assert (len(seen), set(seen)) == (rows, {0})


def test_a_table_that_left_the_lake_leaves_trino_and_those_of_others_stay(small: Small) -> None:
    small.write("one", 1)
    small.write("two", 2)
    others = Small(small.trino, f"{small.schema}_others")
    others.write("theirs", 3)
    small.publish()
    location = f"local:///{others.folder.name}/theirs"
    small.trino.ask(f"CALL delta.system.register_table('{small.schema}', 'theirs', '{location}')", "tonearm")
    shutil.rmtree(small.folder / "two")
    assert small.publish() == {"one": "unchanged", "two": "unregistered"}
    assert small.names() == ["one", "theirs"]
    assert small.values("theirs") == [[3, 3, 3]]


def test_a_lake_that_moved_is_registered_anew(small: Small) -> None:
    small.write("one", 1)
    small.publish()
    small.folder = small.folder.rename(small.folder.with_name(f"{small.schema}_moved"))
    small.lake = Lake(small.folder)
    assert small.publish() == {"one": "registered anew"}
    assert small.values("one") == [[1, 1, 3]]


def test_a_table_whose_folder_was_made_again_is_read_after_it_is_published_again(small: Small) -> None:
    """As by a restore: its versions count from 0 again, so what Trino remembers of its log is wrong."""
    small.write("one", 1)
    small.write("one", 2)
    small.publish()
    assert small.values("one") == [[2, 2, 3]]
    shutil.rmtree(small.folder / "one")
    small.lake = Lake(small.folder)
    small.write("one", 5)
    assert small.publish() == {"one": "unchanged"}
    assert small.values("one") == [[5, 5, 3]]


def test_a_place_that_trino_does_not_see_changes_nothing(published: Trino, household: Settings) -> None:
    asked = ("publish", "trino", "--server", published.url, "--location", "local:///elsewhere/lake")
    assert "--location names where it sees the lake" in tonearm(household.home, *asked, code=2)
    assert published.ask("SELECT count(*) FROM albums")[0][0] > 0


def test_a_server_that_is_not_there_is_a_sentence(household: Settings) -> None:
    printed = tonearm(household.home, "publish", "trino", "--server", "http://127.0.0.1:1", code=11)
    assert "Trino does not answer at http://127.0.0.1:1" in printed
    assert len(printed.splitlines()) == 1
