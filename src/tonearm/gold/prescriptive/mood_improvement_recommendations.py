"""Tracks after which a listener's music turned more positive, and tracks like them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow.compute as pc

from tonearm.columns import FEATURES, MEASURED
from tonearm.gold.frames import as_table, codes, for_order, numbers, places
from tonearm.gold.measures import total, with_measured_features
from tonearm.gold.statistics import ENOUGH_UNITS, against, detectable, false_discovery, level_of_another, verdicts
from tonearm.silver.first_n import first_n
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]

AROUND = 5
"""Listens on each side of a hearing whose music is compared: a quarter of an hour or so."""
MOST_TESTED = 300
"""Tracks of a listener that are tested: those with the most units, chosen regardless of their
effect, since every additional test costs the others power."""
MOST_HIGHER, MOST_NOT_SHOWN, MOST_INSUFFICIENT, MOST_UNHEARD = 20, 5, 5, 10
"""Rows of each kind. What shows no effect is no recommendation: a few such rows say how near the best came."""
LEAST_UNITS = 2
"""Units below which a track is not listed at all: a single listen is an anecdote."""
SHRINKAGE_UNITS = 10
"""A difference of n units is taken for n / (n + this) of itself, so that one lucky session does not lead a list."""
MOST_ANCHORS = 5
"""Heard tracks of a listener to which unheard ones are looked for."""
NO_SPREAD = 1e-12
"""Sum of squares that rounding leaves behind where all values are equal."""
PROMISING_T = 1.96
"""Below it no number of sessions makes a track significant, and nothing like it need be looked for."""
NEIGHBOURS = 50
"""Nearest tracks of an anchor among which a listener's ten unheard ones are found."""
CELL = 0.1
"""Width of a cell in the valence–energy plane, and the most that neighbours may differ in either."""
COMPARED = ("danceability", "energy", "valence", "acousticness", "instrumentalness", "speechiness")
"""The features of 0–1, by which two tracks are close: a tempo is often half or double the heard one, and loudness
mostly repeats energy."""
_NEAREST = ("is_other_genre", "distance", "track_id")
_TRACK = ("artist_name", "track_name", "genre", *FEATURES, "feature_source")
_EVIDENCE = ("units", "sessions", "listens", "valence_before", "valence_after", "valence_expected")
_SPREADS = ("difference_stddev", "rise", "rise_stddev")
_STEP = ("listener", "kind", "track_id", *_TRACK, *_EVIDENCE, *_SPREADS, "close_to_id", "close_to", "distance")


def ranked(rows: pa.Table) -> pa.Table:
    """Tests the heard tracks, keeps the best and the unheard tracks close to the significant ones."""
    tested = _tested(rows)
    found = _listed(rows, tested)
    rows = rows.take(found)
    tested = {name: values[found] for name, values in tested.items()}
    family = codes(rows, "listener")
    close_to_id = pc.if_else(pc.equal(rows["kind"], "heard"), None, rows["close_to_id"])
    columns = {name: rows[name] for name in rows.column_names} | tested
    columns |= {"rank": places(family) + 1, "close_to_id": close_to_id}
    return as_table(columns | {"because": _reasons(rows, tested)}, FINISH_COLUMNS)


FINISH_COLUMNS = (
    *("listener", "rank", "kind", "track_id", *_TRACK),
    *("units", "sessions", "listens", "valence_before", "valence_after", "rise", "rise_low", "rise_high"),
    *(
        "valence_expected",
        "difference",
        "difference_low",
        "difference_high",
        "effect",
        "detectable_difference",
        "p_corrected",
    ),
    *("tracks_tested", "verdict"),
    *("close_to_id", "close_to", "distance", "because"),
)


