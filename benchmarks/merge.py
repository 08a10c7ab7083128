"""Makes two exports of the same weeks from one real history and counts how well tonearm makes them one again.

Each listen of the history is one play. The Spotify side tells its start exactly; the Last.fm side tells it
1 to 60 s earlier or later. From either side 5 % of the plays are missing. A fifth of the tracks is spelt
differently on the Spotify side (a remaster's year, a guest, capitals). Honest repeats stay as they are in the
history; a scrobbler's double sends, a second apart, are left out. The same again with Spotify's account data,
which tell the end of a play to the minute.

    python benchmarks/merge.py --json
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np

from measure import finish, note, tonearm

HISTORY = Path("../shared/data/histories/lastfm_with_header.csv")
MISSING_SHARE = 0.05
RESPELT_SHARE = 0.2
EARLIEST_S = 946_684_800
"""2000-01-01: what is earlier is a clock that was not set."""
SHORTEST_S, LONGEST_S = 31, 240
"""A scrobble was heard for more than 30 s; how long, the history does not say."""
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
    parser.add_argument("--double-sends", action="store_true", help="leave a scrobbler's double sends in")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.file.is_file():
        sys.exit(f"{options.file} is not there; name a Last.fm file with --file")
    plays = read_plays(options.file, 1 if options.double_sends else SHORTEST_S)
    figures: dict[str, Any] = {"plays": len(plays), "repeats": _repeats(plays)}
    for form in ("extended", "account"):
        note(f"merging with {form} data")
        rng = np.random.default_rng(options.seed)
        figures |= {f"{form}_{name}": value for name, value in judge(plays, form, rng).items()}
    finish(figures, options.json)


def read_plays(path: Path, apart_s: int) -> list[Play]:
    """The history's plays by time, each heard until the next one or for four minutes.

    Rows that tell of the same track again within less than ``apart_s`` are left out: a scrobbler's double
    sends, of which real histories hold many. Nobody played them.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = {int(row["timestamp"]): row for row in csv.DictReader(file) if row["timestamp"].isdigit()}
    starts: list[int] = []
    for start in sorted(start for start in rows if start > EARLIEST_S):
        if not starts or start - starts[-1] >= apart_s or _track(rows[start]) != _track(rows[starts[-1]]):
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
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        starts = _write_spotify(folder, form, plays, spotify, _spellings(plays, rng))
        _write_lastfm(folder / "lastfm.csv", plays, lastfm)
        home = folder / "home"
        report, _ = tonearm(
            home, "import", folder / "exports", folder / "lastfm.csv", "--listener", "a", "--timezone", "UTC"
        )
        tonearm(home, "build", "listens")
        listens = len(tonearm(home, "show", "listens")[0])
        explained = tonearm(home, "listens", "--merge-explain", "--limit", str(10**9))[0]
    known = _by_record(plays, starts, "spotify") | _by_record(plays, lastfm, "lastfm")
    both = sum(i in lastfm for i in spotify)
    expected = sum(1 for i in range(len(plays)) if has_spotify[i] or has_lastfm[i])
    return {"read": report["read"], "rejected": report["rejected"]} | _compare(
        explained, known, both, listens, expected
    )


def _compare(explained: Any, known: dict[Record, set[int]], both: int, listens: int, expected: int) -> dict[str, Any]:
    found, right, unknown = 0, 0, 0
    for records in _merged(explained):
        for a, b in records:
            if a not in known or b not in known:
                unknown += 1
                continue
            found += 1
            right += bool(known[a] & known[b])
    return {
        "pairs": both,
        "pairs_found": found,
        "pairs_right": right,
        "pairs_not_recognised": unknown,
        "precision": right / found if found else None,
        "recall": right / both,
        "listens": listens,
        "listens_expected": expected,
        "count_error": (listens - expected) / expected,
    }


def _merged(explained: Iterable[dict[str, Any]]) -> Iterable[list[tuple[Record, Record]]]:
    """The pairs of records that each listen claims to be one play: both sides' against one another."""
    sides: defaultdict[int, defaultdict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in explained:
        side = "lastfm" if record["source"].startswith("lastfm") else "spotify"
        started = datetime.fromisoformat(record["started_at"]).astimezone(UTC)
        sides[record["listen_id"]][side].append((side, round(started.timestamp())))
    for by_side in sides.values():
        yield list(product(by_side["spotify"], by_side["lastfm"]))


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


def _write_spotify(
    folder: Path, form: str, plays: list[Play], present: list[int], spelt: dict[tuple[str, str], str]
) -> dict[int, int]:
    """Write Spotify's side; the start that each play has by it."""
    (folder / "exports").mkdir()
    row = {"extended": _extended_row, "account": _account_row}[form]
    name = {"extended": "Streaming_History_Audio_0.json", "account": "StreamingHistory_music_0.json"}[form]
    rows = [row(plays[i], spelt[plays[i].artist, plays[i].track]) for i in present]
    (folder / "exports" / name).write_text(json.dumps(rows), encoding="utf-8")
    if form == "extended":
        return {i: plays[i].start for i in present}
    return {i: (plays[i].start + plays[i].heard) // 60 * 60 - plays[i].heard for i in present}


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


def _write_lastfm(path: Path, plays: list[Play], instants: dict[int, int]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("artist", "album", "track", "uts"))
        for i, instant in sorted(instants.items(), reverse=True):
            writer.writerow((plays[i].artist, plays[i].album, plays[i].track, instant))


if __name__ == "__main__":
    main()
