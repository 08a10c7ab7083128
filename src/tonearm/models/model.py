"""What a model is: rows to learn from, a fit, predictions, and honest predictions beside a baseline's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from tonearm.errors import NotEnoughData as NotEnoughData

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Values = npt.NDArray[np.float64]
    Labels = npt.NDArray[Any]

Task = Literal["binary", "regression", "classes", "rank"]
Serves = Literal["model", "baseline"]
SEED = 1
SPOTIFY_API = "spotify_api"
"""Source of what came through the Spotify Web API, from which nothing is learned unless the owner allows it."""
STILL_LISTENING = timedelta(days=31)
"""Silence after which a history is taken to have ended, and what comes next is predicted from its end."""


@dataclass(frozen=True)
class HeldOut:
    """Predictions of rows that were not learned from, beside the baseline's, fitted on the same rows."""

    target: str
    """What is predicted: ``popular``, ``valence``, ``core``."""
    protocol: str
    """How rows were held out, in words: ``grouped by artist, 5 folds``."""
    task: Task
    actual: Labels
    """(n,) 0 or 1, a number, or the number of a class; of a ranking 1."""
    predicted: Values
    """(n,) a probability or a number; (n, classes) probabilities; of a ranking the NDCG of each."""
    baseline: Values
    """The same of the baseline."""
    block: Labels
    """(n,) what is drawn together when the interval is bootstrapped: artist, session, day or month."""
    listener: Labels | None = None
    """(n,) whose row it is; None where the rows are nobody's."""
    period: Labels | None = None
    """(n,) within which the first three are alerted of: a month."""
    low: Values | None = None
    high: Values | None = None
    """(n,) the 90 % interval of a number."""
    classes: tuple[str, ...] = ()


class Candidate(NamedTuple):
    """One of several estimators that a model compared before it learned: a run of its own in the registry.

    A :class:`Fitted` that compared some has them in ``compared``.
    """

    name: str
    settings: Mapping[str, Any]
    """Its hyper-parameters."""
    metrics: Mapping[str, float]
    """On rows that it did not learn from, the same for all."""
    pipeline: Any
    """scikit-learn's, fitted on the rows that it was compared on."""


class Decision(NamedTuple):
    """By what it is decided whether a target of a model is served."""

    target: str
    metric: str
    protocol: str = ""
    """How rows are held out that are like those of real use; "" is the first protocol of the target."""


class Fitted(Protocol):
    """A model that has learned."""

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """One row for each record, in its order; what a record lacks is missing and not an error.

        ``threshold`` is the probability from which on the answer is yes, for a model that ``has_threshold``. A model
        that gives some listeners the baseline says so in the columns of :func:`served_by_column`.
        """
        ...

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The same columns as :meth:`predict`, by the baseline; null where it has none, such as an interval."""
        ...

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """Rows of the lake's ``model_scores``, without model, version and as_of.

        ``served_by`` is ``baseline`` where a listener is given the baseline whose other listeners get the model.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write what was learned into the empty ``folder``, in formats that run no code when read."""
        ...


class Model(Protocol):
    """One file of this package: its settings are the class's fields."""

    name: str
    registered: str
    """Its name in the registry, as :func:`tonearm.models.registered_as` has it."""
    summary: str
    has_threshold: bool
    """Whether it answers yes or no, from a probability on that the caller may choose."""
    inputs: tuple[str, ...]
    """Tables of the lake that it reads."""
    baseline: str
    """What it has to beat, in words."""
    decides: tuple[Decision, ...]
    """Its targets, each decided by itself: where it does not pass, the baseline answers."""
    belongs: tuple[tuple[str, str], ...]
    """Other names of what is predicted or measured, and their target: a mood's probability belongs to ``mood``."""
    limits: tuple[str, ...]
    """What it cannot do, for its card."""

    def examples(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """Rows to learn from, whose labels were known at ``as_of``; raises NotEnoughData."""
        ...

    def held_out(self, examples: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """Predictions of rows not learned from, by the model's protocol."""
        ...

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> Fitted:
        """Learn from all of ``examples``."""
        ...

    def load(self, folder: Path) -> Fitted:
        """What :meth:`Fitted.save` wrote; raises ModelDamaged where it cannot be."""
        ...


SCORE_COLUMNS = (
    "listener",
    "subject",
    "subject_id",
    "at",
    "quantity",
    "score",
    "low",
    "high",
    "baseline_score",
    "baseline_low",
    "baseline_high",
    "actual",
    "served_by",
)
"""Columns of what :meth:`Fitted.scores` returns; all but subject, quantity and score may be null or left out."""

_PARTS = ("_low", "_high", "_error", "_baseline")
"""Ends of the names of columns that go with a target's."""


def targets_of(model: Model) -> list[str]:
    """What the model predicts and is decided by."""
    return [one.target for one in model.decides]


def target_of(model: Model, name: str) -> str:
    """The target that a quantity, a column of an answer or a measured target belongs to; "" for none."""
    targets = targets_of(model)
    if len(targets) == 1:
        return targets[0]
    for end in _PARTS:
        name = name.removesuffix(end)
    name = dict(model.belongs).get(name, name)
    return name if name in targets else ""


def served_by_column(model: Model, target: str) -> str:
    """The column of an answer that says what ``target`` comes from: the model or its baseline."""
    return "served_by" if len(model.decides) == 1 else f"{target}_served_by"


def answers(
    model: Model,
    fitted: Fitted,
    records: pd.DataFrame,
    serves: Collection[str],
    threshold: float | None = None,
) -> pd.DataFrame:
    """One row for each record: the targets of ``serves`` by the model, the others by its baseline.

    :func:`served_by_column` names the column that says which of the two each target of a record is answered by.
    """
    targets = targets_of(model)
    own = fitted.predict(records, threshold) if set(targets) & set(serves) else None
    other = fitted.baseline(records, threshold) if set(targets) - set(serves) else None
    found = other if own is None else own.copy()
    assert found is not None
    if own is not None and other is not None:
        for column in other.columns:
            if target_of(model, column) not in ("", *serves):
                found[column] = other[column]
    for target in targets:
        column = served_by_column(model, target)
        if target not in serves:
            found[column] = "baseline"
        elif column not in found.columns:
            found[column] = "model"
    return found
