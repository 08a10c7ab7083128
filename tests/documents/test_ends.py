from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.documents.conftest import HistoryOf, Row, listen
from tonearm.documents.charts import charts
from tonearm.documents.ends import ENDED_AFTER_D, now_of
from tonearm.documents.home import home
from tonearm.documents.weekly import weekly

TODAY = date(2026, 11, 30)


def plays(*days: date | str, times: int = 1) -> list[Row]:
    return [listen(f"{day}T20:{minute:02}") for day in days for minute in range(times)]


OF_2018 = plays("2018-09-03", "2018-09-04", "2018-09-06", times=3)


@pytest.mark.parametrize(("silent", "has_ended"), [(ENDED_AFTER_D, False), (ENDED_AFTER_D + 1, True)])
def test_a_history_has_ended_after_two_months_of_silence(history_of: HistoryOf, silent: int, has_ended: bool) -> None:
    last = TODAY - timedelta(days=silent)
    now = now_of(history_of(*plays(last)), TODAY)
    assert (now.has_ended, now.as_of, now.stray) == (has_ended, last if has_ended else TODAY, None)


@pytest.mark.parametrize("stray", ["2022-03-05", "2026-11-29"])
def test_a_few_plays_after_years_of_silence_do_not_make_it_go_on(history_of: HistoryOf, stray: str) -> None:
    now = now_of(history_of(*OF_2018, *plays(stray, times=50)), TODAY)
    day = date.fromisoformat(stray)
    assert (now.has_ended, now.as_of) == (True, date(2018, 9, 6))
    assert now.stray == {"listens": 50, "days": 1, "first_day": day, "last_day": day}


def test_three_days_of_music_do(history_of: HistoryOf) -> None:
    now = now_of(history_of(*OF_2018, *plays("2026-11-20", "2026-11-25", "2026-11-29")), TODAY)
    assert (now.has_ended, now.as_of, now.stray) == (False, TODAY, None)


def test_a_new_history_of_one_day_goes_on(history_of: HistoryOf) -> None:
    assert now_of(history_of(*plays(TODAY)), TODAY).has_ended is False
    assert now_of(history_of(), TODAY).has_ended is False


def test_every_page_has_the_same_end(history_of: HistoryOf) -> None:
    history = history_of(*OF_2018, *plays("2026-11-29", times=50))
    first, ranked = home(history, TODAY), charts(history, TODAY)
    assert {(one["as_of"], one["has_ended"], one["stray"]["listens"]) for one in (first, ranked)} == {
        (date(2018, 9, 6), True, 50)
    }
    assert (first["lately"][0]["listens"], first["streaks"]["current"]["last"]) == (9, date(2018, 9, 6))
    week = weekly(history, TODAY)
    assert (week["first"], week["listens"], week["has_ended"]) == (date(2018, 9, 3), 9, True)
    assert charts(history, TODAY, name="week")["totals"]["listens"] == 9
    # Nothing is left out of all time.
    assert ranked["totals"]["listens"] == first["totals"]["listens"] == 59
