"""What to hear again now, by the memory model ACT-R.

An item's activation is its base level (how often and how long ago it was heard, by a power law of time), what spreads
to it from the items and artists of the current session, and how much of it belongs to this hour of the day (Anderson
& Schooler 1991; Kowald, Lex & Schedl 2020; Reiter-Haas et al. 2021). The published models add these with equal weights
and a decay of .5; here two decays and all weights are fitted to the listener.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tonearm.recommend.again.candidates import PARTS
from tonearm.recommend.again.learning import learned, moments, session_openings

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.again.blend import Blend
    from tonearm.recommend.again.candidates import Candidates
    from tonearm.recommend.again.history import History, Numbers, Places

ACTIVATION = tuple(part for part in PARTS if part not in ("after_last", "after_pair", "artist_stays"))
"""Parts of the activation: base level, spreading and hour; not the order in which items were heard."""


def fit(history: History, until: int | None = None) -> Blend:
    """Weights learned from what the rest of each session before position ``until`` was.

    Raises NotEnoughData where fewer than 30 items came back.
    """
    return learned("what to hear again", history, moments(history, until), ACTIVATION, rest_of_session)


def fit_opening(history: History, until: int | None = None) -> Blend:
    """Weights for a session that is about to open, learned from what the sessions before ``until`` were.

    Within a session its own items and artists say most; before it memory and the session before, and they weigh
    otherwise.
    Raises NotEnoughData where fewer than 30 sessions had anything known.
    """
    return learned("what to hear again", history, session_openings(history, until), ACTIVATION, whole_session)


def rest_of_session(history: History, found: Candidates) -> Numbers:
    """(n,) what each candidate counts among those heard in the rest of its session: the sooner the more.

    The k-th item after the moment counts 1/k; 0 for one that was not heard again.
    """
    return _sooner_more(history, found, history.end[found.moment])


def whole_session(history: History, found: Candidates) -> Numbers:
    """(n,) the same for the session that opens after the moment."""
    return _sooner_more(history, found, history.end[found.moment + 1])


def _sooner_more(history: History, found: Candidates, end: Places) -> Numbers:
    ahead = soonest(history, found.moment, found.item)
    is_in = ahead < end
    return np.where(is_in, 1.0 / np.maximum(ahead - found.moment, 1), 0.0)


def soonest(history: History, moment: Places, item: Places) -> Places:
    """(n,) position of the first listen of each item after each moment; past the end where there is none."""
    order = np.argsort(history.item, kind="stable")
    keys = history.item[order] * (len(history) + 1) + order
    place = np.searchsorted(keys, item * (len(history) + 1) + moment, side="right")
    later = order[np.minimum(place, len(order) - 1)]
    is_same = (place < len(order)) & (history.item[later] == item)
    found: npt.NDArray[np.int64] = np.where(is_same, later, len(history))
    return found
