from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonearm.sources.instants import day_order, read_instants

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
    "2020-11-20 09:35:00+00": 1,
    "2020-11-20 15:05:00.0+05:30": 1,
    "2020-11-20T09:35Z": 60,
    "2020-11-20 11:35+02:00": 60,
    "2020-11-20T11:35:00.000+02:00[Europe/Helsinki]": 1,
    "Fri Nov 20 2020 10:35:00 GMT+0100 (CET)": 1,
    "2020-11-20 10:35:00 +0100 CET": 1,
    "2020-11-20 09:35:00.0 +0000 UTC m=+0.1": 1,
    "Fri, 20 Nov 2020 10:35:00 +0100": 1,
    "Fri Nov 20 09:35:00 2020": 1,
    "20201120T093500Z": 1,
    "20.11.2020 09:35:00 +00:00": 1,
    "20.11.2020, 09:35": 60,
    "November 20, 2020 at 09:35AM": 60,
    "Friday 20 Nov 2020, 9:35am": 60,
    "20 novembre 2020 à 09:35": 60,
    "2020/11/20 09:35": 60,
}


@pytest.mark.parametrize(("text", "precision_s"), WRITTEN.items())
def test_ways_of_writing_the_same_instant(text: str, precision_s: float) -> None:
    found = read_instants(pa.array([text]))
    assert found.at.to_pylist() == [datetime(2020, 11, 20, 9, 35, tzinfo=UTC)]
    assert found.precision_s.to_pylist() == [precision_s]


@pytest.mark.parametrize(
    "text",
    [
        *("03/04/2020 10:00", "soon", "2020-13-01 10:00:00", "9" * 20, "-5", "31 Jun 2020 10:00", "2020-02-30 10:00"),
        *("2020-11-20", "2020-11-20 25:00", "2020-11-20 10:00:00 CEST", "0000-01-01 00:00:00", "20 Foo 2020 10:00"),
        *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "13:00 PM", "2020-11-20 13:00 PM"),
    ],
)
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


def test_numeric_dates_are_read_by_the_order_that_the_file_proves() -> None:
    texts = pa.array(["03/04/2020 10:00", "5/18/20 6:36 PM", "03.04.2020 10:00"])
    assert day_order(texts) == {"month_first"}
    assert read_instants(texts, "month_first").at.to_pylist() == [
        datetime(2020, 3, 4, 10, tzinfo=UTC),
        datetime(2020, 5, 18, 18, 36, tzinfo=UTC),
        datetime(2020, 4, 3, 10, tzinfo=UTC),
    ]
    assert day_order(pa.array(["03/04/2020 10:00", "", None])) == set()


def test_dates_without_a_zone_are_known_as_such() -> None:
    texts = ["2020-11-20 09:35", "2020-11-20 09:35Z", "1605864900", "2020-11-20 09:35+00", "20 Nov 2020 09:35", "soon"]
    assert read_instants(pa.array(texts)).is_local.to_pylist() == [True, False, False, False, True, False]
