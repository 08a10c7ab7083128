"""Small files in the shapes of real ones, each standing for a kind of fault that was found in reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.conftest import Read
from tonearm.errors import UnknownKind

FOLDER = Path(__file__).parent / "imports"

READ = {
    "c1_songs_normalize.csv": ("track_features", 1, 1),
    "c2_SpotifyFeatures.csv": ("track_features", 1, 1),
    "c4_tracks_features.csv": ("track_features", 1, 1),
    "c6_exportify.csv": ("exportify", 1, 1),
    "c9_kaggle_semicolon.csv": ("kaggle_tracks", 1, 1),
    "d01_us.csv": ("lastfm_csv", 3, 3),
    "d04_pg.csv": ("lastfm_csv", 3, 3),
    "d05_js.csv": ("lastfm_csv", 2, 2),
    "d10_sep.csv": ("lastfm_csv", 2, 2),
    "d12_noseconds_tz.csv": ("lastfm_csv", 3, 3),
    "d17_headers_es.csv": ("lastfm_csv", 2, 2),
    "d19_cp1251.csv": ("lastfm_csv", 2, 2),
    "e01_trailing_comma.csv": ("lastfm_csv", 5, 5),
    "f01_headerless.scrobbler.log": ("rockbox_log", 12, 12),
    "f04_pano.jsonl": ("pano_events", 5, 4),
    "f09_ext_types.json": ("spotify_extended", 4, 4),
    "f10_librefm_official.csv": ("librefm_csv", 40, 40),
    "f20_concat.scrobbler.log": ("rockbox_log", 10, 10),
    "f22_failed.scrobbler.log": ("rockbox_log", 4, 4),
    "f31_listoflists.json": ("lastfm_json", 6, 6),
    "f33_pretty.json": ("lastfm_json", 5, 5),
    "i01_double.csv": ("lastfm_csv", 20, 20),
    "i02_ext.json": ("spotify_extended", 10, 10),
    "i02_lb_end.jsonl": ("listenbrainz_export", 10, 10),
    "i06_lastfmstats.json": ("lastfmstats_json", 5, 5),
    "i09_scrubbler.csv": ("scrubbler_csv", 5, 5),
    "i13_lastfm.csv": ("lastfm_csv", 5, 5),
    "i13_maloja.json": ("maloja_json", 5, 5),
    "i14_ext.json": ("spotify_extended", 6, 6),
    "i14_lastfm.csv": ("lastfm_csv", 6, 6),
    "i27_lbapi.json": ("listenbrainz_export", 5, 5),
    "i36_universal.csv": ("universal_scrobbler", 5, 5),
    "i41_ifttt.csv": ("ifttt", 5, 5),
    "p1_apple_song.csv": ("apple_music", 7, 5),
    "p3_tidal.csv": ("tidal", 5, 5),
    "p5_ytm_de.json": ("youtube_music_json", 5, 5),
    "p5_ytm_en.json": ("youtube_music_json", 5, 5),
    "s1_account.csv": ("spotify_account", 5, 5),
    "s3_extcsv.csv": ("spotify_extended", 5, 5),
}
REFUSED = {
    "f16_itunes_lib.csv": "is a library with play counts: 'Last Played' is one play of many",
    "p2_apple_daily.csv": "list of tracks per day, without the times of the plays",
    "q3_exportify_liked_real_header.csv": "'Added At' is when a track was added, not when it was played",
}


@pytest.mark.parametrize("name", sorted(READ))
def test_each_is_read_as_what_it_is_and_every_row_counts(read: Read, name: str) -> None:
    found = read(name, (FOLDER / name).read_bytes())
    assert (found.kind, len(found.rows), len(found.kept)) == READ[name]
    artists, tracks = ({row[column] for row in found.kept} for column in ("artist_name", "track_name"))
    assert artists.isdisjoint(tracks)
    assert not any("FAILED" in artist or "Alb" in artist for artist in artists)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_holds_no_plays_is_refused_with_what_it_is(read: Read, name: str) -> None:
    with pytest.raises(UnknownKind, match=REFUSED[name]):
        read(name, (FOLDER / name).read_bytes())


def test_all_inputs_are_listed() -> None:
    assert {path.name for path in FOLDER.iterdir()} == READ.keys() | REFUSED.keys()


INSTANTS = {
    "d01_us.csv": ["2021-05-18 18:36", "2021-10-29 22:20", "2022-02-10 22:49"],
    "d04_pg.csv": ["2021-05-18 18:36", "2021-05-19 18:36", "2021-05-19 13:06"],
    "d05_js.csv": ["2021-05-18 16:36", "2021-05-19 16:36"],
    "d10_sep.csv": ["2021-09-18 18:36", "2021-09-18 18:36"],
    "d12_noseconds_tz.csv": ["2021-05-18 18:36", "2021-05-18 16:36", "2021-05-18 16:36"],
}


@pytest.mark.parametrize(("name", "instants"), INSTANTS.items())
def test_dates_mean_what_they_say(read: Read, name: str, instants: list[str]) -> None:
    found = read(name, (FOLDER / name).read_bytes()).kept
    assert [f"{row['reported_at']:%Y-%m-%d %H:%M}" for row in found] == instants
