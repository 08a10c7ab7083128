"""Last.fm: the listens of an account by ``user.getRecentTracks``, a month at a time.

https://www.last.fm/api/show/user.getRecentTracks. Large accounts fail at high page numbers, so each request is for 30
days at most, and its end is pinned, because pages shift while the listener goes on listening.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from tonearm.errors import ServiceRefused, ServiceUnavailable
from tonearm.home.secrets import secret
from tonearm.pulls import Page
from tonearm.pulls.asking import check, client, decoded, patiently
from tonearm.pulls.span import Span, span_of
from tonearm.settings import Settings, credentials
from tonearm.store.connections import Connection, Cursor
from tonearm.store.submissions import Submission

WINDOW_S = 30 * 86_400
PAGE_ROWS = 200
"""The most that the API gives at once."""
PAUSE_S = 0.25
"""Between requests; the limit is about five a second."""
KEY = "lastfm/api_key"
"""Name of the secret."""

_PASSING = {8: "an operation failed", 11: "the service is offline", 16: "the service is temporarily unavailable"}
_BUSY = 29
_BUSY_WAIT_S = 30.0
_REFUSALS = {
    6: "there is no such account; connect another one",
    7: "there is no such account; connect another one",
    10: "the API key is not valid; `tonearm connect lastfm` takes another, from last.fm/api",
    17: "the account hides its recent listening; allow it at last.fm/settings/privacy",
    26: "the API key is suspended; `tonearm connect lastfm` takes another, from last.fm/api",
}


@dataclass(frozen=True)
class Window:
    """Seconds since 1970: from ``first`` to before ``until``."""

    first: int
    until: int
    is_newer: bool
    """Whether it continues what was pulled towards today; else towards the past."""


def windows(span: Span, registered_s: int, now_s: int) -> Iterator[Window]:
    """What is to be read so that the span covers the account: first what is new, then month by month what is older.

    The last one is everything before the account existed: dates of clocks that were not set.
    """
    if span.newest > span.oldest:
        first = span.late_from
        while first < now_s:
            until = min(first + WINDOW_S, now_s)
            yield Window(first, until, is_newer=True)
            first = until
    until = span.oldest
    while until > registered_s:
        first = max(until - WINDOW_S, registered_s)
        yield Window(first, until, is_newer=False)
        until = first
    if until > 0:
        yield Window(0, until, is_newer=False)


class Lastfm:
    """The listens of one account."""

    def __init__(self, http: httpx.Client, account: str, api_key: str, sleep: Callable[[float], None]) -> None:
        """Ask through ``http``, whose base is the API's address."""
        self._http, self._account, self._key, self._sleep = http, account, api_key, sleep

    def registered(self) -> tuple[str, int]:
        """The account's name as it is written there, and when it was made, in seconds since 1970."""
        user = self._ask("user.getInfo").get("user") or {}
        made = user.get("registered") or {}
        return str(user.get("name") or self._account), _whole(made.get("unixtime", made.get("#text"))) or 0

    def pages(self, cursor: Cursor, now: datetime) -> Iterator[Page]:
        """See ``Service.pages``; the cursor is a :class:`Span`."""
        now_s = int(now.timestamp())
        span = span_of(cursor, now_s)
        for window in windows(span, self._oldest_of(span), now_s):
            doing = f"{datetime.fromtimestamp(window.first, UTC):%Y-%m}"
            for listens in self._read(window):
                new = span.new(listens)
                span = span.with_seen(new)
                yield Page(new, span.cursor(), doing)
            span = span.grown(newest=window.until) if window.is_newer else span.grown(oldest=window.first)
            yield Page((), span.cursor(), doing)

    def _oldest_of(self, span: Span) -> int:
        """When the account was made; not asked once everything older was read."""
        return self.registered()[1] if span.oldest > 0 else 0

    def _read(self, window: Window) -> Iterator[list[Submission]]:
        page, pages = 1, 1
        while page <= pages:
            query = {"from": window.first, "to": window.until, "limit": PAGE_ROWS, "page": page}
            recent = self._ask("user.getRecentTracks", **query).get("recenttracks") or {}
            pages = _whole((recent.get("@attr") or {}).get("totalPages")) or 0
            yield [_submission(track) for track in _tracks(recent)]
            page += 1

    def _ask(self, method: str, **query: Any) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            self._sleep(PAUSE_S)
            known = {"method": method, "user": self._account, "api_key": self._key, "format": "json"}
            return _without_error(answered_or_error(self._http, {**known, **query}))

        return patiently(ask, self._sleep)


