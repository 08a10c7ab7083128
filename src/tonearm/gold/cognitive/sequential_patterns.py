"""Moods, and artists, that follow one another within sessions more or less often than in random order."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np

from tonearm.columns import MOODS
from tonearm.gold.cognitive.chance import Members, mean_of_words, of_switches, variance_of_words
from tonearm.gold.distributions import chi2_quantile, poisson_at_least, poisson_at_most, poisson_detectable, t_two_sided
from tonearm.gold.frames import as_table, codes, places
from tonearm.gold.measures import with_measured_features
from tonearm.gold.statistics import (
    CONFIDENCE,
    ENOUGH_UNITS,
    POWER,
    detectable,
    false_discovery,
    level_of_another,
    quantile,
    verdicts,
)
from tonearm.silver.first_n import first_n
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]
    Columns = dict[str, Any]

LATEST_LISTENS = 20_000
"""Listens of one listener that are used: old habits are no habits, and this bounds memory."""
MOST_ARTISTS = 100
"""Artists of one listener whose pairs are counted: those in most sessions, whatever their order in them."""
FEWEST = 5
"""Occurrences, found or expected, below which a pattern is not listed; moods are listed if they occur at all."""
LONGEST_LIST = 50
PATTERN_TYPES = ("mood_2", "mood_3", "artist_2")
ARTISTS = PATTERN_TYPES.index("artist_2")
UNKNOWN = len(MOODS)
"""Code of a listen without measured mood: it has its place in a session, and breaks a pattern."""
_COLUMNS = (
    *("listener", "pattern_type", "pattern", "occurrences", "expected_occurrences", "lift", "lift_low", "lift_high"),
    *(
        "detectable_lift",
        "units",
        "p_corrected",
        "verdict",
        "confidence_pct",
        "confidence_n",
        "support_pct",
        "possible_sessions",
    ),
    *("pattern_sessions", "pattern_days", "track_sequences"),
)


class Listens(NamedTuple):
    """Listens of several listeners, each listener's sessions in the order heard; every column numbers from 0."""

    listener: Codes
    session: Codes
    day: Codes
    track: Codes
    artist: Codes
    mood: Codes

    def keep(self, rows: npt.NDArray[Any]) -> Listens:
        """Those of the rows."""
        return Listens(*(column[rows] for column in self))


def _finish(rows: pa.Table) -> pa.Table:
    if not rows.num_rows:
        return as_table({name: [] for name in _COLUMNS}, _COLUMNS)
    listens = _listens(rows)
    artists = _values(rows, "artist", listens.artist)
    found = [_moods(listens, 2), _moods(listens, 3), _artists(listens, len(artists))]
    columns = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    columns |= _tested(columns)
    # Most pairs of artists are tested and not listed: they need no name and no interval.
    columns = _rows(columns, _listed(columns, artists))
    columns |= _described(columns) | _named(columns, artists)
    columns["listener"] = _values(rows, "listener", listens.listener)[columns["listener"]].tolist()
    return as_table(columns, _COLUMNS)


def _rows(columns: Columns, rows: npt.NDArray[Any]) -> Columns:
    return {name: values[rows] for name, values in columns.items()}


def _named(columns: Columns, artists: npt.NDArray[np.object_]) -> Columns:
    """The type and the words of each pattern, from their numbers."""
    return {
        "pattern_type": [PATTERN_TYPES[kind] for kind in columns["pattern_type"].tolist()],
        "pattern": _patterns(columns, artists),
    }


def _patterns(columns: Columns, artists: npt.NDArray[np.object_]) -> list[str]:
    words = [[" → ".join(word) for word in product(MOODS, repeat=size)] for size in (2, 3)]
    return [
        f"{artists[code // len(artists)]} → {artists[code % len(artists)]}" if kind == ARTISTS else words[kind][code]
        for kind, code in zip(columns["pattern_type"].tolist(), columns["pattern"].tolist(), strict=True)
    ]


def _listens(rows: pa.Table) -> Listens:
    return Listens(
        listener=codes(rows, "listener"),
        session=codes(rows, "listener", "session_started_at"),
        day=codes(rows, "listener", "session_date"),
        track=codes(rows, "track_id"),
        artist=codes(rows, "artist"),
        mood=rows["mood_code"].to_numpy(),
    )


