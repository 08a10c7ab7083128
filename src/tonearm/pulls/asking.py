"""Asking another service over HTTP: who we are, patience with what passes, and plain errors for what does not."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx
import msgspec

from tonearm import __version__
from tonearm.errors import ServiceUnavailable

USER_AGENT = f"tonearm/{__version__}"
TIMEOUT_S = 30.0
TRIES = 4
"""Times that a request is sent before its failure counts."""
FIRST_PAUSE_S = 2.0
"""Before the second try; doubled before each other one."""
SHORT_WAIT_S = 60.0
"""If a service asks to wait longer than this, the pull ends and goes on another time."""

Answer = TypeVar("Answer")

# They log addresses, in which Last.fm's protocol has the key, and at a lower level headers with tokens.
for _logger in ("httpx", "httpcore"):
    logging.getLogger(_logger).setLevel(logging.WARNING)


def patiently(ask: Callable[[], Answer], sleep: Callable[[float], None] = time.sleep) -> Answer:
    """The answer of ``ask``, which is tried again while it raises ServiceUnavailable.

    Raises it where four tries were not enough, or where the service asks for more than a minute.
    """
    pause_s = FIRST_PAUSE_S
    for _ in range(TRIES - 1):
        try:
            return ask()
        except ServiceUnavailable as error:
            if error.wait_s is not None and error.wait_s > SHORT_WAIT_S:
                raise
            sleep(pause_s if error.wait_s is None else error.wait_s)
            pause_s *= 2
    return ask()


def client(base_url: str, headers: Mapping[str, str] | None = None) -> httpx.Client:
    """A client for the API at ``base_url``."""
    return httpx.Client(base_url=base_url, headers={"User-Agent": USER_AGENT, **(headers or {})}, timeout=TIMEOUT_S)


def answered(service: str, http: httpx.Client, path: str, query: Mapping[str, Any]) -> httpx.Response:
    """The answer to a GET, whatever its status but one that passes.

    Raises ServiceUnavailable for a service that cannot be reached, is busy (429) or broken (5xx).
    """
    try:
        response = http.get(path, params={key: value for key, value in query.items() if value is not None})
    except httpx.HTTPError as error:
        # Not the error's own text: it may hold the address, and the address a key.
        raise ServiceUnavailable(
            f"{service} does not answer ({type(error).__name__}); is this machine online?"
        ) from error
    check(service, response.status_code, response.headers)
    return response


def check(service: str, status: int, headers: Mapping[str, str]) -> None:
    """Raise ServiceUnavailable for a status that passes by itself."""
    if status == 429:
        wait_s = wait_of(headers)
        raise ServiceUnavailable(f"{service} asks for fewer requests{_for(wait_s)}", wait_s)
    if status >= 500:
        wait_s = wait_of(headers)
        raise ServiceUnavailable(f"{service} fails at the moment (status {status}); it is tried again later", wait_s)


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Seconds for which a service asks to be left alone; None where it does not say, or not as a number."""
    for name in ("Retry-After", "X-RateLimit-Reset-In"):
        try:
            seconds = float(headers[name])
        except (KeyError, ValueError):
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def decoded(service: str, response: httpx.Response, type: type[Answer]) -> Answer:
    """The answer's JSON; raises ServiceUnavailable for anything else, such as the page of a broken proxy."""
    try:
        return msgspec.json.decode(response.content, type=type, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ServiceUnavailable(f"{service} answered with something that is not its protocol's") from error


def _for(wait_s: float | None) -> str:
    if wait_s is None:
        return ""
    if wait_s < 120:
        return f" and to wait {wait_s:.0f} s"
    return f" and to wait {wait_s / 60:.0f} minutes" if wait_s < 7200 else f" and to wait {wait_s / 3600:.1f} hours"
