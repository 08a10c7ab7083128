from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.documents.conftest import Row, home_of, listen
from tests.documents.listens import artist_id
from tonearm.documents.history import History, as_json
from tonearm.documents.insights import CARDS, TABLES, insights
from tonearm.documents.tables import Tables
from tonearm.lake import open_lake
from tonearm.models.trial.summary import Trials, summed
from tonearm.store.forecasts import Forecast

TODAY = date(2020, 6, 10)


def plays(day: str, *, times: int = 1, hour: int = 20, artist: str = "Air", **more: Any) -> list[Row]:
    return [listen(f"{day}T{hour:02}:{minute:02}", artist, **more) for minute in range(times)]


def cards_of(
    folder: Path, rows: list[Row], today: date = TODAY, trials: Trials | None = None, **tables: list[Row]
) -> dict[str, dict[str, Any]]:
    """Ada's cards by id, in a home with these listens and tables."""
    settings = home_of(folder, rows)
    lake = open_lake(settings.lake)
    for name, of_table in tables.items():
        lake.replace(name, pa.Table.from_pylist([{"listener": "Ada", **row} for row in of_table]), {})
    found = insights(History(settings, "Ada"), Tables(lake, "Ada"), today, trials)
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
    early = [row for day in (1, 2) for row in plays(f"2019-06-0{day}", times=50)]
    rows = [row for day in (1, 2) for row in plays(f"2020-06-0{day}", times=60)]
    rows += [row for day in (3, 4) for row in plays(f"2020-06-0{day}", times=40, artist="Can")]
    card = cards_of(tmp_path, [*early, *rows])["loyalty"]
    assert "60 % of your plays are of artists you already played in an earlier year" in card["answer"]
    assert card["picture"]["rows"] == [{"year": 2020, "known": 120, "new": 80}]


def test_new_artists_stay_if_they_are_heard_again_after_the_time(tmp_path: Path) -> None:
    first = date(2018, 1, 1)
    rows = [row for n in range(100) for row in plays(str(first), artist=f"Artist {n}" * (n + 1))]
    rows += [row for n in range(25) for row in plays("2019-02-01", artist=f"Artist {n}" * (n + 1))]
    card = cards_of(tmp_path, [*rows, *plays("2019-06-01")])["newcomers"]
    assert card["answer"].startswith("Of a hundred artists you meet, you still play 25 a year later.")
    assert [(row["label"], row["value"]) for row in card["picture"]["rows"]][-1] == ("After a year", 25.0)


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
    assert card["answer"].startswith("New, with a chance of 48 in a hundred.")
    assert [row["label"] for row in card["picture"]["rows"]] == ["New"]


def test_without_a_new_artist_the_card_says_what_it_takes(tmp_path: Path) -> None:
    card = cards_of(tmp_path, plays("2020-06-01"), artist_breakouts=[breakout(1, "Old", date(2015, 1, 1))])["breakouts"]
    assert (card["answer"], card["picture"]) == ("", None)
    assert card["needs"].startswith("None of the artists you play more and more is new")


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
    assert cards["kinds"]["answer"] == "Two kinds of music: loud (70 % of the tracks) and calm (30 % of the tracks)."
    answer = "Something loud: the chance is 60 in a hundred, if your last session goes on."
    assert cards["next_sound"]["answer"] == answer
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
    usual = "84 plays, where about 17 would be usual"
    assert card["answer"] == f"2 days clearly stand out; the most unusual is 4 May 2020, with {usual}."
    assert [(one["day"], one["text"]) for one in card["items"]] == [(date(2020, 5, 3), usual)]
    assert {"text": "4 May 2020", "day": "2020-05-04"} in card["answer_parts"]


