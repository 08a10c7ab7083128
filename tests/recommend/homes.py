"""A small home: two scenes of artists, their playlists, and a listener of one of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from tests.models import listed

SCENES, PER_SCENE, LISTS = 2, 20, 12
"""Scenes, artists of each, and playlists of each; Artist 0 to 19 are of the first scene."""
FAVOURITES = (0, 1, 2)
"""Artists of whom the listener heard one song each; of artist 0 it was heard often."""


@cache
def tables(seed: int = 1) -> dict[str, pd.DataFrame]:
    """The lake's tables. Calm tracks of the first scene share playlists, and lively ones of the second."""
    rng = np.random.default_rng(seed)
    rows = listed.catalogue(artists=SCENES * PER_SCENE, seed=seed)
    scene = np.arange(len(rows)) // (PER_SCENE * listed.PER_ARTIST)
    level = np.where(scene == 0, 0.25, 0.75)
    sound = {f: (level + rng.normal(0, 0.05, len(rows))).clip(0, 1) for f in ("energy", "valence", "danceability")}
    chosen = rng.integers(0, LISTS, len(rows)) + scene * LISTS
    names = np.array(["folk", "techno"])[scene]
    rows = rows.assign(
        **sound, acousticness=1 - level, genre=names, subgenre=names, playlist_id=[f"p{c}" for c in chosen]
    )
    own = rows[rows.artist_name.isin([f"Artist {a}" for a in FAVOURITES])].drop_duplicates("artist_name")
    plays = pd.DataFrame({"artist_name": own.artist_name, "track_name": own.track_name}).reset_index(drop=True)
    heard = plays.loc[[0] * 8 + [1, 2]].assign(session=np.arange(10) // 2)
    found = listed.tables(rows, heard)
    ids = found["track_identities"].set_index("name_id").track_id
    listens = found["listens"].assign(track_id=ids.loc[found["listens"].name_id].to_numpy())
    return {**found, "listening_with_features": listens}
