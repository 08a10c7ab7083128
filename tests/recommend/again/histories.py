"""Small histories for tests of re-listening."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tonearm.recommend.again.history import History


def played(*sessions: str, days_apart: float = 1.0, hours: Sequence[int] = (12,)) -> History:
    """A history of sessions such as ``"abc"``: a letter an item, its own artist, four minutes each."""
    letters = "".join(sessions)
    ids = list(dict.fromkeys(letters))
    session = np.repeat(np.arange(len(sessions)), [len(one) for one in sessions])
    within = np.concatenate([np.arange(len(one)) for one in sessions])
    hour = np.array([hours[number % len(hours)] for number in session])
    return History(
        item=np.array([ids.index(letter) for letter in letters]),
        at_s=session * days_apart * 86_400.0 + hour * 3_600.0 + within * 240.0,
        session=session,
        hour=hour,
        artist_of=np.arange(len(ids)),
        ids=np.array(ids),
    )
