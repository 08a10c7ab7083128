"""What the sender needs of another service, and requests whose failures are answers."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

import httpx

from tonearm import __version__
from tonearm.errors import UsageError
from tonearm.relay.deciding import Answer

ClientFactory = Callable[[], httpx.Client]
Clock = Callable[[], datetime]
Listen = dict[str, Any]
"""As ListenBrainz has it in JSON."""

_TIMEOUT_S, _CONNECT_S = 30.0, 10.0
_SHOWN = 200
_NEVER_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Upstream(Protocol):
    """A service that listens are forwarded to."""

    most: int
    """Listens in one request."""
    most_bytes: int

    def account(self) -> str:
        """Name of the listener there; raises UsageError if the secret opens nothing, or nobody answers."""
        ...

    def send(self, listens: Sequence[Listen]) -> Answer:
        """Submit listens."""
        ...

    def has(self, account: str, listens: Sequence[Listen]) -> set[int] | Answer:
        """Positions of the listens that it has already; an Answer if it cannot be asked now."""
        ...

    def playing(self, listen: Listen) -> Answer:
        """Report what is being heard."""
        ...


@dataclass(frozen=True)
class Link:
    """Where a service is, what opens it and how it is reached."""

    url: str
    secret: str
    http: httpx.Client
    clock: Clock

    def ask(self, method: str, path: str = "", **options: Any) -> httpx.Response | Answer:
        """The response to a request; an Answer where there was none."""
        try:
            return self.http.request(method, self.url + path, **options)
        except _NEVER_ARRIVED as error:
            return Answer("later", f"it cannot be reached ({self.hidden(str(error))})")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = self.hidden(str(error)) or type(error).__name__
            return Answer("later", f"it did not answer ({reason})", is_clear=False)

    def hidden(self, text: str) -> str:
        """A text from outside without what is secret, and not longer than anybody reads."""
        for part in self.secret.split():
            text = text.replace(part, "…")
        return text[:_SHOWN]


def new_client() -> httpx.Client:
    """A client that names tonearm and never carries a token elsewhere by a redirect."""
    return httpx.Client(
        verify=_certificates(),
        timeout=httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_S),
        headers={"User-Agent": f"tonearm/{__version__}"},
        follow_redirects=False,
    )


@cache
def _certificates() -> ssl.SSLContext:
    """Which certificates are trusted; to read them takes longer than a request."""
    return httpx.create_ssl_context()


def valid_url(url: str) -> str:
    """The address of a service without a trailing slash; raises UsageError for one that is none or has a password."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UsageError(f"{url[:_SHOWN]} is no address ({error})") from error
    if parsed.userinfo:
        raise UsageError("an address must not contain a name or a password; leave out what is before the @")
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query or parsed.fragment:
        raise UsageError(f"{url[:_SHOWN]} is no address; it begins with https:// or http:// and has no ? or #")
    return str(parsed).rstrip("/")


def members(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a response; empty where it is none, as with a page of a proxy."""
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
