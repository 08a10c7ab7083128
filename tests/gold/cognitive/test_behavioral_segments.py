from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from tonearm.gold.cognitive.behavioral_segments import (
    TRAITS,
    behavioral_segments,
    demo_population,
    percent_rank,
)

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]

MONTHS = [date(2022 + n // 12, n % 12 + 1, 1) for n in range(24)]


def month(
    listen: NewListen, first: date, artists: list[int], days: int = 25, hour: int = 12, **columns: Any
) -> list[Row]:
    """A listen of each of ``artists``, a new track each time, spread over the first ``days`` of the month."""
    return [
        listen(
            f"{first + timedelta(n % days)}T{hour:02}:{n // days % 60:02}",
            **{"track": int(f"{first:%Y%m}{n:03}"), "artist_id": artist, **columns},
        )
        for n, artist in enumerate(artists)
    ]


def history(listen: NewListen, months: int, **columns: Any) -> list[Row]:
    """So many whole months of 50 listens of 5 artists, and one before and after that are not whole."""
    return [row for first in MONTHS[: months + 2] for row in month(listen, first, [1, 2, 3, 4, 5] * 10, **columns)]


def test_each_trait_is_the_mean_of_whole_months(rows_of: Rows, listen: NewListen) -> None:
    (row,) = rows_of(behavioral_segments, history(listen, 12, hour=20), "listener")
    assert row["months_compared"] == 12
    assert [row[f"{trait}_months"] for trait in TRAITS] == [7, 12, 12, 12, 11]
    # Every listen is of a new track, after dark, two a day, of five artists who stay.
    assert (row["exploring_pct"], row["after_dark_pct"], row["bursts_pct"]) == (100, 100, 12)
    assert (row["eclectic_bits"], row["loyal_pct"]) == pytest.approx((np.log2(5), 100))
    assert (row["exploring_pct_low"], row["exploring_pct_rank"]) == (None, None)


def test_the_interval_is_the_t_interval_of_the_months(rows_of: Rows, listen: NewListen) -> None:
    dark = [5, 10, 20, 15, 25, 30, 10, 5, 20, 40]
    listens = month(listen, MONTHS[0], [1] * 50) + month(listen, MONTHS[11], [1] * 50)
    for first, count in zip(MONTHS[1:], dark, strict=False):
        listens += month(listen, first, [1] * count, hour=23) + month(listen, first, [2] * (50 - count))
    (row,) = rows_of(behavioral_segments, listens, "listener")
    shares = 2.0 * np.array(dark)
    half = t.ppf(0.975, 9) * shares.std(ddof=1) / np.sqrt(10)
    found = (row["after_dark_pct"], row["after_dark_pct_low"], row["after_dark_pct_high"])
    assert found == pytest.approx((shares.mean(), shares.mean() - half, shares.mean() + half))


def test_a_track_is_new_again_after_half_a_year(rows_of: Rows, listen: NewListen) -> None:
    listens = [
        row
        for n, first in enumerate(MONTHS[:14])
        for row in month(listen, first, [1] * 50, track=n % 2 if n < 12 else n)
    ]
    (row,) = rows_of(behavioral_segments, listens, "listener")
    # Two tracks in turn are heard every second month, so they are never new; one of the judged months is
    # the first of a track: its 50 listens are 2 on each of 25 days, of which only the first is new.
    assert row["exploring_pct_months"] == 7
    assert row["exploring_pct"] == pytest.approx(100 * (1 / 50) / 7)


def test_a_long_history_is_judged_by_its_last_two_years(rows_of: Rows, listen: NewListen) -> None:
    years = [date(2010 + n // 12, n % 12 + 1, 1) for n in range(60)]
    listens = [
        row for n, first in enumerate(years) for row in month(listen, first, [1] * 50, hour=23 if n < 30 else 12)
    ]
    (row,) = rows_of(behavioral_segments, listens, "listener")
    assert (row["months_compared"], row["after_dark_pct"], row["listens"]) == (24, 0, 3000)


def test_traits_do_not_depend_on_how_much_is_heard(rows_of: Rows, listen: NewListen) -> None:
    rng = np.random.default_rng(1)
    listens = []
    for listener, n in (("little", 50), ("much", 400)):
        for first in MONTHS[:14]:
            artists = rng.choice(40, n, p=np.arange(1, 41) / 820).tolist()
            listens += month(listen, first, artists, listener=listener)
    # Real ids are hashes; those of the tests count up.
    for row, number in zip(listens, rng.permutation(len(listens)).tolist(), strict=True):
        row["listen_id"] = number
    little, much = rows_of(behavioral_segments, listens, "listener")
    for trait in ("eclectic_bits", "loyal_pct"):
        assert little[f"{trait}_low"] < much[trait] < little[f"{trait}_high"]


def test_ranks_are_among_five_listeners_of_the_home(rows_of: Rows, listen: NewListen) -> None:
    listens = []
    for listener, hour in (("ann", 12), ("bob", 12), ("cy", 20), ("di", 12), ("ed", 12)):
        listens += history(listen, 18, listener=listener, hour=hour)
    rows = rows_of(behavioral_segments, [*listens, listen("2024-01-01T10:00", listener="zoe")], "listener")
    assert {row["compared_with"] for row in rows} == {"household"}
    assert {row["compared_listeners"] for row in rows} == {5}
    # One of five hears after dark, the other four share the places below.
    assert [row["after_dark_pct_rank"] for row in rows] == [40, 40, 90, 40, 40, None]
    assert [row["loyal_pct_rank"] for row in rows[:5]] == [50] * 5
    assert rows[0]["archetype"] == "balanced"
    assert rows[5]["archetype"] is None


def test_ranks_in_a_trait_are_among_those_who_can_be_ranked_in_it(rows_of: Rows, listen: NewListen) -> None:
    listens = [row for listener in ("ann", "bob", "cy", "di", "ed") for row in history(listen, 18, listener=listener)]
    every_other = [date(2020 + n // 12, n % 12 + 1, 1) for n in range(0, 48, 2)]
    # With months between them loyalty is not known, so only five are compared in it.
    listens += [row for first in every_other for row in month(listen, first, [1] * 50, hour=20, listener="fay")]
    rows = rows_of(behavioral_segments, listens, "listener")
    assert rows[5]["loyal_pct_rank"] is None
    assert [row["loyal_pct_rank"] for row in rows[:5]] == [50] * 5
    assert rows[5]["after_dark_pct_rank"] == pytest.approx(100 * 5.5 / 6)


def test_a_smaller_home_is_ranked_among_the_simulated(rows_of: Rows, listen: NewListen) -> None:
    rng = np.random.default_rng(1)
    listens = []
    for first in MONTHS:
        hours = rng.choice([20, 12], 2, p=[0.9, 0.1])
        listens += month(listen, first, [1] * 40, hour=20) + month(listen, first, [1] * 20, hour=int(hours[1]))
    (row,) = rows_of(behavioral_segments, listens, "listener")
    assert (row["compared_with"], row["compared_listeners"]) == ("demo", 200)
    below = (demo_population()["loyal_pct"] < 100).sum()
    assert row["loyal_pct_rank"] == pytest.approx(100 * (below + 0.5) / 201)
    # A single artist has no spread at all, and is as focused and loyal as can be.
    assert (row["eclectic_bits"], row["loyal_pct"]) == (0, 100)
    assert row["archetype"]
    assert "simulated listeners" in row["in_words"]


@pytest.mark.parametrize("count", [1, 10])
def test_a_listener_of_a_few_listens_has_a_row_that_tells_nothing(rows_of: Rows, listen: NewListen, count: int) -> None:
    (row,) = rows_of(behavioral_segments, month(listen, MONTHS[0], [1] * count), "listener")
    assert (row["archetype"], row["listens"], row["months_compared"]) == (None, count, 0)
    assert row["in_words"].startswith("Not enough data")
    for trait in TRAITS:
        assert (row[trait], row[f"{trait}_rank"], row[f"{trait}_months"]) == (None, None, 0)


def test_months_with_a_gap_between_them_do_not_tell_of_loyalty(rows_of: Rows, listen: NewListen) -> None:
    listens = [row for first in MONTHS[::2] for row in month(listen, first, [1] * 50)]
    (row,) = rows_of(behavioral_segments, listens, "listener")
    assert (row["after_dark_pct_months"], row["loyal_pct"], row["loyal_pct_months"]) == (10, None, 0)


def test_percent_ranks_count_oneself_and_share_ties() -> None:
    below, equal = np.array([0.0, 1.0, 3.0]), np.array([1.0, 2.0, 1.0])
    assert percent_rank(below, equal, 4.0).tolist() == [12.5, 50.0, 87.5]


def test_the_population_has_all_traits_in_order() -> None:
    for trait, values in demo_population().items():
        assert len(values) == 200, trait
        assert (np.diff(values) >= 0).all(), trait
