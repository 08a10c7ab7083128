"""A question with its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tonearm.documents.history import History
from tonearm.documents.tables import Tables

Row = Mapping[str, Any]
FINDINGS = ("higher", "lower")
"""Verdicts of tables by which something differs from what is usual."""


@dataclass(frozen=True)
class Asked:
    """What cards are made from."""

    history: History
    tables: Tables
    as_of: date
    """Today, or the last day of a history that has ended."""
    has_ended: bool


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
    """How it was reckoned, and what it does not show."""


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


def percent(share: float) -> str:
    """A share of 1 in percent; neither none nor all where it is not."""
    pct = 100 * share
    if 0 < pct < 0.5:
        return "under 1 %"
    return "over 99 %" if 99.5 <= pct < 100 else f"{pct:.0f} %"
