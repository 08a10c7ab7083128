"""How large, how slow and how many requests may be."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tonearm.api.auth import secret_of
from tonearm.api.problems import answer_problem
from tonearm.store.tokens import hashed

MAX_UPLOAD_MB = 2_000
"""Megabytes of one upload. Twelve years of Spotify's extended history are 30 MB zipped; above this the
command line reads the file where it lies."""

MAX_UPLOAD_BYTES = MAX_UPLOAD_MB * 1_000_000

MAX_BODY_BYTES = 10_240_000
"""Of any other request: as much as ListenBrainz takes, which clients fill their batches up to."""

UPLOADS = ("/imports", "/imports/look")
"""Paths that files are uploaded to."""

_DRAINED_BYTES = 64_000_000
"""A client that is still sending sees no answer, so that what is too much is read on and forgotten, up to this."""

FIRST_S, BYTES_PER_S = 60.0, 1_000
"""A body has a minute to arrive, and another second for each kilobyte of it that has: the slowest modem was faster."""

WINDOW_S = 10
"""Seconds over which requests are counted."""
PER_WINDOW_HERE, PER_WINDOW = 100_000, 500
"""Requests in a window unless the setting says otherwise: of this machine alone, and when others reach it too."""
_MOST_KEPT = 10_000

_COUNTED = ("/1/",)
"""Paths whose clients plan by the headers of the limit: ListenBrainz's."""


class BodyLimit:
    """Stops reading a request's body at the limit, whatever length it announced, and when it comes too slowly."""

    def __init__(self, app: ASGIApp, most_bytes: int = MAX_BODY_BYTES, upload_bytes: int = MAX_UPLOAD_BYTES) -> None:
        """Wrap ``app``, whose paths take ``most_bytes``, or ``upload_bytes`` where files are uploaded."""
        self.app, self.most_bytes, self.upload_bytes = app, most_bytes, upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting the bytes of its body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.upload_bytes if scope["path"].rstrip("/") in UPLOADS else self.most_bytes
        await self.app(scope, _Counted(receive, most, asyncio.get_running_loop().time()).receive, send)


class _Counted:
    """A body that may not be more, or slower, than allowed."""

    def __init__(self, receive: Receive, most_bytes: int, started_s: float) -> None:
        self._receive, self._most, self._started_s = receive, most_bytes, started_s
        self._brought, self._is_whole = 0, False

    async def receive(self) -> Message:
        """The next part; raises 413 and 408."""
        if self._is_whole:
            return await self._receive()
        message = await self._next()
        if self._brought > self._most:
            while not self._is_whole and self._brought <= self._most + _DRAINED_BYTES:
                await self._next()
            raise HTTPException(413, f"more than {self._most / 1e6:,.0f} MB; {_ADVICE}")
        return message

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout_at(self._started_s + FIRST_S + self._brought / BYTES_PER_S):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, "the body came too slowly; send it again", {"Connection": "close"}) from error
        self._brought += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        return message


_ADVICE = "import a history with `tonearm import PATH`, and send listens in smaller batches"


@dataclass(frozen=True)
class Allowance:
    """What is left to one client."""

    limit: int
    remaining: int
    full_in_s: int
    """Seconds until everything is allowed again."""
    retry_in_s: int | None
    """Seconds until the next request is allowed; None if this one is."""


class Buckets:
    """A bucket of tokens for each client, which fills up evenly and holds what a client may ask at once."""

    def __init__(self, limit: int, window_s: float = WINDOW_S) -> None:
        """Allow ``limit`` requests in a window."""
        self.limit, self._per_s = limit, limit / window_s
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, key: str, now_s: float) -> Allowance:
        """Take one from the bucket of ``key``, if it has as much; ``now_s`` never goes back."""
        level, at_s = self._kept.pop(key, (float(self.limit), now_s))
        level = min(self.limit, level + (now_s - at_s) * self._per_s)
        is_allowed = level >= 1
        level -= 1 if is_allowed else 0
        self._kept[key] = level, now_s
        if len(self._kept) > _MOST_KEPT:
            # Whoever has been away the longest: by now their bucket is the fullest.
            self._kept.popitem(last=False)
        return Allowance(
            limit=self.limit,
            remaining=int(level),
            full_in_s=math.ceil((self.limit - level) / self._per_s),
            retry_in_s=None if is_allowed else max(1, math.ceil((1 - level) / self._per_s)),
        )


class RateLimit:
    """Answers 429 to a client that asks too often: a token that is known to be good, or else an address.

    What an address asks too often costs no good token anything, and what is shown in a token's place costs the address:
    whoever makes tokens up, or guesses them, asks no more than whoever shows none.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        knows: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Wrap ``app``; ``knows`` a good token, ``clock`` measures, and ``wall`` is the time of day."""
        self.app, self._buckets, self._knows, self._clock, self._wall = app, Buckets(limit), knows, clock, wall

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 429."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        found = self._buckets.spend(self._client(scope), self._clock())
        headers = self._headers(scope, found)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        if found.retry_in_s is None:
            await self.app(scope, receive, told if headers else send)
        else:
            why = f"more than {found.limit} requests in {WINDOW_S} s; wait {found.retry_in_s} s"
            again = {"Retry-After": str(found.retry_in_s)}
            await answer_problem(Request(scope), 429, "Refused", why, again)(scope, receive, told)

    def _client(self, scope: Scope) -> str:
        secret = secret_of(Request(scope))
        return hashed(secret) if secret and self._knows(secret) else (scope.get("client") or ("",))[0]

    def _headers(self, scope: Scope, found: Allowance) -> dict[str, str]:
        if not scope["path"].startswith(_COUNTED):
            return {}
        wait_s = found.retry_in_s or found.full_in_s
        return {
            "X-RateLimit-Limit": str(found.limit),
            "X-RateLimit-Remaining": str(found.remaining),
            "X-RateLimit-Reset-In": str(wait_s),
            "X-RateLimit-Reset": str(int(self._wall()) + wait_s),
        }


def uvicorn_limits(trusted_proxies: Sequence[str]) -> dict[str, Any]:
    """How patient the server is with a client that connects, how many it serves at once, and whom it takes it for."""
    return {
        "forwarded_allow_ips": list(trusted_proxies),
        "h11_max_incomplete_event_size": 32_768,
        "timeout_keep_alive": 15,
        "limit_concurrency": 512,
        "http": "tonearm.api.patience:Patient",
    }