def answered_or_error(http: httpx.Client, query: dict[str, Any]) -> dict[str, Any]:
    """The answer's JSON, also where it is an error: Last.fm gives those any status, 500 for "try again" among them."""
    try:
        response = http.get("", params=query)
    except httpx.HTTPError as error:
        raise ServiceUnavailable(
            f"Last.fm does not answer ({type(error).__name__}); is this machine online?"
        ) from error
    try:
        answer = decoded("Last.fm", response, dict[str, Any])
    except ServiceUnavailable:
        check("Last.fm", response.status_code, response.headers)
        raise
    if "error" not in answer:
        check("Last.fm", response.status_code, response.headers)
    return answer


def _without_error(answer: dict[str, Any]) -> dict[str, Any]:
    code = _whole(answer.get("error"))
    if code is None:
        return answer
    message = str(answer.get("message") or "")[:200]
    if code == _BUSY:
        raise ServiceUnavailable("Last.fm asks for fewer requests (error 29)", _BUSY_WAIT_S)
    if code in _PASSING:
        raise ServiceUnavailable(f"Last.fm: {_PASSING[code]} (error {code}); it is tried again later")
    raise ServiceRefused(f"Last.fm: {_REFUSALS.get(code, message or 'refused')} (error {code})")


def _tracks(recent: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """The tracks of a page but the one that is playing now; a single one comes without a list."""
    found = recent.get("track") or []
    rows = found if isinstance(found, list) else [found]
    return [row for row in rows if isinstance(row, dict) and not _is_playing(row)]


def _is_playing(track: dict[str, Any]) -> bool:
    return str((track.get("@attr") or {}).get("nowplaying")).lower() == "true"


def _submission(track: dict[str, Any]) -> Submission:
    at_s = _whole((track.get("date") or {}).get("uts"))
    artist, album = track.get("artist") or {}, track.get("album") or {}
    extra = {
        "recording_mbid": track.get("mbid"),
        "artist_mbids": [artist["mbid"]] if isinstance(artist, dict) and artist.get("mbid") else None,
        "release_mbid": album.get("mbid") if isinstance(album, dict) else None,
    }
    names = {
        "artist_name": _name(artist),
        "track_name": _name(track),
        "release_name": _name(album),
        "additional_info": {name: value for name, value in extra.items() if value},
    }
    body = json.dumps({"listened_at": at_s, "track_metadata": names}, ensure_ascii=False)
    return Submission("lastfm_api", body, at_s, None if at_s is not None else "no date")


def _name(value: Any) -> str | None:
    """A name, which is an object with or without ``extended``."""
    if isinstance(value, dict):
        value = value.get("#text") or value.get("name")
    return value or None if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def open_lastfm(settings: Settings, connection: Connection, sleep: Callable[[float], None]) -> Lastfm:
    """The account of ``connection``; raises ServiceRefused where no API key is known."""
    return Lastfm(client(settings.lastfm_url), connection.account, api_key(settings), sleep)


def api_key(settings: Settings) -> str:
    """The API key; raises ServiceRefused where none is known."""
    known = secret(settings, KEY) or credentials(settings.home).lastfm_api_key
    if not known:
        raise ServiceRefused("Last.fm needs an API key: set LASTFM_API_KEY, or run `tonearm connect lastfm` again")
    return known