@table(
    grain=("listener", "rank"),
    finish=ranked,
    finish_columns=FINISH_COLUMNS,
    finish_by=("listener",),
    finish_limit=MOST_TESTED + MOST_INSUFFICIENT + MOST_ANCHORS * MOST_UNHEARD,
)
def mood_improvement_recommendations(listening_with_features: ir.Table, tracks: ir.Table) -> ir.Table:
    """Tracks after which your music became more positive, and unheard tracks that sound like them.

    One row per listener and rank: up to 20 heard tracks with verdict ``higher``, the 5 closest to it (``not_shown``), 5
    with too few sessions (``insufficient``), and up to 10 unheard ones. This is about *the music that followed*, not
    about how you felt, and a track that is followed by brighter music need not be the cause.

    For each listen that was not skipped, ``valence_before`` is the mean measured valence (real or catalogue) of up to 5
    listens before it in the session, ``valence_after`` of up to 5 after it. The artist's own tracks are left out on
    both sides: an album's running order is no effect. The track itself needs no features. Listens in one session count
    as one, and sessions that went on with the very same music count as one unit, however often a playlist is played.

    After sad music happier music follows anyway (regression to the mean), and a track of happy playlists is followed by
    happy music anyway. So a track is ``higher`` only if it passes two tests at once: ``difference``, what followed
    compared with what usually follows the same ``valence_before`` in the same year of this listener
    (``valence_expected``, by analysis of covariance: Vickers & Altman 2001), and ``rise``, what followed compared with
    what came before. The p-value is the larger of the two t tests' (an intersection–union test: Berger 1982; in a
    simulated history without any effect the first alone fell below .05 for 21 % of the tracks, both together for 2 %),
    corrected over the ``tracks_tested``, at most the 300 tracks with most units. Intervals are for each comparison
    alone. ``detectable_difference`` is what would have been found with a chance of 80 %, where nothing was.

    Tracks are ranked by verdict, then by the lower end of the two intervals, so that many sessions beat a lucky few;
    tracks with 2 to 9 units follow as ``insufficient``, by their difference shrunk to n / (n + 10) of itself: these are
    no findings and have no reason. This is the usual case if few tracks have features. Tracks after which the music did
    not become brighter on average are not listed.

    An unheard track (``kind``) was never heard in this history, and is close to a track with verdict ``higher``
    (``close_to``): valence and energy within .1, the same genre first, then by ``distance``, the root mean square
    difference over danceability, energy, valence, acousticness, instrumentalness and speechiness. That it would have
    the same effect is a guess; its own verdict is ``insufficient``.
    """
    around = _with_music_around(listening_with_features)
    evidence = _evidence(_with_expectation(_session_units(around)))
    heard = _candidates(evidence).left_join(tracks, "track_id").drop("track_id_right")
    heard = heard.mutate(
        kind=ibis.literal("heard"),
        # Not null, which would make an id a rounded float on its way through pandas.
        close_to_id=heard.track_id,
        close_to=ibis.null("string"),
        distance=ibis.null("float64"),
    )
    close = _unheard(_anchors(evidence), listening_with_features, tracks)
    return heard.select(*_STEP).union(close.select(*_STEP))


def _with_music_around(listening_with_features: ir.Table) -> ir.Table:
    """Each hearing with the mean valence of other artists' listens just before and just after it."""
    is_heard = ~listening_with_features.is_skipped.fill_null(False)
    listens = with_measured_features(listening_with_features.filter(is_heard), ("valence",))
    session = ("listener", "session_started_at")
    in_order = ibis.window(group_by=session, order_by=("started_at", "listen_id"))
    listens = listens.mutate(place=ibis.row_number().over(in_order).cast("int64"))
    return listens.select(
        *("listener", "track_id", "session_started_at"),
        year=listens.local_date.year().cast("int64"),
        before=_mean_of_others(listens, preceding=(AROUND, 1)),
        after=_mean_of_others(listens, following=(1, AROUND)),
    )


