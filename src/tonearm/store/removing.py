"""Removing a listener, with the secrets that other services gave for them."""

from __future__ import annotations

from tonearm.home.secrets import put_secret
from tonearm.settings import Settings
from tonearm.store import Store, connections, relays


def remove_listener(settings: Settings, store: Store, name: str) -> None:
    """Remove a listener with all that the store holds of them, and the tokens of their connections and relays.

    Raises UnknownName, HomeUnusable, and Conflict while listens that they submitted are on their way into the lake.
    """
    who = store.listener(name).name
    names = [connections.secret_name(one) for one in connections.connections(store, who)]
    names += [relays.secret_name(one.number) for one in relays.relays(store, who)]
    store.remove(who)
    for one in names:
        put_secret(settings, one, None)
