"""ListenBrainz: the listens of an account, newest first until its beginning, then what has come since.

https://listenbrainz.readthedocs.io/en/latest/users/api/core.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from tonearm.errors import ServiceRefused, UsageError
from tonearm.home.secrets import secret
from tonearm.pulls import Page
from tonearm.pulls.asking import answered, client, decoded, patiently, wait_of
from tonearm.pulls.span import Span, span_of
from tonearm.settings import Settings, credentials
from tonearm.store.connections import Connection, Cursor, secret_name
from tonearm.store.submissions import Submission

PAGE_ROWS = 1000
"""The most that the API gives at once."""


class ListenBrainz:
    """The listens of one account."""

    def __init__(self, http: httpx.Client, account: str, sleep: Callable[[float], None]) -> None:
        """Ask through ``http``, whose base is the API's address, with a token if there is one."""
        self._http, self._account, self._sleep = http, account, sleep

    def pages(self, cursor: Cursor, now: datetime) -> Iterator[Page]:
        """See ``Service.pages``; the cursor is a :class:`Span`."""
        now_s = int(now.timestamp())
        span = span_of(cursor, now_s)
        if span.newest > span.oldest:
            for grown, new in self._newer(span, now_s):
                span = grown
                yield Page(new, span.cursor(), "new listens")
        while span.oldest > 0:
            span, new = self._older(span)
            yield Page(new, span.cursor(), f"before {datetime.fromtimestamp(max(span.oldest, 1), UTC):%Y-%m}")

    def _newer(self, span: Span, now_s: int) -> Iterator[tuple[Span, list[Submission]]]:
        """What was heard since the newest listen, or sent late; oldest first, as ``min_ts`` gives it."""
        at_s = span.late_from - 1
        while True:
            listens = self._ask(min_ts=at_s)
            new = span.new(listens)
            span = span.with_seen(new)
            if len(listens) < PAGE_ROWS:
                yield span.grown(newest=now_s), new
                return
            last_s = max(_at_s(one) for one in listens)
            span = span.grown(newest=last_s)
            yield span, new
            # Others of the same second may stand on the next page, unless this page is all of that second.
            at_s = max(last_s - 1, at_s + 1)

    def _older(self, span: Span) -> tuple[Span, list[Submission]]:
        """The page before the oldest listen; what is of the same second comes again."""
        listens = self._ask(max_ts=span.oldest)
        new = span.new(listens)
        if len(listens) < PAGE_ROWS:
            return span.with_seen(new).grown(oldest=0), new
        first_s = min(_at_s(one) for one in listens)
        # Always further back, even where all of a page is of one second.
        return span.with_seen(new).grown(oldest=min(first_s + 1, span.oldest - 1)), new

    def _ask(self, **query: Any) -> list[Submission]:
        path = f"1/user/{quote(self._account, safe='')}/listens"

        def ask() -> list[Submission]:
            response = answered("ListenBrainz", self._http, path, {"count": PAGE_ROWS, **query})
            payload = _accepted(response, self._account).get("payload") or {}
            _rest(response, self._sleep)
            return [_submission(row) for row in payload.get("listens") or [] if isinstance(row, dict)]

        return patiently(ask, self._sleep)


def user_name(settings: Settings, token: str, sleep: Callable[[float], None]) -> str:
    """The account that a token belongs to; raises UsageError for one that is not valid."""

    def ask() -> dict[str, Any]:
        with _http(settings, token) as http:
            return decoded("ListenBrainz", answered("ListenBrainz", http, "1/validate-token", {}), dict[str, Any])

    answer = patiently(ask, sleep)
    if not answer.get("valid") or not answer.get("user_name"):
        raise UsageError("ListenBrainz does not know that token; copy it anew from listenbrainz.org/settings")
    return str(answer["user_name"])


def count(settings: Settings, account: str, token: str | None, sleep: Callable[[float], None]) -> int:
    """How many listens an account has; raises ServiceRefused if there is no such account."""
    path = f"1/user/{quote(account, safe='')}/listen-count"

    def ask() -> dict[str, Any]:
        with _http(settings, token) as http:
            return _accepted(answered("ListenBrainz", http, path, {}), account)

    return int((patiently(ask, sleep).get("payload") or {}).get("count") or 0)


def _accepted(response: httpx.Response, account: str) -> dict[str, Any]:
    if response.status_code == 404:
        raise ServiceRefused(f"ListenBrainz has no account '{account}'; connect another one")
    if response.status_code in (401, 403):
        raise ServiceRefused("ListenBrainz refuses the token; `tonearm connect listenbrainz` takes another")
    if response.status_code >= 400:
        raise ServiceRefused(f"ListenBrainz refuses what was asked (status {response.status_code})")
    return decoded("ListenBrainz", response, dict[str, Any])


def _rest(response: httpx.Response, sleep: Callable[[float], None]) -> None:
    """Wait where the answer was the last one that the rate limit allows."""
    if response.headers.get("X-RateLimit-Remaining") == "0":
        sleep(wait_of(response.headers) or 0.0)


def _submission(row: dict[str, Any]) -> Submission:
    try:
        at_s: float | None = float(row["listened_at"])
    except (KeyError, TypeError, ValueError):
        at_s = None
    metadata = row.get("track_metadata")
    kept = {"listened_at": at_s, "track_metadata": metadata if isinstance(metadata, dict) else {}}
    reason = None if at_s is not None else "no date"
    return Submission("listenbrainz_api", json.dumps(kept, ensure_ascii=False), at_s, reason)


def _at_s(listen: Submission) -> int:
    return int(listen.listened_s or 0)


def open_listenbrainz(settings: Settings, connection: Connection, sleep: Callable[[float], None]) -> ListenBrainz:
    """The account of ``connection``, read with its token if there is one."""
    token = secret(settings, secret_name(connection)) or credentials(settings.home).listenbrainz_token
    return ListenBrainz(_http(settings, token), connection.account, sleep)


def _http(settings: Settings, token: str | None) -> httpx.Client:
    return client(settings.listenbrainz_url, {"Authorization": f"Token {token}"} if token else None)
