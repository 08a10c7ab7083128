"""How feedback changes the next answer: what is liked counts for more, what is refused for nothing, and pushes away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tonearm.recommend.answers.choose import dense
from tonearm.recommend.answers.request import same_song

if TYPE_CHECKING:
    from tonearm.recommend.answers.choose import Numbers, Vectors
    from tonearm.recommend.answers.request import Mask
    from tonearm.store.feedback import Feedback

LIKED_LISTENS = 5.0
"""Listens that a like counts as: about as many as a track that a listener came back to."""
PUSH = 1.0
"""Standard deviations of the scores by which a disliked track's closest neighbour falls; a skipped one's at first."""
SKIP_HALF_LIFE_D = 14.0
"""Days after which a skip counts half: it was not wanted then, which says little about next month."""
_DAY_S = 86_400.0


@dataclass(frozen=True)
class Opinions:
    """A listener's feedback, by the items of a catalogue; all are (items,)."""

    liked: Mask
    disliked: Mask
    hidden: Mask
    """Hidden themselves, or by a hidden artist."""
    skips: Numbers
    """Skips that still count: each 1 at first, and half of that every SKIP_HALF_LIFE_D."""

    @property
    def never(self) -> Mask:
        """What must not be recommended: hidden and disliked tracks."""
        return self.hidden | self.disliked


def opinions(given: Iterable[Feedback], items: pd.DataFrame, now: datetime) -> Opinions:
    """The feedback at ``now``. A subject that the catalogue does not have any more has no effect."""
    tracks, artists = items["track_id"], items["artist_id"]
    of: dict[str, set[int]] = {kind: set() for kind in ("like", "dislike", "hide", "artist")}
    skips = np.zeros(len(items))
    for one in given:
        if one.kind == "skip":
            age_d = max((now - one.given_at).total_seconds(), 0.0) / _DAY_S
            skips[(tracks == one.subject_id).to_numpy()] += 0.5 ** (age_d / SKIP_HALF_LIFE_D)
        else:
            of["artist" if one.subject == "artist" else one.kind].add(one.subject_id)
    liked, disliked, hidden = (tracks.isin(of[kind]).to_numpy() for kind in ("like", "dislike", "hide"))
    return Opinions(liked, disliked, hidden | artists.isin(of["artist"]).to_numpy(), skips)


def counting(history: Numbers, opinions: Opinions, items: pd.DataFrame) -> Numbers:
    """(items,) the listens of a history that speak for other tracks.

    None of what was hidden or disliked, in any version, half of what was skipped, and LIKED_LISTENS more of what is
    liked.
    """
    wanted = history * 0.5**opinions.skips + LIKED_LISTENS * opinions.liked
    return np.where(same_song(items, opinions.never), 0.0, wanted)


def pushed(scores: Numbers, opinions: Opinions, vectors: Vectors, artists: pd.Series[int]) -> Numbers:
    """The (items,) scores, lower near what was disliked or skipped lately; nothing rises.

    ``vectors`` (items, d) have length 1. What falls is the square of the cosine to the closest such track, times PUSH
    standard deviations of the scores, so that it is felt nearby alone and in any model's scores. A track without a
    vector is as close to all of its artist's, whose ids are ``artists`` (items,), and to no other.
    """
    weight = np.maximum(opinions.disliked, np.minimum(opinions.skips, 1.0))
    rows = np.flatnonzero(weight)
    is_scored = np.isfinite(scores)
    if not len(rows) or not is_scored.any():
        return scores
    refused = dense(vectors[rows])
    near = (np.clip(vectors @ refused.T, 0.0, 1.0) ** 2 * weight[rows]).max(axis=1)
    is_bare = ~refused.any(axis=1)
    of_artist = pd.Series(weight[rows][is_bare]).groupby(artists.iloc[rows[is_bare]].to_numpy()).max()
    near = np.maximum(near, artists.map(of_artist).fillna(0.0).to_numpy())
    fallen: Numbers = scores - PUSH * float(np.std(scores[is_scored])) * near
    return fallen
