from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonearm.sources.instants import read_instants

WRITTEN = {
    "1605864900": 1,
    "1605864900.0": 1,
    "1605864900000": 1,
    "1605864900000000": 1,
    " 20 Nov 2020 09:35 ": 60,
    "20 Nov 2020, 09:35": 60,
    "2020-11-20 09:35": 60,
    "2020-11-20 09:35:00": 1,
    "2020-11-20T09:35:00Z": 1,
    "2020-11-20T09:35:00.000Z": 1,
    "2020-11-20 09:35:00 UTC": 1,
    "2020-11-20T10:35:00+01:00": 1,
    "2020-11-20T04:05:00-0530": 1,
}


@pytest.mark.parametrize(("text", "precision_s"), WRITTEN.items())
def test_ways_of_writing_the_same_instant(text: str, precision_s: float) -> None:
    found = read_instants(pa.array([text]))
    assert found.at.to_pylist() == [datetime(2020, 11, 20, 9, 35, tzinfo=UTC)]
    assert found.precision_s.to_pylist() == [precision_s]


@pytest.mark.parametrize("text", ["03/04/2020 10:00", "soon", "2020-13-01 10:00:00", "9" * 20, "-5"])
def test_what_cannot_be_understood_is_null(text: str) -> None:
    found = read_instants(pa.array([text, "", None]))
    assert found.at.to_pylist() == [None, None, None]
    assert found.is_blank.to_pylist() == [False, True, True]


def test_a_column_may_mix_its_ways() -> None:
    mixed = [*WRITTEN, "soon", None] * 20
    found = read_instants(pa.array(mixed)).at.to_pylist()
    assert found == ([datetime(2020, 11, 20, 9, 35, tzinfo=UTC)] * len(WRITTEN) + [None, None]) * 20


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)), st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "%d %b %Y %H:%M"])
)
def test_what_is_written_is_read_back(at: datetime, form: str) -> None:
    text = at.strftime(form)
    assert read_instants(pa.array([text])).at.to_pylist() == [datetime.strptime(text, form).replace(tzinfo=UTC)]
