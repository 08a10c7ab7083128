from collections.abc import Callable
from datetime import date
from typing import Any

from tonearm.gold.descriptive.feature_source_coverage import feature_source_coverage

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]

GRAIN = ("listener", "month", "feature_source")


def test_each_month_is_shared_out_between_the_sources(rows_of: Rows, listen: NewListen, featured: Features) -> None:
    listens = [
        listen("2024-01-01T10:00", track=1, listened_s=60.0, **featured(0.5, "real")),
        listen("2024-01-31T10:00", track=1, **featured(0.5, "real")),
        listen("2024-01-31T11:00", track=2, **featured(0.5, "imputed")),
        listen("2024-01-31T12:00", track=3),
        listen("2024-02-01T10:00", track=3),
    ]
    rows = rows_of(feature_source_coverage, listens, *GRAIN)
    january, february = date(2024, 1, 1), date(2024, 2, 1)
    assert [(r["month"], r["feature_source"], r["listens"], r["tracks"], r["share_pct"]) for r in rows] == [
        (january, "imputed", 1, 1, 25.0),
        (january, "none", 1, 1, 25.0),
        (january, "real", 2, 1, 50.0),
        (february, "none", 1, 1, 100.0),
    ]
    assert [(r["total_listens"], r["minutes"]) for r in rows] == [(4, None), (4, None), (4, 1.0), (1, None)]


def test_a_month_begins_by_the_listeners_clock(rows_of: Rows, listen: NewListen) -> None:
    new_year = listen("2023-12-31T23:30", zone="Europe/Berlin")
    (row,) = rows_of(feature_source_coverage, [new_year], *GRAIN)
    assert row["month"] == date(2024, 1, 1)


def test_shares_are_of_the_listeners_own_month(rows_of: Rows, listen: NewListen, featured: Features) -> None:
    listens = [
        listen("2024-01-01T10:00", listener="ann", **featured(0.5, "real")),
        listen("2024-01-01T10:00", listener="bob"),
    ]
    rows = rows_of(feature_source_coverage, listens, *GRAIN)
    assert [(r["listener"], r["share_pct"]) for r in rows] == [("ann", 100.0), ("bob", 100.0)]
