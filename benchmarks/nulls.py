"""How often do the comparing tables find what is not there, and what do they find of what is?

Each table is computed for histories made from a home's listens such that its claim is not true of them
(:mod:`worlds`), and for the same histories with an effect planted. A history counts as one if any of the table's rows
claims something. The null of a table is that of its claim:

- hours and parts of the day: what was heard is moved along the clock of the sessions (``turned_clocks``), or each
  day is turned (``turned_days``). Dealing features to artists would be no null: who hears one artist at night does
  hear, at night, what that artist was dealt.
- weekends: each week is delayed by some days (``delayed_weeks``); for features, also ``turned_clocks``, in which
  weekends keep their real volume.
- what follows what: runs of an artist are shuffled within sessions (``shuffled_runs``), or the order is the real one
  and the artists are dealt each other's features (``dealt_artists``): playlists repeat, and moods mean nothing.
- features that go together: each is dealt to the artists by itself (``dealt_features``).

    python benchmarks/nulls.py HOME --histories 100 --json
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
from scipy import stats

import worlds
from measure import finish, note
from tonearm.columns import MOOD_FEATURES
from tonearm.engine.duckdb import Engine
from tonearm.silver.moods import mood
from tonearm.table import find, unbound
from worlds import History, World, in_turn

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ROWS = 1_200_000
"""Listens of worlds that are computed at once."""
COVERAGES = {"full": 1.0, "7 %": 0.07, "7 % and artists": 0.07}
"""Shares of the listens whose tracks are known; by the artist's mean, others of these artists may count as well."""
_CLAIM = "verdict IN ('higher', 'lower')"
_SPECIFIC = "verdict = 'higher'"


@dataclass(frozen=True)
class Case:
    """A table under a null: which rows are false findings, and which show the effect that is planted."""

    table: str
    null: str
    false: Mapping[str, str]
    """Claims by name, each a condition on the table's rows."""
    true: str = ""
    planted: str = ""


def _any_feature(condition: str) -> str:
    return " OR ".join(condition.format(f) for f in MOOD_FEATURES)


NULLS: dict[str, World] = {
    "turned_clocks": worlds.turned_clocks,
    "turned_days": worlds.turned_days,
    "delayed_weeks": worlds.delayed_weeks,
    "dealt_artists": worlds.dealt_artists,
    "dealt_features": worlds.dealt_features,
    "shuffled_runs": worlds.shuffled_runs,
    "shuffled_tracks": worlds.shuffled_tracks,
    "turned_sound": worlds.turned_sound,
}
PLANTED: dict[str, World] = {
    "valence + .05 at night": worlds.brighter_nights(0.05),
    "valence + .05 on weekends": worlds.brighter_weekends(0.05),
    "r = .3 of valence and danceability": worlds.danceable_is_positive(0.3),
    "a fifth of the sessions rises": worlds.rising_sessions(0.2),
    "valence + .1 after ten tracks": worlds.lifting_tracks(0.1, 10),
}
_NIGHT, _WEEKEND, _PAIR, _RISING, _LIFTING = PLANTED


def _hours(null: str) -> list[Case]:
    drivers = {
        "features": f"driver_type = 'feature' AND {_CLAIM}",
        "artists": f"driver_type = 'artist' AND {_CLAIM}",
        "genres": f"driver_type = 'genre' AND {_CLAIM}",
        "any": _CLAIM,
    }
    night = f"driver = 'valence' AND part_of_day = 'night' AND {_SPECIFIC}"
    times = {
        "hours": _any_feature("verdict_{} IN ('higher', 'lower')"),
        "whole day": _any_feature("day_p_corrected_{} < 0.05"),
    }
    return [
        Case("part_of_day_drivers", null, drivers, night, _NIGHT),
        Case("mood_time_correlations", null, times, "day_p_corrected_valence < 0.05", _NIGHT),
        Case("mood_intervention_triggers", null, {"any": _CLAIM}, f"{_CLAIM} AND hour_of_day < 6", _NIGHT),
        Case("optimal_listening_times", null, {"any": _CLAIM}, f"{_CLAIM} AND hour_of_day < 6", _NIGHT),
    ]


