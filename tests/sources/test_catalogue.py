from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.conftest import Read
from tonearm.settings import Settings
from tonearm.sources import Context, source_of
from tonearm.sources.inputs import input_files

KAGGLE = (
    ",track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,mode,"
    "speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre\n"
)
SONGS = Path("../shared/data/catalogue/spotify_songs.csv")


def kaggle(artists: str = "Björk;Thom Yorke", energy: str = "0.5", track_id: str = "5SuOikwiRyPMVoIQDJUgSV") -> str:
    return (
        f'0,{track_id},{artists},Selmasongs,"I\'ve Seen It All, live",73,230666,False,0.676,{energy},1,-6.746,0,'
        "0.143,0.0322,1.01e-06,0.358,0.715,87.917,4,acoustic\n"
    )


def test_kaggle_tracks(read: Read) -> None:
    found = read("dataset.csv", KAGGLE + kaggle())
    assert found.kind == "kaggle_tracks"
    assert found.rows == [
        {
            "row": 1,
            "spotify_id": "5SuOikwiRyPMVoIQDJUgSV",
            "artists": "Björk;Thom Yorke",
            "artist_name": "Björk",
            "album_name": "Selmasongs",
            "track_name": "I've Seen It All, live",
            "popularity": 73,
            "duration_s": 230.666,
            "is_explicit": False,
            "danceability": 0.676,
            "energy": 0.5,
            "key": 1,
            "loudness": -6.746,
            "mode": 0,
            "speechiness": 0.143,
            "acousticness": 0.0322,
            "instrumentalness": 1.01e-06,
            "liveness": 0.358,
            "valence": 0.715,
            "tempo": 87.917,
            "time_signature": 4,
            "genre": "acoustic",
            "reason": None,
            "raw": None,
        }
    ]


def test_artists_are_not_split_at_commas(read: Read) -> None:
    assert read("dataset.csv", KAGGLE + kaggle('"Earth, Wind & Fire"')).rows[0]["artist_name"] == "Earth, Wind & Fire"


def test_features_that_cannot_be_are_rejected_and_missing_ones_are_null(read: Read) -> None:
    rows = [kaggle(energy=e) for e in ("1.5", "-0.1", "loud", "nan", "", "1e400")] + [kaggle(track_id="")]
    found = read("dataset.csv", KAGGLE + "".join(rows) + "too,short\n")
    assert found.reasons == [
        "energy is out of range (0 to 1)",
        "energy is out of range (0 to 1)",
        "energy is not a number",
        "energy is not a number",
        "energy is out of range (0 to 1)",
        "no track_id",
        "has 2 fields where 21 are expected",
    ]
    assert [(row["row"], row["energy"]) for row in found.kept] == [(5, None)]


def test_the_real_spotify_songs() -> None:
    if not SONGS.exists():
        pytest.skip("the real catalogue is not here")
    (file,) = input_files([SONGS], Settings(home=Path("unused")))
    source = source_of(file)  # type: ignore[arg-type]
    (table,) = source.read(file, Context())  # type: ignore[arg-type]
    assert source.kind == "spotify_songs"
    assert (len(table), table["reason"].null_count) == (32_833, 32_833)
    assert len(set(table["spotify_id"].to_pylist())) == 28_356
