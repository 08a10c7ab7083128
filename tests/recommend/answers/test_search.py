from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonearm.building.execute import build
from tonearm.errors import UnknownName, UsageError
from tonearm.ingest.imports import import_paths
from tonearm.recommend.answers.search import Names, read_names
from tonearm.settings import Settings
from tonearm.silver.names import artist_key, title_key

TRACKS = [
    ("Radiohead", "Creep", 40, 80),
    ("Radiohead", "Paranoid Android", 70, 75),
    ("TLC", "Creep", 0, 60),
    ("The Beatles", "Help! - Remastered 2009", 12, 90),
    ("Sigur Rós", "Sæglópur", 5, None),
    ("Кино", "Группа крови", 3, None),
    ("椎名林檎", "丸ノ内サディスティック", 2, None),
    ("AC/DC", "Thunderstruck", 1, 88),
    ("Beach House", "Space Song", 9, 70),
    ("Metallica", "One", 6, 71),
    ("Air", "La femme d'argent", 8, None),
    ("Nina Simone", "Feeling Good", 4, 66),
]
IDS = {f"{artist} – {title}": n for n, (artist, title, _, _) in enumerate(TRACKS, 1)}


@pytest.fixture(scope="module")
def names() -> Names:
    artists = {artist: 100 + n for n, artist in enumerate(dict.fromkeys(a for a, *_ in TRACKS))}
    tracks = {
        "track_id": list(IDS.values()),
        "artist_id": [artists[a] for a, *_ in TRACKS],
        "artist_name": [a for a, *_ in TRACKS],
        "track_name": [t for _, t, *_ in TRACKS],
        "listens": [n for *_, n, _ in TRACKS],
        "popularity": [p for *_, p in TRACKS],
    }
    spellings = {
        "track_id": [*IDS.values(), 1],
        "artist_key": [*(artist_key(a) for a, *_ in TRACKS), artist_key("Radio Head")],
        "title_key": [*(title_key(t) for _, t, *_ in TRACKS), title_key("Creep")],
        "spotify_id": [*(f"{n:022d}" for n in IDS.values()), None],
    }
    return Names(pa.table(tracks), pa.table(spellings))


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("paranoid android", "Radiohead – Paranoid Android"),
        ("paranoid andriod", "Radiohead – Paranoid Android"),
        ("android paranoid radiohead", "Radiohead – Paranoid Android"),
        ("radiohed creap", "Radiohead – Creep"),
        ("beetles help", "The Beatles – Help! - Remastered 2009"),
        ("saeglopur", "Sigur Rós – Sæglópur"),
        ("SIGUR ROS", "Sigur Rós – Sæglópur"),
        ("група крови", "Кино – Группа крови"),
        ("丸ノ内", "椎名林檎 – 丸ノ内サディスティック"),
        ("radiohed", "Radiohead – Paranoid Android"),
        ("thunderst", "AC/DC – Thunderstruck"),
        ("space", "Beach House – Space Song"),
        ("metalica", "Metallica – One"),
        ("feelin good", "Nina Simone – Feeling Good"),
    ],
)
def test_a_song_is_found_as_people_type_it(names: Names, query: str, label: str) -> None:
    assert names.songs(query)[0].label == label


@pytest.mark.parametrize(
    ("query", "artist"),
    [("radiohed", "Radiohead"), ("the beach house", "Beach House"), ("acdc", "AC/DC"), ("кин", "Кино"), ("ai", "Air")],
)
def test_an_artist_is_found_as_people_type_it(names: Names, query: str, artist: str) -> None:
    found = names.artists(query)[0]
    assert (found.artist_name, found.track_name) == (artist, None)


def test_of_equal_matches_the_more_heard_comes_first(names: Names) -> None:
    assert [one.label for one in names.songs("creep")][:2] == ["Radiohead – Creep", "TLC – Creep"]
    assert [one.track_name for one in names.songs("radiohead")][:2] == ["Paranoid Android", "Creep"]


