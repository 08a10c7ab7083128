"""Several parts and a ranker that has learned how far to trust each: for whom, for which items.

The ranker sees the best items of every part, with each part's score and rank, the length of the history and the
item's popularity. It learns from what the parts did not: a share of each history is held out while they are fitted,
and some listeners are strangers to them, known by a few items. Boosted trees on pairs (LambdaMART, Burges 2010).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from tonearm.errors import ModelDamaged, NotEnoughData
from tonearm.models.model import SEED
from tonearm.recommend import artefact
from tonearm.recommend.collaborative.cut import cut
from tonearm.recommend.part import Contribution

if TYPE_CHECKING:
    import numpy.typing as npt
    from xgboost import Booster

    from tonearm.recommend.interactions import Interactions, Rows
    from tonearm.recommend.part import Fitted, Part, Scores

    Describe = Callable[[sp.csr_matrix], sp.csr_matrix | None]
    Numbers = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]

NOTHING = -1
OF_FRIENDS = ("friends", "friends_share")
CONTEXT = ("history_items", "listeners", "listeners_over_history", *OF_FRIENDS)
"""What the ranker sees beside the parts; logarithms of numbers, but for the share."""
_LISTENERS_AT_ONCE = 256
_SHORTEST, _LONGEST = 1, 20
"""Items by which strangers are known while the ranker learns."""


class Recommended(NamedTuple):
    """(n, k) the best items of each history and their scores, best first; -1 and -inf where fewer are left."""

    items: Rows
    scores: Numbers


@dataclass(frozen=True)
class Hybrid:
    """Parts, and how their ranker learns."""

    parts: Sequence[Part]
    depth: int = 200
    """The best items of each part that are ranked."""
    splits: int = 3
    """How often something else is held out, and every part fitted without it."""
    held_out: float = 0.2
    """Share of a history that is held out."""
    strangers: float = 0.2
    """Share of the listeners that the parts do not learn from."""
    negatives: int = 60
    """Items to be ranked below, drawn for each listener."""
    rounds: int = 100
    settings: Mapping[str, Any] = field(default_factory=lambda: RANKER)

    def fit(self, known: Interactions, seed: int = SEED, describe: Describe | None = None) -> FittedHybrid:
        """Learn to rank on inner splits, then fit every part on all that is known.

        ``describe`` makes the items' features without what would give away a (listeners, items) matrix held out.
        """
        return self.fitted(known, self.ranker(self.examples(known, seed, describe), seed), seed)

    def fitted(self, known: Interactions, ranker: Booster, seed: int = SEED) -> FittedHybrid:
        """The parts fitted on all that is known, with a ranker that has learned."""
        parts = [part.fit(known, seed) for part in self.parts]
        return FittedHybrid(self, parts, _listeners(known), known.catalogue, ranker)

    def examples(self, known: Interactions, seed: int = SEED, describe: Describe | None = None) -> Examples:
        """What the ranker learns from: candidates of the inner splits, and whether each was held out."""
        return Examples.joined([self._of_split(known, seed + split, describe) for split in range(self.splits)])

    def ranker(self, examples: Examples, seed: int = SEED) -> Booster:
        """Learn to rank. NotEnoughData where the parts found nothing of what was held out."""
        import xgboost

        if not examples.is_hit.any():
            raise NotEnoughData("hybrid", "is nothing that its parts found again", "listeners who share items")
        data = xgboost.QuantileDMatrix(examples.table, examples.is_hit.astype("float32"))
        data.set_info(group=examples.sizes)
        return xgboost.train({**self.settings, "seed": seed, "nthread": 1}, data, self.rounds)

    def load(self, folder: Path, catalogue: str) -> FittedHybrid:
        """What :meth:`FittedHybrid.save` wrote; ``catalogue`` is the hash of the items that it is to recommend.

        Raises ModelDamaged for damaged files, other parts and another catalogue.
        """
        from xgboost import Booster

        arrays, about = artefact.load(folder)
        names = [part.name for part in self.parts]
        if about.get("parts") != names:
            raise ModelDamaged(f"{folder} holds the parts {about.get('parts')} and not {names}; train it again")
        if about.get("catalogue") != catalogue:
            raise ModelDamaged(f"{folder} was trained on another catalogue; train it again")
        fitted = [part.restore(_under(f"{part.name}/", arrays)) for part in self.parts]
        ranker = Booster()
        ranker.load_model(bytearray(arrays["ranker"].tobytes()))
        return FittedHybrid(self, fitted, arrays["listeners"], catalogue, ranker)

    def _of_split(self, known: Interactions, seed: int, describe: Describe | None) -> Examples:
        random = np.random.default_rng(seed)
        histories, held_out, is_stranger = self._inner(known, random)
        features = describe(held_out) if describe else known.features
        rest = replace(known, counts=histories, features=features, friends=None).of_listeners(
            np.flatnonzero(~is_stranger)
        )
        fitted = [part.fit(rest, seed) for part in self.parts]
        listeners = _listeners(rest)
        friends = _heard_by_friends(known)
        found = []
        for rows in _chunks(histories.shape[0]):
            asked = Asked(histories[rows], None if friends is None else friends[rows])
            found.append(self._sampled(fitted, listeners, asked, held_out[rows], random))
        return Examples.joined(found)

    def _inner(self, known: Interactions, random: np.random.Generator) -> tuple[sp.csr_matrix, sp.csr_matrix, Mask]:
        """Histories cut short, what was cut off, and whose are cut to a few items."""
        lengths = np.diff(known.counts.indptr)
        is_stranger = random.random(len(lengths)) < self.strangers
        few = np.minimum(random.integers(_SHORTEST, _LONGEST, len(lengths), endpoint=True), lengths - 1)
        kept = np.where(is_stranger, few, lengths - np.maximum(np.round(lengths * self.held_out), 1).astype(int))
        histories, held_out = cut(known.counts, np.maximum(kept, 0), random)
        return histories, held_out, is_stranger

    def _sampled(
        self,
        fitted: Sequence[Fitted],
        listeners: Numbers,
        asked: Asked,
        held_out: sp.csr_matrix,
        random: np.random.Generator,
    ) -> Examples:
        """The candidates that were held out, and some of the others."""
        scores = _scores(fitted, asked.histories)
        rows, items = np.nonzero(candidates(scores, asked.histories, None, self.depth))
        is_hit = np.asarray(held_out.astype(bool)[rows, items]).ravel()
        drawn = random.random(len(rows)) < self.negatives / np.maximum(np.bincount(rows)[rows], 1)
        has_hit = np.bincount(rows, is_hit, asked.histories.shape[0])[rows] > 0
        kept = (is_hit | drawn) & has_hit
        rows, items = rows[kept], items[kept]
        table = columns(scores, rows, items, asked, listeners, self.depth)
        return Examples(table, is_hit[kept], np.unique(rows, return_counts=True)[1])


RANKER: Mapping[str, Any] = {
    "objective": "rank:ndcg",
    "lambdarank_pair_method": "mean",
    "lambdarank_num_pair_per_sample": 3,
    "eta": 0.1,
    "max_depth": 4,
    "min_child_weight": 20,
    "subsample": 0.7,
    "colsample_bytree": 0.7,
    "lambda": 5.0,
}
"""XGBoost's settings."""


