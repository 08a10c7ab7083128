"""The browser's way back."""

from __future__ import annotations

from threading import Thread

import httpx
import pytest

from tests.serving import free_port
from tonearm.errors import ServiceRefused, ServiceUnavailable, UsageError
from tonearm.pulls.callback import code_of, wait_for_code


def visits(*addresses: str) -> Thread:
    def visit() -> None:
        for address in addresses:
            httpx.get(address)

    return Thread(target=visit, daemon=True)


def test_only_the_return_of_this_sign_in_counts() -> None:
    uri = f"http://127.0.0.1:{free_port()}/callback"
    others = (uri.replace("callback", "favicon.ico"), f"{uri}?code=bad&state=other")
    browser = visits(*others, f"{uri}?code=good&state=mine")
    assert wait_for_code(uri, "mine", browser.start) == "good"


def test_a_refusal_is_named() -> None:
    uri = f"http://127.0.0.1:{free_port()}/callback"
    with pytest.raises(ServiceRefused, match="agree to it"):
        wait_for_code(uri, "mine", visits(f"{uri}?error=access_denied&state=mine").start)


def test_nobody_came() -> None:
    with pytest.raises(ServiceUnavailable, match="nobody signed in"):
        wait_for_code(f"http://127.0.0.1:{free_port()}/callback", "mine", lambda: None, patience_s=0)


@pytest.mark.parametrize(
    "uri", ["https://example.org/callback", "http://localhost:8888/callback", "http://127.0.0.1/callback"]
)
def test_an_address_elsewhere_needs_pasting(uri: str) -> None:
    with pytest.raises(UsageError, match="--paste"):
        wait_for_code(uri, "mine", lambda: None)


def test_a_port_in_use_is_named() -> None:
    uri = f"http://127.0.0.1:{free_port()}/callback"

    def second() -> None:
        with pytest.raises(UsageError, match="is in use"):
            wait_for_code(uri, "mine", lambda: None)
        visits(f"{uri}?code=good&state=mine").start()

    assert wait_for_code(uri, "mine", second) == "good"


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:8888/callback?code=1&state=other", "http://x/?state=mine"])
def test_a_pasted_address_of_something_else_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="that address"):
        code_of(address, "mine")