_WEEKENDS = {
    "volume": f"metric NOT IN {worlds.FEATURES} AND {_CLAIM}",
    "features": f"metric IN {worlds.FEATURES} AND {_CLAIM}",
    "any": _CLAIM,
}
_MOODS = {"moods": f"pattern_type <> 'artist_2' AND {_CLAIM}"}
_ORDER = {**_MOODS, "artists": f"pattern_type = 'artist_2' AND {_CLAIM}"}
_PAIRS = {"pearson": "pearson_p_corrected < 0.05", "spearman": "spearman_p_corrected < 0.05"}
_PAIRS["any"] = " OR ".join(_PAIRS.values())
_THE_PAIR = "spearman_p_corrected < 0.05 AND feature_a = 'danceability' AND feature_b = 'valence'"
_BRIGHTENS = {"any": f"kind = 'heard' AND {_SPECIFIC}"}
CASES = (
    *_hours("turned_clocks"),
    *_hours("turned_days"),
    Case("weekend_vs_weekday", "delayed_weeks", _WEEKENDS, f"metric = 'valence' AND {_SPECIFIC}", _WEEKEND),
    Case("weekend_vs_weekday", "turned_clocks", {"features": _WEEKENDS["features"]}),
    Case("feature_correlations", "dealt_features", _PAIRS, _THE_PAIR, _PAIR),
    Case("sequential_patterns", "shuffled_runs", _ORDER, _MOODS["moods"], _RISING),
    Case("sequential_patterns", "dealt_artists", _MOODS),
    Case("mood_improvement_recommendations", "shuffled_runs", _BRIGHTENS, _BRIGHTENS["any"], _LIFTING),
    Case("mood_improvement_recommendations", "dealt_artists", _BRIGHTENS),
    Case("mood_improvement_recommendations", "shuffled_tracks", _BRIGHTENS),
    Case("mood_improvement_recommendations", "turned_sound", _BRIGHTENS),
)


class Bench:
    """Computes tables of made histories in memory, many listeners at once."""

    def __init__(self) -> None:
        """Without any listens."""
        self._backend = ibis.duckdb.connect()
        self._backend.raw_sql("SET TimeZone='UTC'")
        # A sorted stream of listeners is cut into parts, each of which has to be theirs alone.
        self._engine = Engine(self._backend.con)
        tracks = pa.table(unbound("tracks").schema().to_pyarrow().empty_table())
        self._keep("tracks", tracks)

    def _keep(self, name: str, rows: pa.Table) -> None:
        self._backend.con.register("given", rows)
        self._backend.raw_sql(f"CREATE OR REPLACE TABLE {name} AS FROM given")
        self._backend.con.unregister("given")

    def load(self, made: Sequence[History]) -> None:
        """Take these histories, each as a listener of its own."""
        rows = pa.concat_tables(worlds.listens(one, f"{number:05d}") for number, one in enumerate(made))
        self._keep("unnamed_moods", rows)
        listens = self._backend.table("unnamed_moods")
        named = self._backend.compile(listens.mutate(mood=mood(listens.valence, listens.energy)))
        self._backend.raw_sql(f"CREATE OR REPLACE TABLE listening_with_features AS {named}")
        self._backend.raw_sql("DROP TABLE unnamed_moods")

    def compute(self, name: str) -> pa.Table:
        """The table of the histories taken."""
        table = find(name)
        sql = str(self._backend.compile(table.build(*(self._backend.table(i) for i in table.inputs))))
        return self._engine.finished(table, sql)

    def listeners(self, rows: pa.Table, condition: str) -> set[str]:
        """Those with a row of which the condition is true."""
        self._backend.con.register("found", rows)
        found = self._backend.con.execute(f"SELECT DISTINCT listener FROM found WHERE {condition}").fetchall()
        return {name for (name,) in found}


