"""Items that may come next at a moment, with the evidence for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tonearm.recommend.again.evidence import MEMORY, memory, sequences

if TYPE_CHECKING:
    import numpy.typing as npt
    import scipy.sparse as sp

    from tonearm.recommend.again.evidence import Evidence
    from tonearm.recommend.again.history import History, Numbers, Places

    Values = npt.NDArray[np.float32]

SEQUENCE = (
    *("after", "after_last", "after_pair", "near", "in_session", "just_heard"),
    *("artist_now", "artist_in_session", "artist_stays", "artist_after"),
)
PARTS = (*SEQUENCE, *MEMORY)
"""Columns of a candidate's evidence."""
BRING_IN = ("after", "after_pair", "near", "in_session", "artist_now")
"""Evidence whose items are candidates."""
REMEMBERED = 100
"""Items that memory alone brings in: those of the highest short-term activation."""
OPENING = 500
"""Items of the highest short-term and of the highest long-term activation that a session may open with."""
MOMENTS = 1_000
"""Moments whose candidates are held at once."""


@dataclass(frozen=True)
class Candidates:
    """Candidates of several moments, moment by moment."""

    moment: Places
    """(n,) position of the listen after which the item may come, rising."""
    item: Places
    """(n,)"""
    values: Values
    """(n, parts) evidence, in the order of :data:`PARTS`."""

    def of(self, rows: npt.NDArray[Any]) -> Candidates:
        """Some of the candidates, by a mask or places."""
        return Candidates(self.moment[rows], self.item[rows], self.values[rows])


def candidates(history: History, begin: int, end: int) -> Iterator[Candidates]:
    """Candidates of the moments from ``begin``, where a session opens, up to ``end``; some moments at a time.

    Only items that were heard by then are candidates.
    """
    cuts = np.unique(history.opening[begin:end])
    starts = cuts[np.flatnonzero(np.diff((cuts - begin) // MOMENTS, prepend=-1))].tolist()
    for first, last in zip(starts, [*starts[1:], end], strict=True):
        yield _of(history, np.arange(first, last))


class Opening(NamedTuple):
    """A session that is about to open."""

    known: int
    """Listens before it."""
    at_s: float
    """When, in seconds since 1970, UTC."""
    hour: int
    """Local hour then."""


def openings(history: History, opened: Places) -> list[Opening]:
    """The openings of the sessions that begin at the positions ``opened``."""
    return [Opening(one, float(history.at_s[one]), int(history.hour[one])) for one in opened.tolist()]


def before_sessions(history: History, asked: Sequence[Opening]) -> Iterator[Candidates]:
    """Candidates for each session that is ``asked`` about, in order of time; their moment is the listen before it.

    Evidence from sequences is that of the session before, which listeners often take up again.
    """
    if not asked:
        return
    begin = int(history.opening[asked[0].known - 1])
    evidence = sequences(history, np.arange(begin, asked[-1].known))
    for one in asked:
        row = one.known - 1 - begin
        yield _before(history, one, {name: values[row] for name, values in evidence.items()})


def _before(history: History, opening: Opening, evidence: Evidence) -> Candidates:
    remembered = memory(history, *opening)
    heard = np.flatnonzero(history.first_heard < opening.known)
    strongest = [heard[_strongest(remembered[heard], part, OPENING)] for part in ("short_term", "long_term")]
    item = np.unique(np.concatenate([*strongest, *(evidence[name].indices for name in BRING_IN)]))
    item = item[history.first_heard[item] < opening.known]
    values = np.empty((len(item), len(PARTS)), dtype=np.float32)
    for column, name in enumerate(SEQUENCE):
        values[:, column] = _found(evidence[name], np.zeros(len(item), dtype=np.int64), item)
    values[:, len(SEQUENCE) :] = remembered[item]
    return Candidates(np.full(len(item), opening.known - 1), item, values)


def _of(history: History, at: Places) -> Candidates:
    evidence = sequences(history, at)
    openings, session = np.unique(history.opening[at], return_inverse=True)
    remembered = [_memory_at(history, opening) for opening in openings.tolist()]
    moment, item = _pairs(
        history, at, evidence, [_strongest(one, "short_term", REMEMBERED) for one in remembered], session
    )
    values = np.empty((len(moment), len(PARTS)), dtype=np.float32)
    for column, name in enumerate(SEQUENCE):
        values[:, column] = _found(evidence[name], moment, item)
    bounds = np.searchsorted(session[moment], np.arange(len(openings) + 1)).tolist()
    for one, begin, end in zip(remembered, bounds, bounds[1:], strict=False):
        values[begin:end, len(SEQUENCE) :] = one[item[begin:end]]
    return Candidates(at[moment], item, values)


def _memory_at(history: History, opening: int) -> Values:
    return memory(history, opening, float(history.at_s[opening]), int(history.hour[opening]))


def _strongest(remembered: Values, part: str, most: int) -> Places:
    """The ``most`` items whose memory is strongest by one part of it."""
    strength = remembered[:, MEMORY.index(part)]
    if len(strength) <= most:
        return np.arange(len(strength))
    return np.argpartition(-strength, most)[:most]


def _pairs(
    history: History, at: Places, evidence: Evidence, strongest: list[Places], session: Places
) -> tuple[Places, Places]:
    """Number of the moment and item of each candidate, sorted by both."""
    items = len(history.ids)
    keys = [_keys(evidence[name]) for name in BRING_IN]
    lengths = np.array([len(one) for one in strongest])
    moments = np.repeat(np.arange(len(at)), lengths[session])
    keys.append(moments * items + np.concatenate([strongest[one] for one in session.tolist()]))
    moment, item = np.divmod(np.unique(np.concatenate(keys)), items)
    is_known = history.first_heard[item] <= at[moment]
    return moment[is_known], item[is_known]


def _keys(values: sp.csr_matrix) -> Places:
    """Row and column of whatever is stored, as one number."""
    rows = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    return np.asarray(rows * values.shape[1] + values.indices, dtype=np.int64)


def _found(values: sp.csr_matrix, row: Places, column: Places) -> Values:
    """What is stored at each ``row`` and ``column``; 0 where nothing is."""
    keys, wanted = _keys(values), row * values.shape[1] + column
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    if not len(keys):
        return np.zeros(len(row), dtype=np.float32)
    return np.where(keys[place] == wanted, values.data[place], np.float32(0))


def top(candidates_: Candidates, scores: Numbers, k: int) -> tuple[Places, Places]:
    """Places of the ``k`` best candidates of each moment, best first, and their ranks from 0."""
    order = np.lexsort((candidates_.item, -scores, candidates_.moment))
    moment = candidates_.moment[order]
    rank = np.arange(len(order)) - np.searchsorted(moment, moment)
    return order[rank < k], rank[rank < k]