def _mean_of_others(listens: ir.Table, **span: tuple[int, int]) -> ir.FloatingValue:
    """Mean valence over a span of places in the session, less the listens of the row's own artist."""
    session = ("listener", "session_started_at")
    all_of_them = ibis.range_window(group_by=session, order_by="place", **span)
    own = ibis.range_window(group_by=(*session, "artist_id"), order_by="place", **span)
    valence = listens.valence
    others = (valence.count().over(all_of_them) - valence.count().over(own)).cast("float64")
    total = valence.sum().over(all_of_them).fill_null(0.0) - valence.sum().over(own).fill_null(0.0)
    return total / others.nullif(0.0)


def _session_units(around: ir.Table) -> ir.Table:
    """A session's hearings of a track as one: what came before, and what after."""
    both = around.filter(around.before.notnull() & around.after.notnull())
    return both.group_by("listener", "track_id", "session_started_at").agg(
        year=both.year.min(), before=both.before.mean(), after=both.after.mean(), listens=both.count()
    )


def _with_expectation(units: ir.Table) -> ir.Table:
    """Adds what usually follows: the regression of after on before within the listener's years."""
    of_year = ibis.window(group_by=("listener", "year"))
    units = units.mutate(usual_before=units.before.mean().over(of_year), usual_after=units.after.mean().over(of_year))
    above = units.before - units.usual_before
    of_listener = ibis.window(group_by="listener")
    together = (above * (units.after - units.usual_after)).sum().over(of_listener)
    squares = (above * above).sum().over(of_listener)
    # Below it the befores are all alike, but for rounding.
    slope = (squares > NO_SPREAD).ifelse(together / squares.nullif(0.0), 0.0)
    return units.mutate(expected=units.usual_after + slope * above)


def _evidence(units: ir.Table) -> ir.Table:
    """Each track's units: its sessions, those that went on with the very same music as one."""
    units = units.mutate(same_music=(units.after * 1e6).round().cast("int64"))
    different = units.group_by("listener", "track_id", "same_music").agg(
        **{name: units[name].mean() for name in ("before", "after", "expected")},
        sessions=units.count(),
        listens=total(units.listens),
    )
    difference, rise = different.after - different.expected, different.after - different.before
    tracks = different.group_by("listener", "track_id").agg(
        units=different.count(),
        sessions=total(different.sessions),
        listens=total(different.listens),
        valence_before=different.before.mean(),
        valence_after=different.after.mean(),
        valence_expected=different.expected.mean(),
        difference_stddev=difference.std(how="sample"),
        rise_stddev=rise.std(how="sample"),
    )
    return tracks.mutate(
        gain=tracks.valence_after - tracks.valence_expected, rise=tracks.valence_after - tracks.valence_before
    )


def _candidates(evidence: ir.Table) -> ir.Table:
    """The tracks to test, and the most promising of those that cannot be."""
    several = evidence.filter(evidence.units >= LEAST_UNITS)
    smaller = ibis.least(several.gain, several.rise)
    n = several.units.cast("float64")
    tracks = several.mutate(
        is_tested=several.units >= ENOUGH_UNITS,
        smaller=smaller,
        shrunk=smaller * n / (n + SHRINKAGE_UNITS),
    )
    # Which tracks are tested must not depend on their effect.
    best = (tracks.is_tested.ifelse(tracks.units, 0).desc(), tracks.is_tested.ifelse(0.0, tracks.shrunk).desc())
    in_order = ibis.window(group_by=("listener", "is_tested"), order_by=(*best, tracks.track_id))
    tracks = tracks.mutate(place=ibis.row_number().over(in_order))
    is_promising = (tracks.smaller > 0) & (tracks.place < MOST_INSUFFICIENT)
    return tracks.filter(tracks.is_tested.ifelse(tracks.place < MOST_TESTED, is_promising))


