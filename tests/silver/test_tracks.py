import math
from typing import Any

from tonearm.columns import IMPUTED

AT = "2020-01-01T10:00:00"


def _only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(rows) == 1
    return rows[0]


def test_the_shortest_spelling_with_an_id_names_the_track(silver: Any, record: Any) -> None:
    track = _only(
        silver(
            [
                record(AT, "song", "band"),
                record(AT, "Song - Remastered 2011", "Band feat. Guest", spotify_id="s2"),
                record(AT, "Song", "Band", spotify_id="s1", recording_mbid="m1"),
            ]
        ).rows("tracks")
    )
    assert (track["artist_name"], track["track_name"]) == ("Band", "Song")
    assert (track["spotify_id"], track["recording_mbid"]) == ("s1", "m1")


def test_an_artist_is_written_one_way(silver: Any, record: Any) -> None:
    found = silver([record(AT, "One", "BAND"), record(AT, "Two", "Band", spotify_id="s")]).rows("tracks")
    assert {row["artist_name"] for row in found} == {"Band"}
    assert len({row["artist_id"] for row in found}) == 1


def test_features_are_those_of_the_id_that_was_heard(silver: Any, record: Any, listed: Any) -> None:
    track = _only(
        silver(
            [record(AT, spotify_id="heard")],
            [
                listed("Song", value=0.1, spotify_id="famous", popularity=90),
                listed("Song", value=0.9, spotify_id="heard", popularity=5, duration_s=200.0),
            ],
        ).rows("tracks")
    )
    assert (track["valence"], track["feature_source"]) == (0.9, "catalogue")
    assert (track["spotify_id"], track["duration_s"]) == ("heard", 200.0)


def test_features_measured_for_the_track_come_before_a_catalogue_s(silver: Any, record: Any, listed: Any) -> None:
    happy = {"spotify_id": "heard", "source": "reccobeats", "valence": 0.9, "energy": 0.8, "tempo": None}
    history = [record(AT, spotify_id="heard"), record(AT, spotify_id="other")]
    found = silver(history, [listed("Song", value=0.1, genre="rock")], measured=[happy, {**happy, "valence": 0.95}])
    track = _only(found.rows("tracks"))
    assert (track["feature_source"], track["energy"], track["mood"]) == ("real", 0.8, "Happy_Energetic")
    assert (track["tempo"], track["genre"]) == (None, "rock")


def test_else_the_most_popular_row_of_the_same_name(silver: Any, record: Any, listed: Any) -> None:
    catalogue = [
        listed("Song - 2011 Remaster", value=0.1, spotify_id="a", popularity=5),
        listed("SONG", value=0.9, spotify_id="b", popularity=60),
    ]
    track = _only(silver([record(AT)], catalogue).rows("tracks"))
    assert (track["energy"], track["spotify_id"]) == (0.9, "a")


def test_genre_is_the_most_frequent_and_ties_go_by_name(silver: Any, record: Any, listed: Any) -> None:
    genres = {"Song": ["pop", "rock", "rock"], "Tie": ["pop", "jazz"], "None": [None]}
    catalogue = [listed(t, spotify_id=t, genre=g, row=i) for t, gs in genres.items() for i, g in enumerate(gs)]
    found = {row["track_name"]: row["genre"] for row in silver([record(AT)], catalogue).rows("tracks")}
    assert found == {"Song": "rock", "Tie": "jazz", "None": None}


def test_what_is_no_number_is_null(silver: Any, record: Any, listed: Any) -> None:
    catalogue = [listed("Song", value=math.nan, spotify_id="a", tempo=0.0)]
    track = _only(silver([record(AT)], catalogue).rows("tracks"))
    assert track["valence"] is None and track["tempo"] is None and track["feature_source"] is None


def test_without_a_catalogue_the_length_is_the_middle_of_what_sources_tell(silver: Any, record: Any) -> None:
    history = [record(AT, album_name=str(d), duration_s=d) for d in (180.0, 181.0, 999.0)]
    track = _only(silver(history).rows("tracks"))
    assert (track["duration_s"], track["feature_source"], track["genre"]) == (181.0, None, None)


