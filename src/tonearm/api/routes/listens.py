"""``/listens``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import pyarrow as pa
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from tonearm.api.answers import Listens
from tonearm.api.auth import CallerDep
from tonearm.api.deps import LakeDep, Limit, OneListener, StoreDep
from tonearm.api.etags import mark
from tonearm.api.reading import ReadingDep
from tonearm.api.rows import json_response, json_rows
from tonearm.errors import UsageError
from tonearm.read.overview import LISTENS
from tonearm.read.plays import Instant
from tonearm.read.ranges import FIRST, LAST
from tonearm.store import submissions

router = APIRouter(tags=["listens"])

_LEAST = timedelta(microseconds=1)


@router.get("/listens", response_model=Listens)
def listens(
    request: Request,
    reading: ReadingDep,
    lake: LakeDep,
    store: StoreDep,
    who: CallerDep,
    listener: OneListener,
    start: Annotated[datetime | None, Query(alias="from", description="First instant, UTC.")] = None,
    end: Annotated[datetime | None, Query(alias="to", description="First instant after, UTC.")] = None,
    before: Annotated[str | None, Query(description="The `next` of the answer before, or an instant.")] = None,
    limit: Limit = 100,
) -> Response:
    """One listener's listens, newest first, those included that were submitted just now.

    Until the tables have a listen, what they find out about it is null; while it waits for its import, `listen_id` is
    the negative number of its submission.
    """
    mark(request, who, (listener, lake.version(LISTENS), submissions.mark(store, listener)))
    ends = [(_utc(end or LAST), None), *([_cursor(before)] if before else [])]
    last = min(ends, key=lambda one: (one[0], -1 if one[1] is None else 0))
    first = max(_utc(start), FIRST) - _LEAST if start else FIRST
    rows = reading.plays.page(store, listener, (first, None), last, limit + 1)
    following = _cursor_of(rows.slice(limit - 1, 1)) if rows.num_rows > limit > 0 else None
    return json_response(listens=json_rows(rows.slice(0, limit)), next=following)


def _cursor_of(last: pa.Table) -> str:
    (listen,) = last.to_pylist()
    return f"{listen['started_at'].isoformat()}~{listen['listen_id']}"


def _cursor(text: str) -> Instant:
    """The instant and id of ``before``; an instant alone is exclusive."""
    at, _, listen = text.partition("~")
    try:
        # A "+" that was not encoded arrives as a space.
        return _utc(datetime.fromisoformat(at.replace(" ", "+"))), int(listen) if listen else None
    except (ValueError, OverflowError) as error:
        raise UsageError(f"before={text} is neither an instant nor the `next` of an answer") from error


def _utc(at: datetime) -> datetime:
    """``at`` with its zone; UTC when it has none."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
