from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

AT = "2020-01-01T10:00:00"


def _tracks(silver: Callable[..., Any], history: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """What each spelling (artist, title, Spotify id, MBID) is tied to."""
    found = silver(history)
    ties = {row["name_id"]: row for row in found.rows("track_identities")}
    names = ("artist_name", "track_name", "spotify_id", "recording_mbid", "artists")
    return {
        tuple(row[n] for n in names if n != "artists" or row[n]): ties[row["name_id"]]
        for row in found.rows("track_names")
    }


def test_equal_keys_are_one_track(silver: Any, record: Any) -> None:
    ties = _tracks(silver, [record(AT, "Help!", "The Beatles"), record(AT, "Help! - Remastered 2009", "Beatles")])
    assert len({row["track_id"] for row in ties.values()}) == 1
    assert {row["linked_by"] for row in ties.values()} == {"name"}


def test_an_id_links_a_renamed_artist_and_a_renamed_title(silver: Any, record: Any) -> None:
    ties = _tracks(
        silver,
        [
            record(AT, "Song", "Old Name", spotify_id="s1"),
            record(AT, "Song", "New Name", spotify_id="s1"),
            record(AT, "Song (Censored)", "New Name", spotify_id="s1"),
            record(AT, "Another", "New Name", spotify_id="s2"),
        ],
    )
    one = [row for spelling, row in ties.items() if spelling[2] == "s1"]
    assert len({row["track_id"] for row in one}) == 1
    assert len({row["artist_id"] for row in one}) == 1
    assert sorted(row["linked_by"] for row in one) == ["name", "spotify_id", "spotify_id"]
    assert len({row["track_id"] for row in ties.values()}) == 2


def test_an_id_between_two_different_songs_is_an_error_and_links_nothing(silver: Any, record: Any) -> None:
    ties = _tracks(
        silver,
        [record(AT, "Song", "Band", recording_mbid="m"), record(AT, "Other", "Someone", recording_mbid="m")],
    )
    assert len({row["track_id"] for row in ties.values()}) == 2
    assert {row["linked_by"] for row in ties.values()} == {"name"}


def test_a_spelling_without_names_follows_its_id(silver: Any, record: Any) -> None:
    ties = _tracks(
        silver,
        [
            record(AT, "Song", "Band", spotify_id="s1"),
            record(AT, None, None, spotify_id="s1"),
            record(AT, None, None, spotify_id="s9"),
        ],
    )
    named, nameless = ties["Band", "Song", "s1", None], ties[None, None, "s1", None]
    alone = ties[None, None, "s9", None]
    assert nameless["track_id"] == named["track_id"]
    assert nameless["artist_id"] == named["artist_id"]
    assert nameless["linked_by"] == "spotify_id"
    assert alone["track_id"] != named["track_id"]
    assert alone["linked_by"] == "name"


def test_links_are_followed_over_several_ids(silver: Any, record: Any) -> None:
    ties = _tracks(
        silver,
        [
            record(AT, "A", "Band", spotify_id="1"),
            record(AT, "B", "Band", spotify_id="1", recording_mbid="m"),
            record(AT, "C", "Band", spotify_id="3", recording_mbid="m"),
            record(AT, "D", "Band", spotify_id="3"),
        ],
    )
    assert len({row["track_id"] for row in ties.values()}) == 1


def _shown(silver: Callable[..., Any], history: list[dict[str, Any]]) -> dict[str, str]:
    """The artist's name under which each title is shown."""
    return {row["track_name"]: row["artist_name"] for row in silver(history).rows("tracks")}


def test_an_act_that_a_source_lists_by_its_members_is_the_act(silver: Any, record: Any) -> None:
    ties = _tracks(
        silver,
        [
            record(AT, "Song", "Garfunkel", artists="Garfunkel; Simon"),
            record(AT, "Song", "Simon & Garfunkel"),
            record(AT, "Song", "Garfunkel"),
        ],
    )
    by_kind = {row["linked_by"]: row for row in ties.values()}
    assert len(ties) == 3
    assert len({row["track_id"] for row in ties.values()}) == 2
    assert by_kind["credits"]["track_id"] == ties["Simon & Garfunkel", "Song", None, None]["track_id"]


def test_and_is_never_shown_under_one_of_them(silver: Any, record: Any) -> None:
    history = [
        record(AT, "One", "Simon", artists="Simon; Garfunkel"),
        record(AT, "Two", "Garfunkel", artists="Garfunkel; Simon"),
        record(AT, "Two", "Simon & Garfunkel"),
        record(AT, "Three", "Simon"),
        record(AT, "Four", "Rapper", artists="Rapper; Guest"),
        record(AT, "Five", "Kay", artists="Kay; Jay"),
        record(AT, "Six", "Jay & Kay", artists="Jay; Kay"),
    ]
    assert _shown(silver, history) == {
        "One": "Simon & Garfunkel",
        "Two": "Simon & Garfunkel",
        "Three": "Simon",
        "Four": "Rapper",
        "Five": "Jay & Kay",
        "Six": "Jay & Kay",
    }


spellings = st.lists(
    st.tuples(
        st.sampled_from(["One", "Two"]),
        st.sampled_from(["A", "B", "C"]),
        st.sampled_from([None, "s1", "s2"]),
        st.sampled_from([None, "m1"]),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spellings, st.randoms())
def test_order_does_not_matter_and_every_spelling_has_one_track(
    silver: Any, record: Any, spelt: list[tuple[Any, ...]], random: Any
) -> None:
    rows = [record(AT, t, a, spotify_id=s, recording_mbid=m) for a, t, s, m in spelt]
    shuffled = random.sample(rows, len(rows))
    assert _tracks(silver, rows) == _tracks(silver, shuffled)
    assert len(_tracks(silver, rows)) == len(set(spelt))
