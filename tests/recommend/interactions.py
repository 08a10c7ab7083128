"""Two tastes that never meet: what a recommender must tell apart, small enough to check by hand."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from tonearm.recommend.interactions import Interactions

TASTES, LISTENERS, ITEMS = 2, 40, 8
"""Of each taste: listeners and items."""


def two_tastes(seed: int = 0) -> Interactions:
    """Forty listeners hear five of items 0–7, forty others five of items 8–15; a tag for each taste and each item."""
    random = np.random.default_rng(seed)
    heard = [
        random.choice(ITEMS, 5, replace=False) + ITEMS * taste for taste in range(TASTES) for _ in range(LISTENERS)
    ]
    rows, columns = np.repeat(np.arange(len(heard)), 5), np.concatenate(heard)
    plays = random.integers(1, 50, len(rows)).astype("float32")
    n_items = TASTES * ITEMS
    taste_tags = np.repeat(np.eye(TASTES), ITEMS, axis=0)
    features = sp.csr_matrix(np.hstack([taste_tags, np.eye(n_items) * 0.5]).astype("float32"))
    counts = sp.csr_matrix((plays, (rows, columns)), (len(heard), n_items))
    return Interactions(counts, np.arange(len(heard)), np.array([f"i{n:02}" for n in range(n_items)]), features)


def history(*items: int, n_items: int = TASTES * ITEMS) -> sp.csr_matrix:
    """One listener who played each of ``items`` three times."""
    shape = 1, n_items
    return sp.csr_matrix((np.full(len(items), 3, "float32"), (np.zeros(len(items), int), list(items))), shape)
