"""Dumps of AcousticBrainz."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.settings import Settings

MBID = "0f0b1c9e-0000-4000-8000-00000000000{}"
TAGS = {"artist": ["Can"], "title": ["Halleluhwah"], "album": ["Tago Mago"], "genre": ["Krautrock"], "date": ["1971"]}
HIGH = {
    "highlevel": {
        "danceability": {"all": {"danceable": 0.9, "not_danceable": 0.1}, "value": "danceable"},
        "mood_acoustic": {"all": {"acoustic": 0.2, "not_acoustic": 0.8}, "value": "not_acoustic"},
        "voice_instrumental": {"all": {"instrumental": 0.7, "voice": 0.3}, "value": "instrumental"},
    },
    "metadata": {"audio_properties": {"length": 1112.5}, "tags": {**TAGS, "musicbrainz_recordingid": [MBID.format(1)]}},
}
LOW = {
    "lowlevel": {"average_loudness": 0.9, "mfcc": {"mean": [1.0, 2.0]}},
    "metadata": HIGH["metadata"],
    "rhythm": {"bpm": 112.5, "danceability": 1.2},
    "tonal": {"key_key": "C#", "key_scale": "minor"},
}


def rows(settings: Settings) -> list[dict[str, Any]]:
    return open_lake(settings.lake).dataset("kaggle_tracks_bronze").to_table().to_pylist()


def test_a_folder_of_documents_brings_what_means_the_same(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "high-0.json").write_text(json.dumps(HIGH))
    (folder / "low-0.json").write_text(json.dumps(LOW))
    report = import_paths(settings, [folder])
    assert [one.kind for one in report.files] == ["acousticbrainz_highlevel", "acousticbrainz_lowlevel"]
    high, low = sorted(rows(settings), key=lambda row: row["source"])
    assert (high["acousticness"], high["instrumentalness"], high["tempo"]) == (0.2, 0.7, None)
    assert (low["tempo"], low["key"], low["mode"], low["acousticness"]) == (112.5, 1, 0, None)
    for row in (high, low):
        assert (row["recording_mbid"], row["artist_name"], row["duration_s"]) == (MBID.format(1), "Can", 1112.5)
        assert (row["danceability"], row["valence"], row["energy"]) == (None, None, None)


def test_an_archive_is_read_as_it_is_and_a_damaged_one_up_to_the_damage(settings: Settings, tmp_path: Path) -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for number in range(3):
            tags = {**TAGS, "title": [f"Track {number}"]}
            content = json.dumps({**HIGH, "metadata": {"tags": tags}}).encode() if number else b"[]"
            member = tarfile.TarInfo(f"acousticbrainz-highlevel/highlevel/0f/0/{MBID.format(number)}-0.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    dump = tmp_path / "highlevel.tar"
    dump.write_bytes(held.getvalue()[:2800])
    (file,) = import_paths(settings, [dump]).files
    assert (file.kind, file.kept >= 1, file.rejected >= 1) == ("acousticbrainz_highlevel", True, True)
    assert {row["reason"] for row in rows(settings)} >= {"no document of AcousticBrainz"}
