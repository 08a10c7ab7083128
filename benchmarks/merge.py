"""Makes two exports of the same weeks from one real history and counts how well tonearm makes them one again.

Each listen of the history is one play. The Last.fm side gives its start 1 to 60 s too early or too late, the other side
exactly. From either side 5 % of the plays are missing. Honest repeats stay as they are in the history; a scrobbler's
double sends, a second apart, are left out. The other side is, one after another:

* ``extended``: Spotify's extended history; a fifth of the tracks is spelt differently (a remaster's year, a guest,
  capitals);
* ``account``: the same as Spotify's account data, which give the end of a play to the minute;
* ``maloja``: a list of artists in any order, wherever Last.fm has several in one name;
* ``credits``: Spotify's extended history, in which half of the tracks is credited otherwise: to the first artist, to a
  guest more, to "Various Artists", or to the album's artist;
* ``ends``: ListenBrainz from a sender that reports the end of a play, with its length.

Last, ``repeats``: the Last.fm side alone, of whose plays 2 % are sent again 1 to 5 s later.

    python benchmarks/merge.py --json
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np

from measure import finish, note, tonearm

HISTORY = Path("../shared/data/histories/lastfm_with_header.csv")
MISSING_SHARE = 0.05
RESPELT_SHARE = 0.2
OTHER_CREDITS_SHARE = 0.5
SENT_AGAIN_SHARE = 0.02
EARLIEST_S = 946_684_800
"""2000-01-01: what is earlier is a clock that was not set."""
SHORTEST_S, LONGEST_S = 31, 240
"""A scrobble was heard for more than 30 s; how long, the history does not say."""
_BETWEEN_ARTISTS = re.compile(r"\s*[,;/]\s*|\s+(?:&|\+|and|feat\.?|ft\.?|featuring|vs\.?)\s+", re.IGNORECASE)
Record = tuple[str, int]
"""A side and the instant that it gives a play."""


@dataclass(frozen=True)
class Play:
    """One play: what, its true start and how long it was heard, in seconds."""

    artist: str
    album: str
    track: str
    start: int
    heard: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--file", type=Path, default=HISTORY, help="a Last.fm CSV with epoch seconds")
    parser.add_argument("--form", action="append", choices=[*SIDES, "repeats"], help="only this construction")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.file.is_file():
        sys.exit(f"{options.file} is not there; name a Last.fm file with --file")
    plays = read_plays(options.file)
    figures: dict[str, Any] = {"plays": len(plays), "repeats": _repeats(plays)}
    for form in options.form or [*SIDES, "repeats"]:
        note(f"merging with {form} data" if form in SIDES else "merging double sends")
        rng = np.random.default_rng(options.seed)
        found = judge(plays, form, rng) if form in SIDES else judge_repeats(plays, rng)
        figures |= {f"{form}_{name}": value for name, value in found.items()}
    finish(figures, options.json)


def read_plays(path: Path) -> list[Play]:
    """The history's plays by time, each heard until the next one or for four minutes.

    Rows that tell of the same track again within less than ``SHORTEST_S`` are left out: a scrobbler's double
    sends, of which real histories hold many. Nobody played them.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = {int(row["timestamp"]): row for row in csv.DictReader(file) if row["timestamp"].isdigit()}
    starts: list[int] = []
    for start in sorted(start for start in rows if start > EARLIEST_S):
        if not starts or start - starts[-1] >= SHORTEST_S or _track(rows[start]) != _track(rows[starts[-1]]):
            starts.append(start)
    lengths = [min(max(b - a, SHORTEST_S), LONGEST_S) for a, b in pairwise(starts)]
    return [
        Play(rows[start]["artist"], rows[start]["album"], rows[start]["track"], start, length)
        for start, length in zip(starts, [*lengths, LONGEST_S], strict=True)
    ]


def _track(row: dict[str, str]) -> tuple[str, str]:
    return row["artist"], row["track"]


def _repeats(plays: list[Play]) -> int:
    """Plays of the same track as the play before."""
    pairs = pairwise(plays)
    return sum((a.artist, a.track) == (b.artist, b.track) for a, b in pairs)


def judge(plays: list[Play], form: str, rng: np.random.Generator) -> dict[str, Any]:
    """Write both sides, import and build them, and compare what was merged with what is true."""
    has_spotify = rng.random(len(plays)) >= MISSING_SHARE
    has_lastfm = rng.random(len(plays)) >= MISSING_SHARE
    offset = rng.integers(1, 61, len(plays)) * rng.choice([-1, 1], len(plays))
    lastfm = {i: plays[i].start + int(offset[i]) for i in np.flatnonzero(has_lastfm).tolist()}
    spotify = np.flatnonzero(has_spotify).tolist()
    are_several = {i for i, play in enumerate(plays) if len(_artists(play.artist)) > 1}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        (folder / "exports").mkdir()
        starts = SIDES[form](folder / "exports", plays, spotify, rng)
        _write_lastfm(folder / "lastfm.csv", plays, lastfm.items())
        home = folder / "home"
        report, _ = tonearm(
            home, "import", folder / "exports", folder / "lastfm.csv", "--listener", "a", "--timezone", "UTC"
        )
        tonearm(home, "build", "listens")
        listens = len(tonearm(home, "show", "listens")[0])
        explained = tonearm(home, "listens", "--merge-explain", "--limit", str(10**9))[0]
        renamed = _halved(home, plays) if form == "maloja" else None
    known = _by_record(plays, starts, "spotify") | _by_record(plays, lastfm, "lastfm")
    both = sum(i in lastfm for i in spotify)
    expected = sum(1 for i in range(len(plays)) if has_spotify[i] or has_lastfm[i])
    several = [i for i in spotify if i in lastfm and i in are_several]
    figures = _compare(explained, known, both, listens, expected, set(several))
    figures |= {"several_artists_renamed": renamed} if renamed is not None else {}
    return {"read": report["read"], "rejected": report["rejected"]} | figures


