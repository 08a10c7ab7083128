"""The pages' sentences: for rows that hold this, exactly that is claimed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tonearm.documents.words import COMPARED
from tonearm.ui.sentences import now, patterns, why

Row = dict[str, Any]


def hour(at: int, verdict: str = "not_shown", **more: Any) -> Row:
    """An hour of mood_time_correlations in which every feature has that verdict."""
    row = {"hour_of_day": at, "listens": 100, "listens_with_features": 20}
    for f in COMPARED:
        row |= {f"verdict_{f}": verdict, f"compared_{f}": 30, f"day_p_corrected_{f}": 0.5, f"day_r_{f}": 0.02}
        row |= {f"day_peak_hour_{f}": None}
    return row | more


def whole(verdict: str, effect: float | None = -0.3) -> Row:
    least = 0.064 if verdict == "not_shown" else None
    return {"verdict": verdict, "effect": effect, "units": 195, "detectable_difference": least}


def test_a_sadder_night_is_a_finding_and_says_of_how_many_listens() -> None:
    said = why.night([hour(1, "lower"), hour(2, "lower"), hour(12, "higher")], "valence")
    assert said.startswith("**Yes, it is more than noise**: your music is sadder at 1–3 h than at other hours")
    assert "By day it is happier at 12–13 h." in said
    assert "The sound is known for 60 of 300 listens (20.0 %), by track or artist" in said


def test_the_night_as_a_whole_shows_what_single_hours_are_too_few_for() -> None:
    said = why.night([hour(1)], "valence", whole("lower"))
    assert said.startswith("**Yes, it is more than noise**: your nights (0–6 h) are sadder than the rest of the day")
    assert "by 0.30 standard deviations (195 nights). No single hour is so by itself." in said
    assert "Single hours are sadder at 1–2 h." in why.night([hour(1, "lower")], "valence", whole("lower"))


def test_a_happier_night_is_not_a_sadder_one() -> None:
    assert why.night([hour(1, "higher")], "valence").startswith(
        "**The other way round**: your music is happier at 1–2 h"
    )
    assert why.night([hour(1)], "valence", whole("higher", 0.3)).startswith("**The other way round**: your nights")
    assert why.night([hour(1, "higher")], "acousticness").startswith(
        "**It is more than noise**: your music is more acoustic"
    )


def test_no_finding_could_be_noise_and_no_more() -> None:
    rows = [hour(1), hour(2, "insufficient"), hour(12, "lower")]
    said = why.night(rows, "valence", whole("not_shown"))
    assert said.startswith(
        "**It could be noise**: your music is not shown to be sadder or happier in the night as a whole"
    )
    assert (
        "(195 nights) or in any of 1 tested hour. A difference of 0.06 over the night would have been found. By day"
        in said
    )
    assert "sadder or happier in any of 1 tested hour." in why.night(rows, "valence", whole("insufficient", None))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([hour(1, listens_with_features=0)], "none of your 100 listens has audio features"),
        ([hour(1, "insufficient"), hour(12)], "no hour of the night"),
        ([hour(12, "lower")], "no hour of the night"),
    ],
)
def test_too_little_data_about_the_night(rows: list[Row], words: str) -> None:
    said = why.night(rows, "valence", whole("insufficient", None))
    assert said.startswith("**Not enough data**")
    assert words in said


def test_a_curve_over_the_day_is_named_where_single_hours_are_too_few() -> None:
    rows = [hour(1, day_p_corrected_valence=0.01, day_r_valence=0.21, day_peak_hour_valence=14.6)]
    assert "The day as a whole has a curve, happiest around 15 o'clock" in why.night(rows, "valence")


def metric(name: str, verdict: str, difference: float = 0.3, p: float | None = 0.01) -> Row:
    return {"metric": name, "verdict": verdict, "week_difference": difference, "p_corrected": p}


def test_weekends_name_their_findings_the_surest_first() -> None:
    rows = [
        metric("sessions", "higher", 0.3, 0.04),
        metric("tracks", "lower", -12.34, 0.001),
        metric("energy", "not_shown"),
    ]
    said = why.weekend([*rows, metric("minutes", "insufficient")])
    assert said.startswith("**Yes, in 2 of 3 measures**: on a weekend day −12.3 tracks and +0.30 sessions")


def test_weekends_without_finding_or_without_evidence() -> None:
    assert "in none of 1 measure do" in why.weekend([metric("tracks", "not_shown"), metric("minutes", "insufficient")])
    assert why.weekend([metric("minutes", "insufficient")]).startswith("**Not enough data**")


def test_shares_of_transitions_are_of_the_whole_day_and_all_sizes() -> None:
    from tonearm.columns import MOODS

    def row(n: int, to_itself: float, hour: int | None = None) -> Row:
        empty = {f"{a.lower()}_to_{b.lower()}_pct": None for a in MOODS for b in MOODS}
        begun = {f"from_{a.lower()}_n": 0 for a in MOODS}
        own = {"hour_of_day": hour, "from_sad_calm_n": n, "sad_calm_to_sad_calm_pct": to_itself}
        return empty | begun | own

    shares = why.transitions([row(30, 100.0), row(10, 0.0), row(30, 50.0, hour=9)])
    assert shares["Sad_Calm", "Sad_Calm"] == (75.0, 40)
    assert shares["Neutral", "Sad_Calm"] == (0.0, 0)


def test_hours_for_an_aim_are_named_and_the_aims_without_too() -> None:
    rows = [
        {"hour_of_day": h, "aim": aim, "verdict": verdict, "listens": 10, "listens_with_features": 10}
        for h, aim, verdict in ((8, "focus", "higher"), (9, "focus", "higher"), (8, "relax", "not_shown"))
    ]
    said = now.best_hours(rows)
    assert "**focus** 8–10 h" in said
    assert "For relaxing, energy and a lift no hour stands out." in said


def riser(verdict: str, tested: int) -> Row:
    return {"verdict": verdict, "tracks_tested": tested, "track_name": "S*ng", "artist_name": "Air"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "**Not enough data yet**"),
        ([riser("insufficient", 0)], "**Not enough data**: no track has ten sessions"),
        ([riser("not_shown", 233)], "**None**: 233 tracks had enough sessions"),
        ([riser("higher", 233), riser("not_shown", 233)], r"**After 1 track of 233 tested**: ‘S\*ng’ by Air"),
    ],
)
def test_tracks_after_which_it_turned_happier(rows: list[Row], words: str) -> None:
    assert now.risers(rows).startswith(words)


def test_playlists_count_what_is_known_and_what_is_guessed() -> None:
    rows = [
        {"playlist": "Focus", "kind": kind, "feature_source": source}
        for kind, source in (("heard", "real"), ("unheard", "catalogue"), ("heard", "imputed"))
    ]
    assert now.playlists(rows) == (
        "**1 playlist** by the sound of the music: 2 tracks you know and 1 that is not in your history. "
        "The sound of 1 of them is estimated or their artist's."
    )


def test_no_personas_are_no_personas() -> None:
    row = {
        "evidence": "not_shown", "in_words": "", "k": 3, "measured_share_pct": 4.0, "silhouette": 0.2,
        "null_silhouette": 0.1, "stability_ari": 0.5, "smallest_share_pct": 9.0,
    }  # fmt: skip
    assert patterns.personas([row]).startswith(
        "**No stable kinds of music were found.** This is based on tracks that make up 4.0 %"
    )
    assert [passed for _, _, passed in patterns.trials(row)] == [True, False, True]
    assert [passed for _, _, passed in patterns.trials(row | {"stability_ari": None})][1] is None
    assert patterns.trials(row | {"k": None}) == []


def test_the_most_unusual_day_is_named() -> None:
    rows = [
        {"local_date": date(2024, 1, d), "severity": s, "score": score, "in_words": f"day {d}."}
        for d, s, score in ((1, "moderate", 2.1), (2, "extreme", 5.0), (2, "strong", 3.5))
    ]
    said = patterns.days(rows)
    assert said.startswith("**2 days listed**, 2 of the reasons strong or extreme")
    assert said.endswith("The most unusual is 2 January 2024: day 2.")
    assert patterns.days([]).startswith("**None listed**")


def follows(kind: str, name: str, verdict: str, p: float | None) -> Row:
    return {
        "pattern_type": kind,
        "pattern": name,
        "verdict": verdict,
        "p_corrected": p,
        "lift": 1.5,
        "occurrences": 1_200,
    }


def test_patterns_are_claimed_only_as_findings() -> None:
    rows = [
        follows("mood_2", "Sad_Calm → Neutral", "higher", 0.01),
        follows("mood_2", "Neutral → Neutral", "not_shown", 0.5),
        follows("artist_2", "A → B", "insufficient", None),
    ]
    assert patterns.sequences(rows, "mood_2").startswith("**1 finding**: sad, calm → neutral")
    assert patterns.sequences(rows[1:], "mood_2").startswith("**Not shown**: of 1 pattern")
    assert patterns.sequences(rows, "artist_2").startswith("**Not enough data**")


def test_an_archetype_says_whom_it_is_beside() -> None:
    row = {"archetype": "steady", "compared_with": "demo", "compared_listeners": 200, "months_compared": 24}
    assert "200 simulated listeners, which shows the direction but is no survey" in patterns.archetype(row)
    assert "the 5 listeners of this home" in patterns.archetype(
        row | {"compared_with": "household", "compared_listeners": 5}
    )
    assert patterns.archetype(row | {"archetype": "balanced"}).startswith("No trait is far from the middle")
    assert patterns.archetype(row | {"archetype": None, "months_compared": 3}).startswith("**Not enough data yet**")
