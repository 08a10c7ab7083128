from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.documents.conftest import Row, home_of, listen
from tonearm.documents.history import History, as_json
from tonearm.documents.insights import CARDS, TABLES, insights
from tonearm.documents.tables import Tables
from tonearm.lake import open_lake

TODAY = date(2020, 6, 10)


def plays(day: str, *, times: int = 1, hour: int = 20, artist: str = "Air", **more: Any) -> list[Row]:
    return [listen(f"{day}T{hour}:{minute:02}", artist, **more) for minute in range(times)]


def cards_of(folder: Path, rows: list[Row], today: date = TODAY, **tables: list[Row]) -> dict[str, dict[str, Any]]:
    """Ada's cards by id, in a home with these listens and tables."""
    settings = home_of(folder, rows)
    lake = open_lake(settings.lake)
    for name, of_table in tables.items():
        lake.replace(name, pa.Table.from_pylist([{"listener": "Ada", **row} for row in of_table]), {})
    found = insights(History(settings, "Ada"), Tables(lake, "Ada"), today)
    return {card["id"]: card for card in found["cards"]}


def test_the_clock_has_each_hour_and_the_share_of_the_part_of_the_day(tmp_path: Path) -> None:
    rows = [row for day in range(1, 10) for row in plays(f"2020-06-0{day}", times=3)]
    card = cards_of(tmp_path, [*rows, *plays("2020-06-01", times=9, hour=10)])["clock"]
    assert card["answer"].startswith("Most of all in the evening: 75 % of your plays fall between 18:00 and midnight.")
    assert card["picture"]["rows"][20] == {"hour": 20, "listens": 27}
    assert sum(row["listens"] for row in card["picture"]["rows"]) == 36
    assert card["sure"]["n"] == "36 plays on 9 days."


def test_sessions_are_counted_by_their_size(tmp_path: Path) -> None:
    rows = [
        listen(f"2020-06-0{day}T10:0{n}", session_started_at=datetime(2020, 6, day, 10, tzinfo=UTC))
        for day, size in ((1, 1), (2, 3), (3, 5))
        for n in range(size)
    ]
    card = cards_of(tmp_path, rows)["sessions"]
    assert card["answer"] == "Half of your sessions have 3 plays or fewer. The longest went on for 5 plays."
    assert [row["value"] for row in card["picture"]["rows"]] == [1, 1, 1, 0, 0, 0]
    assert card["items"] == [{"day": date(2020, 6, 3), "text": "The longest session"}]


def test_loyalty_is_the_share_of_artists_known_from_an_earlier_year(tmp_path: Path) -> None:
    rows = [row for day in (1, 2) for row in plays(f"2020-06-0{day}", times=60)]
    rows += [row for day in (3, 4) for row in plays(f"2020-06-0{day}", times=40, artist="Can")]
    card = cards_of(tmp_path, [*plays("2019-06-01"), *rows])["loyalty"]
    assert "60 % of your plays are of artists you knew from an earlier year" in card["answer"]
    assert card["picture"]["rows"] == [{"year": 2020, "known": 120, "new": 80}]


def test_new_artists_stay_if_they_are_heard_again_after_the_time(tmp_path: Path) -> None:
    first = date(2018, 1, 1)
    rows = [row for n in range(100) for row in plays(str(first), artist=f"Artist {n}" * (n + 1))]
    rows += [row for n in range(25) for row in plays("2019-02-01", artist=f"Artist {n}" * (n + 1))]
    card = cards_of(tmp_path, [*rows, *plays("2019-06-01")])["newcomers"]
    assert card["answer"].startswith("Of a hundred artists you meet, you still play 25 a year later.")
    assert [(row["label"], row["value"]) for row in card["picture"]["rows"]][-1] == ("a year", 25.0)


def breakout(rank: int, artist: str, first_heard: date) -> Row:
    return {
        "rank": rank,
        "artist_id": rank,
        "artist_name": artist,
        "probability_pct": 50.0 - rank,
        "baseline_pct": 10.0,
        "first_heard_month": first_heard,
        "predicted_for_at": datetime(2020, 7, 1, tzinfo=UTC),
        "served_by": "model",
    }


def test_which_new_artist_will_stay_names_new_artists_alone(tmp_path: Path) -> None:
    rows = [breakout(1, "Old", date(2015, 1, 1)), breakout(2, "New", date(2020, 5, 1))]
    card = cards_of(tmp_path, plays("2020-06-01"), artist_breakouts=rows)["breakouts"]
    assert card["answer"].startswith("New is the likeliest of your new artists to stay: 48 in a hundred.")
    assert [row["label"] for row in card["picture"]["rows"]] == ["New"]


