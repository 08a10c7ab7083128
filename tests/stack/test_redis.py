"""Superset's Redis starts with the command of compose.yaml and is as that says."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.stack.redis import ask


def test_the_cache_has_a_limit_and_is_never_written_to_disk(redis: str) -> None:
    port = urlsplit(redis).port
    assert port is not None
    found = {name: ask(port, "CONFIG", "GET", name).splitlines()[1:] for name in ("maxmemory", "maxmemory-policy")}
    assert found == {"maxmemory": [str(256 * 1024**2)], "maxmemory-policy": ["allkeys-lru"]}
    assert [ask(port, "CONFIG", "GET", name).splitlines()[1:] for name in ("save", "appendonly")] == [[], ["no"]]
