from __future__ import annotations

from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree

from tests.documents.conftest import HistoryOf, Row, history_of, listen
from tonearm.documents.charts import charts
from tonearm.pictures.cards import Play, now_card, paths, top_card, week_card

__all__ = ["history_of"]

SATURDAY = date(2020, 11, 21)
"""The week is that of Monday 16 November 2020."""


def words(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def title(svg: str) -> str:
    return ElementTree.fromstring(svg)[0].text or ""


def played(*days: int, artist: str = "Air") -> list[Row]:
    return [listen(f"2020-11-{day:02}T10:{minute:02}:00", artist) for minute, day in enumerate(days)]


def week(history_of: HistoryOf, *rows: Row) -> dict[str, Any]:
    return charts(history_of(*rows), SATURDAY, "artists", "week")


def test_now_is_what_plays_or_when_the_newest_play_was() -> None:
    assert words(now_card("Ada", Play("Sexy Boy", "Air", "Moon Safari", None))) == [
        *("Playing now", "Ada", "Sexy Boy", "Air", "Moon Safari")
    ]
    last = now_card("Ada", Play("Sexy Boy", "Air", None, datetime(2020, 11, 20, 9, 5)))
    assert words(last)[0] == "Last played 20 Nov 2020, 09:05"
    assert words(now_card("Ada", None)) == ["Nothing played yet", "Ada"]


def test_the_week_counts_plays_and_compares_them_with_as_many_days_of_the_week_before(history_of: HistoryOf) -> None:
    # Of the week before, Sunday the 15th is later than the days that have come of this one.
    shown = week_card("Ada", week(history_of, *played(2, 10, 15, 16, 18, 18), *played(20, artist="Can")))
    assert words(shown)[:7] == [
        "This week",
        "16 – 22 Nov 2020",
        "Ada",
        "4 plays",
        "3 more than a week earlier",
        "Air",
        "3 plays",
    ]
    assert title(shown) == "Ada. This week, 16 – 22 Nov 2020: 4 plays, most of all Air"
    accents = [one for one in ElementTree.fromstring(shown).iter() if one.get("class") == "accent"]
    assert [float(one.get("height") or 0) for one in accents] == [38, 76, 38]


def test_a_week_without_one_before_is_compared_with_nothing(history_of: HistoryOf) -> None:
    assert not [line for line in words(week_card("Ada", week(history_of, *played(18)))) if "earlier" in line]


def test_the_list_has_rank_name_and_plays(history_of: HistoryOf) -> None:
    history = history_of(*played(16, 17, 18), *played(19, 20, artist="Can"), *played(21, artist="Neu!"))
    of_year = charts(history, SATURDAY, "artists", "year")
    shown = top_card("Ada", "artists", of_year, count=2)
    assert words(shown) == ["Top artists", "2020", "Ada", "1", "Air", "3", "2", "Can", "2"]
    assert title(shown) == "Ada. Top artists, 2020: 1. Air, 3 plays; 2. Can, 2 plays"
    of_tracks = top_card("Ada", "tracks", charts(history, SATURDAY, "tracks", "all"), count=1)
    assert words(of_tracks)[:5] == ["Top tracks", "all time", "Ada", "1", "Sexy Boy – Air"]


def test_nothing_played_is_a_sentence(history_of: HistoryOf) -> None:
    nothing = charts(history_of(*played(18)), SATURDAY, "albums", "2019")
    assert words(top_card("Ada", "albums", nothing)) == ["Top albums, 2019: nothing played yet", "Ada"]


def test_a_name_in_an_address_is_quoted() -> None:
    assert paths("A/da & Ü")[0] == "/cards/A%2Fda%20%26%20%C3%9C/now.svg"
