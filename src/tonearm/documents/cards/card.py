"""A question with its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from tonearm.documents.history import History
from tonearm.documents.sentences import day
from tonearm.documents.tables import Tables

if TYPE_CHECKING:
    from tonearm.models.trial.summary import Trials

Row = Mapping[str, Any]
FINDINGS = ("higher", "lower")
"""Verdicts of tables by which something differs from what is usual."""
Z = 1.96
"""Standard errors on either side of an estimate that a 95 % interval reaches."""


@dataclass(frozen=True)
class Asked:
    """What cards are made from."""

    history: History
    tables: Tables
    as_of: date
    """Today, or the last day of a history that has ended."""
    has_ended: bool
    trials: Trials | None = None
    """How earlier forecasts came out; None where nothing keeps them."""

    def ended(self) -> str:
        """ "This history ended on 20 November 2020"; empty for one that goes on."""
        return f"This history ended on {day(self.as_of)}" if self.has_ended else ""


@dataclass(frozen=True, kw_only=True)
class Sure:
    """How far an answer can be trusted, in sentences; empty ones are not shown."""

    n: str
    """What it rests on."""
    interval: str = ""
    """Between which values it may lie."""
    baseline: str = ""
    """What it is compared with."""
    how: str = ""
    """How it was calculated, and what it does not show."""


@dataclass(frozen=True)
class Answer:
    """One card's answer. ``picture`` has a ``kind``, which the page knows how to draw, and its ``rows``.

    ``items`` are things to go to: rows with an id, or a day. An answer with ``needs``, a sentence about what would
    help, has nothing else.
    """

    answer: str = ""
    sure: Sure | None = None
    picture: dict[str, Any] | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    needs: str | None = None


@dataclass(frozen=True)
class Card:
    """A question, and what answers it."""

    id: str
    group: str
    question: str
    make: Callable[[Asked], Answer]


def needs(what: str) -> Answer:
    """The answer that cannot be given yet."""
    return Answer(needs=what)
