"""Writes simulated listens in the export formats of the services."""

from __future__ import annotations

import csv
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tonearm.demo.habits import Heard
from tonearm.demo.world import World

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

FILE_ROWS = 9_000
OVERLAP_ROWS = 150
"""Rows shared by consecutive files of an extended history, as in Spotify's exports."""
LASTFM_AFTER_S = 240
"""Last.fm counts a listen of half the track or of four minutes."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_QUOTED_HEADER = ("uts", "utc_time", "artist", "artist_mbid", "album", "album_mbid", "track", "track_mbid")
_SHOWS = ("The Marzipan Hour", "Turnstile Talks", "Kettle & Crumpet")


def scrobbled(world: World, heard: Heard) -> Heard:
    """The listens that a scrobbler would have sent: music, heard for half its length or four minutes."""
    length_ms = world.duration_ms[heard.track % len(world.titles)]
    enough = heard.heard_ms >= np.minimum(length_ms / 2, LASTFM_AFTER_S * 1000)
    return heard.only(~heard.is_podcast & enough)


def write_spotify_extended(world: World, heard: Heard, path: Path, rng: np.random.Generator) -> None:
    """Write Spotify's extended streaming history: a zip of JSON files whose ranges overlap."""
    rows = _extended_rows(world, heard, rng)
    files = {}
    for number, start in enumerate(range(0, len(rows), FILE_ROWS)):
        part = rows[max(0, start - OVERLAP_ROWS) : start + FILE_ROWS]
        years = "-".join(sorted({str(part[0]["ts"])[:4], str(part[-1]["ts"])[:4]}))
        name = f"Spotify Extended Streaming History/Streaming_History_Audio_{years}_{number}.json"
        files[name] = msgspec.json.encode(part)
    _write_zip(path, files)


def _extended_rows(world: World, heard: Heard, rng: np.random.Generator) -> list[dict[str, object]]:
    stops = _iso(heard.started_ms + heard.heard_ms)
    ends_session = np.append(heard.session[1:] != heard.session[:-1], True)
    finishes = np.where(heard.is_skipped, "fwdbtn", np.where(ends_session, "logout", "trackdone")).tolist()
    starts = ["clickrow", *("appload" if reason == "logout" else reason for reason in finishes[:-1])]
    is_private = (rng.random(len(heard.session)) < 0.02)[heard.session].tolist()
    is_shuffle = (rng.random(len(heard.session)) < 0.3)[heard.session].tolist()
    is_offline = (rng.random(len(heard)) < 0.03).tolist()
    # Spotify wrote milliseconds up to 2022 and seconds since.
    is_old = np.array([stop < "2023" for stop in stops])
    started = np.where(is_old, heard.started_ms, heard.started_ms // 1000).tolist()
    columns = zip(heard.track.tolist(), heard.is_podcast.tolist(), heard.heard_ms.tolist(), strict=True)
    return [
        {
            "ts": stops[i],
            "platform": "demo",
            "ms_played": heard_ms,
            "conn_country": "DE",
            "ip_addr": "192.0.2.1",
            **(_episode(track) if is_podcast else _track(world, track)),
            "audiobook_title": None,
            "audiobook_uri": None,
            "audiobook_chapter_uri": None,
            "audiobook_chapter_title": None,
            "reason_start": starts[i],
            "reason_end": finishes[i],
            "shuffle": is_shuffle[i],
            "skipped": finishes[i] == "fwdbtn",
            "offline": is_offline[i],
            "offline_timestamp": started[i],
            "incognito_mode": is_private[i],
        }
        for i, (track, is_podcast, heard_ms) in enumerate(columns)
    ]


def _track(world: World, track: int) -> dict[str, object]:
    return {
        "master_metadata_track_name": world.titles[track],
        "master_metadata_album_artist_name": world.artist_of(track),
        "master_metadata_album_album_name": world.albums[track],
        "spotify_track_uri": f"spotify:track:{world.spotify_ids[track]}",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
    }


def _episode(number: int) -> dict[str, object]:
    return {
        "master_metadata_track_name": None,
        "master_metadata_album_artist_name": None,
        "master_metadata_album_album_name": None,
        "spotify_track_uri": None,
        "episode_name": f"Episode {number}",
        "episode_show_name": _SHOWS[number % len(_SHOWS)],
        "spotify_episode_uri": f"spotify:episode:demo{number:018d}",
    }


def write_lastfm_headerless(world: World, heard: Heard, path: Path, rng: np.random.Generator) -> None:
    """Write a Last.fm history as lastfm-to-csv does: newest first, to the minute, no header.

    Each instant is 1 to 60 s after the start, some listens are missing, and the first row is the track that
    was playing, without a date. Like that tool it deletes quotes and commas from names.
    """
    kept = heard.only(rng.random(len(heard)) > 0.03)
    instants = _iso(kept.started_ms + rng.integers(1_000, 61_000, len(kept)))
    dates = [f"{t[8:10]} {_MONTHS[int(t[5:7]) - 1]} {t[:4]} {t[11:16]}" for t in instants]
    rows = [(*_bare_names(world, t), when) for t, when in zip(kept.track.tolist(), dates, strict=True)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*rows[-1][:3], ""))
        writer.writerows(reversed(rows))


