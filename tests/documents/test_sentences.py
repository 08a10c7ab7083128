from __future__ import annotations

from datetime import date

import pytest

from tonearm.documents.sentences import artist, at, counted, day, hours, month, percent, signed, weekday, written


def test_a_sentence_is_plain_english_beside_its_parts() -> None:
    found = written({"answer": f"{counted(1200, 'play')} by {artist({'artist': 'Air', 'artist_id': 7})}", "n": 3})
    assert found == {
        "answer": "1,200 plays by Air",
        "answer_parts": [
            {"text": "1,200", "number": 1200, "digits": 0},
            " plays by ",
            {"text": "Air", "artist_id": 7},
        ],
        "n": 3,
    }


def test_text_without_values_has_no_parts() -> None:
    assert written({"rows": [{"text": "Nothing."}], "none": None}) == {"rows": [{"text": "Nothing."}], "none": None}


@pytest.mark.parametrize(
    ("sentence", "text", "value"),
    [
        (day(date(2020, 2, 9)), "9 February 2020", {"day": "2020-02-09"}),
        (month(date(2020, 2, 9)), "February 2020", {"month": "2020-02"}),
        (weekday(6), "Sunday", {"weekday": 6}),
        (at(24), "0:00", {"hour": 0}),
        (signed(-0.5), "\N{MINUS SIGN}0.50", {"number": -0.5, "digits": 2, "is_signed": True}),
    ],
)
def test_values_are_in_the_parts_as_machines_write_them(sentence: str, text: str, value: dict[str, object]) -> None:
    assert written({"a": sentence}) == {"a": text, "a_parts": [{"text": text, **value}]}


def test_a_name_cannot_become_a_value() -> None:
    """Whatever a name holds is text, and one without an id stays so."""
    name = 'Quote " \ue000 {"day": 1} \N{PILE OF POO}'
    assert written({"a": artist({"artist": name, "artist_id": 7})})["a_parts"] == [{"text": name, "artist_id": 7}]
    assert written({"a": artist({"artist": "Air", "artist_id": None})}) == {"a": "Air"}


def test_shares_are_neither_none_nor_all_where_they_are_not() -> None:
    shares = [written({"a": percent(share)})["a"] for share in (0.0, 0.001, 0.5, 0.999, 1.0)]
    assert shares == ["0 %", "under 1 %", "50 %", "over 99 %", "100 %"]


def test_hours_are_stretches() -> None:
    assert written({"a": hours([6, 7, 22, 23])})["a"] == "from 6:00 to 8:00 and from 22:00 to midnight"


@pytest.mark.parametrize("name", ["\ue000", "\ue000Air\ue001", "\ue001 \ue000"])
def test_a_name_with_the_characters_around_values_is_text(name: str) -> None:
    linked = written({"a": f"{artist({'artist': name, 'artist_id': 7})} won"})
    assert linked == {"a": f"{name} won", "a_parts": [{"text": name, "artist_id": 7}, " won"]}
    assert "won" in written({"a": f"{name} won"})["a"]