def test_rejected_catalogue_rows_do_not_count(silver: Any, record: Any, listed: Any) -> None:
    found = silver([record(AT)], [listed("Other", reason="names no artist")])
    assert [row["track_name"] for row in found.rows("tracks")] == ["Song"]


def test_invented_features_come_last_and_only_where_they_are_allowed(silver: Any, record: Any, listed: Any) -> None:
    history = [
        record(f"2024-01-01T1{hour}:00", name, f"Band {hour}")
        for hour, name in enumerate(("Known", "Estimated", "Unknown"))
    ]
    catalogue = [listed("Known", "Band 0", value=0.9, valence=None)]
    tracks = {row["track_name"]: row for row in silver(history, catalogue).rows("tracks")}
    assert tracks["Unknown"]["feature_source"] is None
    estimates = [{"track_id": tracks["Estimated"]["track_id"], **dict.fromkeys(IMPUTED, 0.4)}]
    found = silver(history, catalogue, estimates=estimates, allowed=["catalogue", "synthetic"]).rows("tracks")
    rows = {row["track_name"]: row for row in found}
    sources = {name: row["feature_source"] for name, row in rows.items()}
    assert sources == {"Known": "catalogue", "Estimated": "imputed", "Unknown": "synthetic"}
    assert rows["Known"]["valence"] is None and rows["Estimated"]["tempo"] is None
    assert 60 <= rows["Unknown"]["tempo"] < 200


def test_estimates_stand_in_where_nothing_was_measured_and_nowhere_else(silver: Any, record: Any, listed: Any) -> None:
    history = [record("2024-01-01T10:00", "Known"), record("2024-01-01T11:00", "Unknown", "Other band")]
    catalogue = [listed("Known", value=0.9, valence=None)]
    ids = {row["track_name"]: row["track_id"] for row in silver(history, catalogue).rows("tracks")}
    estimates = [{"track_id": track, **dict.fromkeys(IMPUTED, 0.4)} for track in ids.values()]
    rows = {row["track_name"]: row for row in silver(history, catalogue, estimates=estimates).rows("tracks")}
    told = [
        (rows[name]["feature_source"], rows[name]["energy"], rows[name]["valence"]) for name in ("Known", "Unknown")
    ]
    # One source for all of a track's features: what was not measured beside others stays unknown.
    assert told == [("catalogue", 0.9, None), ("imputed", 0.4, 0.4)]
    assert rows["Unknown"]["tempo"] is None


def test_the_artist_s_means_come_before_estimates(silver: Any, record: Any, listed: Any) -> None:
    history = [record("2024-01-01T10:00", "Known"), record("2024-01-01T11:00", "Unknown")]
    catalogue = [listed("Known", value=0.9), listed("Second", value=0.7, spotify_id="2")]
    ids = [row["track_id"] for row in silver(history, catalogue).rows("tracks")]
    estimates = [{"track_id": track, **dict.fromkeys(IMPUTED, 0.4)} for track in ids]
    rows = {row["track_name"]: row for row in silver(history, catalogue, estimates=estimates).rows("tracks")}
    unknown = rows["Unknown"]
    assert (unknown["feature_source"], unknown["artist_tracks"], unknown["tempo"]) == ("artist", 2, None)
    assert abs(unknown["energy"] - 0.8) < 1e-9 and unknown["mood"] == "Happy_Energetic"
    assert (rows["Known"]["energy"], rows["Known"]["artist_tracks"]) == (0.9, None)


def test_estimates_name_a_mood_only_where_they_are_sure(silver: Any, record: Any) -> None:
    history = [record(f"2024-01-01T1{k}:00", str(k), f"Band {k}") for k in range(3)]
    ids = {row["track_name"]: row["track_id"] for row in silver(history).rows("tracks")}
    estimates = [
        {"track_id": ids["0"], **dict.fromkeys(IMPUTED, 0.9), "mood": "Happy_Energetic"},
        {"track_id": ids["1"], **dict.fromkeys(IMPUTED, 0.9), "mood": None},
    ]
    rows = silver(history, estimates=estimates, allowed=["synthetic"]).rows("tracks")
    found = {row["track_name"]: (row["feature_source"], row["mood"]) for row in rows}
    assert found == {"0": ("imputed", "Happy_Energetic"), "1": ("imputed", None), "2": ("synthetic", None)}