def test_a_season_shows_only_if_it_comes_in_every_year(tmp_path: Path) -> None:
    even = dict.fromkeys(range(1, 13), 10)
    rows = [
        row
        for year in range(2014, 2020)
        for month, times in (even | {7: 30}).items()
        for row in plays(f"{year}-{month:02}-10", times=times)
    ]
    card = cards_of(tmp_path, rows)["seasons"]
    assert "you play more in July" in card["answer"]
    july = next(row for row in card["picture"]["rows"] if row["month"] == 7)
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
    card = cards_of(tmp_path, [*rows, *plays("2019-12-01"), *plays("2020-06-01")])["forgotten"]
    assert card["answer"] == "Song 4 by Air: 30 plays, and none since January 2019."
    song, by, air, *_ = card["answer_parts"]
    assert (song["text"], by, air["text"], air["artist_id"]) == ("Song 4", " by ", "Air", artist_id("Air"))


def shift(size: str, pct: float) -> Row:
    return {"shift_size": size, "shift_share_pct": pct, "hour_shifts": 400, "shift_share_low_pct": pct - 2,
            "shift_share_high_pct": pct + 2}  # fmt: skip


def test_steps_are_counted_of_a_hundred(tmp_path: Path) -> None:
    rows = [shift("Major_Shift", 22.4), shift("Minor_Shift", 60.1), shift("Stable", 17.5)]
    hour = {**shift("Stable", 90.0), "hour_of_day": 3}
    card = cards_of(tmp_path, plays("2020-06-01"), mood_shift_patterns=[hour, *rows])["steps"]
    assert card["answer"] == "Of a hundred steps, 18 keep the mood, 60 change it a little and 22 jump."
    assert "20 to 24 %" in card["sure"]["interval"]


def test_what_goes_together_in_the_music(tmp_path: Path) -> None:
    rows = [
        {"feature_a": a, "feature_b": b, "measured_tracks": 90, "measured_artists": 30, "spearman_r": r,
         "spearman_low": r - 0.1, "spearman_high": r + 0.1, "strength": strength}
        for a, b, r, strength in (("valence", "tempo", 0.05, "not_shown"), ("acousticness", "energy", -0.7, "strong"))
    ]  # fmt: skip
    card = cards_of(tmp_path, plays("2020-06-01"), feature_correlations=rows)["together"]
    assert card["answer"] == "The more acoustic a track is, the calmer it is."
    assert [row["verdict"] for row in card["picture"]["rows"]] == ["lower", "not_shown"]


def coming_hour(hour: int, energy: float) -> Row:
    at = datetime(2020, 6, 11, hour, tzinfo=UTC)
    return {
        **{"predicted_for_at": at, "predicted_for_local": at.replace(tzinfo=None), "day_of_week": 3},
        **{"hour_of_day": hour, "expected_energy": energy, "expected_energy_low": energy - 0.2},
        **{"expected_energy_high": energy + 0.2, "baseline_energy": 0.5, "served_by": "model"},
    }


def test_the_coming_week_differs_by_the_hours_at_which_one_listens(tmp_path: Path) -> None:
    heard = [row for hour in (8, 20) for row in plays("2020-06-04", times=10, hour=hour)]
    rows = [coming_hour(3, 0.1), coming_hour(8, 0.4), coming_hour(20, 0.7)]
    card = cards_of(tmp_path, heard, energy_forecasts=rows)["week"]
    assert card["answer"] == "If you listen, your music will be calmest around 8:00 and most energetic around 20:00."
    assert [row["hour"] for row in card["picture"]["lists"][0]["rows"]] == [8, 20]
    assert "may be off by 0.20" in card["sure"]["interval"]


def test_a_week_of_different_days_names_them(tmp_path: Path) -> None:
    friday = {**coming_hour(8, 0.9), "predicted_for_at": datetime(2020, 6, 12, 8, tzinfo=UTC), "day_of_week": 4}
    rows = [coming_hour(8, 0.4), friday]
    card = cards_of(tmp_path, plays("2020-06-01"), energy_forecasts=rows)["week"]
    assert card["answer"] == (
        "If you listen, your music will be calmest on Thursday at 8:00 and most energetic on Friday at 8:00."
    )


