from __future__ import annotations

from datetime import date

import pytest

from tonearm.documents.history import Span
from tonearm.documents.periods import Period, between, containing, named
from tonearm.errors import UsageError

OLDEST, LAST = date(2008, 8, 20), date(2020, 11, 20)


@pytest.mark.parametrize(
    ("name", "first", "last", "address"),
    [
        ("2019", date(2019, 1, 1), date(2019, 12, 31), "2019"),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29), "2020-02"),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3), "2020-W53"),
        ("2019-W01", date(2018, 12, 31), date(2019, 1, 6), "2019-W01"),
        ("week", date(2020, 11, 16), date(2020, 11, 22), "2020-W47"),
        ("month", date(2020, 11, 1), date(2020, 11, 30), "2020-11"),
        ("year", date(2020, 1, 1), date(2020, 12, 31), "2020"),
        ("all", OLDEST, LAST, "all"),
    ],
)
def test_a_name_means_days_and_the_days_have_a_name(name: str, first: date, last: date, address: str) -> None:
    period = named(name, OLDEST, LAST)
    assert (period.span.first, period.span.last, period.address) == (first, last, {"range": address})


@pytest.mark.parametrize("name", ["2019-W53", "2019-13", "May", ""])
def test_what_names_no_period_is_refused_in_words(name: str) -> None:
    with pytest.raises((UsageError, ValueError)):
        named(name, OLDEST, LAST)


def test_a_period_moves_by_its_own_length() -> None:
    week, month = containing("week", date(2020, 12, 30)), containing("month", date(2020, 1, 31))
    assert [week.moved(steps).address["range"] for steps in (-1, 1)] == ["2020-W52", "2021-W01"]
    assert [month.moved(steps).address["range"] for steps in (-1, 1)] == ["2019-12", "2020-02"]
    free = Period("days", Span(date(2020, 3, 1), date(2020, 3, 11)))
    assert free.moved(-1).address == {"from": "2020-02-20", "to": "2020-02-29"}


def test_days_that_are_a_whole_period_or_all_of_it_until_today_are_that_period() -> None:
    assert between(date(2019, 1, 1), date(2019, 12, 31), LAST).address == {"range": "2019"}
    assert between(date(2020, 11, 1), LAST, LAST).address == {"range": "2020-11"}
    assert between(date(2020, 11, 2), date(2020, 11, 8), LAST).address == {"range": "2020-W45"}
    assert between(date(2020, 10, 1), date(2020, 10, 20), LAST).unit == "days"


def test_the_period_before_has_no_more_days_than_it_has() -> None:
    march = containing("month", date(2020, 3, 31))
    assert march.before(march.until(date(2020, 3, 31))) == Span(date(2020, 2, 1), date(2020, 3, 1))
    assert march.before(march.until(date(2020, 3, 30))) == Span(date(2020, 2, 1), date(2020, 3, 1))
    assert march.before(march.until(date(2020, 3, 2))) == Span(date(2020, 2, 1), date(2020, 2, 3))
