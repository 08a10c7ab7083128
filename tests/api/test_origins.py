"""Which requests are refused, by the headers alone and by the API and the page as they are served."""

from __future__ import annotations

import http.client
import select
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from tests.api.conftest import client_of
from tests.serving import serving
from tonearm.api.origins import refusal
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

OWN = "127.0.0.1:8501"
WRONG_HOSTS = ["evil.example", "evil.example:8501", "", "127.0.0.1:x", "127.0.0.1:99999", "[", "a@127.0.0.1",
               "127.0.0.1/x", "127.0.0.1.evil.example", "testserver"]  # fmt: skip
WRONG_ORIGINS = ["https://evil.example", "http://[", "null", "", "file://", "http://127.0.0.1:x", "ftp://127.0.0.1",
                 "http://evil.example@127.0.0.1:8501", "http://127.0.0.1:8501.evil.example"]  # fmt: skip


@pytest.mark.parametrize("host", WRONG_HOSTS)
def test_another_name_is_refused(host: str) -> None:
    assert refusal([host], [], is_read=True)[0] == 400


@pytest.mark.parametrize("hosts", [[], [OWN, OWN]])
def test_a_request_has_one_host(hosts: list[str]) -> None:
    assert refusal(hosts, [], is_read=True)[0] == 400


@pytest.mark.parametrize("is_read", [True, False])
@pytest.mark.parametrize("origin", WRONG_ORIGINS)
def test_a_page_of_another_site_is_refused(origin: str, is_read: bool) -> None:
    assert refusal([OWN], [origin], is_read)[0] == 403


@pytest.mark.parametrize("host", [OWN, "localhost:8501", "LOCALHOST", "[::1]:8501"])
def test_a_program_and_the_own_page_may_read_and_write(host: str) -> None:
    for origins in ([], [f"http://{host}"], [f"https://{host}"]):
        assert refusal([host], origins, is_read=False) == (0, "")


def test_a_page_of_another_port_may_read_and_not_write() -> None:
    assert refusal([OWN], ["http://localhost:3000"], is_read=True)[0] == 0
    assert refusal([OWN], ["http://127.0.0.1:3000"], is_read=False)[0] == 403


def test_the_api_refuses_with_a_problem_whatever_stands_in_the_headers(http: httpx.Client) -> None:
    for headers, status in (
        ({"host": "evil.example"}, 400),
        ({"host": "testserver"}, 400),
        ({"origin": "http://["}, 403),
        ({"origin": "http://localhost:3000"}, 403),
    ):
        answer = http.delete("/imports/1", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (status, "Refused")


def test_names_are_a_parameter_of_the_app(home: Settings) -> None:
    with client_of(home, hosts=("music.example",)) as client:
        assert client.get("/health", headers={"host": "music.example"}).status_code == 200
        assert client.get("/health").status_code == 400


EXTENSION = "chrome-extension://hhinaapppaileiechjoiifaancjggfjm"


@pytest.mark.parametrize("path", ["/1/submit-listens", "/2.0/", "/2.0", "/apis/web/v1/stats"])
@pytest.mark.parametrize("origin", [EXTENSION, "moz-extension://6f0d1c2a", "https://site.example", "null"])
def test_a_scrobbler_in_a_browser_may_ask_first(http: httpx.Client, path: str, origin: str) -> None:
    asks = {"origin": origin, "access-control-request-method": "POST"}
    answer = http.options(path, headers=asks | {"access-control-request-headers": "authorization,content-type"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, origin)
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


def test_its_answers_are_given_to_the_page_even_those_that_refuse(http: httpx.Client) -> None:
    answer = http.get("/1/nothing", headers={"origin": EXTENSION})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (404, EXTENSION)
    assert "X-RateLimit-Reset-In" in answer.headers["access-control-expose-headers"]


def test_our_own_routes_stay_closed_to_other_sites(http: httpx.Client) -> None:
    for path in ("/listeners/x", "/10/submit-listens", "/imports"):
        asks = {"origin": EXTENSION, "access-control-request-method": "PUT"}
        for answer in (http.options(path, headers=asks), http.put(path, headers={"origin": EXTENSION})):
            assert answer.status_code == 403
            assert "access-control-allow-origin" not in answer.headers


def test_a_site_that_is_allowed_may_use_every_route_with_a_token_and_none_without(home: Settings) -> None:
    store = open_store(home)
    store.ensure_listener("Ada")
    secret, _ = create_token(store, "Ada", ["read"])
    store.close()
    asks = {"origin": "https://music.example"}
    with client_of(msgspec.structs.replace(home, allowed_origins=("https://music.example/",))) as client:
        # What this machine's own programs may without a token, a website's page may not.
        assert client.get("/listeners", headers=asks).status_code == 401
        answer = client.get("/listeners", headers=asks | {"Authorization": f"Token {secret}"})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://music.example")
        assert client.get("/listeners", headers={"origin": "https://other.example"}).status_code == 403


def test_where_others_reach_it_a_numeric_address_is_a_name_too(home: Settings) -> None:
    for needs_tokens, status in ((True, 200), (False, 400)):
        with client_of(home, needs_tokens=needs_tokens) as client:
            for host in ("192.168.1.7:9696", "[fe80::1]:9696"):
                assert client.get("/health", headers={"host": host}).status_code == status
            assert client.get("/health", headers={"host": "evil.example"}).status_code == 400


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of ``tonearm serve``, the page itself; whatever it asks for elsewhere fails the test at its end."""
    with socket.socket() as outside:
        outside.bind(("127.0.0.1", 0))
        outside.listen()
        proxy = f"http://127.0.0.1:{outside.getsockname()[1]}"
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), proxy)
        with serving(tmp_path_factory.mktemp("served") / "home", no_proxy="", NO_PROXY="", **proxies) as address:
            yield address.removeprefix("http://")
        asked, _, _ = select.select([outside], [], [], 0)
        assert not asked, "the page asked for something elsewhere"


def handshake(served: str, host: str, origin: str | None) -> int:
    """Status of the request that opens Streamlit's WebSocket; 101 when it is open."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    return _status(served, "/_stcore/stream", {"Host": host, **({"Origin": origin} if origin else {}), **upgrade})


def _status(served: str, path: str, headers: dict[str, Any]) -> int:
    connection = http.client.HTTPConnection(served, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.slow
def test_the_page_is_shown_under_its_own_name_alone(served: str) -> None:
    for path in ("/", "/_stcore/health", "/_stcore/host-config"):
        assert _status(served, path, {"Host": served}) == 200
        assert _status(served, path, {"Host": "evil.example"}) == 400
        assert _status(served, path, {"Host": served.replace("127.0.0.1", "evil.example")}) == 400


@pytest.mark.slow
def test_the_page_s_socket_opens_for_the_page_alone(served: str) -> None:
    port = served.partition(":")[2]
    assert handshake(served, served, f"http://{served}") == 101
    assert handshake(served, f"localhost:{port}", f"http://localhost:{port}") == 101
    for host, origin in (
        (served, "http://evil.example"),
        (served, "http://localhost:3000"),
        (served, "http://["),
        ("evil.example", "http://evil.example"),
        ("evil.example", None),
    ):
        assert handshake(served, host, origin) == 403
