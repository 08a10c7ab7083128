"""What in a history speaks for hearing an item next: what followed, what stood near, and what memory holds.

Everything is computed for many moments at once, each from the listens up to that moment alone. A moment is the position
of a listen: what comes after it is asked. Evidence from sequences is a sparse matrix (moments, items); evidence from
memory is a value for every item at the opening of a session, since within a session the ages of older listens hardly
change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.again.history import History, Places

    Values = npt.NDArray[np.float32]
    Evidence = Mapping[str, sp.csr_matrix]

DAY_S, HOUR_S = 86_400.0, 3_600.0
MOST_EARLIER = 60
"""Earlier listens of an item that are looked at, newest first; the oldest of a favourite add little."""
NEAR = 5
"""Listens before and after an earlier listen that count as near it."""
CARRIED, CARRIED_LISTENS = 0.8, 12
"""Share of what a listen brings to mind that is left a listen later (Reiter-Haas et al. 2021 use the last listen
alone), and the listens after which it is forgotten."""
FADING = 0.6
"""The same for what was just heard itself."""
SMOOTHED = 0.02
"""Listens added to those that followed, so that one alone is no certainty."""
NEARBY_HOURS = 2
"""Hours before and after the hour of the day that count as the same time of day."""
HOUR_PRIOR = 0.05
LONG_DECAY, SHORT_DECAY = 0.4, 0.8
"""Decays of memory in its power law of time: ACT-R's usual .5 lies between them, and their blend is fitted."""
MEMORY = ("long_term", "short_term", "same_hour", "sessions", "artist_in_memory")
_NOTHING = 1e-6


class Earlier(NamedTuple):
    """For moments, the earlier listens that are like them."""

    row: Places
    """(pairs,) number of the moment."""
    position: Places
    """(pairs,) position of an earlier listen."""


def earlier(code: Places, at: Places, most: int = MOST_EARLIER) -> Earlier:
    """For each moment of ``at`` the ``most`` newest earlier positions with the same ``code``."""
    order = np.argsort(code, kind="stable")
    place = np.empty(len(code), dtype=np.int64)
    place[order] = np.arange(len(code))
    before = place - np.searchsorted(code[order], code)
    counts = np.minimum(before[at], most)
    row = np.repeat(np.arange(len(at)), counts)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return Earlier(row, order[np.repeat(place[at] - counts, counts) + nth])


def sequences(history: History, at: Places) -> Evidence:
    """Evidence from what was heard together, for the moments ``at``: consecutive positions, whole sessions first.

    ``after``: share of what followed the item just heard, newer listens weighing more (Markov); ``after_last``: what
    followed it the last time; ``after_pair``: what followed it and the one before it (Markov of second order);
    ``near``: what stood within five listens of what this session played; ``in_session``, ``just_heard``: what this
    session already played; ``artist_now``, ``artist_in_session``: items of the artists it plays; ``artist_stays``: the
    same, where the last two listens are of one artist; ``artist_after``: items of artists that followed this one.
    """
    same_item = earlier(history.item, at)
    followed = _beside(history, at, same_item, 1, decay=0.5)
    steps = [step for step in range(-NEAR, NEAR + 1) if step]
    nearby = sum(_beside(history, at, same_item, step, decay=0.3) / abs(step) for step in steps)
    current = _marks(len(at), history.item[at], len(history.ids))
    found = {
        "after": _shares(followed),
        "after_last": _beside(history, at, earlier(history.item, at, 1), 1),
        "after_pair": _logs(4.0 * _beside(history, at, earlier(_pairs(history), at), 1)),
        "near": _logs(_carried(history, at, CARRIED) @ nearby),
        "in_session": _logs(_carried(history, at, 1.0) @ current),
        "just_heard": _carried(history, at, FADING) @ current,
        **_of_artists(history, at, current),
    }
    return {name: _canonical(values) for name, values in found.items()}


def _of_artists(history: History, at: Places, current: sp.csr_matrix) -> Evidence:
    items, artists = len(history.ids), int(history.artist_of.max()) + 1
    artist = history.artist_of[history.item]
    by_artist = _marks(items, history.artist_of, artists)
    now = current @ by_artist
    stays = (artist[at] == artist[np.maximum(at - 1, 0)]) & (at > history.opening[at])
    following = _shares(_beside(history, at, earlier(artist, at, 200), 1, decay=0.3, of=artist))
    # Rare changes of artist would bring in most of the history.
    following.data[following.data < SMOOTHED] = 0.0
    following.eliminate_zeros()
    found = {
        "artist_now": now,
        "artist_in_session": _carried(history, at, FADING) @ now,
        "artist_stays": sp.diags(stays.astype(float)) @ now,
        "artist_after": _logs(10.0 * following),
    }
    return {name: values @ by_artist.T for name, values in found.items()}


