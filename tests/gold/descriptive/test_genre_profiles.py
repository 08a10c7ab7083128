from collections.abc import Callable
from typing import Any

from tonearm.gold.descriptive.genre_profiles import genre_profiles

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]
GRAIN = ("listener", "genre", "year_local")


def test_shares_of_a_year_and_how_they_change(rows_of: Rows, listen: NewListen, featured: Features) -> None:
    listens = [
        listen("2022-05-01T10:00", track=1, genre="jazz", **featured(0.2, "catalogue")),
        listen("2022-05-01T11:00", track=2, genre="jazz"),
        listen("2023-05-01T10:00", track=1, genre="jazz", **featured(0.2, "catalogue")),
        listen("2023-05-01T11:00", track=3, genre="rock", **featured(0.8, "imputed")),
        listen("2023-05-01T12:00", track=4),
        listen("2025-05-01T12:00", track=3, genre="rock"),
    ]
    rows = rows_of(genre_profiles, listens, *GRAIN)
    told = [
        (r["genre"], r["year_local"], r["genre_share_pct"], r["share_change_pct"], r["known_listens"]) for r in rows
    ]
    assert told == [
        ("jazz", 2022, 100.0, None, 2),
        ("jazz", 2023, 50.0, -50.0, 2),
        ("rock", 2023, 50.0, 50.0, 2),
        # Nothing was heard in 2024 to compare with.
        ("rock", 2025, 100.0, None, 1),
    ]
    assert [(r["mean_energy"], r["n_energy"]) for r in rows] == [(None, 1), (None, 1), (None, 0), (None, 0)]


def test_a_year_begins_by_the_listeners_clock(rows_of: Rows, listen: NewListen) -> None:
    (row,) = rows_of(genre_profiles, [listen("2023-12-31T23:30", zone="Europe/Berlin", genre="jazz")], *GRAIN)
    assert row["year_local"] == 2024
