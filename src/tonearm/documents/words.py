"""Names of the tables' values as the page shows them."""

from __future__ import annotations

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
WHEN = {
    "night": "at night",
    "morning": "in the morning",
    "afternoon": "in the afternoon",
    "evening": "in the evening",
}
METRICS = {
    "listens": "plays",
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
ANOMALIES = {
    "volume": "how much you heard",
    "mood": "mood of the music",
    "hour": "unusual hours",
    "repetition": "one track over and over",
}