def _beside(
    history: History, at: Places, found: Earlier, step: int, decay: float = 0.0, of: Places | None = None
) -> sp.csr_matrix:
    """What was heard ``step`` listens after each earlier listen, in its session and not after the moment."""
    of = history.item if of is None else of
    beside = found.position + step
    is_there = (beside >= 0) & (beside <= at[found.row])
    row, position, beside = found.row[is_there], found.position[is_there], beside[is_there]
    is_same = history.session[beside] == history.session[position]
    row, beside = row[is_same], beside[is_same]
    age_d = (history.at_s[at[row]] - history.at_s[beside]) / DAY_S
    weights = (1.0 + np.maximum(age_d, 0.0)) ** -decay
    return sp.csr_matrix((weights, (row, of[beside])), (len(at), int(of.max()) + 1))


def _pairs(history: History) -> Places:
    """A number for each item with the one before it in its session; the first of a session is like no other."""
    position = np.arange(len(history))
    pair = history.item[position - 1] * len(history.ids) + history.item
    return np.where(history.opening == position, -1 - position, pair)


def _carried(history: History, at: Places, kept: float) -> sp.csr_matrix:
    """(moments, moments) what is left of each earlier moment of the session at each moment."""
    rows, columns, weights = [], [], []
    for back in range(CARRIED_LISTENS):
        row = np.flatnonzero(at - back >= history.opening[at])
        row = row[row >= back]
        rows.append(row)
        columns.append(row - back)
        weights.append(np.full(len(row), kept**back))
    parts = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    return sp.csr_matrix(parts, (len(at), len(at)))


def _marks(rows: int, column: Places, columns: int) -> sp.csr_matrix:
    """(rows, columns) with a 1 in the ``column`` of each row."""
    return sp.csr_matrix((np.ones(rows), (np.arange(rows), column)), (rows, columns))


def _shares(counts: sp.csr_matrix) -> sp.csr_matrix:
    total = np.asarray(counts.sum(axis=1)).ravel()
    return sp.csr_matrix(sp.diags(1.0 / (total + SMOOTHED)) @ counts)


def _logs(counts: sp.csr_matrix) -> sp.csr_matrix:
    return sp.csr_matrix(counts).log1p()


def _canonical(values: sp.csr_matrix) -> sp.csr_matrix:
    found = sp.csr_matrix(values, dtype=np.float32)
    found.sum_duplicates()
    found.sort_indices()
    return found


def memory(history: History, known: int, at_s: float, hour: int) -> Values:
    """(items, parts) what memory holds of each item at ``at_s``, from the first ``known`` listens.

    The columns are :data:`MEMORY`: the logarithm of ACT-R's base-level activation with a slow and with a fast decay,
    the share of it from this ``hour`` of the day beside the hour's share of all, the logarithm of the number of
    sessions, and the activation of the artist (Anderson & Schooler 1991; Reiter-Haas et al. 2021). An item counts once
    a session. Ages are in hours, and an hour is added, so that what was just heard is not certain to come again.
    """
    once = history.last_in_session[: np.searchsorted(history.last_in_session, known)]
    item, items = history.item[once], len(history.ids)
    log_age = np.log1p(np.maximum(at_s - history.at_s[once], 0.0) / HOUR_S).astype(np.float32)
    slow, fast = np.exp(-LONG_DECAY * log_age), np.exp(-SHORT_DECAY * log_age)
    apart = np.abs(history.hour[once] - hour)
    is_near = np.minimum(apart, 24 - apart) <= NEARBY_HOURS
    long_term = np.bincount(item, slow, items)
    share = float(is_near.mean()) if len(once) else 1.0
    then = np.bincount(item, slow * is_near, items)
    artists = np.bincount(history.artist_of[item], fast, int(history.artist_of.max()) + 1)
    columns = (
        np.log(long_term + _NOTHING),
        np.log(np.bincount(item, fast, items) + _NOTHING),
        np.log((then + HOUR_PRIOR * share) / (long_term + HOUR_PRIOR) / max(share, _NOTHING) + _NOTHING),
        np.log1p(np.bincount(item, minlength=items)),
        np.log(artists + _NOTHING)[history.artist_of],
    )
    return np.stack(columns, axis=1).astype(np.float32)
