from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import ibis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.columns import FEATURES
from tonearm.gold.prescriptive.aims import TITLES
from tonearm.gold.prescriptive.personalized_playlist_suggestions import (
    BPM,
    COLUMNS,
    HEARD,
    LENGTH,
    OF_ONE_ARTIST,
    SHORTEST,
    UPWARDS,
    personalized_playlist_suggestions,
)
from tonearm.table import find

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
New = Callable[..., Row]

GRAIN = ("listener", "playlist", "position")
CALM = {"energy": 0.2, "acousticness": 0.9, "tempo": 80.0, "valence": 0.2, "speechiness": 0.04, "instrumentalness": 0.0}
LOUD = {"energy": 0.9, "danceability": 0.8, "tempo": 140.0, "valence": 0.2, "acousticness": 0.0, "speechiness": 0.04}


@pytest.fixture(scope="session")
def suggested(rows_of: Rows) -> Rows:
    def rows(listens: list[Row], catalogue: list[Row] | None = None) -> list[Row]:
        return rows_of(personalized_playlist_suggestions, listens, *GRAIN, catalogue=catalogue or [])

    return rows


@pytest.fixture(scope="session")
def calm(featured: New) -> Callable[..., Row]:
    """Columns of a track that relaxes and nothing else; ``energy`` tells several apart."""

    def columns(energy: float = 0.2, **others: Any) -> Row:
        return featured(0.1, **(CALM | {"energy": energy} | others))

    return columns


def history(listen: New, calm: Callable[..., Row], tracks: int = 30, **columns: Any) -> list[Row]:
    """A track a day, each by an artist of its own, ever less calm."""
    return [
        listen(f"2024-01-{1 + k % 28:02d}T10:00", track=10 * k + 10, **calm(0.1 + 0.01 * k), **columns)
        for k in range(tracks)
    ]


def test_a_playlist_is_of_music_that_suits_heard_and_unheard(
    suggested: Rows, listen: New, calm: Callable[..., Row], catalogue_track: New
) -> None:
    listens = history(listen, calm, genre="ambient")
    unheard = [catalogue_track(1000 + 10 * k, 0.1, genre="ambient", **CALM) for k in range(30)]
    loud = [catalogue_track(5000 + 10 * k, 0.1, genre="ambient", **LOUD) for k in range(30)]
    rows = suggested(listens, unheard + loud)
    relax = [r for r in rows if r["playlist"] == "Relaxation"]
    assert [r["position"] for r in relax] == list(range(1, LENGTH + 1))
    assert Counter(r["kind"] for r in relax) == {"heard": HEARD, "unheard": LENGTH - HEARD}
    heard, new = (next(r for r in relax if r["kind"] == kind) for kind in ("heard", "unheard"))
    assert heard["listens"] == 1
    assert heard["last_heard_at"] is not None
    assert heard["because"].startswith("Heard once, on 2024-01-")
    assert (new["listens"], new["last_heard_at"]) == (0, None)
    assert new["because"] == (
        "Not heard yet; ambient is 100 % of your 30 listens with a known genre; "
        "fit 0.97 (energy 0.20, acousticness 0.90, 80 bpm)."
    )
    energy = [r for r in rows if r["playlist"] == "Energy"]
    assert {r["kind"] for r in energy} == {"unheard"}, "nothing heard is loud, but the genre is known"
    assert {r["playlist"] for r in rows} == {"Relaxation", "Energy"}


def test_what_is_heard_much_and_lately_comes_before_what_was_heard_once_long_ago(
    suggested: Rows, listen: New, calm: Callable[..., Row]
) -> None:
    old = [listen("2020-01-01T10:00", track=10 * k, **calm(), track_name=f"Old {k}") for k in range(1, 31)]
    new = [listen(f"2024-01-0{d}T10:00", track=5000, **calm(), track_name="New") for d in (1, 2)]
    often = [listen(f"2020-0{m}-02T10:00", track=6000, **calm(), track_name="Often") for m in range(1, 9)]
    skipped = [
        listen(f"2024-01-0{d}T10:00", track=7000, **calm(), track_name="Skipped", is_skipped=True) for d in (1, 2, 3)
    ]
    rows = suggested(old + new + often + skipped)
    names = {r["track_name"]: r for r in rows}
    assert {"New", "Often"} <= set(names)
    assert "Skipped" not in names
    assert names["Often"]["because"].startswith("Heard 8 times in 8 sessions, last on 2020-08-02; fit ")
    assert (names["Often"]["listens"], names["New"]["last_heard_at"]) == (8, datetime(2024, 1, 2, 10, tzinfo=UTC))


