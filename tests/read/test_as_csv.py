from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest

from tonearm.read.as_csv import as_csv


def cells(rows: pa.Table, safe: bool = True) -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_csv(rows, safe).decode(), newline="")))[1:]


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "-", "+49 30 1234"]
)
def test_what_a_spreadsheet_would_evaluate_becomes_text(text: str) -> None:
    assert cells(pa.table({"track_name": [text]})) == [["'" + text]]
    assert cells(pa.table({"track_name": [text]}), safe=False) == [[text]]


def test_other_texts_and_numbers_stay() -> None:
    rows = pa.table({"name": ["Sinnerman", "a=b", "'74", "-3", "+1.5", None, ""], "n": [-1, 2, -3, 4, 5, 6, None]})
    assert cells(rows) == [["Sinnerman", "-1"], ["a=b", "2"], ["'74", "-3"], ["-3", "4"], ["+1.5", "5"], ["", "6"],
                           ["", ""]]  # fmt: skip
    assert cells(pa.table({"x": [-0.5]})) == [["-0.5"]]


def test_no_rows_are_a_header() -> None:
    assert as_csv(pa.table({"a": pa.array([], pa.string())})) == b'"a"\n'
