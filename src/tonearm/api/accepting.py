"""What the scrobble protocols' routes share: the body as it came, and the one road by which submissions are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated

from fastapi import Depends, Request

from tonearm.errors import HomeBusy, HomeUnusable
from tonearm.store import Store
from tonearm.store.submissions import Submission, keep

RETRY_AFTER_S = 30
"""When a client whose listens could not be kept should try again: about as long as another writer takes."""
STORE_ERRORS = (HomeBusy, HomeUnusable, OSError)
"""Why nothing can be kept although the request is fine."""


async def _body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(_body)]
"""The body of a request, whatever its type was announced as: some clients announce none."""


def now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def accept(request: Request, store: Store, listener: str, submissions: Sequence[Submission]) -> None:
    """Commit ``submissions`` to disk, after which they may be acknowledged, and wake what imports them.

    Raises one of STORE_ERRORS, in which case none of them is kept.
    """
    keep(store, listener, submissions)
    for protocol, of_it in groupby(submissions, key=lambda one: one.protocol):
        good = [one.reason is None for one in of_it]
        request.app.state.metrics.submitted(protocol, sum(good), len(good) - sum(good))
    live = getattr(request.app.state, "live", None)
    if live is not None:
        live.wake()
