"""Generates a home of many listeners: bronze written straight into the lake, as if imported, and a catalogue.

Simulated, not found. Each listener has a taste of 40 to 400 artists by a power law out of 7,500 with eight tracks
each, two kinds of sessions (calm and lively) that come at different hours, sessions of 1 to 30 listens, and more or
fewer listens than others. 20,000 listens each make twelve years, fewer proportionally less. Some lengths are not
known, and every tenth listener moves to another zone. It is written listener by listener through the import's own
SQL, so memory does not grow with the rows.

    python benchmarks/homes.py HOME --rows 1000000 --listeners 1000
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from generate import LISTED_SHARE, SKIP_SHARE, TRACKS, TRACKS_PER_ARTIST, Music, generate_catalogue
from measure import finish, note, tonearm
from tonearm.bronze import HISTORY
from tonearm.engine.duckdb import Engine, engine
from tonearm.home import make_home, scratch_folder
from tonearm.ingest.judging import history_sql, outcome_sql
from tonearm.ingest.ledger import FileReport, ImportReport, record
from tonearm.ingest.staging import Staging
from tonearm.lake import open_lake
from tonearm.settings import Settings, load_settings
from tonearm.sources import sources
from tonearm.store import ALWAYS, open_store
from tonearm.store.models import ListenerRow, ZoneRow

if TYPE_CHECKING:
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]
    Places = npt.NDArray[np.int64]

ROWS_PER_COMMIT = 400_000
LISTENS_OF_12_YEARS = 20_000
LAST_DAY = date(2025, 1, 1)
LEAST_DAYS, MOST_DAYS = 30, 4383
"""Days that a history spans at least and at most: a month and twelve years."""
SESSION_LISTENS, LONGEST_SESSION = 12, 30
PAUSE_S = 31 * 60
"""Least silence between sessions, so that none runs into another."""
UNTIMED_SHARE = 0.05
ALBUM_SHARE = 0.3
"""Share of the listens that go on with the next track of the artist before."""
KIND_SHARE = 0.85
"""Share of a session's listens that are of artists of its kind."""
ENERGY = 1
"""Place of energy among the columns of ``Music.sound``, in which an artist's first track stands for the artist."""
DAY_S = 86_400
ZONES = {
    "Europe/Berlin": 1,
    "Europe/London": 0,
    "America/New_York": -5,
    "America/Los_Angeles": -8,
    "America/Sao_Paulo": -3,
    "Africa/Lagos": 1,
    "Asia/Kolkata": 5.5,
    "Asia/Tokyo": 9,
    "Australia/Sydney": 10,
    "Asia/Kathmandu": 5.75,
}
"""The listeners' zones, and about how many hours they are ahead of UTC."""


