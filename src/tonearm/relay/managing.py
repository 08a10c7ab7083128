"""Adding, listing and removing relays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tonearm.errors import UsageError
from tonearm.home.secrets import put_secret
from tonearm.relay import lastfm, listenbrainz
from tonearm.relay.sender import check_account
from tonearm.relay.upstream import ClientFactory, Link, new_client, valid_url
from tonearm.settings import Settings
from tonearm.store import Store, relays
from tonearm.store.relays import Count, Kind, Relay, secret_name

DEFAULT_URLS: dict[Kind, str] = {"listenbrainz": listenbrainz.URL, "lastfm": lastfm.URL}


@dataclass(frozen=True)
class RelayState:
    """A relay as it is listed."""

    number: int
    listener: str
    to: Kind
    url: str
    account: str
    """Name of the listener there."""
    state: Literal["working", "retrying", "paused"]
    waiting: int
    """Listens that wait to be forwarded."""
    sent: int
    """Listens that the other side acknowledged."""
    refused: int
    """Listens that the other side refused for good; they are kept and can be sent again."""
    retry_at: datetime | None
    """When the next attempt is due; None for at once."""
    problem: str | None
    """Why it does not send, and what to do."""


def relay_states(store: Store, listener: str | None = None) -> list[RelayState]:
    """The relays of one listener, by the name in the store, or of everybody, oldest first."""
    counts = relays.counts(store)
    return [_state(one, counts.get(one.number, Count())) for one in relays.relays(store, listener)]


def relay_state(store: Store, number: int) -> RelayState:
    """The relay of that number; raises UnknownName."""
    return _state(relays.find_relay(store, number), relays.counts(store).get(number, Count()))


def connect(
    settings: Settings,
    store: Store,
    listener: str,
    kind: Kind,
    url: str | None,
    token: str,
    now: datetime,
    client_factory: ClientFactory = new_client,
) -> RelayState:
    """Forward what the listener submits from ``now`` on, once the other side has confirmed ``token``.

    Raises UsageError where it does not, or is forwarded to already, and UnknownName for the listener.
    """
    name, address = store.listener(listener).name, service_url(kind, url)
    account = check_account(kind, address, token, client_factory, lambda: now)
    for one in relays.relays(store, name):
        if (one.url, one.account) == (address, account):
            raise UsageError(f"{name} forwards to {account} at {address} already, by relay {one.number}")
    made = relays.add_relay(
        store,
        name,
        kind,
        address,
        account,
        now,
        lambda number: put_secret(settings, secret_name(number), token.strip()),
    )
    return _state(made, Count())


def resume(
    settings: Settings,
    store: Store,
    number: int,
    token: str | None,
    now: datetime,
    client_factory: ClientFactory = new_client,
) -> RelayState:
    """Send again, with a new token if one is given, which is checked first. Raises UnknownName and UsageError."""
    relay = relays.find_relay(store, number)
    if token is not None:
        account = check_account(relay.kind, relay.url, token, client_factory, lambda: now)
        put_secret(settings, secret_name(number), token.strip())
        relays.change_account(store, number, account)
    relays.resume_relay(store, number)
    return relay_state(store, number)


def pause(store: Store, number: int, now: datetime) -> RelayState:
    """Send nothing until :func:`resume`; what is submitted meanwhile waits. Raises UnknownName."""
    relays.find_relay(store, number)
    relays.pause_relay(store, number, now)
    return relay_state(store, number)


def retry(store: Store, number: int) -> RelayState:
    """Send at once what waits and what was refused. Raises UnknownName."""
    relay = relays.find_relay(store, number)
    relays.retry_refused(store, number)
    if relay.paused_at is None:
        relays.resume_relay(store, number)
    return relay_state(store, number)


def remove(settings: Settings, store: Store, number: int) -> RelayState:
    """Forward no more, and forget the token and what waits; returns what there was. Raises UnknownName."""
    found = relay_state(store, number)
    relays.remove_relay(store, number)
    put_secret(settings, secret_name(number), None)
    return found


def service_url(kind: Kind, url: str | None) -> str:
    """Where the service is: ``url``, or its own address; raises UsageError for none or a wrong one."""
    if url is None and kind not in DEFAULT_URLS:
        raise UsageError("where is the other tonearm? name its address, such as https://music.example.org")
    # Addresses of ListenBrainz are often given with the path of its API.
    return valid_url(url or DEFAULT_URLS[kind]).removesuffix("/1")


def ask_for_approval(
    key: str, shared: str, now: datetime, client_factory: ClientFactory = new_client
) -> tuple[str, str]:
    """A request token of Last.fm, and the page where its owner allows it. Raises UsageError."""
    with client_factory() as http:
        token = lastfm.request_token(Link(lastfm.URL, f"{key} {shared}", http, lambda: now))
    return token, f"{lastfm.AUTHORISE}?api_key={key}&token={token}"


def approved(key: str, shared: str, token: str, now: datetime, client_factory: ClientFactory = new_client) -> str:
    """The session key for a request token that its owner has allowed. Raises UsageError."""
    with client_factory() as http:
        return lastfm.session_key(Link(lastfm.URL, f"{key} {shared}", http, lambda: now), token)


def _state(relay: Relay, count: Count) -> RelayState:
    return RelayState(
        number=relay.number,
        listener=relay.listener,
        to=relay.kind,
        url=relay.url,
        account=relay.account,
        state="paused" if relay.paused_at else "retrying" if relay.failures else "working",
        waiting=count.waiting,
        sent=relay.sent,
        refused=count.refused,
        retry_at=relay.retry_at,
        problem=relay.problem,
    )
