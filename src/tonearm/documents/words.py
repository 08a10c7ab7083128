"""Names of the tables' values as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MOODS = {
    "Happy_Energetic": "happy, energetic",
    "Happy_Calm": "happy, calm",
    "Sad_Energetic": "sad, energetic",
    "Sad_Calm": "sad, calm",
    "Neutral": "neutral",
}
SOUNDS = {
    "valence": "positive sound",
    "energy": "energy",
    "danceability": "danceability",
    "acousticness": "acoustic sound",
    "instrumentalness": "instrumental sound",
    "speechiness": "spoken word",
    "loudness": "loudness",
    "tempo": "tempo",
}
COMPARED = {
    "valence": ("sadder", "happier"),
    "energy": ("calmer", "more energetic"),
    "danceability": ("less danceable", "more danceable"),
    "acousticness": ("less acoustic", "more acoustic"),
}
"""Less and more of each feature that hours are compared by, as one would say it of music."""
ADJECTIVES = {
    **COMPARED,
    "loudness": ("quieter", "louder"),
    "tempo": ("slower", "faster"),
    "instrumentalness": ("less instrumental", "more instrumental"),
    "speechiness": ("less spoken", "more spoken"),
}
"""The same of every feature."""
METRICS = {
    "listens": "listens",
    "minutes": "minutes",
    "sessions": "sessions",
    "tracks": "tracks",
    "artists_heard": "artists",
    "new_tracks": "new tracks",
    "new_artists": "new artists",
    "days_with_music_pct": "days with music, %",
    **SOUNDS,
}
AIMS = {"focus": "Focus", "relax": "Relaxing", "energise": "Energy", "lift": "A lift"}
SHIFTS = {"Stable": "hardly", "Minor_Shift": "somewhat", "Major_Shift": "much"}
VERDICTS = {
    "higher": "a finding: more",
    "lower": "a finding: less",
    "not_shown": "no difference shown",
    "insufficient": "too little data",
}
ANOMALIES = {
    "volume": "how much you heard",
    "mood": "mood of the music",
    "hour": "unusual hours",
    "repetition": "one track over and over",
}
SEVERITIES = {"moderate": "about once a month", "strong": "strong", "extreme": "extreme"}


def hours(found: Iterable[int]) -> str:
    """Hours of the day as stretches: 6–9 h and 22–23 h."""
    stretches: list[list[int]] = []
    for hour in sorted(found):
        if stretches and stretches[-1][1] == hour:
            stretches[-1][1] = hour + 1
        else:
            stretches.append([hour, hour + 1])
    return listed([f"{first}–{last} h" for first, last in stretches])


def listed(parts: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def counted(n: int, one: str, many: str = "") -> str:
    """1 session, 1,200 sessions."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign; a true minus."""
    return f"{value:+.{digits}f}".replace("-", "−")