def _values(rows: pa.Table, column: str, code: Codes) -> npt.NDArray[np.object_]:
    """What each code of a column stands for."""
    firsts = np.unique(code, return_index=True)[1]
    return np.asarray(rows[column].take(firsts).to_pylist(), dtype=object)


def _starts(*columns: Codes) -> Flags:
    """Whether a row differs from the row before it in any of the columns."""
    differs = np.ones(len(columns[0]), dtype=bool)
    for k, column in enumerate(columns):
        changes = column[1:] != column[:-1]
        differs[1:] = changes if k == 0 else differs[1:] | changes
    return differs


def _one_code(*columns: Codes) -> Codes:
    """A number for each row, the same for rows that agree in all the columns."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        code = np.unique(code * (column.max(initial=0) + 1) + column, return_inverse=True)[1].reshape(-1)
    return code


def _distinct(group: Codes, values: Codes, groups: int) -> Numbers:
    """How many different values each group has."""
    found = np.unique(group * (values.max(initial=0) + 1) + values)
    return np.bincount(found // (values.max(initial=0) + 1), minlength=groups).astype(float)


def _moods(listens: Listens, size: int) -> Columns:
    """Every pattern of ``size`` moods: its occurrences, and the number expected in random order."""
    runs = _runs(listens)
    session = np.cumsum(_starts(runs.session)) - 1
    of_session = runs.listener[_starts(runs.session)]
    rows, pattern = _known(runs, size)
    patterns, listeners = len(MOODS) ** size, runs.listener.max(initial=-1) + 1
    cells = pattern * len(of_session) + session[rows]
    observed = np.bincount(cells, minlength=patterns * len(of_session)).reshape(patterns, -1).astype(float)
    sums = _sums_of_moods(_members(runs, session), observed, of_session, size, listeners)
    group = runs.listener[rows] * patterns + pattern
    tracks = _one_code(*(runs.track[rows + k] for k in range(size)))
    ends = sums["occurrences"].reshape(listeners, -1, len(MOODS)).sum(axis=2)
    possible = _distinct(runs.listener[rows], runs.session[rows], listeners)
    columns = {
        **{name: values.reshape(-1) for name, values in sums.items()},
        **_repeats(runs, rows, pattern, size, listeners),
        "listener": np.repeat(np.arange(listeners), patterns),
        "pattern_type": np.full(listeners * patterns, PATTERN_TYPES.index(f"mood_{size}")),
        "pattern": np.tile(np.arange(patterns), listeners),
        "confidence_n": np.repeat(ends.reshape(-1), len(MOODS)),
        "possible_sessions": np.repeat(possible, patterns),
        "pattern_days": _distinct(group, runs.day[rows], listeners * patterns),
        "track_sequences": _distinct(group, tracks, listeners * patterns),
    }
    return _rows(columns, (columns["occurrences"] > 0) | (columns["expected_occurrences"] >= FEWEST))


def _runs(listens: Listens) -> Listens:
    """Each artist's listens in a row as one, with its first track, and the mood of most of its tracks."""
    # A track on repeat is one mood that lasts, and no sequence of moods.
    once = listens.keep(_starts(listens.session, listens.track))
    starts = _starts(once.session, once.artist)
    run = np.cumsum(starts) - 1
    is_known = once.mood != UNKNOWN
    tracks = np.bincount(
        run[is_known] * (UNKNOWN + 1) + once.mood[is_known], minlength=int(starts.sum()) * (UNKNOWN + 1)
    )
    # Without a known one the largest number is 0, and the last column makes it unknown.
    by_mood = tracks.reshape(-1, UNKNOWN + 1)
    mood = np.where(by_mood.any(axis=1), by_mood.argmax(axis=1), UNKNOWN)
    return once.keep(starts)._replace(mood=mood)