def _halved(home: Path, plays: list[Play]) -> int:
    """Listens shown under one of the artists of a list who is in the history only together with others."""
    tonearm(home, "build", "listening_with_features")
    whole = {play.artist for play in plays}
    parts = {part for artist in whole for part in _artists(artist)} - whole
    return sum(row["artist_name"] in parts for row in tonearm(home, "show", "listening_with_features")[0])


def judge_repeats(plays: list[Play], rng: np.random.Generator) -> dict[str, Any]:
    """Send 2 % of the plays again, import and build, and count what was taken for a repeat."""
    again = np.flatnonzero(rng.random(len(plays)) < SENT_AGAIN_SHARE).tolist()
    later = rng.integers(1, 6, len(plays))
    instants = [(i, play.start) for i, play in enumerate(plays)]
    repeats = {(plays[i].track, plays[i].start + int(later[i])) for i in again}
    instants += [(i, plays[i].start + int(later[i])) for i in again]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        home = folder / "home"
        _write_lastfm(folder / "lastfm.csv", plays, instants)
        tonearm(home, "import", folder / "lastfm.csv", "--listener", "a", "--timezone", "UTC")
        tonearm(home, "build", "listens")
        listens = len(tonearm(home, "show", "listens")[0])
        rows = tonearm(home, "listens", "--repeats", "--limit", str(10**9))[0]
    found = {(row["track_name"], round(_utc(row["started_at"]).timestamp())) for row in rows}
    return {
        "sent_again": len(repeats),
        "precision": len(found & repeats) / len(found),
        "recall": len(found & repeats) / len(repeats),
        "listens": listens,
        "listens_expected": len(plays),
    }


def _compare(
    explained: Any, known: dict[Record, set[int]], both: int, listens: int, expected: int, several: set[int]
) -> dict[str, Any]:
    found, right, unknown = 0, 0, 0
    of_several: set[int] = set()
    for records in _merged(explained):
        for a, b in records:
            if a not in known or b not in known:
                unknown += 1
                continue
            found += 1
            right += bool(known[a] & known[b])
            of_several |= known[a] & known[b] & several
    return {
        "pairs": both,
        "pairs_found": found,
        "pairs_right": right,
        "pairs_not_recognised": unknown,
        "precision": right / found if found else None,
        "recall": right / both,
        "several_artists_pairs": len(several),
        "several_artists_recall": len(of_several) / len(several) if several else None,
        "listens": listens,
        "listens_expected": expected,
        "count_error": (listens - expected) / expected,
    }