def interval(found: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share."""
    both = stats.binomtest(found, n).proportion_ci(0.95)
    return float(both.low), float(both.high)


def run(home: Path, n: int, cases: Sequence[Case], coverages: Iterable[str], seed: int = 1) -> list[dict[str, Any]]:
    """Shares of histories with a false finding, and of those in which the planted effect is found, a row each."""
    real, artists, bench = worlds.histories(home), worlds.catalogue(home), Bench()
    rows: list[dict[str, Any]] = []
    for coverage in coverages:
        known = _known(coverage, artists)
        for null, planted in dict.fromkeys((c.null, p) for c in cases for p in {"": 0, c.planted: 0}):
            wanted = [c for c in cases if c.null == null and (not planted or c.planted == planted)]
            change = in_turn(known, NULLS[null], *([PLANTED[planted]] if planted else []))
            rows += _counted(bench, real, n, wanted, change, planted, seed, {"coverage": coverage, "null": null})
    return rows


def _known(coverage: str, artists: list[worlds.Numbers]) -> World:
    """Features of every track, of a share of them, or those that the home has."""
    if coverage == "real":
        return worlds.as_they_are
    some = in_turn(worlds.everything_known(artists), worlds.only_some_known(COVERAGES[coverage]))
    return in_turn(some, worlds.artists_stand_in) if "artists" in coverage else some


def _counted(
    bench: Bench,
    real: Sequence[History],
    n: int,
    cases: Sequence[Case],
    change: World,
    planted: str,
    seed: int,
    of: Mapping[str, Any],
) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], int] = {}
    seconds: dict[str, float] = {}
    claims = {c.table: ({"planted": c.true} if planted else dict(c.false)) for c in cases}
    numbers = [(number, which) for number in range(n) for which in range(len(real))]
    for batch in _batches(numbers, real):
        made = [change(real[which], np.random.default_rng([seed, number, which])) for number, which in batch]
        bench.load(made)
        for table, named in claims.items():
            began = perf_counter()
            rows = bench.compute(table)
            seconds[table] = seconds.get(table, 0.0) + perf_counter() - began
            for claim, condition in named.items():
                for name in bench.listeners(rows, condition):
                    key = (table, claim, batch[int(name)][1])
                    found[key] = found.get(key, 0) + 1
    whole = []
    for table, named in claims.items():
        for claim in named:
            each = [found.get((table, claim, which), 0) for which in range(len(real))]
            low, high = interval(sum(each), n * len(real))
            row = {"table": table, **of, "planted": planted, "claim": claim, "n": n * len(real), "found": sum(each)}
            row |= {"share": sum(each) / n / len(real), "low": low, "high": high, "by_listener": [e / n for e in each]}
            note(f"{table} {of} {planted} {claim}: {sum(each)} of {n * len(real)} {row['by_listener']}")
            whole.append(row | {"seconds": round(seconds[table], 1)})
    return whole


def _batches(numbers: list[tuple[int, int]], real: Sequence[History]) -> Iterable[list[tuple[int, int]]]:
    batch: list[tuple[int, int]] = []
    rows = 0
    for one in numbers:
        if batch and rows + len(real[one[1]].at) > MOST_ROWS:
            yield batch
            batch, rows = [], 0
        batch.append(one)
        rows += len(real[one[1]].at)
    if batch:
        yield batch


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--histories", type=int, default=50, help="made of each listener of the home")
    parser.add_argument("--table", action="append", help="only this table; may be repeated")
    parser.add_argument("--null", action="append", help="only this null; may be repeated")
    parser.add_argument("--coverage", action="append", choices=[*COVERAGES, "real"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cases = [
        c
        for c in CASES
        if (not options.table or c.table in options.table) and (not options.null or c.null in options.null)
    ]
    rows = run(options.home, options.histories, cases, options.coverage or COVERAGES, options.seed)
    finish({"nulls": rows}, options.json)


if __name__ == "__main__":
    main()