def _bare_names(world: World, track: int) -> tuple[str, ...]:
    names = (world.artist_of(track), world.albums[track], world.titles[track])
    return tuple(name.replace('"', "").replace(",", "") for name in names)


def write_lastfm_quoted(world: World, heard: Heard, path: Path) -> None:
    """Write a Last.fm history as its web exporters do: a header, everything quoted, newest first."""
    columns = zip(heard.track.tolist(), (heard.started_ms // 1000).tolist(), _iso(heard.started_ms), strict=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(_QUOTED_HEADER)
        for track, uts, t in reversed(list(columns)):
            when = f"{t[8:10]} {_MONTHS[int(t[5:7]) - 1]} {t[:4]}, {t[11:16]}"
            artist, album, title = world.artist_of(track), world.albums[track], world.titles[track]
            writer.writerow((uts, when, artist, "", album, "", title, ""))


def write_listenbrainz(world: World, heard: Heard, path: Path, user: str) -> None:
    """Write ListenBrainz's export: a zip with one file of JSON lines per month."""
    months: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    seconds = (heard.started_ms // 1000).tolist()
    for track, at, iso in zip(heard.track.tolist(), seconds, _iso(heard.started_ms), strict=True):
        months[f"listens/{iso[:4]}/{int(iso[5:7])}.jsonl"].append(
            {
                "listened_at": at,
                "inserted_at": at + 215.5,
                "track_metadata": {
                    "artist_name": world.artist_of(track),
                    "track_name": world.titles[track],
                    "release_name": world.albums[track],
                    "recording_msid": f"00000000-0000-4000-8000-{track:012d}",
                    "additional_info": {
                        "duration_ms": int(world.duration_ms[track]),
                        "submission_client": "demo player",
                    },
                    "mbid_mapping": None,
                },
            }
        )
    files = {name: msgspec.json.Encoder().encode_lines(rows) for name, rows in months.items()}
    about = {"user.json": msgspec.json.encode({"user_id": 1, "username": user}), "feedback.jsonl": b""}
    _write_zip(path, about | files)


def _iso(instants_ms: Ints) -> list[str]:
    """Instants as ``2026-11-20T09:35:00Z``."""
    seconds = instants_ms.astype("datetime64[ms]").astype("datetime64[s]")
    texts: list[str] = np.datetime_as_string(seconds).tolist()
    return [text + "Z" for text in texts]


def _write_zip(path: Path, files: dict[str, bytes]) -> None:
    """The same ``files`` give the same bytes: entries have no timestamp."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, compresslevel=3)
