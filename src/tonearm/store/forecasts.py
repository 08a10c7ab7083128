"""Predictions that were served, kept before their outcome is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tonearm.store.models import ForecastRow, ListenerRow

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.sql.elements import ColumnElement

    from tonearm.store import Store

_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""The two databases have the clause that leaves known rows alone, and SQL has none."""


@dataclass(frozen=True)
class Forecast:
    """One prediction about one listener; instants are UTC."""

    listener: str
    model: str
    version: str
    served_by: str
    """``model``, or ``baseline`` where that answered in its place."""
    subject: str
    """What it is about: a quantity of an hour, an artist's id, a group of sound."""
    due_at: datetime
    """When its outcome is known, if the listens up to then are in."""
    predicted: float
    """A probability, or the number that is expected."""
    baseline: float | None
    """What the baseline predicted of the same."""
    made_at: datetime = datetime.min
    outcome: float | None = None
    """What happened: 1 or 0, or the number. None before it is known, and where the question did not arise."""
    scored_at: datetime | None = None
    number: int = 0


def keep_forecasts(store: Store, forecasts: Iterable[Forecast], now: datetime) -> int:
    """Keep those that are not due yet as made at ``now``; how many are new.

    What is kept of a listener, model, subject and due time stays as it was first made. Forecasts of a listener whom
    the store does not know are left out.
    """
    coming = [one for one in forecasts if one.due_at > now]
    if not coming or store.is_missing:
        return 0
    with store.session(writes=True) as session:
        ids = {name: number for number, name in session.execute(select(ListenerRow.id, ListenerRow.name))}
        rows = [
            {
                "listener_id": ids[one.listener],
                "model": one.model,
                "version": one.version,
                "served_by": one.served_by,
                "subject": one.subject,
                "made_at": now,
                "due_at": one.due_at,
                "predicted": one.predicted,
                "baseline": one.baseline,
            }
            for one in coming
            if one.listener in ids
        ]
        if not rows:
            return 0
        count = select(func.count()).where(ForecastRow.due_at > now)
        before = session.scalar(count) or 0
        insert = _INSERT[session.get_bind().dialect.name]
        session.execute(insert(ForecastRow).on_conflict_do_nothing(), rows)
        return (session.scalar(count) or 0) - before


def forecasts_to_score(store: Store, heard_until: Mapping[str, datetime], again_since: datetime) -> list[Forecast]:
    """Forecasts that were due before the listener's last listen: those not scored yet, and those due ``again_since``.

    ``heard_until`` has the instant of each listener's newest listen; who is not in it is left out.
    """
    if store.is_missing:
        return []
    is_open = or_(ForecastRow.scored_at.is_(None), ForecastRow.due_at >= again_since)
    found: list[Forecast] = []
    for listener, until in heard_until.items():
        found += _read(store, ForecastRow.due_at <= until, is_open, ListenerRow.name == listener)
    return found


def keep_outcomes(store: Store, outcomes: Mapping[int, float | None], now: datetime) -> None:
    """Write what happened, by the number of the forecast; None where its question did not arise."""
    if not outcomes:
        return
    rows = [{"id": number, "outcome": outcome, "scored_at": now} for number, outcome in outcomes.items()]
    with store.session(writes=True) as session:
        session.execute(update(ForecastRow), rows)


def scored_forecasts(store: Store, since: datetime, listener: str | None = None) -> list[Forecast]:
    """Forecasts due ``since`` then whose outcome is known, oldest first; of one listener, or of all."""
    if store.is_missing:
        return []
    of = [ListenerRow.name == listener] if listener is not None else []
    return _read(store, ForecastRow.outcome.is_not(None), ForecastRow.due_at >= since, *of)


def count_open(store: Store, listener: str | None = None) -> tuple[int, datetime | None]:
    """How many forecasts have no outcome yet, and when the first of them is due; None without one."""
    if store.is_missing:
        return 0, None
    query = select(func.count(), func.min(ForecastRow.due_at)).join(ListenerRow).where(ForecastRow.scored_at.is_(None))
    if listener is not None:
        query = query.where(ListenerRow.name == listener)
    with store.session(writes=False) as session:
        count, first = session.execute(query).one()
        return int(count), first


def _read(store: Store, *where: ColumnElement[bool]) -> list[Forecast]:
    # Without the ORM's objects, of which a year of forecasts would be many.
    query = select(ListenerRow.name.label("listener"), *ForecastRow.__table__.columns)
    query = query.select_from(ForecastRow).join(ListenerRow).where(*where)
    with store.session(writes=False) as session:
        return [_forecast(row) for row in session.execute(query.order_by(ForecastRow.due_at, ForecastRow.id))]


def _forecast(row: Row[Any]) -> Forecast:
    return Forecast(
        listener=row.listener,
        model=row.model,
        version=row.version,
        served_by=row.served_by,
        subject=row.subject,
        due_at=row.due_at,
        predicted=row.predicted,
        baseline=row.baseline,
        made_at=row.made_at,
        outcome=row.outcome,
        scored_at=row.scored_at,
        number=row.id,
    )
