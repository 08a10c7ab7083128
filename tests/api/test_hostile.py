"""Requests made from the OpenAPI document, with values of which a route could choke: always an answer."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.api.conftest import PROBLEM, client_of, upload
from tonearm.lake import Lake
from tonearm.settings import Settings

TEXTS = ["\ud800", "x" * 300, "x" * 5000, "é" * 200, "a\0b", "..", "%s", "\u202e", "a/b", "1e400", "nan", str(2**63),
         str(2**64), "-1", str(-(2**63)), "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "true", "١٢",
         "9999-12-31T23:59:59-14:00", "2020-01-01", "0", "listens", "Ada", "UTC", "csv", "rejected", ""]  # fmt: skip
PROTOCOLS = ("/1/", "/2.0", "/audioscrobbler", "/apis/", "/api/auth")
BODIES = ["[" * 50_000, '{"zone":' * 20_000, "1" + "0" * 6_000, '{"zone": 1e999}', "\xff", "null", "[]", "",
          '{"zone": "\\ud800"}', '{"zone": "UTC", "from": 1e308}', '{"zone": "UTC", "from": -1e18}',
          '{"zone": "Mars/Olympus"}', '{"zone": "UTC", "from": "9999-12-31"}']  # fmt: skip
FORMS = ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x; charset=punycode",
         "multipart/form-data; boundary=x; charset=unicode_escape", "multipart/form-data; boundary=x; charset=hex",
         "application/x-www-form-urlencoded"]  # fmt: skip
PART = b'--x\r\nContent-Disposition: form-data; name="listener"\r\n\r\n\\ud800\r\n--x--\r\n'


def requests(document: dict[str, Any], amount: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, address and body of each, the same at every run."""
    draw = random.Random(1)
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path != "/runs"  # Which takes no arguments, and trains models.
    ]
    for number in range(amount):
        method, path, operation = operations[number % len(operations)]
        query = []
        for parameter in operation.get("parameters", []):
            value = quote(draw.choice(TEXTS).encode("utf-8", "surrogatepass"), safe="")
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", value or "-")
            elif draw.random() < 0.6:
                query.append(f"{parameter['name']}={value}")
        yield method.upper(), f"{path}?{'&'.join(query)}", _body(method, draw)


def _body(method: str, draw: random.Random) -> dict[str, Any]:
    if method == "put":
        return {"content": draw.choice(BODIES).encode("latin-1"), "headers": {"content-type": "application/json"}}
    if method == "post":
        return {"content": PART, "headers": {"content-type": draw.choice(FORMS)}}
    return {}


def check(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    # Those that speak protocols have their own forms of errors.
    if answer.status_code >= 400 and not answer.url.path.startswith(PROTOCOLS):
        assert set(answer.json()) == PROBLEM


@pytest.mark.slow
def test_no_request_fails_inside(home: Settings) -> None:
    # Some of the requests write, so that other tests cannot read what is left.
    with client_of(home) as http:
        upload(http)
        document = http.get("/openapi.json").json()
        for method, address, body in requests(document, 220):
            if method != "DELETE" or "/1?" not in address:
                check(http.request(method, address, **body))


@pytest.mark.parametrize("name", ["x" * 300, "é" * 200])
def test_a_name_longer_than_any_file_s_is_unknown(http: httpx.Client, name: str) -> None:
    answer = http.get(f"/tables/{name}")
    assert (answer.status_code, answer.json()["error"]) == (404, "UnknownName")
    assert len(answer.json()["message"]) < 300


def test_a_wrong_zone_makes_no_listener(http: httpx.Client) -> None:
    assert http.put("/listeners/x", json={"zone": "Mars/Olympus"}).status_code == 404
    assert http.get("/listeners").json() == []


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_cannot_be_read_is_a_problem(http: httpx.Client, body: str) -> None:
    check(http.put("/listeners/x", content=body.encode("latin-1"), headers={"content-type": "application/json"}))


def test_a_disk_that_refuses_is_a_sentence(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise OSError(30, "Read-only file system", "/home/ada/private/tonearm/lake/tracks")

    monkeypatch.setattr(Lake, "has", refuses)
    answer = http.get("/library")
    assert (answer.status_code, answer.json()["error"]) == (507, "HomeUnusable")
    assert "Read-only file system" in answer.json()["message"] and "private" not in answer.json()["message"]


def test_csv_is_harmless_unless_asked_for_as_it_is(home: Settings) -> None:
    with client_of(home) as http:
        upload(http, text="=1+1,-x,@y,20 Nov 2020 09:35\n")
        for safe, prefix in (("true", "'"), ("false", "")):
            text = http.get("/tables/listening_history_bronze", params={"format": "csv", "safe": safe}).text
            assert f'"{prefix}=1+1"' in text
        assert json.dumps("=1+1") in http.get("/tables/listening_history_bronze").text


def test_a_form_in_an_encoding_that_cannot_be_read_is_refused(http: httpx.Client) -> None:
    body = '--x\r\nContent-Disposition: form-data; name="listener"\r\n\r\nAda\r\n--x--\r\n'
    answer = http.post(
        "/imports", content=body, headers={"Content-Type": "multipart/form-data; boundary=x; charset=punycode"}
    )
    assert answer.status_code in (400, 422), answer.text