def test_a_forecast_of_days_that_are_over_is_not_shown(tmp_path: Path) -> None:
    heard = plays("2020-06-12")
    cards = cards_of(tmp_path, heard, today=date(2020, 6, 13), energy_forecasts=[coming_hour(8, 0.5)])
    assert cards["week"]["needs"].startswith("The last forecast was for the time from 11 June 2020 on, which is over")


def test_a_week_whose_hours_hardly_differ_is_spoken_of_as_one(tmp_path: Path) -> None:
    rows = [coming_hour(8, 0.5), coming_hour(20, 0.52)]
    card = cards_of(tmp_path, plays("2020-06-01"), energy_forecasts=rows)["week"]
    assert card["answer"] == "If you listen, your music will be about equally energetic all week."


def lift(rank: int, verdict: str, **more: Any) -> Row:
    return {"rank": rank, "kind": "heard", "track_id": rank, "track_name": f"Song {rank}", "artist_name": "Air",
            "units": 12, "valence_after": 0.6, "valence_expected": 0.45, "difference": 0.15, "difference_low": 0.05,
            "difference_high": 0.25, "tracks_tested": 40, "verdict": verdict, "close_to": None, **more}  # fmt: skip


def test_tracks_that_lift_the_mood_are_those_that_passed_the_test(tmp_path: Path) -> None:
    rows = [lift(1, "higher"), lift(2, "not_shown"), lift(3, "insufficient", kind="unheard", close_to="Song 1")]
    card = cards_of(tmp_path, plays("2020-06-01"), mood_improvement_recommendations=rows)["lifts"]
    assert card["answer"] == "After Song 1 by Air."
    found, new = card["picture"]["lists"]
    assert [row["track"] for row in found["rows"]] == ["Song 1"]
    assert [(row["track"], row["text"], row["is_new"]) for row in new["rows"]] == [
        ("Song 3", "Sounds like Song 1", True)
    ]


def test_where_no_track_passed_the_nearest_are_named_as_such(tmp_path: Path) -> None:
    card = cards_of(tmp_path, plays("2020-06-01"), mood_improvement_recommendations=[lift(1, "not_shown")])["lifts"]
    assert card["answer"].startswith("None for certain: of 40 tracks")
    assert [one["note"] for one in card["picture"]["lists"]] == ["These came nearest, perhaps by luck."]


def test_an_hour_of_sad_music_comes_with_something_to_try_and_how_it_is_judged(tmp_path: Path) -> None:
    rows = [
        {"hour_of_day": hour, "units": 30, "low_share_pct": 45.0, "usual_low_share_pct": 25.0, "difference": 20.0,
         "difference_low": 10.0, "difference_high": 30.0, "detectable_difference": 14.0, "verdict": verdict,
         "brighter_artist_name": "Air"}
        for hour, verdict in ((2, "higher"), (9, "not_shown"))
    ]  # fmt: skip
    card = cards_of(tmp_path, plays("2020-06-01"), mood_intervention_triggers=rows)["sad_hours"]
    assert card["answer"] == (
        "It is saddest from 2:00 to 3:00: at 2:00, 45 % of what you play is among your saddest-sounding music, where "
        "25 % is usual. If you would like it brighter, try Air."
    )
    assert card["answer_parts"][-2]["artist_id"] == artist_id("Air")
    assert "14 percentage points" in card["sure"]["how"]


def measured(model: str, is_better: bool) -> Row:
    return {"model": model, "target": model, "metric": "log_loss", "is_served": is_better, "is_deciding": True,
            "rows": 500, "baseline_value": 0.5, "gain": 0.05, "gain_low": 0.01, "gain_high": 0.1,
            "is_better": is_better, "model_version": 1}  # fmt: skip


