"""``/relays``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, SecretStr

from tonearm.api.auth import CallerDep
from tonearm.api.deps import ListenerAsked, SettingsDep, StoreDep
from tonearm.relay.managing import (
    RelayState,
    connect,
    pause,
    relay_state,
    relay_states,
    remove,
    resume,
    retry,
)
from tonearm.relay.refused import Refused, refused_listens
from tonearm.store.relays import Kind

router = APIRouter(tags=["relays"])

Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the relay.")]
Token = Annotated[
    SecretStr,
    Field(
        max_length=4096,
        description="The user token there; for Last.fm an API key, its shared secret and a session key, with spaces.",
    ),
]


class NewRelay(BaseModel):
    """Where to forward to."""

    listener: str = Field(max_length=64, description="Whose submissions to forward.")
    to: Kind = Field(description="Kind of the other service.")
    url: str | None = Field(default=None, max_length=512, description="Its address, if not the public service's.")
    token: Token


class NewToken(BaseModel):
    """What opens the other service from now on."""

    token: Token | None = None


@router.get("/relays")
def list_relays(store: StoreDep, listener: ListenerAsked = None) -> list[RelayState]:
    """Where submissions are forwarded to, what waits and what was refused."""
    return relay_states(store, listener)


@router.post("/relays", status_code=201)
def post_relay(settings: SettingsDep, store: StoreDep, new: NewRelay) -> RelayState:
    """Forward a listener's submissions from now on; the other side is asked first whether it knows the token."""
    return connect(settings, store, new.listener, new.to, new.url, new.token.get_secret_value(), datetime.now(UTC))


@router.get("/relays/{number}/refused")
def read_refused(store: StoreDep, who: CallerDep, number: Number) -> list[Refused]:
    """The listens that the other side refused for good, with its reasons; at most 100."""
    who.of(relay_state(store, number).listener)
    return refused_listens(store, number)


@router.post("/relays/{number}/pause")
def pause_relay(store: StoreDep, number: Number) -> RelayState:
    """Send nothing until it is resumed; what is submitted meanwhile waits."""
    return pause(store, number, datetime.now(UTC))


@router.post("/relays/{number}/resume")
def resume_relay(settings: SettingsDep, store: StoreDep, number: Number, new: NewToken | None = None) -> RelayState:
    """Send again, with a new token if one is given, which is checked first."""
    token = new.token.get_secret_value() if new and new.token else None
    return resume(settings, store, number, token, datetime.now(UTC))


@router.post("/relays/{number}/retry")
def retry_relay(store: StoreDep, number: Number) -> RelayState:
    """Send at once what waits, and once more what was refused."""
    return retry(store, number)


@router.delete("/relays/{number}")
def delete_relay(settings: SettingsDep, store: StoreDep, number: Number) -> RelayState:
    """Forward no more, and forget the token and what waits; the listener's own history stays."""
    return remove(settings, store, number)
