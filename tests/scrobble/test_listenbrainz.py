from __future__ import annotations

import gzip
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.errors import UsageError
from tonearm.scrobble.listenbrainz import MOST_BYTES, duration_s, judged, read_posted, recording_msid, unpacked
from tonearm.sources.listenbrainz import Listen, values

NOW_S = 1_700_000_000.0
MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"


def listen(at: Any = 1_600_000_000, info: Any = None, **names: Any) -> dict[str, Any]:
    metadata = {"artist_name": "Air", "track_name": "Sexy Boy"} | names
    return {"listened_at": at, "track_metadata": metadata | ({} if info is None else {"additional_info": info})}


def posted(*payload: Any, kind: str = "import") -> bytes:
    return json.dumps({"listen_type": kind, "payload": payload}).encode()


def kept(one: Any) -> dict[str, Any]:
    found = judged(one, NOW_S)
    assert found.reason is None, found.reason
    body: dict[str, Any] = json.loads(found.body)
    return body


def reason(one: Any) -> str:
    found = judged(one, NOW_S)
    assert found.reason is not None
    return found.reason


def test_a_listen_is_kept_as_it_was_sent_without_what_is_empty() -> None:
    sent = listen(info={"recording_mbid": MBID.upper(), "release_mbid": "", "tags": [], "media_player": "mpd"})
    sent["track_metadata"]["release_name"] = " "
    assert kept(sent) == listen(info={"recording_mbid": MBID, "media_player": "mpd"})


def test_an_empty_object_that_php_wrote_as_a_list_is_empty() -> None:
    assert kept(listen(info=[])) == listen()


@pytest.mark.parametrize("at", ["1600000000", 1_600_000_000.7])
def test_an_instant_may_be_text_or_a_fraction(at: Any) -> None:
    assert kept(listen(at)) == listen(1_600_000_000)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (5, "not an object"),
        ({}, "track_metadata is missing"),
        (listen(track_name=None), "track_name is missing"),
        (listen(track_name="\u200b "), "track_name is missing"),
        (listen(artist_name=["Air"]), "artist_name is not text"),
        (listen(release_name=5), "release_name is not text"),
        (listen(None), "listened_at is missing"),
        (listen("yesterday"), "listened_at is missing or no number"),
        (listen(True), "listened_at is missing or no number"),
        (listen(1_000_000_000), "before October 2002"),
        (listen(1_600_000_000_000), "in the future"),
        (listen(NOW_S + 3601), "in the future"),
        (listen(info="mpd"), "additional_info is no object"),
        (listen(info={"recording_mbid": "5"}), "recording_mbid is no MusicBrainz id"),
        (listen(info={"artist_mbids": [MBID, "x"]}), "artist_mbids is no MusicBrainz id"),
        (listen(info={"duration": 1, "duration_ms": 1000}), "both duration and duration_ms"),
        (listen(info={"tags": ["x"] * 51}), "more than 50 tags"),
        (listen(info={"tags": ["x" * 65]}), "more than 64 characters"),
        (listen(info={"tags": "rock"}), "tags is not a list"),
        (listen(info={"player": "m\0d"}), "NUL"),
        (listen(info={"count": 2**64}), "64 bits"),
        (listen(info={"blob": "x" * 10_240}), "larger than 10,240 bytes"),
        (listen(info=json.loads("[" * 20 + "]" * 20)), "within each other"),
        (listen() | {"user_name": "ada"}, "besides listened_at and track_metadata: user_name"),
    ],
)
def test_a_bad_listen_is_rejected_with_its_reason(sent: Any, why: str) -> None:
    assert why in reason(sent)


def test_an_hour_ahead_is_a_clock_and_no_mistake() -> None:
    assert judged(listen(NOW_S + 3600), NOW_S).reason is None


def test_a_bad_listen_does_not_cost_the_others() -> None:
    found = read_posted(posted(listen(), listen(None), listen(1_500_000_000)), NOW_S)
    assert [one.reason is None for one in found.submissions] == [True, False, True]
    assert [one.listened_s for one in found.good] == [1_600_000_000, 1_500_000_000]


def test_half_a_character_or_a_number_without_end_does_not_cost_the_others() -> None:
    odd = b'{"listened_at":1e999,"track_metadata":{"artist_name":"\\ud800","track_name":"x"}}'
    long = (
        b'{"listened_at":1600000000,"track_metadata":{"artist_name":"\\ud800r","track_name":"x","additional_info":{"n":'
    )
    body = b'{"listen_type":"import","payload":[' + odd + b"," + long + b"9" * 5000 + b"}}}]}"
    found = read_posted(body, NOW_S)
    assert [one.reason for one in found.submissions] == [
        "listened_at is missing or no number of seconds since 1970",
        None,
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not a JSON"),
        (b"[" * 100_000, "not a JSON"),
        (b"[]", "listen_type"),
        (posted(listen(), kind="scrobble"), "listen_type"),
        (posted(), "at least one"),
        (posted(listen(), listen(), kind="single"), "may have 1 listens"),
        (posted(*[listen()] * 1001), "may have 1,000 listens"),
        (b" " * (MOST_BYTES + 1), "10,240,000"),
    ],
)
def test_what_is_no_submission_is_refused_in_words(body: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_posted(body, NOW_S)


def test_what_is_playing_now_has_no_instant() -> None:
    playing = {"track_metadata": listen()["track_metadata"]}
    assert read_posted(posted(playing, kind="playing_now"), NOW_S).good
    assert not read_posted(posted(listen(), kind="playing_now"), NOW_S).good


def test_a_packed_body_is_unpacked_up_to_the_limit() -> None:
    assert unpacked(gzip.compress(b"[]"), "gzip") == b"[]"
    assert unpacked(b"[]", "identity") == b"[]"
    assert len(unpacked(gzip.compress(b" " * 50_000_000), "gzip")) == MOST_BYTES + 1
    for damaged in (b"[]", gzip.compress(b"[]" * 99)[:-9]):
        with pytest.raises(UsageError, match="gzip"):
            unpacked(damaged, "gzip")


def test_the_msid_depends_on_the_names_alone() -> None:
    one = recording_msid(listen(release_name="Moon Safari"))
    assert recording_msid(listen(5, {"a": 1}, artist_name="AIR ", release_name="moon safari")) == one
    assert recording_msid(listen()) != one


def test_a_duration_is_in_seconds() -> None:
    assert duration_s(listen(info={"duration_ms": 1500})) == 1.5
    assert duration_s(listen(info={"duration": "200"})) == 200
    assert duration_s(listen(info={"duration": -1})) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_INFO_KEYS = st.sampled_from(["duration", "duration_ms", "tags", "recording_mbid", "artist_names", "origin_url", "x"])


@settings(deadline=None)
@given(
    _JSON | st.builds(listen, _JSON, _JSON | st.dictionaries(_INFO_KEYS, _JSON), track_name=_JSON, release_name=_JSON)
)
def test_whatever_is_submitted_can_be_imported_or_has_a_reason(sent: Any) -> None:
    found = read_posted(posted(sent), NOW_S).submissions[0]
    if found.reason is None:
        assert values(msgspec.json.decode(found.body, type=Listen, strict=False))["track_name"]
    assert "\0" not in found.body
