"""``tonearm store``, ``tokens`` and ``listeners`` as they are typed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tonearm.cli import main
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.audit import entries
from tonearm.store.scrobble_passwords import password_md5
from tonearm.store.tokens import find_token

Run = Callable[..., Result]


@pytest.fixture
def tonearm(settings: Settings) -> Run:
    """Calls the command line in a home of the test's own, with a listener."""

    def call(*words: str, expect: int = 0, **environment: str) -> Result:
        result = CliRunner(env={"COLUMNS": "120", **environment}).invoke(main, ["--home", str(settings.home), *words])
        assert result.exit_code == expect, (result.output, result.exception)
        return result

    call("listeners", "add", "Ada", "--timezone", "europe/berlin")
    return call


def answer(result: Result) -> Any:
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def test_a_listener_is_added_once(tonearm: Run) -> None:
    assert answer(tonearm("listeners", "add", "ada", "--json")) == answer(tonearm("listeners", "--json"))
    assert "lives in Europe/Berlin" in tonearm("listeners", "add", "ada", "--timezone", "UTC", expect=2).stderr
    assert "did you mean" in tonearm("listeners", "add", "ben", "--timezone", "Europe/Berlim", expect=2).stderr
    assert [one["name"] for one in answer(tonearm("listeners", "list", "--json"))] == ["Ada"]


def test_a_listener_may_have_the_name_of_a_command(tonearm: Run) -> None:
    tonearm("listeners", "add", "add")
    assert answer(tonearm("listeners", "list", "add", "--json"))[0]["name"] == "add"


def test_a_scrobble_password_is_shown_once(tonearm: Run, settings: Settings) -> None:
    password = tonearm("listeners", "scrobble-password", "ada").stdout.strip()
    with closing(open_store(settings)) as store:
        assert password_md5(store, "Ada") == hashlib.md5(password.encode()).hexdigest()
        assert password not in str(entries(store))
    assert answer(tonearm("listeners", "scrobble-password", "ada", "--json"))["listener"] == "Ada"


def test_a_token_is_made_listed_and_revoked(tonearm: Run, settings: Settings) -> None:
    made = answer(tonearm("tokens", "create", "--scope", "submit", "--scope", "read", "--name", "phone", "--json"))
    with closing(open_store(settings)) as store:
        assert find_token(store, made["token"]) is not None
        assert "phone" in tonearm("tokens").stdout
        assert made["token"] not in tonearm("tokens", "list", "--json").stdout
        tonearm("tokens", "revoke", "1")
        assert find_token(store, made["token"]) is None
        assert [one.action for one in entries(store)] == ["revoke token", "create token"]
    assert "revoked" in tonearm("tokens").stdout


def test_what_a_token_needs(tonearm: Run) -> None:
    assert "--scope" in tonearm("tokens", "create", "--listener", "ada", expect=2).stderr
    assert "did you mean Ada" in tonearm("tokens", "create", "--listener", "adda", "--scope", "read", expect=2).stderr
    assert "valid for" in tonearm("tokens", "create", "--scope", "read", "--days", "nan", expect=2).stderr
    tonearm("listeners", "add", "Ben")
    assert "Ada, Ben" in tonearm("tokens", "create", "--scope", "read", expect=2).stderr
    assert "no token '7'" in tonearm("tokens", "revoke", "7", expect=2).stderr


def test_the_store_is_shown_and_made(tonearm: Run, settings: Settings) -> None:
    assert answer(tonearm("store", "--json"))["rows"]["listeners"] == 1
    assert str(settings.database) in tonearm("store", "upgrade").stdout
    assert "already" in tonearm("store", "copy", "--to", "sqlite", expect=2).stderr


def test_the_same_on_a_server(tonearm: Run, database_url: str) -> None:
    copied = answer(tonearm("store", "copy", "--to", database_url, "--json"))
    assert copied["rows"] == 2
    there = answer(tonearm("store", "--json", TONEARM_DATABASE_URL=database_url))
    assert (there["kind"], there["rows"]["listeners"]) == ("postgresql", 1)
    tonearm("tokens", "create", "--scope", "admin", TONEARM_DATABASE_URL=database_url)
    assert "listeners: 1" in tonearm("doctor", "--json", TONEARM_DATABASE_URL=database_url).stdout
    assert "no tokens yet" in tonearm("tokens").stdout


def test_a_server_that_is_down_is_a_sentence_without_the_password(tonearm: Run) -> None:
    down = "postgresql://ada:correct-horse@127.0.0.1:1/tonearm"
    for words in (["listeners"], ["store"], ["tokens"], ["run"]):
        result = tonearm(*words, expect=6, TONEARM_DATABASE_URL=down)
        assert "cannot be used" in result.stderr
        assert "correct-horse" not in result.output