def test_a_night_on_repeat_counts_as_one_session(suggested: Rows, listen: New, calm: Callable[..., Row]) -> None:
    night = datetime(2020, 1, 1, tzinfo=UTC)
    loop = [
        listen(f"2020-01-01T0{k // 60}:{k % 60:02d}", track=5000, **calm(), session_started_at=night)
        for k in range(120)
    ]
    others = [listen(f"2020-0{m}-02T10:00", track=10 * k, **calm()) for k in range(1, 31) for m in (1, 2)]
    rows = suggested(loop + others + [listen("2021-01-01T10:00", track=10, **calm())])
    assert len(rows) == LENGTH
    assert 5000 not in {r["track_id"] for r in rows}, "once, where the others were heard twice"
    (few,) = [r for r in suggested(loop + others[:8]) if r["track_id"] == 5000]
    assert (few["listens"], few["sessions"]) == (120, 1)
    assert few["because"].startswith("Heard 120 times in one session, last on 2020-01-01; fit ")


def test_what_is_on_repeat_just_now_gives_way(suggested: Rows, listen: New, calm: Callable[..., Row]) -> None:
    others = [listen(f"2024-01-{d:02d}T12:00", track=10 * k, **calm()) for k in range(1, 31) for d in (26, 27, 28)]

    def repeated(times: int) -> set[int]:
        loop = [listen(f"2024-01-28T{k // 60:02d}:{k % 60:02d}", track=5000, **calm()) for k in range(times)]
        return {r["track_id"] for r in suggested(others + loop)}

    assert 5000 in repeated(10)
    assert 5000 not in repeated(200)


def test_at_most_two_tracks_are_by_one_artist_and_never_two_in_a_row(
    suggested: Rows, listen: New, calm: Callable[..., Row]
) -> None:
    album = [listen(f"2024-01-01T10:{k:02d}", track=10 + k, **calm(0.1 + k / 100), artist_id=1) for k in range(10)]
    others = [listen(f"2024-01-02T10:0{k}", track=50 + 10 * k, **calm(0.3)) for k in range(6)]
    rows = suggested(album + others)
    assert len(rows) == OF_ONE_ARTIST + len(others)
    assert all(a["artist_id"] != b["artist_id"] for a, b in pairwise(rows))


def test_a_song_is_listed_in_one_version_and_a_heard_one_is_not_unheard_in_another(
    suggested: Rows, listen: New, calm: Callable[..., Row], catalogue_track: New
) -> None:
    listens = history(listen, calm, 4, genre="ambient")
    listens += [listen("2024-01-05T10:00", track=51, **calm(), track_name="Blue", genre="ambient")]
    listens += [listen("2024-01-06T10:00", track=52, **calm(), track_name="Blue - Live")]
    unheard = [catalogue_track(53, 0.1, **CALM, track_name="Blue (Demo)", genre="ambient")]
    unheard += [catalogue_track(1001, 0.1, **CALM, track_name="Red", genre="ambient")]
    unheard += [catalogue_track(1002, 0.1, **CALM, track_name="RED [Remix]", genre="ambient")]
    names = [r["track_name"] for r in suggested(listens, unheard)]
    assert len({"Blue", "Blue - Live"} & set(names)) == 1
    assert "Blue (Demo)" not in names
    assert len({"Red", "RED [Remix]"} & set(names)) == 1


