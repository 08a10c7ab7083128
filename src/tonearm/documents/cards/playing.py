"""What to put on now: what is forgotten or new, playlists for an aim, favourites by mood, tracks that lift the mood."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from tonearm.columns import MOODS as ORDER
from tonearm.columns import PLAYLISTS
from tonearm.documents.cards.card import FINDINGS, Answer, Asked, Card, Row, Sure, needs
from tonearm.documents.sentences import artist, counted, day, hours, listed, month, number, signed, track
from tonearm.documents.words import AIMS, MOODS

GROUP = "What to put on now?"
_OF_MOOD = 5
_TRACK = ("track_id", "artist_id", "artist_name", "track_name")
_FOR = {"Focus": "focus", "Relaxation": "relaxing", "Energy": "energy", "Mood lift": "a lift"}
_TO_CHOOSE = {"focus": "music for focus", "relax": "relaxing music", "energise": "energetic music",
              "lift": "music for a lift"}  # fmt: skip
_SOUND = "It takes the sound of your tracks: import or measure audio features."


def new_to_you(asked: Asked) -> Answer:
    """Recommendations, which the page asks for when the reader wants them."""
    if not asked.history.listens:
        return needs("It takes some plays to go by.")
    return Answer(
        "Ask for music that you have not played yet; each track comes with the reason it was chosen.",
        Sure(
            n=f"{counted(asked.history.listens, 'play')} to go by.",
            baseline="In tests, the choice is compared with the most popular tracks, and with those that sound most "
            "like yours.",
            how="What you hid or disliked is left out. Where no model is trained, or none did better than a simple "
            "rule, the rule chooses.",
        ),
        {"kind": "recommend", "rows": []},
    )


def forgotten(asked: Asked) -> Answer:
    """Favourites that have not been heard for long."""
    rows = asked.history.rows(_FORGOTTEN, asked.as_of)
    if len(rows) < 5:
        return needs("It takes five favourites that you have not played for a year.")
    first = rows[0]
    return Answer(
        f"{track(first)} by {artist(first)}: {counted(first['listens'], 'play')}, and none since "
        f"{month(first['last_day'])}.",
        Sure(
            n="Tracks that you played ten times or more, on at least five days, and not in the year up to "
            f"{day(asked.as_of)}.",
            how="The most played come first. Nothing here is estimated.",
        ),
        {"kind": "tracks", "lists": [{"name": "Favourites you left behind", "rows": [
            {**row, "text": f"{counted(row['listens'], 'play')}, last in {month(row['last_day'])}"} for row in rows]}]},
    )  # fmt: skip


def playlists(asked: Asked) -> Answer:
    """The four playlists for an aim."""
    columns = (*_TRACK, "playlist", "position", "kind", "because", "feature_source")
    rows = sorted(asked.tables.rows("personalized_playlist_suggestions", columns), key=lambda row: row["position"])
    names = [name for name in PLAYLISTS if any(row["playlist"] == name for row in rows)]
    if not names:
        return needs(_SOUND)
    heard = sum(row["kind"] == "heard" for row in rows)
    guessed = sum(row["feature_source"] in ("artist", "imputed") for row in rows)
    new = len(rows) - heard
    return Answer(
        f"There is a playlist for {listed([_FOR[name] for name in names])}, with {counted(heard, 'track')} you know "
        f"and {number(new)} new to you.",
        Sure(
            n=f"{counted(len(rows), 'track')}.",
            interval=f"The sound of {number(guessed)} of them is an estimate, or their artist's." if guessed else "",
            how="Chosen by sound alone, and ordered so that neighbours are alike. Only you can judge whether it helps.",
        ),
        {"kind": "tracks", "lists": [
            {"name": name, "playlist": name, "rows": [_track(row) | {"is_new": row["kind"] == "unheard",
                                                                     "text": _briefly(row["because"])}
                                    for row in rows if row["playlist"] == name]} for name in names]},
    )  # fmt: skip


def by_mood(asked: Asked) -> Answer:
    """The most played tracks of each mood."""
    columns = (*_TRACK, "mood", "rank", "listens")
    rows = [row for row in asked.tables.rows("top_tracks_by_mood", columns) if row["rank"] <= _OF_MOOD]
    if not rows:
        return needs(_SOUND)
    rows.sort(key=lambda row: row["rank"])
    names = [mood for mood in ORDER if any(row["mood"] == mood for row in rows)]
    top = max(rows, key=lambda row: row["listens"])
    return Answer(
        f"Your own favourites, by mood. The most played of them all is {track(top)} by {artist(top)}.",
        Sure(
            n=f"{counted(len(rows), 'track')} whose sound is known. A favourite whose sound is not known is missing.",
            how="A track's mood is where it lies between sad and happy, and between calm and energetic.",
        ),
        {"kind": "tracks", "lists": [
            {"name": MOODS[mood].capitalize(), "rows": [_track(row) | {"text": counted(row["listens"], "play")}
                                                        for row in rows if row["mood"] == mood]} for mood in names]},
    )  # fmt: skip


def aims(asked: Asked) -> Answer:
    """At which hours the music chosen suits an aim more than usual."""
    columns = ("aim", "hour_of_day", "verdict", "units", "n_fit", "effect")
    rows = [row for row in asked.tables.rows("optimal_listening_times", columns) if row["verdict"] != "insufficient"]
    if not rows:
        return needs("It takes hours with ten sessions of music whose sound is known.")
    at = {aim: [row["hour_of_day"] for row in rows if row["aim"] == aim and row["verdict"] == "higher"] for aim in AIMS}
    parts = [f"{_TO_CHOOSE[aim]} {hours(found, most=2)}" for aim, found in at.items() if found]
    units = [row["units"] for row in rows]
    return Answer(
        f"More than at other hours, you choose {'; '.join(parts)}."
        if parts
        else "At no particular hour: you choose the music for each aim about as often at any hour.",
        Sure(
            n=f"{number(min(units))} to {number(max(units))} sessions an hour.",
            baseline="Other hours of the same months.",
            how="The test allows for the number of hours and aims. That you choose such music does not prove that it "
            "works.",
        ),
        {"kind": "hours", "rows": [
            {"label": AIMS[aim], "hours": found} for aim, found in at.items()]} if parts else None,
    )  # fmt: skip


_OF_LIFT = (*_TRACK, "rank", "kind", "units", "valence_after", "valence_expected", "difference", "difference_low",
            "difference_high", "tracks_tested", "verdict", "close_to")  # fmt: skip
_NAMED = 3


def lifts(asked: Asked) -> Answer:
    """After which tracks happier music followed than usually does, and tracks like them that are new."""
    rows = sorted(asked.tables.rows("mood_improvement_recommendations", _OF_LIFT), key=lambda row: row["rank"])
    ids = {row["track_id"]: row["artist_id"] for row in asked.history.rows(_ARTISTS, [row["track_id"] for row in rows])}
    rows = [{**row, "artist_id": ids.get(row["track_id"])} for row in rows]
    tested = [row for row in rows if row["kind"] == "heard" and row["verdict"] in (*FINDINGS, "not_shown")]
    n = max((row["tracks_tested"] or 0 for row in rows), default=0)
    if not tested or not n:
        return needs("It takes a track with ten sessions in which music of a known sound comes before and after it.")
    found = [row for row in tested if row["verdict"] == "higher"]
    new = [row for row in rows if row["kind"] == "unheard"]
    more = len(found) - _NAMED
    names = [f"{track(row)} by {artist(row)}" for row in found[:_NAMED]] + (
        [f"{number(more)} more"] if more > 0 else []
    )
    return Answer(
        f"After {listed(names)}."
        if found
        else f"None for certain: of {counted(n, 'track')} played often enough, none is followed by happier music "
        "than chance would explain.",
        Sure(
            n=f"{counted(n, 'track')} in ten sessions or more, with music by others before and after.",
            interval="; ".join(_lift(row) for row in (found or tested)[:_NAMED]) + " (95 % intervals).",
            baseline="What usually follows music that sounds as happy, in the same year.",
            how="The test allows for the number of tracks, so the first of those that came nearest may be luck. It is "
            "about the music that followed, not about how you felt, and the track need not be the reason.",
        ),
        {"kind": "tracks", "lists": [
            {"name": "Followed by happier music" if found else "Nearest to it",
             "note": None if found else "These came nearest, perhaps by luck.",
             "rows": [_track(row) | {"text": _followed(row)} for row in found or tested]},
            *([{"name": "Like them, and new to you", "rows": [_track(row) | {
                "is_new": True, "text": f"Sounds like {row['close_to']}"} for row in new]}] if new else []),
        ]},
    )  # fmt: skip


def _lift(row: Row) -> str:
    ends = f"{signed(row['difference_low'])} to {signed(row['difference_high'])}"
    return f"{row['track_name'] or 'an unnamed track'}: {signed(row['difference'])} ({ends}) on a scale of 0 to 1"


def _followed(row: Row) -> str:
    return (
        f"How happy the music after it sounds: {number(100 * row['valence_after'])} of {number(100)}, where "
        f"{number(100 * row['valence_expected'])} would be usual ({counted(row['units'], 'session')})"
    )


def _briefly(because: str | None) -> str:
    """The reason up to the numbers of its sound, with its day as the page writes days."""
    text = (because or "").partition("; fit")[0].replace("listens", "plays")
    return re.sub(r"\b\d{4}-\d\d-\d\d\b", lambda found: day(date.fromisoformat(found[0])), text)


def _track(row: Row) -> dict[str, Any]:
    return {
        "track_id": row["track_id"],
        "track": row["track_name"],
        "artist_id": row["artist_id"],
        "artist": row["artist_name"],
    }


CARDS = [
    Card("forgotten", GROUP, "What have I forgotten?", forgotten),
    Card("new_to_you", GROUP, "What is new for me?", new_to_you),
    Card("playlists", GROUP, "What suits an aim?", playlists),
    Card("by_mood", GROUP, "What suits a mood?", by_mood),
    Card("lifts", GROUP, "After which tracks does my music turn happier?", lifts),
    Card("aims", GROUP, "When do I choose what?", aims),
]

_ARTISTS = "SELECT track_id, artist_id FROM tracks WHERE track_id IN (SELECT unnest($1::BIGINT[]))"
_FORGOTTEN = """
SELECT track_id, track, artist_id, artist, album, listens, last_day FROM tracks
WHERE last_day < $1::DATE - 365 AND listens >= 10 AND artist_id IS NOT NULL
    AND track_id IN (SELECT track_id FROM heard GROUP BY track_id HAVING count(DISTINCT day) >= 5)
ORDER BY listens DESC, track LIMIT 8
"""