def make(
    home: Path, rows: int, listeners: int, listed_share: float = LISTED_SHARE, seed: int = 1, skew: float = 1
) -> None:
    """Make ``home`` with ``rows`` listens of ``listeners`` in bronze; about ``listed_share`` have features.

    With a ``skew`` above 1 the first listener has so many times the listens of the others' mean.
    """
    settings = load_settings(home, {})
    make_home(settings)
    music, names = Music(seed), [f"listener {n:04d}" for n in range(1, listeners + 1)]
    counts = _counts(rows, listeners, seed, skew)
    days = int(np.clip(rows / listeners / LISTENS_OF_12_YEARS * MOST_DAYS, LEAST_DAYS, MOST_DAYS))
    _move_in(settings, names, LAST_DAY - timedelta(days=days // 2))
    _write(settings, music, names, counts, days, seed)
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Path(folder) / "dataset.csv"
        generate_catalogue(catalogue, seed, listed_share)
        tonearm(home, "import", catalogue)


def _counts(rows: int, listeners: int, seed: int, skew: float) -> Places:
    """How many listens each has: most near the mean, some a third or three times as many, the first ``skew`` times."""
    weights = np.random.default_rng([seed, 4]).lognormal(0, 0.5, listeners)
    if skew > 1:
        weights[0] = skew * weights[1:].mean()
    ends = np.round(np.cumsum(weights) / weights.sum() * rows).astype(np.int64)
    return np.diff(ends, prepend=0)


def _move_in(settings: Settings, names: list[str], moved_at: date) -> None:
    """Add the listeners in one transaction: with one each, twenty thousand wait minutes for the disk."""
    with closing(open_store(settings)) as store:
        # The first write makes the database.
        store.ensure_listener(names[0], next(iter(ZONES)))
        with store.session(writes=True) as session:
            for number, name in enumerate(names[1:], 1):
                zones = [ZoneRow(from_at=day, zone=zone) for day, zone in _zones(number, moved_at)]
                row = ListenerRow(name=name, name_key=name, created_at=datetime.now(UTC), zones=zones)
                session.add(row)


def _zones(number: int, moved_at: date) -> list[tuple[date, str]]:
    """The zones of listener ``number`` with the day each begins; every tenth listener moves."""
    zones = list(ZONES)
    first = [(ALWAYS, zones[number % len(zones)])]
    return [*first, (moved_at, zones[(number // 10) % len(zones)])] if number % 10 == 9 else first


def _write(settings: Settings, music: Music, names: list[str], counts: Places, days: int, seed: int) -> None:
    lake, source, now = open_lake(settings.lake), sources()["spotify_extended"], datetime.now(UTC)
    files = [FileReport(name=f"{name}.zip", kind=source.kind, file=f"{n:064x}") for n, name in enumerate(names)]
    with scratch_folder(settings) as folder, engine(settings, folder) as session:
        _set_variables(session, files, now)
        session.set("listeners", names)
        staging = Staging(folder, HISTORY)
        for number, count in enumerate(counts):
            files[number].read = files[number].kept = int(count)
            batch = listens(music, number, int(count), days, np.random.default_rng([seed, 5, number]))
            staging.add(batch, source, number + 1)
            if staging.rows >= ROWS_PER_COMMIT or number == len(names) - 1:
                session.register("staged", staging.dataset())
                lake.append(HISTORY, session.stream(_BRONZE_SQL), {"run": 1})
                staging.clear()
    report = ImportReport(run=1, listener=names[0], started_at=now, ended_at=datetime.now(UTC), files=files)
    report.add_up()
    record(lake, report)


def _set_variables(session: Engine, files: list[FileReport], now: datetime) -> None:
    values: dict[str, Any] = {"run": 1, "now": now, "listener": ""}
    values |= {"files": [f.file for f in files], "names": [f.name for f in files]}
    for name, value in values.items():
        session.set(name, value)
    # No two of the rows are one record.
    session.run("CREATE TABLE repeats (record_id BIGINT, first_id BIGINT)")


_BRONZE_SQL = f"""SELECT * EXCLUDE (position) REPLACE (list_extract(getvariable('listeners'), position) AS listener)
    FROM ({outcome_sql(HISTORY, history_sql("staged"))})"""


def listens(music: Music, number: int, count: int, days: int, rng: np.random.Generator) -> pa.Table:
    """The listens of listener ``number`` as a source would yield them."""
    import pyarrow as pa

    opens = _openings(count, rng)
    session = np.cumsum(opens) - 1
    sessions = int(session[-1]) + 1 if count else 0
    starts_s, is_lively = _sessions(sessions, days, rng)
    track = _tracks(music, opens, is_lively[session], rng)
    is_skipped = rng.random(count) < SKIP_SHARE
    heard_s = np.where(is_skipped, rng.uniform(2, 30, count), music.lengths_s[track])
    offset_s = 3600 * list(ZONES.values())[number % len(ZONES)]
    stops_s = _stops(starts_s - offset_s, session, opens, heard_s + rng.uniform(0.5, 3.5, count))
    return pa.table(
        {
            "row": np.arange(1, count + 1),
            "reported_at": pa.array(stops_s.astype(np.int64) * 1_000_000, pa.timestamp("us", "UTC")),
            **{name: texts.take(pa.array(track)) for name, texts in _texts(music).items()},
            "listened_s": pa.array(np.round(heard_s, 3), mask=rng.random(count) < UNTIMED_SHARE),
            "is_skipped": is_skipped,
            "is_shuffle": rng.random(count) < 0.5,
            "reason_end": _taken(["trackdone", "fwdbtn"], is_skipped.astype(np.int64)),
            "country": _taken(["DE"], np.zeros(count, dtype=np.int64)),
            "client": _taken(["phone", "desktop"], rng.integers(0, 2, count)),
        }
    )


@cache
def _texts(music: Music) -> dict[str, pa.Array]:
    """What is written of each track, by column."""
    import pyarrow as pa

    texts = {"track_name": music.titles, "artist_name": music.by, "album_name": music.albums, "spotify_id": music.ids}
    return {name: pa.array(values) for name, values in texts.items()}


def _taken(values: list[str], places: Places) -> pa.DictionaryArray:
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(places), pa.array(values))


def _openings(count: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which of ``count`` listens open a session."""
    lengths = np.minimum(rng.geometric(1 / SESSION_LISTENS, count), LONGEST_SESSION)
    starts = np.cumsum(lengths) - lengths
    opens = np.zeros(count, dtype=bool)
    opens[starts[starts < count]] = True
    return opens


def _sessions(count: int, days: int, rng: np.random.Generator) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """When each session should start, by the listener's clock in seconds since 1970, and whether it is lively.

    Two hours of the day are the listener's own, one for lively music and one for calm, with three hours around
    them. On weekends a quarter of the sessions are elsewhere in the day.
    """
    first = (LAST_DAY - timedelta(days=days)).toordinal() - date(1970, 1, 1).toordinal()
    day = first + rng.integers(0, days, count)
    is_weekend = (day + 3) % 7 >= 5
    is_lively = rng.random(count) < 0.5
    hours = np.where(is_lively, rng.uniform(7, 19), rng.uniform(17, 26)) + rng.normal(0, 2, count)
    hours = np.where(is_weekend & (rng.random(count) < 0.25), rng.uniform(0, 24, count), hours % 24)
    at_s = DAY_S * day + 3600 * hours
    order = np.argsort(at_s)
    return at_s[order], is_lively[order]


def _stops(starts_s: Numbers, session: Places, opens: npt.NDArray[np.bool_], took_s: Numbers) -> Numbers:
    """When each listen stops: sessions in turn, one after the other."""
    ends = np.cumsum(took_s)
    before = np.append(0.0, ends[:-1])[opens] + PAUSE_S * np.arange(len(starts_s))
    begins = np.maximum.accumulate(starts_s - before) + before
    return (begins - before + PAUSE_S * np.arange(len(starts_s)))[session] + ends


def _tracks(
    music: Music, opens: npt.NDArray[np.bool_], is_lively: npt.NDArray[np.bool_], rng: np.random.Generator
) -> Places:
    """What is heard: artists of the listener's taste and of the session's kind, at times an album's next track."""
    artists, weights = _taste(music, rng)
    energies = music.sound[artists * TRACKS_PER_ARTIST, ENERGY]
    of_kind = energies > np.median(energies)
    kind_shares = [np.where(of_kind == lively, KIND_SHARE, 1 - KIND_SHARE) * weights for lively in (False, True)]
    count = len(opens)
    draws = rng.random(count)
    drawn = [np.searchsorted(np.cumsum(share) / share.sum(), draws) for share in kind_shares]
    artist = artists[np.where(is_lively, drawn[1], drawn[0]).clip(0, len(artists) - 1)]
    first = (TRACKS_PER_ARTIST * rng.random(count) ** 2).astype(np.int64)
    goes_on = ~opens & (rng.random(count) < ALBUM_SHARE)
    since = np.maximum.accumulate(np.where(goes_on, 0, np.arange(count)))
    return artist[since] * TRACKS_PER_ARTIST + (first[since] + np.arange(count) - since) % TRACKS_PER_ARTIST


def _taste(music: Music, rng: np.random.Generator) -> tuple[Places, Numbers]:
    """The listener's artists and how much each is heard."""
    everybody = TRACKS // TRACKS_PER_ARTIST
    fame = (np.arange(everybody) + 10.0) ** -0.95
    artists = rng.choice(everybody, rng.integers(40, 400), replace=False, p=fame / fame.sum())
    return artists, (np.arange(len(artists)) + 3.0) ** -0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--listeners", type=int, default=1_000)
    parser.add_argument("--listed", type=float, default=LISTED_SHARE, help="share of the tracks in the catalogue")
    parser.add_argument("--skew", type=float, default=1, help="so many times the mean for the first listener")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    note(f"making {options.home}")
    make(options.home, options.rows, options.listeners, options.listed, options.seed, options.skew)
    finish({"home": str(options.home), "rows": options.rows, "listeners": options.listeners}, options.json)


if __name__ == "__main__":
    main()
