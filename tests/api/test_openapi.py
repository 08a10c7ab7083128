"""Requests that schemathesis makes from the OpenAPI document, with an administrator's token: never a failure inside."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.openapi import from_asgi

from tonearm.api.app import create_app
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

BUILDS = ("/listeners/{name}", "/imports", "/imports/{run}")
"""Paths of which a write is followed by a build, which takes seconds where there is anything to build."""
LEFT_OUT = ("/runs", "/relays", "/relays/{number}/resume", "/tokens/{number}")
"""Paths whose writes train models, ask another service on the internet, or revoke the token that is shown."""
UNAVAILABLE = (501, 503, 507)
"""What is not installed, not trained yet, or has no disk: foreseen, and described."""
PATIENCE_S = 3600
"""A busy machine may take long, and how long says nothing about the code."""
FEW = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def described(home: Settings) -> Any:
    """The document of an API that needs tokens, whose requests show one."""
    store = open_store(home)
    store.ensure_listener("Ada")
    secret, _ = create_token(store, "Ada", ["admin"])
    store.close()
    app = create_app(home, hosts=("testserver",), needs_tokens=True)
    shown = {"Authorization": f"Token {secret}"}
    schema = from_asgi("/openapi.json", app, headers=shown)
    schema.config.headers = shown
    schema.config.phases.coverage.enabled = False
    return schema


@pytest.fixture(scope="module")
def full(filled_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("full") / "home"
    shutil.copytree(filled_home.home, folder)
    return described(Settings(home=folder))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return described(Settings(home=tmp_path_factory.mktemp("empty") / "home"))


def try_each(schema: Any, is_tried: Callable[[str, str], bool]) -> None:
    """Make a few requests of every operation that ``is_tried``, each with values that fit its description."""
    for found in schema.get_all_operations():
        operation = found.ok()
        if is_tried(operation.path, operation.method.upper()):

            @FEW
            @given(case=operation.as_strategy())
            def try_it(case: Any) -> None:
                answer = case.call(headers=schema.config.headers, timeout=PATIENCE_S)
                assert answer.status_code < 500 or answer.status_code in UNAVAILABLE, answer.text
                assert answer.status_code != 401

            try_it()


def test_no_request_to_a_full_home_fails_inside(full: Any) -> None:
    try_each(full, lambda path, method: method == "GET" or path not in (*BUILDS, *LEFT_OUT))


def test_no_request_to_an_empty_home_fails_inside(empty: Any) -> None:
    try_each(empty, lambda path, method: path in BUILDS and method != "GET")


def test_the_document_describes_every_route(full: Any) -> None:
    assert {"/", "/health", "/tables/{name}", "/listens"} <= set(full)


def test_every_form_has_a_name_of_its_own(full: Any) -> None:
    assert [name for name in full.raw_schema["components"]["schemas"] if "__" in name] == []
