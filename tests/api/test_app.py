from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi.responses import JSONResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import PROBLEM, client_of
from tonearm import __version__
from tonearm.api.app import create_app
from tonearm.api.client import InProcess
from tonearm.settings import Settings


def test_an_empty_home_is_healthy_and_says_that_nothing_is_built(http: httpx.Client) -> None:
    assert http.get("/health").json() == {
        "status": "ok",
        "version": __version__,
        "home_is_writable": True,
        "tables": 0,
        "listens_version": None,
    }
    assert http.get("/listeners").json() == []
    assert http.get("/imports").json() == []


def test_a_home_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with client_of(Settings(home=tmp_path / "file")) as http:
        assert http.get("/health").json()["status"] == "home unusable"
        answer = http.get("/listeners")
    assert (answer.status_code, answer.json()["error"]) == (507, "HomeUnusable")


def test_another_host_s_name_is_refused(http: httpx.Client) -> None:
    assert http.get("/health", headers={"host": "evil.example"}).status_code == 400
    assert http.get("/health", headers={"host": "localhost:8501"}).status_code == 200


def test_a_page_of_another_site_is_refused(http: httpx.Client) -> None:
    answer = http.delete("/imports/1", headers={"origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["error"]) == (403, "Refused")
    assert http.get("/health", headers={"origin": "http://localhost:8501"}).status_code == 200


def test_an_unknown_route_and_a_wrong_method_are_problems_too(http: httpx.Client) -> None:
    for answer, status in ((http.get("/nothing"), 404), (http.post("/health"), 405)):
        assert (answer.status_code, set(answer.json())) == (status, PROBLEM)


def test_the_docs_name_every_route_and_fetch_nothing(http: httpx.Client) -> None:
    page = http.get("/docs").text
    for path in http.get("/openapi.json").json()["paths"]:
        assert path in page
    assert not re.findall(r"https?://|//\w", page)


def test_every_reference_of_the_openapi_document_is_there(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()

    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            return {part["$ref"]} if "$ref" in part else set().union(*map(references, part.values()), set())
        return set().union(*map(references, part), set()) if isinstance(part, list) else set()

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) and references(document) <= known


def test_the_openapi_document_says_what_each_route_answers_and_that_it_may_be_a_problem(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        if path.startswith(("/1/", "/2.0", "/apis/", "/audioscrobbler")):
            continue  # These fail in the forms of their protocols.
        for operation in methods.values():
            answers = {status: answer.get("content", {}) for status, answer in operation["responses"].items()}
            assert [answers.pop(status) for status in sorted(answers) if status.startswith("2")], path
            assert {"401", "404", "409", "422", "429", "507"} <= set(answers)
            for status, media in answers.items():
                if status == "304" or (path, status) == ("/ready", "503"):
                    continue  # Which has nothing to say, or says in a form of its own why.
                assert media["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_a_problem_is_what_rfc_9457_describes(http: httpx.Client) -> None:
    answer = http.get("/tables/top_trakcs_by_mood")
    assert answer.headers["content-type"] == "application/problem+json"
    sentence = "no table 'top_trakcs_by_mood'; did you mean top_tracks_by_mood?"
    assert answer.json() == {
        "type": "/docs#UnknownName",
        "title": "Not Found",
        "status": 404,
        "detail": sentence,
        "error": "UnknownName",
        "message": sentence,
    }
    assert 'id="UnknownName"' in http.get("/docs").text


def test_a_protocol_answers_errors_in_its_own_form(home: Settings) -> None:
    app = create_app(home)
    app.state.error_forms.append(
        ("/1/", lambda request, status, message: JSONResponse({"code": status, "error": message}, status_code=status))
    )
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1") as http:
        assert http.get("/1/nothing").json() == {"code": 404, "error": "Not Found"}
        assert http.get("/1/nothing", headers={"host": "evil.example"}).json()["code"] == 400
        assert set(http.get("/10").json()) == PROBLEM


@pytest.mark.parametrize(
    "path",
    [
        "/listens?before=yesterday",
        "/listens?limit=-1",
        "/tables/tracks?format=xml",
        "/imports/x",
        "/listens?from=yesterday",
    ],
)
def test_what_is_not_understood_is_422(http: httpx.Client, path: str) -> None:
    http.put("/listeners/Ada", json={"zone": "UTC"})
    answer = http.get(path)
    assert (answer.status_code, set(answer.json())) == (422, PROBLEM)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        ["/tables/{}", "/listens?before={}", "/listens?listener={}", "/listeners/{}/overview", "/imports/{}",
         "/listeners/{}/top/tracks?from={}", "/tables/tracks?rule={}&listener={}", "/imports/1?outcome={}",
         "/tables/listening_history_bronze?as_of={}", "/tables/{}/history"]
    ),
    st.one_of(st.text(max_size=40), st.integers().map(str), st.datetimes().map(str)),
)  # fmt: skip
def test_no_words_in_a_request_make_it_fail_inside(http: httpx.Client, route: str, text: str) -> None:
    words = quote(text.encode("utf-8", "surrogatepass"), safe="")
    answer = http.get(route.replace("{}", words))
    assert answer.status_code < 500, answer.text
    assert answer.status_code == 200 or set(answer.json()) == PROBLEM


def test_ibis_is_loaded_with_the_app_and_not_by_its_threads() -> None:
    script = "import sys, types, tonearm.api.app; sys.exit(type(sys.modules['ibis']) is not types.ModuleType)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
