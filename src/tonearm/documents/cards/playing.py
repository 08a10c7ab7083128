"""What to put on now: playlists for an aim, favourites by mood, the hours that suit an aim."""

from __future__ import annotations

from typing import Any

from tonearm.columns import MOODS as ORDER
from tonearm.columns import PLAYLISTS
from tonearm.documents.cards.card import Answer, Asked, Card, Row, Sure, needs
from tonearm.documents.words import AIMS, MOODS, counted, hours

GROUP = "What to put on now?"
_OF_MOOD = 5
_TRACK = ("track_id", "artist_id", "artist_name", "track_name")
_SOUND = "It takes the sound of your tracks: import or measure audio features."


def new_to_you(asked: Asked) -> Answer:
    """Recommendations, which the page asks for when the reader wants them."""
    if not asked.history.listens:
        return needs("It takes some plays to go by.")
    return Answer(
        "Music you have not played, chosen by what you have.",
        Sure(
            n=f"{counted(asked.history.listens, 'play')} to go by.",
            baseline="Compared in tests with the most popular tracks, and with those near what you hear.",
            how="What you hid or disliked does not come. Where a model is not trained or did no better than a simple "
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
        f"{first['track']} by {first['artist']}: {counted(first['listens'], 'play')}, and none since "
        f"{first['last_day']:%B %Y}.",
        Sure(
            n=f"Tracks with ten plays or more on five days, not played in the year up to {asked.as_of:%-d %B %Y}.",
            how="The most played come first. Nothing is guessed.",
        ),
        {"kind": "tracks", "lists": [{"name": "Favourites you left behind", "rows": [
            {**row, "text": f"{counted(row['listens'], 'play')}, last in {row['last_day']:%B %Y}"} for row in rows]}]},
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
        f"{counted(len(names), 'playlist')}, one for each aim: {counted(heard, 'track')} you know and {new:,} new to "
        "you.",
        Sure(
            n=f"{counted(len(rows), 'track')}.",
            interval=f"The sound of {guessed:,} of them is an estimate, or their artist's." if guessed else "",
            how="Chosen by sound alone, in an order in which neighbours are alike. Only you can tell whether it helps.",
        ),
        {"kind": "tracks", "lists": [
            {"name": name, "playlist": name, "rows": [_track(row) | {"is_new": row["kind"] == "unheard",
                                                                     "text": row["because"]}
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
        f"Your own favourites for {counted(len(names), 'mood')}. Most played of them all: {top['track_name']}.",
        Sure(
            n="Tracks whose sound is known; where few are, your favourites may be missing.",
            how="A mood is where a track lies between sad and happy, calm and energetic.",
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
    parts = [f"{AIMS[aim].lower()} at {hours(found)}" for aim, found in at.items() if found]
    units = [row["units"] for row in rows]
    return Answer(
        f"You reach for it by yourself: {'; '.join(parts)}."
        if parts
        else "At no hour do you choose music for one aim more than at another.",
        Sure(
            n=f"{min(units):,} to {max(units):,} sessions an hour.",
            baseline="Other hours of the same months.",
            how="Allowing for 24 hours and four aims looked at. Choosing such music is no proof that it works.",
        ),
        {"kind": "hours", "rows": [
            {"label": AIMS[aim], "hours": found} for aim, found in at.items()]} if parts else None,
    )  # fmt: skip


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
    Card("aims", GROUP, "When do I choose what?", aims),
]

_FORGOTTEN = """
SELECT track_id, track, artist_id, artist, album, listens, last_day FROM tracks
WHERE last_day < $1::DATE - 365 AND listens >= 10 AND artist_id IS NOT NULL
    AND track_id IN (SELECT track_id FROM heard GROUP BY track_id HAVING count(DISTINCT day) >= 5)
ORDER BY listens DESC, track LIMIT 8
"""
