"""Next in session: which of the items that a listener knows comes next, given what the session has played.

Markov chains of first and second order find the next item best of all simple rules (Reiter-Haas et al. 2021), and find
nothing where the current item was never heard before. So they are blended with what stood near the session's items
before, with the artists it plays, and with memory, each of which knows something about every item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.recommend.again.candidates import PARTS
from tonearm.recommend.again.learning import learned, moments

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tonearm.recommend.again.blend import Blend
    from tonearm.recommend.again.candidates import Candidates
    from tonearm.recommend.again.history import History, Numbers


def fit(history: History, until: int | None = None) -> Blend:
    """Weights learned from which items came next in the sessions before position ``until``.

    Raises NotEnoughData where fewer than 30 items came back.
    """
    return learned("next in session", history, moments(history, until), PARTS, next_items)


def next_items(history: History, found: Candidates) -> Numbers:
    """(n,) 1 for the candidate that was heard next, else 0."""
    is_next: npt.NDArray[np.bool_] = history.item[found.moment + 1] == found.item
    return is_next.astype(float)
