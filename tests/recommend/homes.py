"""A small home: two scenes of artists, their playlists, and two listeners who each find more and more of one scene."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from tests.models import listed

SCENES, PER_SCENE, LISTS = 2, 25, 15
"""Scenes, artists of each, and playlists of each; Artist 0 to 24 are of the first scene."""
FAVOURITE = 0
"""The artist whose first song ``l`` hears in every session."""
SESSIONS = 30


@cache
def tables(seed: int = 1) -> dict[str, pd.DataFrame]:
    """The lake's tables. Calm tracks of the first scene share playlists, and lively ones of the second."""
    rows = _catalogue(seed)
    first = _heard(rows, "l", range(PER_SCENE), seed)
    second = _heard(rows, "m", range(PER_SCENE, 2 * PER_SCENE), seed + 1)
    heard = pd.concat([first, second], ignore_index=True)
    found = listed.tables(rows, heard)
    ids = found["track_identities"].drop_duplicates("name_id").set_index("name_id").track_id
    listens = found["listens"].assign(listener=heard.listener.to_numpy())
    listens["started_at"] += pd.to_timedelta(
        heard.groupby(["listener", "session"]).cumcount().to_numpy() * 4, unit="min"
    )
    found["listening_with_features"] = listens.assign(track_id=ids.loc[listens.name_id].to_numpy())
    return found


def _catalogue(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = listed.catalogue(artists=SCENES * PER_SCENE, seed=seed)
    scene = np.arange(len(rows)) // (PER_SCENE * listed.PER_ARTIST)
    level = np.where(scene == 0, 0.25, 0.75)
    sound = {f: (level + rng.normal(0, 0.15, len(rows))).clip(0, 1) for f in ("energy", "valence", "danceability")}
    playlist = rng.integers(0, LISTS, len(rows)) + scene * LISTS
    names = np.array(["folk", "techno"])[scene]
    return rows.assign(**sound, genre=names, subgenre=names, playlist_id=[f"p{c}" for c in playlist])


def _heard(rows: pd.DataFrame, listener: str, artists: range, seed: int) -> pd.DataFrame:
    """In each session the favourite's first song, an unlisted one, and one by somebody of the scene, known or new."""
    rng = np.random.default_rng(seed)
    first = rows.drop_duplicates("artist_name").set_index("artist_name").track_name
    names = [f"Artist {a}" for a in artists]
    found = []
    for session in range(SESSIONS):
        other = names[min(int(rng.integers(0, session + 2)), len(names) - 1)]
        found += [(names[0], first[names[0]]), ("Nobody", f"Untitled {session}"), (other, first[other])]
    played = pd.DataFrame(found, columns=["artist_name", "track_name"])
    return played.assign(session=np.repeat(np.arange(SESSIONS), 3), listener=listener)