def test_unheard_tracks_come_by_turns_from_known_artists_and_from_the_genres_in_proportion(
    suggested: Rows, listen: New, featured: New, catalogue_track: New
) -> None:
    of_genre = [("rock", 6), ("pop", 3), ("jazz", 2)]  # jazz: too few tracks to tell anything
    bare = featured(0.5, "synthetic")
    listens = [
        listen(f"2024-01-0{1 + d}T10:00", track=1000 * g + 10 * k, genre=genre, **bare)
        for g, (genre, tracks) in enumerate(of_genre, 1)
        for k in range(tracks)
        for d in (0, 1)
    ]
    by_known = [catalogue_track(1000 + 10 * k + 5, 0.1, **CALM) for k in range(4)]
    by_genre = [
        catalogue_track(20_000 + 1000 * g + 10 * k, 0.1, genre=genre, **CALM)
        for g, (genre, _) in enumerate(of_genre)
        for k in range(40)
    ]
    rows = suggested(listens, by_known + by_genre)
    assert len(rows) == LENGTH
    assert {r["kind"] for r in rows} == {"unheard"}, "invented features are not used, so nothing heard suits"
    assert Counter(r["genre"] for r in rows) == {None: 4, "rock": 11, "pop": 5}
    reasons = {r["because"].partition("; fit")[0] for r in rows}
    assert reasons == {
        "Not heard yet, by an artist you heard 2 times",
        "Not heard yet; rock is 55 % of your 22 listens with a known genre",
        "Not heard yet; pop is 27 % of your 22 listens with a known genre",
    }