@pytest.mark.parametrize(
    ("better", "answer"),
    [
        ((True, True), "Yes: 2 of 2 predictions beat a simple rule in a test."),
        ((True, False), "Partly: 1 of 2 predictions beats a simple rule in a test."),
        ((False, False), "No more than a simple rule: none of 2 predictions beat it in a test, and you see the rule."),
    ],
)
def test_forecasts_can_be_believed_as_far_as_they_beat_a_rule(
    tmp_path: Path, better: tuple[bool, bool], answer: str
) -> None:
    rows = [measured(model, is_better) for model, is_better in zip(("session_start", "breakout"), better, strict=True)]
    card = cards_of(tmp_path, plays("2020-06-01"), model_performance_metrics=rows)["believe"]
    assert card["answer"].startswith(answer)
    # .05 of the .5 that lie between the rule and being always right.
    assert ("10.0 to 10.0 % closer" in card["sure"]["interval"]) == any(better)


def test_guesses_are_compared_with_what_was_measured(tmp_path: Path) -> None:
    rows = [
        {"slot": "listen", "expected_valence": 0.5, "expected_valence_low": 0.3, "expected_valence_high": 0.7,
         "baseline_valence": 0.2, "actual_valence": actual}
        for actual in (0.58, 0.9)
    ]  # fmt: skip
    card = cards_of(tmp_path, plays("2020-06-01"), mood_predictions=rows)["guessed"]
    assert card["answer"] == "On average its guess is off by 24 points of 100, and that of a simple rule by 54."
    assert [row["value"] for row in card["picture"]["rows"]] == [0.0, 50.0, 50.0, 100.0]
    assert card["sure"]["interval"] == "50 % of its 90 % intervals held what was measured."


def kept(happened: float, day: int, predicted: float = 0.8) -> Forecast:
    due = datetime(2020, 6, day, tzinfo=UTC)
    return Forecast("Ada", "session_start", "1", "model", "session_start_day_ahead", due, predicted, 0.5, due, happened)


def test_kept_forecasts_are_compared_with_what_happened(tmp_path: Path) -> None:
    found = list(summed([kept(1.0, 1), kept(1.0, 2), kept(0.0, 3), kept(1.0, 4), kept(0.0, 4, 0.1)]))
    card = cards_of(tmp_path, plays("2020-06-09"), trials=Trials(found, 7, None))["came_true"]
    assert card["answer"] == "Of 5 forecasts made before the fact, 3 were expected to come true and 3 did."
    assert [(row["value"], row["usual"]) for row in card["picture"]["rows"]] == [(0.0, 10.0), (75.0, 80.0)]
    assert "7 more are not due yet" in card["sure"]["n"]


def test_forecasts_that_are_not_due_are_counted(tmp_path: Path) -> None:
    due = datetime(2020, 6, 12, tzinfo=UTC)
    card = cards_of(tmp_path, plays("2020-06-09"), trials=Trials([], 7, due))["came_true"]
    assert card["needs"].startswith("7 forecasts are kept; the first run after 12 June 2020")


def test_forecasts_from_stray_plays_are_not_shown_for_a_history_that_ended(tmp_path: Path) -> None:
    rows = [*plays("2018-03-01", times=3), *plays("2018-03-02"), *plays("2018-03-03"), *plays("2020-06-09")]
    at = datetime(2020, 6, 9, 21, tzinfo=UTC)
    hour = {"horizon": "day_ahead", "predicted_for_at": at, "predicted_for_local": at.replace(tzinfo=None),
            "hour_of_day": 21, "probability_pct": 40.0, "served_by": "model"}  # fmt: skip
    card = cards_of(tmp_path, rows, session_start_forecasts=[hour])["next_session"]
    assert card["needs"].startswith("This history ended on 3 March 2018;")


def test_no_sentence_has_the_words_of_an_appendix(tmp_path: Path) -> None:
    cards = cards_of(tmp_path, plays("2020-06-10"))
    text = json.dumps(as_json(cards)).lower()
    assert not [word for word in ("rand index", " bits", "standard deviation", "silhouette", "p =") if word in text]
