from __future__ import annotations

import hashlib
import json

import pytest

from tonearm.scrobble.audioscrobbler import BADAUTH, BADTIME, OK, failed, is_welcome, now_playing, submitted, welcome

NOW_S = 1_700_000_000.0


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def knock(password: str = "open", t: str = "1700000000") -> dict[str, str]:
    return {"u": "ada", "t": t, "a": md5(md5(password) + t)}


@pytest.mark.parametrize(
    ("given", "known", "answer"),
    [
        (knock(), md5("open"), OK),
        (knock() | {"a": knock()["a"].upper()}, md5("open"), OK),
        (knock("wrong"), md5("open"), BADAUTH),
        (knock("None"), None, BADAUTH),
        ({"t": "1700000000", "a": md5("None1700000000")}, None, BADAUTH),
        ({"t": "1700000000", "a": "\ud800"}, md5("open"), BADAUTH),
        (knock(t="1699950000"), md5("open"), OK),
        (knock(t="1600000000"), md5("open"), BADTIME),
        (knock(t="soon"), md5("open"), BADTIME),
        (knock(t="\u00b2"), md5("open"), BADTIME),
        ({}, md5("open"), BADTIME),
    ],
)
def test_a_handshake_proves_to_know_the_password(given: dict[str, str], known: str | None, answer: str) -> None:
    assert is_welcome(given, known, NOW_S) == answer


def test_answers_are_whole_lines() -> None:
    assert welcome("key", "http://h") == "OK\nkey\nhttp://h/audioscrobbler/nowplaying\nhttp://h/audioscrobbler/submit\n"
    assert failed("the disk\nis full") == "FAILED the disk is full\n"


def test_a_submission_is_read_in_the_order_of_its_numbers_bad_ones_too() -> None:
    given = {"s": "key", "a[1]": "Air", "t[1]": "Sexy Boy", "i[1]": "1600000000", "l[1]": "298", "r[1]": "L"}
    given |= {
        "a[0]": "Air",
        "t[0]": "",
        "i[0]": "1600000300",
        "a[10]": "Air",
        "t[10]": "La femme",
        "i[10]": "1600000600",
    }
    bad, good, last = submitted(given, "mdc", NOW_S)
    assert bad.submission.reason == "track_name is missing or empty"
    assert json.loads(good.submission.body) == {
        "listened_at": 1600000000,
        "track_metadata": {
            "artist_name": "Air",
            "track_name": "Sexy Boy",
            "additional_info": {"duration": 298, "submission_client": "mdc"},
        },
    }
    assert (good.rating, last.rating, last.submission.listened_s) == ("love", None, 1600000600)


def test_what_is_playing_has_no_numbers() -> None:
    track = now_playing({"s": "key", "a": "Air", "t": "Sexy Boy", "b": "Moon Safari", "n": "3", "m": ""}, None, NOW_S)
    named = json.loads(track.body)["track_metadata"]
    assert (named["release_name"], named["additional_info"]) == ("Moon Safari", {"tracknumber": "3"})