def _anchors(evidence: ir.Table) -> ir.Table:
    """Tracks that may turn out significant, those with the largest t first."""
    enough = evidence.filter(evidence.units >= ENOUGH_UNITS)
    root = enough.units.cast("float64").sqrt()
    by_difference = enough.gain / enough.difference_stddev.nullif(0.0) * root
    by_rise = enough.rise / enough.rise_stddev.nullif(0.0) * root
    promising = enough.mutate(t=by_difference).filter((by_difference > PROMISING_T) & (by_rise > PROMISING_T))
    first = first_n(promising, "listener", (promising.t.desc(), promising.track_id), MOST_ANCHORS)
    return first.select("listener", close_to_id="track_id")


def _unheard(anchors: ir.Table, listening_with_features: ir.Table, tracks: ir.Table) -> ir.Table:
    """For each anchor the nearest tracks that its listener never heard."""
    close = anchors.inner_join(_neighbours(anchors.select("close_to_id").distinct(), tracks), "close_to_id")
    heard = listening_with_features.select("listener", "track_id").distinct()
    unheard = close.anti_join(heard, ["listener", "track_id"])
    first = first_n(unheard, ("listener", "close_to_id"), _NEAREST, MOST_UNHEARD)
    return first.mutate(
        kind=ibis.literal("unheard"),
        **dict.fromkeys(("units", "sessions", "listens"), ibis.literal(0, "int64")),
        **{name: ibis.null("float64") for name in (*_EVIDENCE[3:], *_SPREADS)},
    )


def _neighbours(anchors: ir.Table, tracks: ir.Table) -> ir.Table:
    """The tracks nearest to each anchor, found by cells of the valence–energy plane."""
    known = tracks.filter(tracks.feature_source.isin(MEASURED), *(tracks[f].notnull() for f in COMPARED))
    known = known.mutate(**{f"{f}_cell": (known[f] / CELL).floor().cast("int64") for f in ("valence", "energy")})
    own = known.select(
        *COMPARED, "valence_cell", "energy_cell", close_to_id="track_id", close_to="track_name", own_genre="genre"
    )
    own = own.inner_join(anchors, "close_to_id")
    steps = ibis.array([ibis.struct({"right": i, "up": j}) for i in (-1, 0, 1) for j in (-1, 0, 1)])
    own = own.mutate(step=steps.unnest()).unpack("step")
    own = own.select(
        *("close_to_id", "close_to", "own_genre"),
        valence_cell=own.valence_cell + own.right,
        energy_cell=own.energy_cell + own.up,
        **{f"own_{f}": own[f] for f in COMPARED},
    )
    pairs = own.inner_join(known, ["valence_cell", "energy_cell", own.close_to_id != known.track_id])
    apart = {f: pairs[f] - pairs[f"own_{f}"] for f in COMPARED}
    pairs = pairs.filter(apart["valence"].abs() <= CELL, apart["energy"].abs() <= CELL)
    pairs = pairs.mutate(
        distance=(sum((pairs[f] - pairs[f"own_{f}"]) ** 2 for f in COMPARED) / float(len(COMPARED))).sqrt(),
        is_other_genre=(pairs.genre != pairs.own_genre).fill_null(True),
    )
    return first_n(pairs, "close_to_id", _NEAREST, NEIGHBOURS).select(
        "close_to_id", "close_to", "track_id", *_TRACK, "distance", "is_other_genre"
    )


def _tested(rows: pa.Table) -> dict[str, Any]:
    """Both comparisons of each row, NaN where there are too few units."""
    units = numbers(rows, "units")
    n = np.where(units >= ENOUGH_UNITS, units, np.nan)
    after, expected, before = (numbers(rows, f"valence_{c}") for c in ("after", "expected", "before"))
    usual = against(after - expected, numbers(rows, "difference_stddev"), n)
    earlier = against(after - before, numbers(rows, "rise_stddev"), n)
    agree = np.sign(usual.difference) == np.sign(earlier.difference)
    p = np.where(agree, np.maximum(usual.p, earlier.p), 1.0)
    p = np.where(np.isnan(usual.p) | np.isnan(earlier.p), np.nan, p)
    family = codes(rows, "listener")
    corrected = false_discovery(p, family)
    effect = np.where(np.isnan(p), np.nan, usual.effect)
    # Both tests have to find it, so the one that needs more decides.
    level = level_of_another(corrected, family)
    least = np.fmax(*(detectable(one.error, one.freedom, level) for one in (usual, earlier)))
    return {
        "tracks_tested": np.bincount(family, ~np.isnan(p))[family],
        **{"difference": usual.difference, "difference_low": usual.low, "difference_high": usual.high},
        **{"rise": earlier.difference, "rise_low": earlier.low, "rise_high": earlier.high},
        **{
            "effect": effect,
            "detectable_difference": least,
            "p_corrected": corrected,
            "verdict": verdicts(usual.difference, corrected),
        },
    }


