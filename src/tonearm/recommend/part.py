"""What a part of a recommender is: one algorithm in one file, which scores every item for any history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from tonearm.models.model import SEED

if TYPE_CHECKING:
    import numpy.typing as npt
    import scipy.sparse as sp

    from tonearm.recommend.interactions import Interactions, Rows

    Scores = npt.NDArray[np.float32]
    Arrays = Mapping[str, npt.NDArray[Any]]


class Contribution(NamedTuple):
    """How much something that the listener heard, or a feature of the item, adds to its score."""

    kind: str
    """``item`` or ``feature``."""
    column: int
    """Column of the item, or of the feature."""
    amount: float


class Fitted(Protocol):
    """A part that has learned. It keeps nothing of the listeners, so a history may be anybody's."""

    def scores(self, histories: sp.csr_matrix) -> Scores:
        """(n, items) for (n, items) play counts; higher is better, heard items included.

        Scores of different parts are not comparable. A history of nothing gets zeros.
        """
        ...

    def similar(self, items: Rows) -> Scores:
        """(n, items) how well every item goes with each of ``items``, itself included."""
        ...

    def contributions(self, history: sp.csr_matrix, item: int) -> list[Contribution]:
        """What the score of an item for a history (1, items) is the sum of, largest first."""
        ...

    def arrays(self) -> Arrays:
        """What was learned; :meth:`Part.restore` makes the same of it."""
        ...


class Part(Protocol):
    """An algorithm; its settings are the fields of its class."""

    @property
    def name(self) -> str:
        """By which it is known among the parts of a hybrid."""
        ...

    def fit(self, known: Interactions, seed: int = SEED) -> Fitted:
        """Learn from all of ``known``."""
        ...

    def restore(self, arrays: Arrays) -> Fitted:
        """What :meth:`fit` returned, from its arrays."""
        ...
