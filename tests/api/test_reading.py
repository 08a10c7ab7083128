"""Answers that are kept until the tables change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from weakref import ref

import pytest

from tonearm.api.reading import Reading
from tonearm.errors import UsageError
from tonearm.lake import open_lake


class Found(list[int]):
    """An answer that can be referred to weakly, which a list cannot."""


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return Reading(open_lake(tmp_path))


def counting(made: list[int], number: int, size: int = 0) -> Callable[[], bytes]:
    def make() -> bytes:
        made.append(number)
        return bytes(size)

    return make


def test_an_answer_is_made_once_for_what_it_is_made_from(reading: Reading) -> None:
    made: list[int] = []
    for also in (1, 1, 2):
        reading.answer("about", counting(made, also), also)
    assert made == [1, 2]


def test_large_answers_make_room_for_new_ones(reading: Reading) -> None:
    made: list[int] = []
    for number in (*range(40), 39, 0):
        reading.answer(number, counting(made, number, 1_000_000))
    assert made == [*range(40), 0]


def test_an_index_of_any_size_is_made_once_and_leaves_answers_where_they_are(reading: Reading) -> None:
    made: list[int] = []
    for _ in range(2):
        reading.answer("all names", counting(made, 1, 40_000_000), is_index=True)
        reading.answer("about", counting(made, 2, 1_000_000))
    assert made == [1, 2]


def test_answers_from_older_tables_are_forgotten(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    older = ref(reading.answer("yesterday", lambda: Found([1])))
    assert older() is not None
    monkeypatch.setattr(reading, "versions", lambda: (2, 1))
    assert reading.answer("today", lambda: Found([2])) == [2]
    assert older() is None


def test_answers_are_made_again_when_the_tables_change(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    for number in (1, 2, 3):
        reading.keep_renewed(number, counting(made, number))
    reading.renew()
    reading.renew()
    assert made == [3, 2, 1]
    monkeypatch.setattr(reading, "versions", lambda: (2, 1))
    reading.renew()
    assert made == [3, 2, 1] * 2


def test_an_answer_that_there_is_no_more_does_not_keep_others_from_being_made(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def gone() -> None:
        made.append(0)
        raise UsageError("gone")

    reading.keep_renewed("there", counting(made, 1))
    reading.keep_renewed("gone", gone)
    reading.renew()
    monkeypatch.setattr(reading, "versions", lambda: (2, 1))
    reading.renew()
    assert made == [0, 1, 1]


def test_of_many_answers_the_newest_are_made_again(reading: Reading) -> None:
    made: list[int] = []
    for number in (*range(30), 20):
        reading.keep_renewed(number, counting(made, number))
    reading.renew()
    assert made == [20, *(number for number in range(29, 13, -1) if number != 20)]