def test_closer_to_the_listeners_own_music_comes_first(
    suggested: Rows, listen: New, calm: Callable[..., Row], catalogue_track: New
) -> None:
    listens = history(listen, calm, genre="ambient")
    sung = [catalogue_track(1000 + 10 * k, 0.1, genre="ambient", **CALM) for k in range(10)]
    played = [
        catalogue_track(500 + 10 * k, 0.1, genre="ambient", **CALM | {"instrumentalness": 0.9}) for k in range(10)
    ]
    rows = [r for r in suggested(listens, sung + played) if r["playlist"] == "Relaxation" and r["kind"] == "unheard"]
    assert {r["track_id"] // 1000 for r in rows} == {1}


def test_estimated_features_may_be_used_and_say_so(suggested: Rows, listen: New, calm: Callable[..., Row]) -> None:
    guess = {"feature_source": "imputed", "tempo": None}
    rows = suggested(history(listen, lambda energy: calm(energy) | guess))
    assert {r["feature_source"] for r in rows} == {"imputed"}
    assert rows[0]["because"].endswith("acousticness 0.90, estimated).")
    assert all(r["tempo"] is None for r in rows)
    assert [r["energy"] for r in rows] == sorted((r["energy"] for r in rows), reverse=True)


def test_relaxation_leads_down_energy_and_mood_lift_lead_up_in_small_steps(
    suggested: Rows, listen: New, featured: New
) -> None:
    rng = np.random.default_rng(1)
    listens = []
    for k in range(120):
        kind = k % 3
        energy = rng.uniform(*((0.05, 0.3), (0.7, 1.0), (0.5, 0.9))[kind])
        track = {
            "energy": energy,
            "valence": (0.1, 0.1, rng.uniform(0.6, 1.0))[kind],
            "tempo": rng.uniform(70, 180),
            "acousticness": (0.9, 0.0, 0.0)[kind],
            "danceability": (0.1, 0.8, 0.3)[kind],
        }
        listens.append(listen(f"2024-01-{1 + k % 28:02d}T10:00", track=10 * k, **featured(0.1, **track)))
    rows = suggested(listens)
    for playlist, upwards in UPWARDS.items():
        found = [r for r in rows if r["playlist"] == TITLES[playlist]]
        if not upwards:
            continue
        assert len(found) == LENGTH
        energy, tempo, valence = (np.array([r[f] for r in found]) for f in ("energy", "tempo", "valence"))
        tempo /= BPM
        values = {"energy": energy, "tempo": tempo, "valence": valence}
        level = sum(weight * values[f] for f, weight in upwards.items())
        assert np.corrcoef(range(LENGTH), level)[0, 1] > 0.6, playlist
        between = np.hypot(energy[:, None] - energy, tempo[:, None] - tempo)
        steps = [r["step"] for r in found]
        assert steps == pytest.approx([None, *between.diagonal(1)])
        at_random = between.sum() / (LENGTH * (LENGTH - 1))
        assert np.mean(steps[1:]) < 0.5 * at_random


def test_each_listener_has_playlists_of_their_own(
    suggested: Rows, listen: New, calm: Callable[..., Row], catalogue_track: New
) -> None:
    ann, bob = history(listen, calm, 8, genre="ambient"), history(listen, calm, 6, listener="bob")
    catalogue = [catalogue_track(1000 + 10 * k, 0.1, genre="ambient", **CALM) for k in range(10)]
    rows = suggested(ann + bob, catalogue)
    alone = suggested(bob, catalogue)
    assert [r for r in rows if r["listener"] == "bob"] == alone
    assert {r["kind"] for r in alone} == {"heard"}, "of artists heard once and no known genre, nothing is guessed"
    assert len(alone) == 6


@pytest.mark.parametrize("tracks", [0, 1, SHORTEST - 1])
def test_a_few_tracks_are_no_playlist(suggested: Rows, listen: New, calm: Callable[..., Row], tracks: int) -> None:
    assert suggested(history(listen, calm, tracks)) == []


def test_without_features_or_a_name_nothing_is_suggested(
    suggested: Rows, listen: New, calm: Callable[..., Row], featured: New
) -> None:
    plain = [listen(f"2024-01-{d:02d}T10:00", track=10 * d) for d in range(1, 20)]
    spoken = history(listen, lambda energy: calm(energy, speechiness=0.9))
    nameless = history(listen, calm, track_name=None)
    assert suggested(plain) == suggested(spoken) == suggested(nameless) == []
    alike = [listen(f"2024-01-{d:02d}T10:00", track=10 * d, **calm()) for d in range(1, 20)]
    assert [r["step"] for r in suggested(alike)] == [None, *[0.0] * 18]


def test_the_same_history_in_another_order_gives_the_same_playlists(
    suggested: Rows, listen: New, calm: Callable[..., Row], catalogue_track: New
) -> None:
    listens = history(listen, lambda energy: calm(), 40, genre="ambient")
    catalogue = [catalogue_track(1000 + k, 0.1, genre="ambient", **CALM) for k in range(40)]
    assert suggested(listens, catalogue) == suggested(listens[::-1], catalogue[::-1])


ONE = st.tuples(st.integers(1, 40), st.sampled_from([0.1, 0.2, 0.9, None]), st.sampled_from(["ambient", "pop", None]))


@settings(max_examples=25, deadline=None)
@given(heard=st.lists(ONE, max_size=60), known=st.lists(ONE, max_size=60))
def test_every_playlist_keeps_its_promises(
    suggested: Rows, listen: New, featured: New, catalogue_track: New, heard: list[Any], known: list[Any]
) -> None:
    tracks = {track: (energy, genre) for track, energy, genre in heard}

    def columns(energy: float | None, genre: str | None) -> Row:
        plain = {**CALM, "energy": energy, "genre": genre}
        return plain if energy is not None else {**dict.fromkeys(FEATURES), "feature_source": None, "genre": genre}

    listens = [
        listen(f"2024-01-{1 + k % 28:02d}T10:00", track=track, **featured(0.1) | columns(*tracks[track]))
        for k, (track, _, _) in enumerate(heard)
    ]
    catalogue = [catalogue_track(t, 0.1) | columns(energy, genre) for t, energy, genre in known if t not in tracks]
    rows = suggested(listens, catalogue)
    for playlist in {r["playlist"] for r in rows}:
        found = [r for r in rows if r["playlist"] == playlist]
        assert [r["position"] for r in found] == list(range(1, len(found) + 1))
        assert SHORTEST <= len(found) <= LENGTH
        assert len({r["track_id"] for r in found}) == len(found)
        assert max(Counter(r["artist_id"] for r in found).values()) <= OF_ONE_ARTIST
        assert all((r["kind"] == "heard") == (r["track_id"] in tracks) == (r["listens"] > 0) for r in found)
        assert all(0.55 <= r["fit"] <= 1 for r in found)
        assert all(a["artist_id"] != b["artist_id"] for a, b in pairwise(found))


def test_spark_can_say_it() -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed: make spark")
    table = find("personalized_playlist_suggestions")
    _ = ibis.pyspark
    inputs = [ibis.table(_schema(name), name=name) for name in table.inputs]
    assert "ROW_NUMBER" in ibis.to_sql(table.build(*inputs), dialect="pyspark")
    assert table.finish_columns == COLUMNS


def _schema(name: str) -> dict[str, str]:
    from tonearm.table import schema_of

    return schema_of(name)