def _listed(rows: pa.Table, tested: dict[str, Any]) -> npt.NDArray[np.int64]:
    """Which rows are listed, in their order: heard ones that brighten, then unheard ones close to a significant one."""
    family = codes(rows, "listener")
    is_unheard = np.asarray(rows["kind"].to_numpy()) == "unheard"
    smaller = np.minimum(tested["difference"], tested["rise"])
    units, low = numbers(rows, "units"), np.minimum(tested["difference_low"], tested["rise_low"])
    is_insufficient = tested["verdict"] == "insufficient"
    score = np.where(is_insufficient, smaller * units / (units + SHRINKAGE_UNITS), low)
    score = np.where(is_unheard, -numbers(rows, "distance"), score)
    group = np.select([is_unheard, tested["verdict"] == "higher", ~is_insufficient], [3, 0, 1], 2)
    track = rows["track_id"].to_numpy()
    order = np.lexsort((track, for_order(-score), group, family))
    keep = (is_unheard & _is_close_to_evident(rows, family, tested["verdict"])) | (smaller > 0)
    order = order[keep[order]]
    order = order[_is_first(family[order], track[order])]
    most = np.array([MOST_HIGHER, MOST_NOT_SHOWN, MOST_INSUFFICIENT, MOST_UNHEARD])
    part = len(most) * family[order] + group[order]
    return order[places(part) < most[group[order]]]


def _is_close_to_evident(
    rows: pa.Table, family: npt.NDArray[np.int64], verdict: npt.NDArray[np.str_]
) -> npt.NDArray[np.bool_]:

    own = np.stack([family, rows["track_id"].to_numpy()], axis=1)
    anchor = np.stack([family, rows["close_to_id"].to_numpy()], axis=1)
    _, found = np.unique(np.concatenate([own, anchor]), axis=0, return_inverse=True)
    of_own, of_anchor = np.split(found.reshape(-1), 2)
    return np.isin(of_anchor, of_own[verdict == "higher"])


def _is_first(*keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether a row is the first with its keys."""
    _, first = np.unique(np.stack(keys, axis=1), axis=0, return_index=True)
    is_first = np.zeros(len(keys[0]), dtype=bool)
    is_first[first] = True
    return is_first


def _because(row: dict[str, Any]) -> str | None:
    if row["kind"] == "unheard":
        return f"You never heard it; it sounds like {row['close_to']} (distance {row['distance']:.2f})."
    if row["verdict"] == "insufficient":
        return None
    moved = f"valence {row['valence_before']:.2f} before and {row['valence_after']:.2f} after"
    usual = f"{row['valence_expected']:.2f} usually follows"
    if row["verdict"] == "higher":
        return f"The music that followed was more positive: {moved}, where {usual}; {row['units']} sessions."
    return f"No effect shown: {moved}, where {usual}; {row['units']} sessions."


def _reasons(rows: pa.Table, tested: dict[str, Any]) -> list[str | None]:
    """Each row in words; a listener has at most thirty here."""
    names = ("kind", "units", "valence_before", "valence_after", "valence_expected", "close_to", "distance")
    return [
        _because(row | {"verdict": v}) for row, v in zip(rows.select(names).to_pylist(), tested["verdict"], strict=True)
    ]
