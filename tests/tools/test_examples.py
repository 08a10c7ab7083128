"""Examples for the tables' pages: a few rows, the columns that say most, short numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tools.examples import EMPTY, example, examples, markdown

from tonearm.bronze import SCHEMAS
from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.settings import Settings
from tonearm.table import schema_of, tables


def of(**columns: list[Any]) -> pa.Table:
    return pa.table(columns)


def test_rows_are_spread_over_all_with_the_first_and_the_last() -> None:
    columns, values = example(of(rank=list(range(9)), n=list(range(9))), ["rank"])
    assert columns == ["rank", "n"]
    assert [row[0] for row in values] == ["0", "2", "4", "6", "8"]
    assert len(example(of(n=[1, 2]), [])[1]) == 2


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.123456, "0.123"),
        (-12.3456, "-12.3"),
        (12345.6, "12346"),
        (7, "7"),
        (None, "–"),
        (True, "yes"),
        (datetime(2026, 1, 1, 9, 30, 12, tzinfo=UTC), "2026-01-01 09:30"),
        ("a|b", "a\\|b"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_values_are_short(value: Any, written: str) -> None:
    rows = pa.table({"value": pa.array([value, value]), "n": [1, 2]})
    shown = example(rows, [])
    assert (dict(zip(shown[0], shown[1][0], strict=True)).get("value", "–")) == written


def test_columns_that_say_little_or_do_not_fit_are_left_out() -> None:
    names = {f"column_number_{i}": ["a value of a column"] for i in range(9)}
    rows = of(
        listener=["ada"],
        track_id=[1],
        **names,
        mood=["Sad_Calm"],
        reason=["a sentence that is longer than the names are"],
    )
    columns, _ = example(rows, ["listener", "column_number_8"])
    assert columns == ["column_number_8", "mood", "column_number_0", "column_number_1", "column_number_2", "reason"]
    assert example(of(name_id=[1], track_id=[2]), ["name_id"])[0] == ["name_id", "track_id"]


def test_the_sentence_says_whose_rows_and_how_many_columns_more() -> None:
    said = markdown(of(listener=["ada"], n=[1]), ["listener"]).splitlines()
    assert said[0] == "1 of 1 rows of ada in the simulated household of `tonearm demo`; 1 more column."
    assert said[2:] == ["| n |", "| --- |", "| 1 |"]


def test_every_table_has_an_example_of_its_own_columns(settings: Settings, tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    history.write_text("Can,Tago Mago,Halleluhwah,20 Nov 2020 09:35\nCan,Tago Mago,Mushroom,20 Nov 2020 09:55\n")
    for listener in ("ada", "ben"):
        import_paths(settings, [history], listener, "UTC")
    build(settings)
    made = dict(examples(settings))
    assert set(made) == {*SCHEMAS, *tables()}
    assert made["top_tracks_by_mood"] == EMPTY
    for name, text in made.items():
        header = next((line for line in text.splitlines() if line.startswith("|")), "| |")
        assert {c for c in header.strip("| ").split(" | ") if c} <= set(schema_of(name))
    assert made["sessions"].startswith("1 of 1 rows of ada")