def _merged(explained: Iterable[dict[str, Any]]) -> Iterable[list[tuple[Record, Record]]]:
    """The pairs of records that each listen claims to be one play: both sides' against one another."""
    sides: defaultdict[int, defaultdict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in explained:
        side = "lastfm" if record["source"].startswith("lastfm") else "spotify"
        sides[record["listen_id"]][side].append((side, round(_utc(record["started_at"]).timestamp())))
    for by_side in sides.values():
        yield list(product(by_side["spotify"], by_side["lastfm"]))


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _by_record(plays: list[Play], instants: dict[int, int], side: str) -> dict[Record, set[int]]:
    """Which plays a side tells of at each instant; rarely several, where offsets meet."""
    by_record: defaultdict[Record, set[int]] = defaultdict(set)
    for play, instant in instants.items():
        by_record[side, instant].add(play)
    return dict(by_record)


def _spellings(plays: list[Play], rng: np.random.Generator) -> dict[tuple[str, str], str]:
    """How the Spotify side spells each track."""
    tracks = sorted({(play.artist, play.track) for play in plays})
    ways = (
        lambda title: f"{title} - Remastered 2011",
        lambda title: f"{title} (feat. Somebody Else)",
        str.upper,
    )
    respelt = rng.random(len(tracks)) < RESPELT_SHARE
    way = rng.integers(0, len(ways), len(tracks))
    return {key: ways[int(way[i])](key[1]) if respelt[i] else key[1] for i, key in enumerate(tracks)}


def _artists(name: str) -> list[str]:
    """The artists of one name, as a service that lists them has them."""
    return [part for part in _BETWEEN_ARTISTS.split(name) if part]


def _write_extended(folder: Path, plays: list[Play], present: list[int], rng: np.random.Generator) -> dict[int, int]:
    """Write Spotify's extended history; the start that each play has by it."""
    spelt = _spellings(plays, rng)
    rows = [_extended_row(plays[i], spelt[plays[i].artist, plays[i].track]) for i in present]
    (folder / EXTENDED).write_text(json.dumps(rows), encoding="utf-8")
    return {i: plays[i].start for i in present}


def _write_account(folder: Path, plays: list[Play], present: list[int], rng: np.random.Generator) -> dict[int, int]:
    """Write Spotify's account data; the start that each play has by it."""
    spelt = _spellings(plays, rng)
    rows = [_account_row(plays[i], spelt[plays[i].artist, plays[i].track]) for i in present]
    (folder / "StreamingHistory_music_0.json").write_text(json.dumps(rows), encoding="utf-8")
    return {i: (plays[i].start + plays[i].heard) // 60 * 60 - plays[i].heard for i in present}


def _write_maloja(folder: Path, plays: list[Play], present: list[int], rng: np.random.Generator) -> dict[int, int]:
    """Write a Maloja export, whose artists are lists in any order; the start that each play has by it."""
    listed = {name: rng.permutation(_artists(name)).tolist() for name in sorted({play.artist for play in plays})}
    rows = [
        {
            "time": plays[i].start,
            "track": {"artists": listed[plays[i].artist], "title": plays[i].track, "album": None, "length": None},
            "duration": None,
            "origin": "client:x",
        }
        for i in present
    ]
    export = {"maloja": {"export_time": plays[-1].start}, "scrobbles": rows}
    (folder / "maloja.json").write_text(json.dumps(export), encoding="utf-8")
    return {i: plays[i].start for i in present}


def _write_credits(folder: Path, plays: list[Play], present: list[int], rng: np.random.Generator) -> dict[int, int]:
    """Write Spotify's extended history under other artists; the start that each play has by it."""
    ways = (
        lambda play: replace(play, artist=_artists(play.artist)[0] if _artists(play.artist) else play.artist),
        lambda play: replace(play, artist=f"{play.artist}, Somebody Else"),
        lambda play: replace(play, artist="Various Artists"),
        lambda play: replace(play, artist="The Orchestra" if play.album else "Various Artists"),
    )
    tracks = sorted({(play.artist, play.track) for play in plays})
    is_other, way = rng.random(len(tracks)) < OTHER_CREDITS_SHARE, rng.integers(0, len(ways), len(tracks))
    credited = {key: ways[int(way[i])] if is_other[i] else replace for i, key in enumerate(tracks)}
    rows = [_extended_row(credited[plays[i].artist, plays[i].track](plays[i]), plays[i].track) for i in present]
    (folder / EXTENDED).write_text(json.dumps(rows), encoding="utf-8")
    return {i: plays[i].start for i in present}


def _write_ends(folder: Path, plays: list[Play], present: list[int], rng: np.random.Generator) -> dict[int, int]:
    """Write ListenBrainz listens with the end of each play; the start that each has if that is found out."""
    rows = [
        {
            "listened_at": plays[i].start + plays[i].heard,
            "track_metadata": {
                "artist_name": plays[i].artist,
                "track_name": plays[i].track,
                "release_name": plays[i].album or None,
                "additional_info": {"duration_ms": plays[i].heard * 1000, "submission_client": "late"},
            },
        }
        for i in present
    ]
    (folder / "listens.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {i: plays[i].start for i in present}


EXTENDED = "Streaming_History_Audio_0.json"
SIDES = {
    "extended": _write_extended,
    "account": _write_account,
    "maloja": _write_maloja,
    "credits": _write_credits,
    "ends": _write_ends,
}


def _extended_row(play: Play, title: str) -> dict[str, object]:
    stop = datetime.fromtimestamp(play.start + play.heard, UTC)
    return {
        "ts": f"{stop:%Y-%m-%dT%H:%M:%SZ}",
        "ms_played": play.heard * 1000,
        "conn_country": "DE",
        "master_metadata_track_name": title,
        "master_metadata_album_artist_name": play.artist,
        "master_metadata_album_album_name": play.album,
        "spotify_track_uri": None,
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": False,
        "skipped": False,
        "offline": False,
        "offline_timestamp": 0,
        "incognito_mode": False,
    }


def _account_row(play: Play, title: str) -> dict[str, object]:
    stop = datetime.fromtimestamp(play.start + play.heard, UTC)
    return {
        "endTime": f"{stop:%Y-%m-%d %H:%M}",
        "artistName": play.artist,
        "trackName": title,
        "msPlayed": play.heard * 1000,
    }


def _write_lastfm(path: Path, plays: list[Play], instants: Iterable[tuple[int, int]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("artist", "album", "track", "uts"))
        for i, instant in sorted(instants, reverse=True):
            writer.writerow((plays[i].artist, plays[i].album, plays[i].track, instant))


if __name__ == "__main__":
    main()
