"""A real object store for the tests: moto's S3 server, behind a proxy that fails when asked."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lake.failing_proxy import CONTROL
from tests.serving import free_port, running
from tests.stack.servers import python_of

BUCKET = "music"
_PROXY = Path(__file__).with_name("failing_proxy.py")


@dataclass(frozen=True)
class ObjectStore:
    """The store's own address and that of the proxy before it."""

    inner: str
    address: str

    def fail(self, **rules: int | str) -> None:
        """Answer requests by 503 as ``failing_proxy.Rules`` has it; as the store does without any."""
        _ask("POST", self.address + CONTROL, json.dumps(rules).encode())

    def failed(self) -> int:
        """Requests that were answered by 503 since :meth:`fail`."""
        return int(_ask("GET", self.address + CONTROL))

    def empty(self) -> None:
        """Remove everything but an empty bucket."""
        self.fail()
        _ask("POST", f"{self.inner}/moto-api/reset")
        _ask("PUT", f"{self.inner}/{BUCKET}")

    def know_keys(self, are_known: bool) -> None:
        """Accept any keys, or none."""
        _ask("POST", f"{self.inner}/moto-api/reset-auth", b"inf" if are_known else b"0")

    def environment(self) -> dict[str, str]:
        """What the libraries need to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "some",
            "AWS_SECRET_ACCESS_KEY": "one",
            "AWS_REGION": "us-east-1",
            # Nobody else is asked for keys.
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _ask(method: str, url: str, body: bytes | None = None) -> bytes:
    asked = urllib.request.Request(url, body, {"Content-Type": "text/plain"}, method=method)
    with urllib.request.urlopen(asked) as answer:
        found: bytes = answer.read()
        return found


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A store; skips where moto is not installed."""
    ports = [free_port(), free_port()]
    store = ObjectStore(*(f"http://127.0.0.1:{port}" for port in ports))
    moto = [str(python_of("moto")), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(ports[0])]
    proxy = [sys.executable, str(_PROXY), store.inner, str(ports[1])]
    with running(moto, f"{store.inner}/moto-api/"), running(proxy, store.address + CONTROL):
        yield store
