from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.conftest import Read
from tonearm.errors import UnknownKind
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
        "has 2 fields where 21 are expected",
    ]
    assert [(row["row"], row["energy"], row["spotify_id"]) for row in found.kept] == [
        (5, None, "5SuOikwiRyPMVoIQDJUgSV"),
        (7, 0.5, None),
    ]


FEATURES = "danceability,energy,key,loudness,mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo"
NUMBERS = "0.7,0.6,5,-6.0,1,0.04,0.2,0.0,0.1,0.5,120.0"
LAYOUTS = {
    "songs_normalize": f"artist,song,duration_ms,explicit,year,popularity,{FEATURES},genre\n"
    f"Björk,Jóga,200000,False,1997,77,{NUMBERS},pop\n",
    "SpotifyFeatures": f"genre,artist_name,track_name,track_id,popularity,{FEATURES}\n"
    f"Pop,Björk,Jóga,5SuOikwiRyPMVoIQDJUgSV,77,{NUMBERS.replace('5,-6.0,1', 'F,-6.0,Major')}\n",
    "tracks_features": f"id,name,album,artists,artist_ids,explicit,{FEATURES},duration_ms,time_signature,year\n"
    f"""5SuOikwiRyPMVoIQDJUgSV,Jóga,Homogenic,"['Björk', ""O'Neil""]","['a', 'b']",False,{NUMBERS},200000,4.0,1997\n""",
    "semicolons": f"id;name;artists;{FEATURES.replace(',', ';')}\n5SuOikwiRyPMVoIQDJUgSV;Jóga;Björk;"
    + NUMBERS.replace(",", ";"),
    "tabs": f"id\tname\tartists\t{FEATURES}\n5SuOikwiRyPMVoIQDJUgSV\tJóga\tBjörk\t{NUMBERS}".replace(",", "\t"),
    "exportify": f"Track URI,Track Name,Album Name,Artist Name(s),Added At,Genres,{FEATURES}\n"
    f'spotify:track:5SuOikwiRyPMVoIQDJUgSV,Jóga,Homogenic,Björk,2025-12-15T20:17:44Z,"art pop,trip hop",{NUMBERS}\n',
}


@pytest.mark.parametrize(("name", "content"), LAYOUTS.items(), ids=LAYOUTS)
def test_the_layouts_that_people_have(read: Read, name: str, content: str) -> None:
    found = read("tracks.csv", content)
    (row,) = found.kept
    assert found.kind == ("exportify" if name == "exportify" else "track_features")
    assert (row["artist_name"], row["track_name"]) == ("Björk", "Jóga")
    assert (row["key"], row["mode"], row["valence"], row["tempo"]) == (5, 1, 0.5, 120.0)
    assert row.get("spotify_id") in (None, "5SuOikwiRyPMVoIQDJUgSV")
    assert row.get("genre") in (None, "pop", "Pop", "art pop")


def test_lists_of_artists_are_all_kept(read: Read) -> None:
    assert read("t.csv", LAYOUTS["tracks_features"]).kept[0]["artists"] == "Björk;O'Neil"


def test_a_catalogue_without_artists_is_refused(read: Read) -> None:
    with pytest.raises(UnknownKind, match="no column for artist"):
        read("genres.csv", f"song_name,genre,{FEATURES}\nJóga,pop,{NUMBERS}\n")


def test_plays_with_features_are_plays(read: Read) -> None:
    content = f"artist,track,played_at,{FEATURES}\nBjörk,Jóga,2020-11-20 09:35:00,{NUMBERS}\n"
    assert read("plays.csv", content).kind == "lastfm_csv"


def test_the_real_spotify_songs() -> None:
    if not SONGS.exists():
        pytest.skip("the real catalogue is not here")
    (file,) = input_files([SONGS], Settings(home=Path("unused")))
    source = source_of(file)  # type: ignore[arg-type]
    (table,) = source.read(file, Context())  # type: ignore[arg-type]
    assert source.kind == "spotify_songs"
    assert (len(table), table["reason"].null_count) == (32_833, 32_833)
    assert len(set(table["spotify_id"].to_pylist())) == 28_356
