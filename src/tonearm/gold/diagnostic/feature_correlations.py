"""Which audio features go together in what a listener hears."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from tonearm.columns import FEATURES
from tonearm.gold.distributions import t_two_sided
from tonearm.gold.frames import as_table, codes, numbers
from tonearm.gold.measures import with_measured_features
from tonearm.gold.statistics import (
    ENOUGH_UNITS,
    ROUNDING,
    SIGNIFICANT,
    detectable,
    false_discovery,
    level_of_another,
    quantile,
)
from tonearm.silver.first_n import first_n
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Groups = npt.NDArray[np.int64]

TRACKS = 20_000
"""Most tracks of a listener that are looked at. Identities are hashes, so the smallest are a fair sample."""
PAIRS = tuple(combinations(FEATURES, 2))
WORDS = ((0.5, "strong"), (0.3, "moderate"), (0.1, "weak"), (0.0, "negligible"))
"""|r| from which on a correlation is called so: large, medium and small of Cohen (1988)."""
_NEARLY_1 = 1 - 1e-12
_KINDS = ("pearson", "spearman")
_COLUMNS = (
    *("listener", "feature_a", "feature_b", "measured_tracks", "measured_artists"),
    *(f"{kind}_{part}" for kind in _KINDS for part in ("r", "low", "high", "detectable", "p_corrected")),
    "strength",
)


def finish(rows: pa.Table) -> pa.Table:
    """28 rows per listener from the features of the tracks."""
    listener, artist = codes(rows, "listener"), codes(rows, "listener", "artist_id")
    _, first = np.unique(listener, return_index=True)
    found = _pairs({f: numbers(rows, f) for f in FEATURES}, listener, artist)
    # A column holds the pairs of the first listener, then those of the second.
    columns = {name: np.stack([pair[name] for pair in found], axis=1).reshape(-1) for name in found[0]}
    return as_table(
        {
            "listener": rows["listener"].take(pa.array(np.repeat(first, len(PAIRS)))),
            "feature_a": [a for a, _ in PAIRS] * len(first),
            "feature_b": [b for _, b in PAIRS] * len(first),
            **_judged(columns, np.repeat(np.arange(len(first)), len(PAIRS))),
        },
        _COLUMNS,
    )


@table(
    grain=("listener", "feature_a", "feature_b"),
    finish=finish,
    finish_columns=_COLUMNS,
    finish_by=("listener",),
    finish_limit=TRACKS,
)
def feature_correlations(listening_with_features: ir.Table) -> ir.Table:
    """Which features go together in your music: is what you dance to also what cheers you up?

    One row per listener and pair of the eight audio features, 28 in all. An observation is a distinct track, however
    often it was heard; only measured features (real and catalogue) are used, and for each pair only the tracks that
    have both (``measured_tracks``). A listener with more than 20,000 such tracks is represented by a sample, those with
    the smallest ``track_id``, which is a hash.

    ``pearson_r`` correlates values, ``spearman_r`` ranks. Spearman is the safer of the two, because most values of
    acousticness, instrumentalness and speechiness lie near 0. Tracks of one artist are alike, and ten of one are weaker
    evidence than ten of ten, so the units are the artists (``measured_artists``). The 95 % intervals and p use Fisher's
    z with a standard error that allows for tracks clustered by artist (sandwich estimator, Liang and Zeger 1986) and is
    never smaller than the classical one; for ranks, both times √(1 + r²/2) (Bonett and Wright 2000). A few artists with
    many tracks each weigh as much as all others: the degrees of freedom are those of so many equal artists as would say
    as much (Kish 1965). p-values are corrected over both coefficients of the 28 pairs (Benjamini and Hochberg
    1995); ``…_detectable`` is the coefficient that would have been found with a chance of 80 %, where none was.

    ``strength`` describes |spearman_r| in words if its p is significant: strong from .5, moderate from .3, weak from
    .1, negligible below (Cohen 1988); otherwise ``not_shown``, which does not prove that there is no correlation. With
    fewer than 10 artists it is ``insufficient``; ``constant`` means that a feature is the same in all tracks, so that
    there is no correlation to compute.
    """
    listens = with_measured_features(listening_with_features)
    tracks = listens.group_by("listener", "track_id").agg(
        has_measured=listens.has_measured.max(),
        artist_id=listens.artist_id.max(),
        **{f: listens[f].max() for f in FEATURES},
    )
    # Measured tracks first; a listener without any keeps one row, which says so.
    sample = first_n(tracks, "listener", (tracks.has_measured.desc(), tracks.track_id), TRACKS)
    return sample.filter(sample.has_measured | (sample.place == 0)).select(
        "listener", "track_id", "artist_id", *FEATURES
    )


def _pairs(values: dict[str, Numbers], listener: Groups, artist: Groups) -> list[dict[str, Numbers]]:
    """Both correlations of each pair of features, for each listener."""
    known_tracks: dict[bytes, Tracks] = {}
    found = []
    for a, b in PAIRS:
        is_known = ~(np.isnan(values[a]) | np.isnan(values[b]))
        # Features are mostly known together, so that nearly all pairs are of the same tracks.
        tracks = known_tracks.setdefault(is_known.tobytes(), Tracks(values, listener, artist, is_known))
        found.append(tracks.correlations(a, b))
    return found


def ranks(values: Numbers, group: Groups) -> Numbers:
    """Rank of each value in its group, from 1; equal values share the mean of their ranks."""
    order = np.lexsort((values, group))
    sorted_values, sorted_groups = values[order], group[order]
    is_new = np.ones(len(values), dtype=bool)
    is_new[1:] = (np.diff(sorted_values) != 0) | (np.diff(sorted_groups) != 0)
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], len(values))
    before = np.searchsorted(sorted_groups, sorted_groups[starts])
    shared = (starts + ends - 1) / 2 - before + 1
    found = np.empty(len(values))
    found[order] = np.repeat(shared, ends - starts)
    return found


class Tracks:
    """Listeners' tracks, and the correlations of their features."""

    def __init__(
        self, values: dict[str, Numbers], listener: Groups, artist: Groups, is_known: npt.NDArray[np.bool_]
    ) -> None:
        """Those of the tracks that are known to have the features asked for."""
        self._values, self._listeners, self._is_known = values, int(listener.max(initial=-1)) + 1, is_known
        self.listener, self.artist = listener[is_known], artist[is_known]
        self._standardised: dict[tuple[str, str], Numbers] = {}

    @cached_property
    def tracks(self) -> Numbers:
        """How many each listener has."""
        return self._count(self.listener)

    @cached_property
    def _artists(self) -> tuple[Groups, Groups]:
        """The listener of each artist, and the artist of each track."""
        _, first, of_track = np.unique(self.artist, return_index=True, return_inverse=True)
        return self.listener[first], of_track

    @cached_property
    def _equal_artists(self) -> Numbers:
        """How many artists with the same number of tracks each would say as much as those there are."""
        of_artist, of_track = self._artists
        squares = np.bincount(of_artist, np.bincount(of_track) ** 2.0, minlength=self._listeners)
        return np.asarray(self.tracks**2 / np.where(squares > 0, squares, np.nan))

    def correlations(self, a: str, b: str) -> dict[str, Numbers]:
        """For each listener Pearson's and Spearman's coefficient of two features, with their errors."""
        found = {"measured_tracks": self.tracks, "measured_artists": self._count(self._artists[0])}
        found["equal_artists"] = self._equal_artists
        for kind in _KINDS:
            found[f"{kind}_r"], found[f"{kind}_error"] = self._correlation(self._z(kind, a), self._z(kind, b))
        return found

    def _correlation(self, a: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
        """The coefficient of standardised values, and its standard error with tracks clustered by artist.

        The error adds up how far each artist's tracks together pull the coefficient: its influence function.
        """
        # The bounds are for rounding only.
        r = np.clip(self._mean(a * b), -1.0, 1.0)
        pull = a * b - r[self.listener] * (a**2 + b**2) / 2
        of_artist, of_track = self._artists
        artists, squares = self._count(of_artist), np.bincount(of_track, pull) ** 2
        total = np.bincount(of_artist, squares, minlength=self._listeners)
        error = np.sqrt(total * artists / np.where(artists > 1, artists - 1, np.nan))
        return r, error / np.where(self.tracks > 0, self.tracks, np.nan)

    def _z(self, kind: str, feature: str) -> Numbers:
        """Values (or ranks) less the listener's mean, in standard deviations; NaN where they are all alike."""
        if (kind, feature) not in self._standardised:
            values = self._values[feature][self._is_known]
            values = values if kind == "pearson" else ranks(values, self.listener)
            centred = values - self._mean(values)[self.listener]
            spread = np.sqrt(self._mean(centred**2))
            spread = np.where(spread > ROUNDING, spread, np.nan)
            self._standardised[kind, feature] = np.asarray(centred / spread[self.listener])
        return self._standardised[kind, feature]

    def _mean(self, values: Numbers) -> Numbers:
        sums = np.bincount(self.listener, values, minlength=self._listeners)
        return np.asarray(sums / np.where(self.tracks > 0, self.tracks, np.nan))

    def _count(self, listener: Groups) -> Numbers:
        return np.bincount(listener, minlength=self._listeners).astype(np.float64)


def _judged(columns: dict[str, Numbers], listener: Groups) -> dict[str, Any]:
    """The columns with intervals, corrected p and a word for the strength."""
    tracks, artists = columns["measured_tracks"], columns["measured_artists"]
    judged: dict[str, Any] = {"measured_tracks": tracks, "measured_artists": artists}
    freedom = np.where(artists >= ENOUGH_UNITS, columns["equal_artists"] - 1, np.nan)
    found = {k: _fisher(k, columns[f"{k}_r"], columns[f"{k}_error"], tracks, freedom) for k in _KINDS}
    # Both coefficients of a pair are looked at, so they are two tests.
    p = false_discovery(np.concatenate([one.p for one in found.values()]), np.tile(listener, len(_KINDS)))
    level = level_of_another(p, np.tile(listener, len(_KINDS)))
    for kind, p_of_kind, level_of_kind in zip(_KINDS, np.split(p, 2), np.split(level, 2), strict=True):
        one = found[kind]
        judged |= {
            **{f"{kind}_r": columns[f"{kind}_r"], f"{kind}_low": one.low, f"{kind}_high": one.high},
            f"{kind}_detectable": np.tanh(detectable(one.z_error, freedom, level_of_kind)),
            f"{kind}_p_corrected": p_of_kind,
        }
    judged["strength"] = _strengths(columns["spearman_r"], judged["spearman_p_corrected"], tracks, artists)
    return judged


def _strengths(r: Numbers, p: Numbers, tracks: Numbers, artists: Numbers) -> npt.NDArray[np.str_]:
    words = ["constant", "insufficient", "not_shown", *(word for _, word in WORDS)]
    is_constant = (tracks > 1) & np.isnan(r)
    is_word = [is_constant, artists < ENOUGH_UNITS, ~(p < SIGNIFICANT), *(np.abs(r) >= least for least, _ in WORDS)]
    return np.select(is_word, words, "insufficient")


class _Fisher(NamedTuple):
    """The interval of a coefficient, its p (uncorrected), and the standard error of Fisher's z."""

    low: Numbers
    high: Numbers
    p: Numbers
    z_error: Numbers


def _fisher(kind: str, r: Numbers, error: Numbers, tracks: Numbers, freedom: Numbers) -> _Fisher:
    """One coefficient's interval and test, by Fisher's z and Student's t; NaN without degrees of freedom."""
    # Fisher's z of a perfect correlation is infinite.
    r_known = np.clip(np.where(freedom > 0, r, np.nan), -_NEARLY_1, _NEARLY_1)
    # Ranks vary more than values do (Bonett and Wright 2000); simulated errors of clustered tracks agree.
    wider = np.sqrt(1 + r_known**2 / 2) if kind == "spearman" else 1.0
    classical = 1 / np.sqrt(np.where(tracks > 3, tracks - 3, np.nan))
    z, z_error = np.arctanh(r_known), wider * np.fmax(error / (1 - r_known**2), classical)
    half = quantile(freedom) * z_error
    return _Fisher(np.tanh(z - half), np.tanh(z + half), t_two_sided(z / z_error, freedom), z_error)
