from __future__ import annotations

import json

import pytest

from tonearm.errors import UnknownName, UsageError
from tonearm.ingest.ledger import import_rows
from tonearm.ingest.submissions import import_submissions
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.submissions import Submission, count_waiting, done, keep, take, waiting
from tonearm.store.tokens import create_token, find_token, revoke_token, tokens


def listen(at: float, track: str = "Sexy Boy") -> Submission:
    body = {"listened_at": at, "track_metadata": {"artist_name": "Air", "track_name": track}}
    return Submission("listenbrainz", json.dumps(body), at)


def test_submissions_wait_in_the_order_they_came_until_their_batch_is_done(store: Store) -> None:
    numbers = keep(store, "ada", [listen(1.7e9), listen(1.6e9)])
    assert [one.number for one in waiting(store, "Ada")] == numbers
    batch = take(store)
    assert batch is not None
    assert [one.number for one in batch.submissions] == numbers
    done(store, batch)
    assert take(store) is None
    assert keep(store, "ada", [listen(1.5e9)])[0] > numbers[-1], "a number was used again"


def test_a_batch_that_was_interrupted_is_taken_again_without_what_came_since(store: Store) -> None:
    keep(store, "ada", [listen(1.7e9)])
    first = take(store)
    keep(store, "ada", [listen(1.6e9)])
    assert take(store) == first


def test_an_import_repeated_after_a_crash_brings_nothing_twice(settings: Settings, store: Store) -> None:
    keep(store, "ada", [listen(1.7e9), Submission("listenbrainz", "{", None, "not JSON")])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tonearm.ingest.submissions.done", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            import_submissions(settings, store)
    assert count_waiting(store) == 2
    (again,) = import_submissions(settings, store)
    assert (again.read, again.kept, again.rejected) == (2, 0, 1)
    assert count_waiting(store) == 0
    assert import_rows(settings, 1, "kept").num_rows == 1
    assert import_rows(settings, 1, "rejected")["reason"].to_pylist() == ["not JSON"]


def test_the_same_batch_sent_again_is_stored_as_duplicates(settings: Settings, store: Store) -> None:
    for _ in range(2):
        keep(store, "ada", [listen(1.7e9)])
        (report,) = import_submissions(settings, store)
    assert (report.read, report.duplicates) == (1, 1)


def test_nobody_submits_for_an_unknown_listener(store: Store) -> None:
    with pytest.raises(UnknownName, match="no listener 'bob'"):
        keep(store, "bob", [listen(1.7e9)])


def test_a_token_opens_until_it_is_revoked(store: Store) -> None:
    secret, token = create_token(store, "ada", ["submit", "read"], "phone")
    assert token.scopes == ("read", "submit")
    assert find_token(store, secret) == token
    assert find_token(store, secret[:-1]) is None
    assert secret not in str(tokens(store))
    revoke_token(store, token.number)
    assert find_token(store, secret) is None


def test_what_a_token_needs_is_checked(store: Store) -> None:
    with pytest.raises(UsageError, match="needs a scope"):
        create_token(store, "ada", [])
    with pytest.raises(UsageError, match="valid for"):
        create_token(store, "ada", ["read"], days=-1)
    with pytest.raises(UnknownName, match="no token '7'"):
        revoke_token(store, 7)


def test_an_expired_token_opens_nothing(store: Store) -> None:
    secret, _ = create_token(store, "ada", ["read"], days=1e-9)
    assert find_token(store, secret) is None