def test_an_artist_has_the_listens_of_all_tracks_and_the_highest_popularity(names: Names) -> None:
    found = names.artists("radiohead")[0]
    assert (found.listens, found.popularity, found.match_pct) == (110, 80, 100.0)
    assert names.artists("sigur ros")[0].popularity is None


@pytest.mark.parametrize(
    "text",
    [
        *("Radiohead - Creep", "radiohead – creep", "radio head - CREEP", "radiohead creep", "1"),
        *(f"{1:022d}", f"spotify:track:{1:022d}", f"https://open.spotify.com/intl-de/track/{1:022d}?si=x"),
    ],
)
def test_a_track_is_named_in_every_way(names: Names, text: str) -> None:
    assert names.track(text).id == 1


def test_a_title_alone_names_a_track_where_there_is_one(names: Names) -> None:
    assert names.track("help!").label == "The Beatles – Help! - Remastered 2009"
    with pytest.raises(
        UsageError, match=r"several tracks are called 'creep': Radiohead – Creep \(40 listens, id 1\); TLC"
    ):
        names.track("creep")


@pytest.mark.parametrize("text", ["Radiohead - Crep", "creap", "99999999999", f"{77:022d}"])
def test_an_unknown_track_comes_with_the_nearest(names: Names, text: str) -> None:
    with pytest.raises(UnknownName) as raised:
        names.track(text)
    if not text.isdecimal():
        assert "Creep" in str(raised.value)


def test_artists_are_named_as_tracks_are(names: Names) -> None:
    radiohead = names.artist("radio head")
    assert names.artist(str(radiohead.id)) == names.artist("RADIOHEAD") == radiohead
    with pytest.raises(UnknownName, match="did you mean Radiohead"):
        names.artist("radiohaed")


def test_a_number_that_is_too_long_is_no_id(names: Names) -> None:
    for ask in (names.artist, names.track):
        with pytest.raises(UsageError):
            ask("9" * 5_000)


@pytest.mark.parametrize("query", ["", "   ", "\u200b"])
def test_an_empty_query_is_refused(names: Names, query: str) -> None:
    for ask in (names.songs, names.artists, names.track, names.artist):
        with pytest.raises(UsageError, match="the text is empty"):
            ask(query)


@given(st.text(max_size=300))
def test_any_text_gets_an_answer_or_a_sentence(names: Names, text: str) -> None:
    try:
        found = names.songs(text, 3)
    except UsageError as error:
        assert "empty" in str(error)
    else:
        assert len(found) <= 3
        assert all(60 <= one.match_pct <= 100 for one in found)
    try:
        names.track(text)
    except UsageError as error:
        assert str(error)


@given(st.sampled_from(sorted(IDS)), st.integers(0, 100), st.sampled_from("aexz"))
def test_one_wrong_letter_does_not_lose_a_song(names: Names, label: str, at: int, letter: str) -> None:
    typed = label.replace(" – ", " ")
    at %= len(typed)
    found = names.songs(typed[:at] + letter + typed[at + 1 :], 3)
    assert label in {one.label for one in found}


def test_names_are_those_of_the_lake_with_every_spelling(
    settings: Settings, lastfm: Callable[..., Path], catalogue: Callable[..., Path]
) -> None:
    with pytest.raises(UsageError, match="no tracks yet"):
        read_names(settings)
    heard = [("Beatles", "", "Help", f"20 Nov 2020 09:{m}") for m in (10, 20)]
    import_paths(settings, [lastfm(heard)], "ada", "UTC")
    import_paths(settings, [catalogue([("The Beatles", "Help! - Remastered 2009"), ("Can", "Vitamin C")])])
    build(settings, ["listening_with_features"])
    names = read_names(settings)
    assert names.track("beatles - help!").id == names.track(f"{0:022d}").id
    found = {one.artist_name: (one.listens, one.popularity) for one in names.songs("help") + names.songs("vitamin")}
    assert list(found.values()) == [(2, 0), (0, 0)]
