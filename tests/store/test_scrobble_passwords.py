from __future__ import annotations

import hashlib
import re

import pytest

from tonearm.errors import UnknownName
from tonearm.store import Store
from tonearm.store.scrobble_passwords import create_password, password_md5


def test_the_md5_of_a_password_is_kept(store: Store) -> None:
    assert password_md5(store, "ada") is None
    password = create_password(store, "ada")
    assert password_md5(store, "Ada") == hashlib.md5(password.encode()).hexdigest()


def test_a_password_is_easy_to_type_and_never_taken_for_an_md5(store: Store) -> None:
    passwords = {create_password(store, "ada") for _ in range(20)}
    assert len(passwords) == 20
    assert all(re.fullmatch("([a-z]{4}-){5}[a-z]{4}", one) for one in passwords)


def test_a_new_password_replaces_the_one_before(store: Store) -> None:
    first = create_password(store, "Ada")
    create_password(store, "Ada")
    assert password_md5(store, "Ada") != hashlib.md5(first.encode()).hexdigest()


def test_nobody_has_no_password(store: Store) -> None:
    for ask in (create_password, password_md5):
        with pytest.raises(UnknownName, match="did you mean Ada"):
            ask(store, "Adda")
