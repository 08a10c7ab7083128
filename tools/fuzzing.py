"""Mutated files of every kind: reading one raises nothing but errors of tonearm, and no row is lost on the way."""

from __future__ import annotations

import io
import json
import random
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.compute as pc

from tonearm.building.execute import build
from tonearm.errors import TonearmError
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import imports
from tonearm.settings import Settings
from tonearm.sources import Context, source_of
from tonearm.sources.files import InputProblem
from tonearm.sources.inputs import unpack

TOKENS = (
    *(b"", b"\0", b"\t", b"\r", b"\n", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\x8b", b"\xef\xbb\xbf"),
    b"\xff",
    *(b'"', b"'", b",", b";", b"[", b"]", b"{", b"}", b"\\", b"\\ud800", b"\\u0000", b"\xed\xa0\x80", b"null", b"NaN"),
    *(b"-1", b"0", b"1e308", b"9" * 19, b"9" * 400, b"0000-01-01", b"9999-12-31T23:59:59-14:00", b"01 Jan 0001 00:00"),
    *(b"31 Feb 2020 25:61", b"true", b"=1+1", b"\x1b[31m", b"A" * 70_000, b"PK\x03\x04", b"\x1f\x8b", b"#"),
    b"[[" * 500,
)  # fmt: skip
MOST_BYTES = 200_000
PER_HOME = 2_000
"""Inputs after which some of them are imported into a home, which is then built."""
IMPORTED = 12


def seeds(folder: Path | None = None) -> dict[str, bytes]:
    """Small files of the kinds there are by name, and those of ``folder``."""
    spotify = {"ts": "2020-01-02T03:04:05Z", "ms_played": 61_000,
               "spotify_track_uri": "spotify:track:4uLU6hMCjMI75M1A2tKUQC",
               "master_metadata_track_name": "Sinnerman", "master_metadata_album_artist_name": "Nina Simone",
               "offline_timestamp": 1577934184, "skipped": None, "reason_end": "trackdone"}  # fmt: skip
    account = {"endTime": "2020-01-02 03:04", "artistName": "Can", "trackName": "Halleluhwah", "msPlayed": 61_000}
    listened = {"listened_at": 1577934184, "track_metadata": {"artist_name": "Can", "track_name": "Vitamin C",
                "release_name": "Ege Bamyasi", "additional_info": {"duration_ms": 210_000}}}  # fmt: skip
    page = {"track": [{"artist": {"#text": "Can", "mbid": ""}, "album": {"#text": "", "mbid": ""}, "name": "Moonshake",
            "mbid": "", "date": {"uts": "1577934184", "#text": "02 Jan 2020, 03:03"}}]}  # fmt: skip
    maloja = {"maloja": {"export_time": 1}, "scrobbles": [{"time": 1577934184, "duration": None, "origin": "x",
              "track": {"artists": ["Can"], "title": "Moonshake", "album": None, "length": None}}]}  # fmt: skip
    features = (
        "track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,"
    )
    features += "mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre\n"
    features += (
        "5SuOikwiRyPMVoIQDJUgSV,A;B,al,T,0,200000,False,0.3,0.2,1,-20.0,0,0.04,0.9,0.0,0.1,0.3,75.0,4,acoustic\n"
    )
    named: dict[str, bytes] = {
        "lastfm.csv": b"Can,Tago Mago,Halleluhwah,20 Nov 2020 09:35\n" * 3,
        "header.csv": b"uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
        b'"1577934184","02 Jan 2020, 03:03","Can","","Tago Mago","","Oh Yeah",""\n',
        "endsong_0.json": json.dumps([spotify] * 3).encode(),
        "StreamingHistory0.json": json.dumps([account] * 3).encode(),
        "listens/2020/1.jsonl": b"\n".join([json.dumps(listened).encode()] * 3),
        "recenttracks.json": json.dumps([page] * 2).encode(),
        "maloja.json": json.dumps(maloja).encode(),
        ".scrobbler.log": b"#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#CLIENT/Rockbox\n"
        b"Can\tTago Mago\tPaperhouse\t1\t448\tL\t1577934184\t\n",
        "dataset.csv": features.encode(),
    }
    if folder is not None:
        named |= {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file() and p.suffix != ".md"}
    return named


def mutated(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """``content`` with one to six changes."""
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        content = rng.choice(_CHANGES)(rng, content, other)[:MOST_BYTES]
    return content


def _place(rng: random.Random, content: bytes) -> slice:
    begin = rng.randrange(len(content) + 1)
    return slice(begin, min(len(content), begin + int(rng.paretovariate(0.8)) - 1))


def _flipped(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]


def _cut(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    part = _place(rng, content)
    return content[: part.start] + content[part.stop :]


def _put(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    part = _place(rng, content)
    return content[: part.start] + rng.choice(TOKENS) + content[part.stop :]


def _repeated(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    part = _place(rng, content)
    return content[: part.stop] + content[part] * rng.choice((1, 2, 50)) + content[part.stop :]


def _ended(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _spliced(rng: random.Random, content: bytes, other: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other) + 1) :]


def _shuffled(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    lines = content.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


_CHANGES: Sequence[Callable[[random.Random, bytes, bytes], bytes]] = (
    *(_flipped, _cut, _put, _put, _repeated, _ended, _spliced, _shuffled),
)


def read(name: str, content: bytes, settings: Settings) -> str:
    """What became of one input: the kind it was read as, or ``refused``; raises what tonearm did not expect."""
    outcome = "refused"
    for file in unpack(name, lambda: io.BytesIO(content), len(content), settings):
        if isinstance(file, InputProblem):
            continue
        try:
            source = source_of(file)
            rows = 0
            for batch in source.read(file, Context()):
                rows += batch.num_rows
                if batch.num_rows:
                    assert pc.min(batch["row"]).as_py() >= 1
            outcome = source.kind
        except (TonearmError, OSError, EOFError):
            pass
    return outcome


def fuzz(count: int, settings: Settings, folder: Path | None, seed: int, until: Callable[[], bool]) -> Counter[str]:
    """Read so many mutated inputs, and import some into homes that are built; what became of them.

    An input that fails is kept in ``failed`` of the folder that the home of ``settings`` is in.
    """
    rng, outcomes = random.Random(seed), Counter[str]()
    named = seeds(folder)
    names, pool = sorted(named), list[tuple[str, bytes]]()
    for number in range(count):
        name = rng.choice(names)
        content = mutated(rng, named[name], named[rng.choice(names)])
        try:
            outcomes[read(name, content, settings)] += 1
        except Exception:
            outcomes["FAILED"] += 1
            _keep(settings, f"{seed}-{number}-{Path(name).name}", content, traceback.format_exc())
        if len(pool) < IMPORTED:
            pool.append((f"{number}-{Path(name).name}", content))
        is_over = number + 1 == count or until()
        if is_over or (number + 1) % PER_HOME == 0:
            _import(pool, settings, seed, number, outcomes)
            pool = []
        if is_over:
            break
    return outcomes


def _import(pool: list[tuple[str, bytes]], settings: Settings, seed: int, number: int, outcomes: Counter[str]) -> None:
    """Import mutated files together with a good one: nothing is raised, counts add up, every table is built."""
    folder = settings.home.parent / "imported"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in [*pool, ("good.csv", f"Can,Tago Mago,Oh Yeah,20 Nov 2019 {number % 24:02}:35\n".encode())]:
        (folder / name).write_bytes(content)
    try:
        import_paths(settings, [folder], "me", "UTC")
        for one in imports(settings):
            assert one.read == one.kept + one.duplicates + one.rejected, one
        failed = build(settings, ["temporal_trends", "sessions"]).failed
        assert not failed, failed
        outcomes["homes built"] += 1
        outcomes["imported"] += len(pool)
    except Exception:
        outcomes["FAILED"] += 1
        for name, content in pool:
            _keep(settings, f"home-{seed}-{number}-{name}", content, traceback.format_exc())


def _keep(settings: Settings, name: str, content: bytes, why: str) -> None:
    failed = settings.home.parent / "failed"
    failed.mkdir(parents=True, exist_ok=True)
    (failed / name).write_bytes(content)
    (failed / f"{name}.txt").write_text(why, encoding="utf-8")
