from __future__ import annotations

import json
from datetime import UTC, date, datetime

import msgspec
import pyarrow as pa

from tonearm.api.rows import json_response, json_rows

ODD = pa.table(
    {
        "class": pa.array([2**63 - 1, -(2**63), None]),
        "a b": pa.array(['"', "\\\x00é", None]),
        "share": pa.array([float("nan"), 0.1, None]),
        "at": pa.array([datetime(2020, 1, 1, 9, 28, tzinfo=UTC), datetime(1969, 1, 1, 0, 0, 0, 120, tzinfo=UTC), None]),
        "local": pa.array([datetime(2020, 1, 1, 0, 0, 1), datetime(2020, 1, 1, 0, 0, 0, 1000), None]),
        "day": pa.array([date(2020, 2, 29), date(1, 1, 1), None]),
        "parts": pa.array([["a", None], [], None]),
    }
)


def test_rows_are_what_msgspec_writes_of_their_dicts() -> None:
    assert bytes(json_rows(ODD)) == msgspec.json.encode(ODD.to_pylist())
    assert bytes(json_rows(ODD.slice(0, 0))) == b"[]"


def test_instants_of_every_unit_and_zone_are_utc() -> None:
    at = pa.array([datetime(2020, 1, 1, 9, 28, tzinfo=UTC)])
    for unit in ("s", "ms", "us", "ns"):
        table = pa.table({"at": at.cast(pa.timestamp(unit, "Europe/Berlin"))})
        assert json.loads(bytes(json_rows(table))) == [{"at": "2020-01-01T09:28:00Z"}]


def test_rows_stand_in_an_answer_beside_other_fields() -> None:
    answer = json_response(rows=json_rows(ODD.select(["class"])), truncated=False)
    assert answer.media_type == "application/json"
    assert json.loads(bytes(answer.body))["rows"][0] == {"class": 2**63 - 1}
