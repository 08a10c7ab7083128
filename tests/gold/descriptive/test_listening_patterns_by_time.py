from collections.abc import Callable
from typing import Any

import pytest

from tonearm.gold.descriptive.listening_patterns_by_time import listening_patterns_by_time

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]

GRAIN = ("listener", "day_of_week", "hour_of_day")


def test_an_hour_of_the_week_gathers_the_same_hour_of_every_week(rows_of: Rows, listen: NewListen) -> None:
    monday_ten = [
        listen("2024-01-01T10:00", track=1, listened_s=60.0),
        listen("2024-01-08T10:59", track=1, listened_s=30.0),
        listen("2024-01-15T10:30", track=2),
    ]
    (row,) = rows_of(listening_patterns_by_time, monday_ten, *GRAIN)
    assert (row["day_name"], row["hour_of_day"], row["part_of_day"]) == ("Monday", 10, "morning")
    assert row["is_weekend"] is False
    assert (row["listens"], row["tracks"], row["artists_heard"]) == (3, 2, 1)
    assert (row["minutes"], row["timed_listens"]) == (1.5, 2)


def test_listens_of_unknown_length_have_no_minutes(rows_of: Rows, listen: NewListen) -> None:
    (row,) = rows_of(listening_patterns_by_time, [listen("2024-01-01T10:00")], *GRAIN)
    assert (row["listens"], row["minutes"], row["timed_listens"]) == (1, None, 0)


def test_each_listener_has_a_week_of_their_own(rows_of: Rows, listen: NewListen) -> None:
    listens = [listen("2024-01-06T10:00", listener=name) for name in ("ann", "bob", "bob")]
    rows = rows_of(listening_patterns_by_time, listens, *GRAIN)
    assert [(r["listener"], r["day_name"], r["is_weekend"], r["listens"]) for r in rows] == [
        ("ann", "Saturday", True, 1),
        ("bob", "Saturday", True, 2),
    ]


def test_when_clocks_go_back_the_repeated_hour_gets_both_listens(rows_of: Rows, listen: NewListen) -> None:
    before = listen("2024-10-27T00:30", zone="Europe/Berlin")
    after = listen("2024-10-27T01:30", zone="Europe/Berlin")
    (row,) = rows_of(listening_patterns_by_time, [before, after], *GRAIN)
    assert (row["day_name"], row["hour_of_day"], row["listens"]) == ("Sunday", 2, 2)


def test_means_count_measured_features_only_and_say_how_many(
    rows_of: Rows, listen: NewListen, featured: Features
) -> None:
    listens = [
        *(listen(f"2024-01-01T10:0{k}", track=1, **featured(0.25, "real")) for k in range(3)),
        *(listen(f"2024-01-01T10:1{k}", track=2, **featured(0.75, "catalogue", tempo=None)) for k in range(2)),
        *(listen(f"2024-01-01T10:2{k}", track=6, **featured(0.75, "artist", energy=None)) for k in range(1)),
        listen("2024-01-01T10:20", track=3, **featured(1.0, "imputed")),
        listen("2024-01-01T10:30", track=4, **featured(1.0, "synthetic")),
        listen("2024-01-01T10:40", track=5),
    ]
    (row,) = rows_of(listening_patterns_by_time, listens, *GRAIN)
    assert (row["mean_valence"], row["n_valence"]) == (0.5, 6)
    assert (row["mean_energy"], row["n_energy"]) == (pytest.approx(0.45), 5)
    # Four listens are no mean.
    assert (row["mean_tempo"], row["n_tempo"]) == (None, 4)
    assert (row["listens"], row["listens_with_features"]) == (9, 6)
    shares = [row[f"{s}_share_pct"] for s in ("real", "catalogue", "artist", "imputed", "synthetic")]
    assert shares == pytest.approx([100 * n / 9 for n in (3, 2, 1, 1, 1)])


def test_without_measured_features_the_means_are_null(rows_of: Rows, listen: NewListen, featured: Features) -> None:
    (row,) = rows_of(listening_patterns_by_time, [listen("2024-01-01T10:00", **featured(0.9, "imputed"))], *GRAIN)
    assert (row["mean_energy"], row["n_energy"], row["imputed_share_pct"]) == (None, 0, 100.0)
