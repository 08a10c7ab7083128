from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tonearm.scrobble.lastfm import (
    Failure,
    Node,
    as_json,
    client_of,
    now_playing,
    parameters,
    scrobbled,
    scrobbles,
    xml,
)

NOW_S = 1_700_000_000.0
ONE = {"artist": "Air", "track": "Sexy Boy", "timestamp": "1600000000", "albumartist": "Air", "mbid": "not one"}


def test_parameters_come_in_the_body_the_query_or_both() -> None:
    assert parameters("method=track.love&artist=%C3%A9", b"albumArtist=B&artist=x+y") == {
        "method": "track.love",
        "artist": "x y",
        "albumartist": "B",
    }
    with pytest.raises(Failure, match="parameters"):
        parameters("&".join("a=1" for _ in range(30_000)), b"")


def test_a_batch_is_echoed_whole_and_in_order() -> None:
    batch = {f"{name}[{at}]": value for at in (0, 1) for name, value in ONE.items()} | {"track[1]": ""}
    found = scrobbles(batch, "pylast", NOW_S)
    assert [one.ignored for one in found] == [0, 2]
    root = ElementTree.fromstring(xml(scrobbled(found)))
    assert root.attrib == {"status": "ok"}
    assert root[0].attrib == {"accepted": "1", "ignored": "1"}
    assert [one.findtext("track") for one in root[0]] == ["Sexy Boy", ""]
    assert [one.find("ignoredMessage").attrib for one in root[0]] == [{"code": "0"}, {"code": "2"}]  # type: ignore[union-attr]


def test_in_json_one_scrobble_is_an_object_and_several_are_a_list() -> None:
    one = json.loads(as_json(scrobbled(scrobbles(ONE, None, NOW_S))))["scrobbles"]
    assert one["@attr"] == {"accepted": 1, "ignored": 0}
    assert one["scrobble"]["artist"] == {"corrected": "0", "#text": "Air"}
    assert one["scrobble"]["ignoredMessage"] == {"code": "0", "#text": ""}
    assert one["scrobble"]["timestamp"] == "1600000000"
    batch = {f"{name}[{at}]": value for at in (0, 1) for name, value in ONE.items()}
    assert len(json.loads(as_json(scrobbled(scrobbles(batch, None, NOW_S))))["scrobbles"]["scrobble"]) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"artist": ""}, 1),
        ({"track": ""}, 2),
        ({"timestamp": "5"}, 3),
        ({"timestamp": ""}, 3),
        ({"timestamp": "9e12"}, 4),
    ],
)
def test_an_ignored_scrobble_has_a_code(change: dict[str, str], code: int) -> None:
    (found,) = scrobbles(ONE | change, None, NOW_S)
    assert found.ignored == code


def test_what_is_kept_is_a_listen_in_the_form_of_listenbrainz() -> None:
    (found,) = scrobbles(ONE | {"duration": "298", "tracknumber": "3"}, "pylast", NOW_S)
    info = {"release_artist_name": "Air", "tracknumber": "3", "duration": 298, "submission_client": "pylast"}
    assert json.loads(found.submission.body)["track_metadata"]["additional_info"] == info
    assert found.submission.protocol == "lastfm"


def test_a_request_without_a_listen_fails() -> None:
    with pytest.raises(Failure, match="no listen"):
        scrobbles({"sk": "key"}, None, NOW_S)
    with pytest.raises(Failure, match="artist_name"):
        now_playing({"track": "Sexy Boy"}, None, NOW_S)


@pytest.mark.parametrize(
    ("user_agent", "client"),
    [
        ("pylast/7.2.0", "pylast"),
        ("Mozilla/5.0 (X11)", "browser"),
        ("", None),
        ("Pano Scrobbler/4.1", "Pano Scrobbler"),
    ],
)
def test_a_client_is_named_by_its_user_agent(user_agent: str, client: str | None) -> None:
    assert client_of(user_agent) == client


def test_a_failure_has_its_code() -> None:
    failure = Failure(9, "Invalid <session> key")
    assert '<lfm status="failed"><error code="9">Invalid &lt;session&gt; key</error></lfm>' in xml(failure)
    assert json.loads(as_json(failure)) == {"error": 9, "message": "Invalid <session> key"}


@settings(deadline=None)
@example("\ud800", "\ud800")
@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_any_name_can_be_answered_with(name: str, attribute: str) -> None:
    node = Node("a", [Node("b", name, {"c": attribute})])
    assert ElementTree.fromstring(xml(node)).find("a/b") is not None
    element = json.loads(as_json(node))["a"]["b"]
    for sent, answered in (
        (name, element["#text"]),
        (attribute, element["c"]),
        (name, json.loads(as_json(Failure(6, name)))["message"]),
    ):
        # As it was given, but for single characters that XML cannot have.
        assert len(answered) == len(sent)
        assert all(ours in (theirs, "\N{REPLACEMENT CHARACTER}") for ours, theirs in zip(answered, sent, strict=True))