def test_without_a_new_artist_the_card_says_what_it_takes(tmp_path: Path) -> None:
    card = cards_of(tmp_path, plays("2020-06-01"), artist_breakouts=[breakout(1, "Old", date(2015, 1, 1))])["breakouts"]
    assert (card["answer"], card["picture"]) == ("", None)
    assert card["needs"].startswith("None of the artists you are getting closer to is new")


def test_only_one_card_counts_kinds_of_music(tmp_path: Path) -> None:
    kinds = [
        {"persona_name": name, "tracks_share_pct": share, "evidence": "stable", "is_separate": True,
         "measured_tracks": 400, "measured_share_pct": 60.0, "silhouette": 0.3, "null_silhouette": 0.1}
        for name, share in (("calm", 30.0), ("loud", 70.0))
    ]  # fmt: skip
    forecast = [
        {"music_group": name, "probability_pct": pct, "baseline_pct": 33.0, "served_by": "model"}
        for name, pct in (("loud", 60.0), ("calm", 30.0), ("slow", 10.0))
    ]
    cards = cards_of(tmp_path, plays("2020-06-01"), mood_state_clusters=kinds, next_mood_forecasts=forecast)
    assert cards["kinds"]["answer"] == "Two kinds of music: loud (70 %) and calm (30 %)."
    assert (
        cards["next_sound"]["answer"] == "Something loud: 60 % if your last session goes on, against 33 % on the whole."
    )
    assert [(row["label"], row["value"]) for row in cards["next_sound"]["picture"]["rows"]] == [
        ("loud", 60.0),
        ("anything else", 40.0),
    ]


def test_a_history_that_ended_is_spoken_of_as_such(tmp_path: Path) -> None:
    settings = home_of(tmp_path, plays("2018-03-01"))
    found = insights(History(settings, "Ada"), Tables(open_lake(settings.lake), "Ada"), TODAY)
    assert (found["has_ended"], found["as_of"]) == (True, date(2018, 3, 1))
    (card,) = [card for card in found["cards"] if card["id"] == "next_session"]
    assert card["needs"].startswith("This history ended on 1 March 2018;")


def test_the_most_unusual_day_comes_first_in_plain_words(tmp_path: Path) -> None:
    odd = {"anomaly": "volume", "severity": "strong", "days_judged": 90, "in_words": "84 listens; about 17."}
    rows = [
        odd | {"local_date": date(2020, 5, day), "score": score, "listens": 84, "expected": 17.4, "actual": 84.0}
        for day, score in ((3, 2.0), (4, 5.0))
    ]
    card = cards_of(tmp_path, plays("2020-06-01"), listening_anomalies=rows)["days"]
    assert card["answer"] == "2 days stand out, first of all 4 May 2020: 84 plays, where about 17 were to be expected."
    assert card["items"] == [{"day": date(2020, 5, 3), "text": "84 plays, where about 17 were to be expected"}]


def test_a_season_shows_only_if_it_comes_in_every_year(tmp_path: Path) -> None:
    even = dict.fromkeys(range(1, 13), 10)
    rows = [
        row
        for year in range(2014, 2020)
        for month, times in (even | {7: 30}).items()
        for row in plays(f"{year}-{month:02}-10", times=times)
    ]
    card = cards_of(tmp_path, rows)["seasons"]
    assert "you hear more in July" in card["answer"]
    july = next(row for row in card["picture"]["rows"] if row["name"] == "July")
    assert july["value"] == pytest.approx(100 * 30 / 140)


def test_with_one_play_and_no_table_every_card_answers_or_says_what_would_help(tmp_path: Path) -> None:
    cards = cards_of(tmp_path, plays("2020-06-10"))
    assert cards.keys() == {card.id for card in CARDS}
    assert all(bool(card["answer"]) != bool(card["needs"]) for card in cards.values())
    assert {id for id, card in cards.items() if card["answer"]} == {"clock", "sessions", "new_to_you"}
    json.dumps(as_json(cards))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_rows_or_from_an_older_version_is_no_failure(tmp_path: Path, name: str) -> None:
    assert cards_of(tmp_path / "other", plays("2020-06-10"), **{name: [{"listener": "Ben"}]}).keys()


def test_without_plays_there_are_no_cards(tmp_path: Path) -> None:
    assert cards_of(tmp_path, plays("2020-06-10", listener="Ben")) == {}


def test_favourites_are_forgotten_after_a_year(tmp_path: Path) -> None:
    rows = [
        row
        for n in range(5)
        for day in range(5)
        for row in plays(str(date(2019, 1, 1) + timedelta(days=day)), times=2 + n, track=f"Song {n}")
    ]
    card = cards_of(tmp_path, [*rows, *plays("2020-06-01")])["forgotten"]
    assert card["answer"] == "Song 4 by Air: 30 plays, and none since January 2019."