def _repeats(runs: Listens, rows: Codes, pattern: Codes, size: int, listeners: int) -> Columns:
    """How often artists come back in the same order: over each pattern's occurrences, and per occurrence of any.

    An occurrence of artists that come n times in that order and m times in the reverse one counts n − 1 − m: those who
    are often heard together in whatever order come back by chance.
    """
    patterns = len(MOODS) ** size
    words = np.array(list(product(range(len(MOODS)), repeat=size)))
    turned = (words * len(MOODS) ** np.arange(size)).sum(axis=1)
    artists = [runs.artist[rows + k] for k in range(size)]
    listener = runs.listener[rows]
    forward, backward = (listener, pattern, *artists), (listener, turned[pattern], *artists[::-1])
    both = _one_code(*(np.concatenate(columns) for columns in zip(forward, backward, strict=True)))
    there, back = both[: len(rows)], both[len(rows) :]
    times = np.bincount(there, minlength=int(both.max(initial=-1)) + 1)
    again = times[there] - 1.0 - times[back]
    own = np.bincount(listener * patterns + pattern, again, minlength=listeners * patterns)
    of_listener = np.bincount(listener, minlength=listeners)
    usual = np.bincount(listener, again, minlength=listeners) / np.maximum(of_listener, 1)
    return {"repeats": np.maximum(own, 0), "usual_repeats": np.repeat(np.maximum(usual, 0), patterns)}


def _known(once: Listens, size: int) -> tuple[Codes, Codes]:
    """Rows with which ``size`` known moods of one session begin, and which pattern they are."""
    rows = np.arange(max(len(once.session) - size + 1, 0))
    is_known = np.ones(len(rows), dtype=bool)
    pattern = np.zeros(len(rows), dtype=np.int64)
    for k in range(size):
        is_known &= (once.mood[rows + k] != UNKNOWN) & (once.session[rows + k] == once.session[rows])
        pattern = pattern * len(MOODS) + once.mood[rows + k]
    return rows[is_known], pattern[is_known]


