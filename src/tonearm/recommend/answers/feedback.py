"""How feedback changes the next answer: likes join the history, dislikes and skips push away what is like them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from tonearm.recommend.answers.choose import dense

if TYPE_CHECKING:
    import pandas as pd

    from tonearm.recommend.answers.choose import Numbers, Vectors
    from tonearm.recommend.answers.request import Mask
    from tonearm.store.feedback import Feedback

LIKED_LISTENS = 5.0
"""Listens that a like counts as, at least: about as many as a track that a listener came back to."""
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


def with_liked(history: Numbers, liked: Mask) -> Numbers:
    """The (items,) listens of a history with the liked tracks among them, LIKED_LISTENS each or more."""
    return np.maximum(history, np.where(liked, LIKED_LISTENS, 0.0))


def pushed(scores: Numbers, opinions: Opinions, vectors: Vectors) -> Numbers:
    """The (items,) scores, lower near what was disliked or skipped lately; nothing rises.

    ``vectors`` (items, d) have length 1. What falls is the square of the cosine to the closest such track, times PUSH
    standard deviations of the scores, so that it is felt nearby alone and in any model's scores.
    """
    weight = np.maximum(opinions.disliked, np.minimum(opinions.skips, 1.0))
    rows = np.flatnonzero(weight)
    is_scored = np.isfinite(scores)
    if not len(rows) or not is_scored.any():
        return scores
    near = np.clip(vectors @ dense(vectors[rows]).T, 0.0, 1.0) ** 2 * weight[rows]
    fallen: Numbers = scores - PUSH * float(np.std(scores[is_scored])) * near.max(axis=1)
    return fallen