class Asked(NamedTuple):
    """Histories to recommend for."""

    histories: sp.csr_matrix
    """(n, items) play counts."""
    friends: sp.csr_matrix | None = None
    """(n, items) how many of a listener's friends heard each item; None where that is not known."""


class Examples(NamedTuple):
    """Rows to learn to rank from, in groups of one listener each."""

    table: Numbers
    is_hit: Mask
    sizes: npt.NDArray[np.integer]
    """Rows of each group."""

    @classmethod
    def joined(cls, several: Sequence[Examples]) -> Examples:
        """All their rows, one after the other."""
        return cls(*(np.concatenate(one) for one in zip(*several, strict=True)))

    def without_friends(self) -> Examples:
        """The same as if nobody's friends were known."""
        table = self.table.copy()
        table[:, -len(OF_FRIENDS) :] = np.nan
        return self._replace(table=table)


def _under(prefix: str, arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


def _scores(fitted: Sequence[Fitted], histories: sp.csr_matrix) -> list[Scores]:
    return [part.scores(histories) for part in fitted]


def candidates(scores: Sequence[Scores], heard: sp.csr_matrix, allowed: Mask | None, depth: int) -> Mask:
    """(n, items) whether an item is among the ``depth`` best of any part, not heard and allowed."""
    closed = heard.toarray() > 0
    if allowed is not None:
        closed |= ~allowed
    chosen = np.zeros(closed.shape, dtype=bool)
    for one in scores:
        best, _ = ordered(np.where(closed, -np.inf, one), depth)
        np.put_along_axis(chosen, best, True, axis=1)
    return np.asarray(chosen & ~closed)


def columns(scores: Sequence[Scores], rows: Rows, items: Rows, asked: Asked, listeners: Numbers, depth: int) -> Numbers:
    """(pairs, 2 × parts + context) what the ranker sees of each listener and item."""
    heard = asked.histories.toarray() > 0
    found = [column for one in scores for column in _of_part(np.where(heard, -np.inf, one), rows, items, depth)]
    return np.column_stack([*found, *_context(rows, items, asked, listeners)]).astype("float32")


def _of_part(scores: Scores, rows: Rows, items: Rows, depth: int) -> tuple[Numbers, Numbers]:
    """A part's score, 1 for its best and 0 for its last item of ``depth``, and the logarithm of its rank."""
    best, values = ordered(scores, depth)
    last = np.where(np.isfinite(values), values, np.inf).min(axis=1)
    spread = np.maximum(values[:, 0] - last, 1e-9)
    ranks = np.full(scores.shape, depth, dtype=np.int32)
    np.put_along_axis(ranks, best, np.arange(best.shape[1], dtype=np.int32)[None, :], axis=1)
    return (scores[rows, items] - last[rows]) / spread[rows], np.log1p(ranks[rows, items])


def _context(rows: Rows, items: Rows, asked: Asked, listeners: Numbers) -> Iterator[Numbers]:
    heard = asked.histories.astype(bool)
    lengths = np.diff(heard.indptr)
    popularity = np.log((listeners + 0.5) / listeners.mean())
    own = np.asarray(heard @ popularity).ravel() / np.maximum(lengths, 1)
    yield np.log1p(lengths)[rows]
    yield popularity[items]
    yield popularity[items] - own[rows]
    if asked.friends is None:
        yield np.full(len(rows), np.nan)
        yield np.full(len(rows), np.nan)
    else:
        among = np.asarray(asked.friends[rows, items]).ravel()
        most = np.asarray(asked.friends.max(axis=1).toarray()).ravel()
        yield np.log1p(among)
        yield among / np.maximum(most[rows], 1)


@dataclass(frozen=True)
class FittedHybrid:
    """Fitted parts and their ranker."""

    hybrid: Hybrid
    parts: Sequence[Fitted]
    listeners: Numbers
    """(items,) how many heard each."""
    catalogue: str
    ranker: Booster

    def recommend(
        self,
        histories: sp.csr_matrix,
        k: int,
        allowed: Mask | None = None,
        friends: sp.csr_matrix | None = None,
        popularity_penalty: float = 0.0,
    ) -> Recommended:
        """The ``k`` best of what each of (n, items) histories lacks; the most popular for a history of nothing.

        ``allowed`` is (items,) or (n, items); ``friends`` (n, items) how many friends heard each item;
        ``popularity_penalty`` what an item's score loses with each doubling of its listeners.
        """
        found = []
        for rows in _chunks(histories.shape[0]):
            asked = Asked(histories[rows], None if friends is None else friends[rows])
            open_items = allowed if allowed is None or allowed.ndim == 1 else allowed[rows]
            found.append(self._chunk(asked, k, open_items, popularity_penalty))
        return Recommended(*(np.concatenate(one) for one in zip(*found, strict=True)))

    def _chunk(self, asked: Asked, k: int, allowed: Mask | None, penalty: float) -> Recommended:
        scores = _scores(self.parts, asked.histories)
        depth = max(self.hybrid.depth, k)
        rows, items = np.nonzero(candidates(scores, asked.histories, allowed, depth))
        ranks = self._ranked(columns(scores, rows, items, asked, self.listeners, self.hybrid.depth))
        whole = np.full(scores[0].shape, -np.inf, dtype="float32")
        whole[rows, items] = ranks - penalty * np.log2(np.maximum(self.listeners[items], 1))
        newcomers = np.diff(asked.histories.indptr) == 0
        is_open = True if allowed is None else np.broadcast_to(allowed, whole.shape)[newcomers]
        whole[newcomers] = np.where(is_open, self.listeners, -np.inf)
        best, values = ordered(whole, k)
        return Recommended(np.where(np.isfinite(values), best, NOTHING), values)

    def _ranked(self, table: Numbers) -> Numbers:
        ranks = self.ranker.inplace_predict(table) if len(table) else np.zeros(0)
        return np.asarray(ranks, dtype="float32")

    def similar(self, items: Rows) -> Scores:
        """(n, items) how well every item goes with each of ``items``: the mean of the parts, each at most 1."""
        parts = [part.similar(items) for part in self.parts]
        scaled = [one / np.maximum(np.abs(one).max(axis=1, keepdims=True), 1e-9) for one in parts]
        return np.asarray(np.mean(scaled, axis=0), dtype="float32")

    def explain(self, history: sp.csr_matrix, item: int, friends: sp.csr_matrix | None = None) -> Explained:
        """The score of an item for a (1, items) history, and what it is the sum of."""
        asked = Asked(history, friends)
        scores = _scores(self.parts, history)
        table = columns(scores, np.array([0]), np.array([item]), asked, self.listeners, self.hybrid.depth)
        shares = self._shares(table)
        by_part = shares[: 2 * len(self.parts)].reshape(-1, 2).sum(axis=1)
        found = [
            one
            for part, amount in zip(self.parts, by_part.tolist(), strict=True)
            for one in _divided(part.contributions(history, item), amount)
        ]
        context = shares[2 * len(self.parts) :].tolist()
        found += [Contribution("context", column, amount) for column, amount in enumerate(context)]
        return Explained(float(self._ranked(table)[0]), sorted(_summed(found), key=lambda one: -one.amount))

    def _shares(self, table: Numbers) -> npt.NDArray[np.float64]:
        """What each column adds to the score of the only row, and last what every item starts from (Lundberg 2018)."""
        import xgboost

        shares = self.ranker.predict(xgboost.DMatrix(table), pred_contribs=True)
        return np.asarray(shares[0], dtype="float64")

    def save(self, folder: Path) -> None:
        """Write everything into ``folder``: arrays, and the ranker in XGBoost's own format, which runs no code."""
        arrays = {f"{part.name}/{name}": values for part, name, values in self._named_arrays()}
        ranker = np.frombuffer(self.ranker.save_raw("ubj"), dtype="uint8")
        about = {"catalogue": self.catalogue, "parts": [part.name for part in self.hybrid.parts]}
        artefact.save(folder, {**arrays, "listeners": self.listeners, "ranker": ranker}, about)

    def _named_arrays(self) -> Iterator[tuple[Part, str, npt.NDArray[Any]]]:
        for part, fitted in zip(self.hybrid.parts, self.parts, strict=True):
            for name, values in fitted.arrays().items():
                yield part, name, values


class Explained(NamedTuple):
    """A score and what it is the sum of, largest first."""

    score: float
    contributions: list[Contribution]
    """Of kind ``item`` (heard), ``feature``, or ``context``: a column of CONTEXT, and after the last one the start."""


def _divided(contributions: Sequence[Contribution], amount: float) -> list[Contribution]:
    """A part's share of the score, divided among what speaks for the item in that part.

    What spoke against it gets nothing, so that shares cannot grow beyond the amount; a part to which nothing spoke
    for the item is given to the start.
    """
    whole = sum(one.amount for one in contributions if one.amount > 0)
    if not whole:
        return [Contribution("context", len(CONTEXT), amount)]
    return [one._replace(amount=amount * one.amount / whole) for one in contributions if one.amount > 0]


def _summed(contributions: Sequence[Contribution]) -> list[Contribution]:
    """One contribution for each item, feature or context."""
    sums: dict[tuple[str, int], float] = {}
    for one in contributions:
        sums[one.kind, one.column] = sums.get((one.kind, one.column), 0.0) + one.amount
    return [Contribution(kind, column, amount) for (kind, column), amount in sums.items() if amount]


def ordered(scores: Scores, k: int) -> tuple[Rows, Scores]:
    """The columns of each row's ``k`` highest scores, best first, and these scores."""
    k = min(k, scores.shape[1])
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    values = np.take_along_axis(scores, best, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1), np.take_along_axis(values, order, axis=1)


def _chunks(n: int) -> Iterator[slice]:
    for first in range(0, max(n, 1), _LISTENERS_AT_ONCE):
        yield slice(first, first + _LISTENERS_AT_ONCE)


def _listeners(known: Interactions) -> Numbers:
    return np.bincount(known.counts.indices, minlength=known.counts.shape[1]).astype("float32")


def _heard_by_friends(known: Interactions) -> sp.csr_matrix | None:
    return None if known.friends is None else sp.csr_matrix(known.friends @ known.heard())