def _members(runs: Listens, session: Codes) -> Members:
    """The runs of each session by artist and mood."""
    width = runs.artist.max(initial=0) + 1
    found, of_artist = np.unique(session * width + runs.artist, return_inverse=True)
    cells = of_artist.reshape(-1) * (UNKNOWN + 1) + runs.mood
    counts = np.bincount(cells, minlength=len(found) * (UNKNOWN + 1)).astype(float)
    return Members(counts.reshape(-1, UNKNOWN + 1), np.flatnonzero(_starts(found // width)))


def _sums_of_moods(members: Members, observed: Numbers, listener: Codes, size: int, listeners: int) -> Columns:
    """Sums over each listener's sessions, as matrices of listeners and patterns."""
    made: dict[str, list[Numbers]] = {}
    every = members.without_states()
    for k, word in enumerate(product(range(len(MOODS)), repeat=size)):
        chance = mean_of_words(word, members, every), variance_of_words(word, members.counts)
        for name, values in _deviations(observed[k], *chance).items():
            made.setdefault(name, []).append(np.bincount(listener, values, minlength=listeners).astype(float))
    return {name: np.stack(columns, axis=1) for name, columns in made.items()}


def _deviations(observed: Numbers, expected: Numbers, variance: Numbers) -> Columns:
    """What is summed over sessions, for each session."""
    return {
        "occurrences": observed,
        "expected_occurrences": expected,
        "variance": variance,
        "squares": (observed - expected) ** 2,
        # Where every order gives the same count, a session says nothing about order.
        "units": (variance > 0).astype(float),
        "pattern_sessions": (observed > 0).astype(float),
        # At most: the chance of at least one is no more than the mean number.
        "expected_sessions": np.minimum(expected, 1),
    }


def _artists(listens: Listens, many: int) -> Columns:
    """Every pair of much heard artists that share a session, of so many: how often one follows the other."""
    starts = np.flatnonzero(_starts(listens.session, listens.artist))
    runs = listens.keep(starts)
    is_switch = ~_starts(runs.session)
    before, after = runs.keep(np.flatnonzero(is_switch) - 1), runs.keep(np.flatnonzero(is_switch))
    tracks = _one_code(listens.track[starts[is_switch] - 1], after.track)
    pairs = _shared_sessions(runs, many)
    # A session belongs to one listener, so its number identifies the listener of the pair.
    key = (pairs["session"] * many + pairs["first"]) * many + pairs["second"]
    least, most = np.minimum(before.artist, after.artist), np.maximum(before.artist, after.artist)
    heard = (before.session * many + least) * many + most
    place = np.searchsorted(key, heard)
    is_pair = key[np.minimum(place, len(key) - 1)] == heard if len(key) else np.zeros(len(heard), dtype=bool)
    # The chances are the same in both orders: in what follows the pairs come once in one, then once in the other.
    place = place[is_pair] + len(key) * (before.artist > after.artist)[is_pair]
    observed = np.bincount(place, minlength=2 * len(key)).astype(float)
    whose = (pairs["listener"] * many + pairs["first"]) * many + pairs["second"]
    firsts, group = np.unique(whose, return_index=True, return_inverse=True)[1:]
    group = np.concatenate([group, group + len(firsts)])
    sums = {
        name: np.bincount(group, values, minlength=2 * len(firsts))
        for name, values in _deviations(observed, np.tile(pairs["expected"], 2), np.tile(pairs["variance"], 2)).items()
    }
    of_pair = group[place]
    listener = np.tile(pairs["listener"][firsts], 2)
    one, other = pairs["first"][firsts], pairs["second"][firsts]
    first, second = (np.concatenate(both) for both in ((one, other), (other, one)))
    leaving = before.listener * many + before.artist
    possible = _distinct(before.listener, before.session, listens.listener.max(initial=-1) + 1)
    return {
        **sums,
        # Poisson's distribution counts the sessions, not what is in them.
        **{"repeats": np.zeros(len(listener)), "usual_repeats": np.zeros(len(listener))},
        "listener": listener,
        "pattern_type": np.full(len(listener), ARTISTS),
        "pattern": first * many + second,
        "confidence_n": _counts_of(listener * many + first, leaving),
        "possible_sessions": possible[listener],
        "pattern_days": _distinct(of_pair, after.day[is_pair], len(listener)),
        "track_sequences": _distinct(of_pair, tracks[is_pair], len(listener)),
    }


def _counts_of(wanted: Codes, values: Codes) -> Numbers:
    """How often each of the wanted is among the values."""
    ordered = np.sort(values)
    return (np.searchsorted(ordered, wanted, "right") - np.searchsorted(ordered, wanted, "left")).astype(float)


def _shared_sessions(runs: Listens, many: int) -> Columns:
    """A row for each session and two of its artists, sorted, with what random order would give, which is any order."""
    entries, rows, count = np.unique(runs.session * many + runs.artist, return_index=True, return_counts=True)
    session, artist, listener = entries // many, entries % many, runs.listener[rows]
    whole = np.bincount(session, count).astype(float)
    squares = np.bincount(session, count**2)
    kept = np.flatnonzero(_much_heard(listener, artist, many))
    session, artist, listener, count = session[kept], artist[kept], listener[kept], count[kept].astype(float)
    # Each entry with every entry of its session that comes after it.
    partners = np.searchsorted(session, session, "right") - np.arange(len(session)) - 1
    first = np.repeat(np.arange(len(session)), partners)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(partners) - partners, partners)
    of = session[first]
    expected, variance = of_switches(count[first], count[second], whole[of], squares[of])
    pairs = {"session": of, "listener": listener[first], "first": artist[first], "second": artist[second]}
    return {**pairs, "expected": expected, "variance": variance}


def _much_heard(listener: Codes, artist: Codes, many: int) -> Flags:
    """Whether each entry (one for each session and artist) is of an artist in most sessions of the listener."""
    found, entry, sessions = np.unique(listener * many + artist, return_inverse=True, return_counts=True)
    order = np.lexsort((-sessions, found // many))
    place = np.empty(len(found), dtype=np.int64)
    place[order] = places(found[order] // many)
    return (place < MOST_ARTISTS)[entry]


def _tested(columns: Columns) -> Columns:
    """p and verdict: what was found beside what random order gives, over the sessions."""
    p = np.full(len(columns["units"]), np.nan)
    is_enough, is_artists = columns["units"] >= ENOUGH_UNITS, columns["pattern_type"] == ARTISTS
    for is_of, test in ((is_enough & is_artists, _p_rare), (is_enough & ~is_artists, _p_frequent)):
        p[is_of] = test(_rows(columns, is_of))
    p = false_discovery(p, columns["listener"])
    more = columns["occurrences"] - columns["expected_occurrences"]
    return {"p_corrected": p, "level": level_of_another(p, columns["listener"]), "verdict": verdicts(more, p)}


def _described(columns: Columns) -> Columns:
    """Lift with interval, and how often the pattern came of the occasions there were."""
    expected, found = columns["expected_occurrences"], columns["occurrences"]
    is_artists = columns["pattern_type"] == ARTISTS
    low, high = (np.where(is_artists, *both) for both in zip(_rare(columns), _frequent(columns), strict=True))
    is_tested = ~np.isnan(columns["p_corrected"])
    return {
        "lift": found / expected,
        "lift_low": np.where(is_tested, low / expected, np.nan),
        "lift_high": np.where(is_tested, high / expected, np.nan),
        "detectable_lift": np.where(is_artists, _detectable_rare(columns), 1 + _detectable_frequent(columns)),
        "confidence_pct": 100 * found / np.where(columns["confidence_n"] > 0, columns["confidence_n"], np.nan),
        "support_pct": 100 * columns["pattern_sessions"] / columns["possible_sessions"],
    }


def _p_frequent(columns: Columns) -> Numbers:
    """p by Student's t over the sessions' differences from random order."""
    more = columns["occurrences"] - columns["expected_occurrences"]
    return t_two_sided(more / _error(columns), columns["units"] - 1)


def _frequent(columns: Columns) -> tuple[Numbers, Numbers]:
    """Interval of the occurrences by Student's t, as :func:`_p_frequent`."""
    half = quantile(columns["units"] - 1) * _error(columns)
    return np.maximum(columns["occurrences"] - half, 0), columns["occurrences"] + half


def _detectable_frequent(columns: Columns) -> Numbers:
    """What has to be added to the lift for it to be found, by Student's t."""
    units = np.where(columns["units"] > 1, columns["units"], np.nan)
    return detectable(_error(columns), units - 1, columns["level"]) / columns["expected_occurrences"]


def _error(columns: Columns) -> Numbers:
    """Standard error of the occurrences, the larger of two, and what repeats add to it; NaN where there is none.

    What the sessions' scatter says (one session that repeats itself is no habit), and what random order itself leaves
    (a pattern that never occurred has no scatter at all). The same artists in the same order are one coincidence,
    however often a playlist is played: such occurrences vary together, as the members of a cluster do. So does their
    absence, for which the listener's usual number of repeats stands in.
    """
    units = np.where(columns["units"] > 1, columns["units"], np.nan)
    more = columns["occurrences"] - columns["expected_occurrences"]
    scatter = np.maximum(columns["squares"] - more**2 / units, 0) * units / (units - 1)
    once = np.maximum(scatter, columns["variance"])
    error = np.sqrt(once + np.maximum(columns["repeats"], once * columns["usual_repeats"]))
    return np.where(error > 0, error, np.nan)


def _p_rare(columns: Columns) -> Numbers:
    """p by the Poisson distribution, for patterns that most sessions lack.

    Student's t needs sums of many; these are of a few ones among zeros. More than expected is judged by the
    sessions with the pattern, each of which counts once however often it repeats itself; Poisson's tail is the
    heavier one there (Hoeffding 1956).
    """
    more = poisson_at_least(columns["pattern_sessions"], columns["expected_sessions"])
    fewer = poisson_at_most(columns["occurrences"], columns["expected_occurrences"])
    return np.minimum(1, 2 * np.minimum(more, fewer))


def _rare(columns: Columns) -> tuple[Numbers, Numbers]:
    """Interval of the occurrences, of the relative width of Garwood's for so many sessions with the pattern."""
    found, sessions = columns["occurrences"], columns["pattern_sessions"]
    outside = (1 - CONFIDENCE) / 2
    each = found / np.maximum(sessions, 1)
    low = np.where(sessions > 0, chi2_quantile(outside, 2 * np.maximum(sessions, 1)) / 2, 0) * each
    high = chi2_quantile(1 - outside, 2 * sessions + 2) / 2 * np.maximum(each, 1)
    return low, high


def _detectable_rare(columns: Columns) -> Numbers:
    """The lift that would have been found, by Poisson's distribution of the sessions with the pattern."""
    expected = columns["expected_sessions"]
    return poisson_detectable(expected, columns["level"], POWER) / expected


def _listed(columns: Columns, artists: npt.NDArray[np.object_]) -> Codes:
    """Rows to publish: all moods, and of a listener's artists the findings, then the most frequent."""
    is_artists = columns["pattern_type"] == ARTISTS
    is_frequent = np.maximum(columns["occurrences"], columns["expected_occurrences"]) >= FEWEST
    rows = np.flatnonzero(is_artists & is_frequent)
    frequent = _rows(columns, rows)
    names = np.asarray(_patterns(frequent, artists), dtype=str)
    is_finding = np.isin(frequent["verdict"], ("higher", "lower"))
    order = np.lexsort((names, -frequent["occurrences"], ~is_finding, frequent["listener"]))
    is_short = places(frequent["listener"][order]) < LONGEST_LIST
    return np.sort(np.concatenate([np.flatnonzero(~is_artists), rows[order][is_short]]))


@table(
    grain=("listener", "pattern_type", "pattern"),
    finish=_finish,
    finish_columns=_COLUMNS,
    finish_by=("listener",),
    finish_limit=LATEST_LISTENS,
)
def sequential_patterns(listening_with_features: ir.Table) -> ir.Table:
    """What follows what: moods and artists that come one after the other in your sessions.

    One row per listener and pattern: two or three moods (``mood_2``, ``mood_3``), or two artists (``artist_2``), heard
    directly one after the other, in the latest 20,000 listens. What is in a row by one artist counts once, because the
    order of an album is not yours: it has the mood of most of its tracks (measured: real or catalogue; a track on
    repeat is one), and without any it breaks a pattern. Artists are the 100 heard in most sessions; listed are the
    switches that are findings, then the most frequent, at most 50, heard or expected at least 5 times.

    ``lift`` compares the ``occurrences`` with the number expected if each session's artists came in random order: above
    1 the pattern is more frequent than that. The content of a session (a lot of one mood, say) is the same in both, so
    the lift is about order alone. The expectation is exact for sessions in which no artist returns, and close for
    others. ``support_pct`` is the share of ``possible_sessions`` (those with any pattern of the type) that contain it,
    ``confidence_pct`` the share of ``confidence_n`` beginnings that end this way.

    The unit is the session: ``units`` are those in which order could make a difference, and with fewer than 10 a
    pattern is ``insufficient``. Moods are tested with Student's t over the sessions, with an error never smaller than
    that of random order; artists in the same order again and again are one observation, since a playlist that is played
    often says little about moods. Artists, which are rare, are tested with the Poisson distribution of the sessions
    with the switch. p is corrected over all of a listener's patterns, including those not listed; ``detectable_lift``
    is the lift that would have been found with a chance of 80 %, where nothing was. A switch of artists may still come
    from the order of a playlist: ``track_sequences`` is the number of different track sequences in it (of the first
    tracks by each artist, for moods), ``pattern_days`` the number of days on which it was heard.
    """
    listens = with_measured_features(listening_with_features, ())
    has_mood = listens.has_measured & listens.mood.notnull()
    unnamed = ibis.literal("unnamed artist ") + listens.artist_id.cast("string")
    marked = listens.mutate(
        mood_code=has_mood.ifelse(listens.mood.cases(*((m, k) for k, m in enumerate(MOODS))), UNKNOWN).cast("int64"),
        artist=listens.artist_name.coalesce(unnamed),
        session_date=listens.local_date.min().over(ibis.window(group_by=("listener", "session_started_at"))),
    )
    # Sorted by listener, session and instant, which is how the second step needs them.
    order = ("listener", "session_started_at", "started_at", "listen_id")
    latest = (marked.started_at.desc(), marked.listen_id.desc())
    return first_n(marked, "listener", latest, LATEST_LISTENS).select(
        *order, "session_date", "track_id", "artist", "mood_code"
    )
