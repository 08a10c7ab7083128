"""Personas: distinct kinds of music that a listener hears, if there are any."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np
from threadpoolctl import threadpool_limits

from tonearm.columns import FEATURES
from tonearm.gold.cognitive.k_means import MANY_STARTS, SEED, STARTS, distances, k_means, rand_indices, silhouettes
from tonearm.gold.distributions import normal_quantile, ranks
from tonearm.gold.frames import as_table, codes, numbers, runs
from tonearm.gold.measures import percent, with_measured_features
from tonearm.gold.statistics import ENOUGH_UNITS
from tonearm.silver.first_n import first_n
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

SAMPLE = 400
ENOUGH_TRACKS = 100
ENOUGH_ARTISTS = ENOUGH_UNITS
MOST_PERSONAS = 5
LEAST_GAIN = 0.04
LEAST_STABILITY = 0.80
LEAST_SHARE = 0.05
SHUFFLES, RESAMPLES, SURROGATES = 10, 48, 5
"""Of 983 invented listeners, 12 passed with twelve resamples, none of whom did with 150; three or four pass with 48."""
FIRST_SHUFFLES, FIRST_RESAMPLES = 2, 3
SILHOUETTES_VARY, AGREEMENTS_VARY = 0.01, 0.2
"""Standard deviations of one shuffle's silhouette (.005 was measured, .009 at most) and of one resample's Rand index
(.29, .19, .12 and .10 for two to five groups)."""
AT_ONCE, ROWS_APART = 16, 50
"""Listeners that k-means is called for together, and what their tracks are rounded up to for that."""
SURE = 2.5
"""Standard errors that the mean of the first few must be below the threshold for the rest to be skipped."""
LEAST_KNOWN = 0.9
"""Share of the tracks in which a feature must be known, else the feature is left out rather than the tracks."""
SETS_APART = 0.25
"""Standard deviations from the listener's mean from which a feature may name a persona."""
WORDS = {
    "energy": ("calm", "energetic"),
    "acousticness": ("electric", "acoustic"),
    "valence": ("dark", "bright"),
    "danceability": ("not for dancing", "danceable"),
    "instrumentalness": ("sung", "instrumental"),
    "tempo": ("slow", "fast"),
    "loudness": ("quiet", "loud"),
    "speechiness": ("without talk", "wordy"),
}
CENTROID = tuple(f"centroid_{feature}" for feature in FEATURES)
_TRIED = (
    *("silhouette", "null_silhouette", "shuffles", "correlated_silhouette", "stability_ari", "smallest_share_pct"),
    *("inertia_left_pct", "elbow_k"),
)
FINISH_COLUMNS = (
    *("listener", "persona", "persona_name", "is_stable", "evidence", "in_words"),
    *("tracks", "artists_sampled", "tracks_share_pct", "listens", "sample_share_pct", *CENTROID, "k", *_TRIED),
    *("is_separate", "sampled_tracks", "measured_tracks", "measured_share_pct"),
)
Row = dict[str, Any]


def finish(tracks: pa.Table) -> pa.Table:
    """The personas of each listener among the sampled ``tracks``."""
    listeners = list(runs(tracks, "listener"))
    samples = [_sample(rows) for rows in listeners]
    problems = [_too_little(sample) for sample in samples]
    rows: list[Row] = []
    # Several threads add up in another order each time.
    with threadpool_limits(1):
        tried = iter(tries([one for one, problem in zip(samples, problems, strict=True) if not problem]))
        for own, sample, problem in zip(listeners, samples, problems, strict=True):
            about = _about(own, sample)
            if problem:
                rows.append(about | _whole(sample) | {"evidence": "insufficient", "in_words": problem})
            else:
                rows += _personas(about, sample, next(tried))
    return as_table({name: [row.get(name) for row in rows] for name in FINISH_COLUMNS}, FINISH_COLUMNS)


@table(
    grain=("listener", "persona"),
    finish=finish,
    finish_columns=FINISH_COLUMNS,
    finish_by=("listener",),
    finish_limit=SAMPLE,
)
def mood_state_clusters(listening_with_features: ir.Table) -> ir.Table:
    """The distinct kinds of music you listen to: up to five personas, or the answer that there are none.

    One row per listener and persona, the largest first. k-means groups the tracks with measured features (real or
    catalogue) into 2 to 5 groups by their eight features, each in the listener's own standard deviations; a feature
    that is constant or mostly unknown is left out. A track counts once, however often it was heard. Of more than 400
    tracks those with the smallest ``track_id`` are used; the id is a hash, so this is a random sample. Two listeners
    with the same tracks get the same personas.

    k-means finds groups in any data, so personas are shown only (``evidence`` is ``stable``) if three conditions hold
    for a number ``k``: the ``silhouette`` (Rousseeuw 1987) is at least .04 above that of the same tracks with every
    feature shuffled on its own (``shuffles`` times: ten, or two if that settles it); resampling the artists 48 times
    (fewer if the answer is clearly no) gives the same groups, with a mean adjusted Rand index of at least .80
    (``stability_ari``); and no group has less than 5 % of the tracks. If several ``k`` qualify, the one furthest above
    its shuffled tracks is used. ``elbow_k`` is where the scatter within groups stops falling steeply; it is reported
    but not used.

    ``is_separate`` is true if the groups are more than the two ends of one scale: if the silhouette is also .04 above
    that of simulated tracks with the same spread and rank correlations, but no groups. It is computed for personas
    only, and is false for most listeners: calm and energetic music shade into one another.

    A listener without stable personas has one row, persona 0 with the mean of all tracks: ``not_shown`` with the
    figures of the best ``k`` tried, or ``insufficient`` below 100 tracks or 10 artists. ``persona_name`` describes what
    distinguishes the persona from the listener's other music, not from other people's. ``sample_share_pct`` is the
    persona's share of the listens of the sampled tracks. Centroids are means in the feature's own unit; their
    differences have no intervals or p-values, because the groups were made to differ. ``measured_share_pct`` is the
    share of all listens that have measured features.
    """
    measured = with_measured_features(listening_with_features)
    everything = measured.group_by("listener").agg(
        measured_share_pct=percent(measured.count(where=measured.has_measured), measured.count())
    )
    known = measured.filter(measured.has_measured)
    tracks = known.group_by("listener", "track_id").agg(
        artist_id=known.artist_id.max(),
        listens=known.count(),
        **{f: known[f].max() for f in FEATURES},
    )
    tracks = tracks.mutate(measured_tracks=tracks.count().over(ibis.window(group_by="listener")))
    sample = first_n(tracks, "listener", "track_id", SAMPLE)
    rows = everything.left_join(sample, "listener").drop("listener_right")
    return rows.select(
        *("listener", "track_id", "artist_id", "listens", *FEATURES, "measured_tracks", "measured_share_pct")
    )


class Sample(NamedTuple):
    """Tracks of one listener: their features, in original and in standardised units, and what they count."""

    features: Numbers
    scaled: Numbers
    used: list[int]
    """Which of FEATURES the columns of ``scaled`` are."""
    artist: Ints
    listens: Numbers


class Grouping(NamedTuple):
    """What k-means made of some tracks."""

    groups: Ints
    inertia: float
    silhouette: float
    smallest_share: float


@dataclass(frozen=True)
class Tried:
    """The result for one number of groups, and for what it has been compared with so far."""

    k: int
    groups: Ints
    inertia: float
    silhouette: float
    smallest_share: float
    """Share of the smallest group."""
    chance: Sequence[float] = ()
    """Silhouettes of shuffled tracks."""
    agreements: Sequence[float] = ()
    """Adjusted Rand indices with the groups of resampled artists."""

    @property
    def null_silhouette(self) -> float:
        """The mean of shuffled tracks."""
        return fmean(self.chance)

    @property
    def gain(self) -> float:
        """How far above its shuffled tracks."""
        return self.silhouette - self.null_silhouette

    @property
    def stability(self) -> float | None:
        """Mean agreement with resampled artists; None if there were none."""
        return fmean(self.agreements) if self.agreements else None

    @property
    def is_above_chance(self) -> bool:
        """Whether the groups are clearly above their shuffled tracks and none is tiny, as far as is known."""
        slack = _slack(SILHOUETTES_VARY, len(self.chance), SHUFFLES)
        return self.gain >= LEAST_GAIN - slack and self.smallest_share >= LEAST_SHARE

    @property
    def is_stable(self) -> bool:
        """Whether other artists would give the same groups, as far as is known."""
        slack = _slack(AGREEMENTS_VARY, len(self.agreements), RESAMPLES)
        return self.stability is None or self.stability >= LEAST_STABILITY - slack

    @property
    def is_hopeful(self) -> bool:
        """Whether more resamples may change the answer."""
        return len(self.agreements) < RESAMPLES and self.is_above_chance and self.is_stable

    @property
    def is_publishable(self) -> bool:
        """Whether all comparisons were made and the groups are personas."""
        is_asked = len(self.chance) == SHUFFLES and len(self.agreements) == RESAMPLES
        return is_asked and self.is_above_chance and self.is_stable


def _slack(varies: float, asked: int, needed: int) -> float:
    """How far the mean so far may be from that of all that are needed: 0 once all are there."""
    return SURE * varies * (1 / asked - 1 / needed) ** 0.5 if asked else math.inf


def _too_little(sample: Sample) -> str | None:
    """Why the tracks are not grouped, None if they are enough."""
    n, artists = len(sample.features), len(np.unique(sample.artist))
    if n < ENOUGH_TRACKS or artists < ENOUGH_ARTISTS:
        words = f"Not enough data: {n} measured tracks by {artists} artists; {ENOUGH_TRACKS} and "
        return f"{words}{ENOUGH_ARTISTS} are needed."
    if len(sample.used) < 2:
        return f"Not enough data: the features of the {n} measured tracks hardly differ."
    return None


def _personas(about: Row, sample: Sample, tried: Sequence[Tried]) -> Iterator[Row]:
    """The rows of a listener with enough tracks."""
    best = _best(tried)
    figures = _figures(sample, best, tried)
    if not best.is_publishable:
        yield about | _whole(sample) | figures | {"evidence": "not_shown", "in_words": _why_not(best)}
        return
    correlated = _correlated_silhouette(sample.scaled, best.k)
    is_separate = best.silhouette - correlated >= LEAST_GAIN
    figures |= {"correlated_silhouette": correlated, "is_separate": is_separate}
    for row in _groups(sample, best.groups):
        if not is_separate:
            row["in_words"] += " It is an end of a scale rather than a kind of its own."
        yield about | row | figures | {"is_stable": True, "evidence": "stable"}


def _sample(rows: pa.Table) -> Sample:
    """The tracks with the features that are known of enough of them, without those that lack one of these."""
    features = np.stack([numbers(rows, f) for f in FEATURES], axis=1)
    # A listener without measured tracks has one row without a track.
    features = features[~np.isnan(numbers(rows, "listens"))]
    known = ~np.isnan(features)
    used = [i for i in range(len(FEATURES)) if len(features) and known[:, i].mean() >= LEAST_KNOWN]
    whole = known[:, used].all(axis=1) if used else np.zeros(len(features), bool)
    features = features[whole]
    used = [i for i in used if len(features) > 1 and features[:, i].std() > 1e-6]
    kept = features[:, used]
    scaled = (kept - kept.mean(axis=0)) / kept.std(axis=0) if used else kept
    artist, listens = codes(rows, "artist_id"), numbers(rows, "listens")
    is_track = ~np.isnan(listens)
    return Sample(features, scaled, used, artist[is_track][whole], listens[is_track][whole])


def _about(rows: pa.Table, sample: Sample) -> Row:
    first = rows.slice(0, 1).to_pylist()[0]
    return {
        "listener": first["listener"],
        "sampled_tracks": len(sample.features),
        "measured_tracks": first["measured_tracks"] or 0,
        "measured_share_pct": first["measured_share_pct"],
    }


def _whole(sample: Sample) -> Row:
    """Persona 0: all the tracks."""
    everything = np.ones(len(sample.features), bool)
    return _described(sample, everything) | {"persona": 0, "is_stable": False}


def _described(sample: Sample, members: npt.NDArray[np.bool_]) -> Row:
    n, listens = int(members.sum()), float(sample.listens[members].sum())
    known = ~np.isnan(sample.features[members])
    sums = np.where(known, sample.features[members], 0.0).sum(axis=0)
    counts = known.sum(axis=0)
    return {
        "tracks": n,
        "artists_sampled": len(np.unique(sample.artist[members])),
        "tracks_share_pct": 100 * n / len(members) if n else None,
        "listens": int(listens),
        "sample_share_pct": 100 * listens / float(sample.listens.sum()) if n else None,
        **{c: s / m if m else None for c, s, m in zip(CENTROID, sums.tolist(), counts.tolist(), strict=True)},
    }


def _best(tried: Sequence[Tried]) -> Tried:
    """The number of groups to publish; else the best one, which may not be published."""
    publishable = [one for one in tried if one.is_publishable]
    fit = [one for one in tried if one.gain >= LEAST_GAIN and one.smallest_share >= LEAST_SHARE]
    if publishable or not fit:
        return max(publishable or tried, key=lambda one: (one.gain, -one.k))
    return max(fit, key=lambda one: (one.stability or 0.0, one.gain, -one.k))


def tries(samples: Sequence[Sample]) -> list[list[Tried]]:
    """Every number of groups of each of ``samples``, compared with chance and with resampled artists as needed.

    Most listeners have no personas, and most of the time would go into confirming that. Several listeners are computed
    together, because for the few tracks of one the overhead of calls dominates; the result for one does not depend on
    the others.
    """
    found: dict[int, list[Tried]] = {}
    by_size = sorted(range(len(samples)), key=lambda n: _size(samples[n].scaled))
    for _, alike in groupby(by_size, key=lambda n: _size(samples[n].scaled)):
        while some := list(islice(alike, AT_ONCE)):
            found |= zip(some, _tries([samples[n] for n in some]), strict=True)
    return [found[n] for n in range(len(samples))]


def _size(scaled: Numbers) -> int:
    """Rows of the matrix that the tracks are put into."""
    return -(-len(scaled) // ROWS_APART) * ROWS_APART


def _tries(samples: Sequence[Sample]) -> list[list[Tried]]:
    scaled = [one.scaled for one in samples]
    chances = [np.random.default_rng(SEED).spawn(2) for _ in samples]
    shuffled = [_shuffled(own, FIRST_SHUFFLES, rng) for own, (rng, _) in zip(scaled, chances, strict=True)]
    tried = _against_others(samples, _grouped(scaled, shuffled), [rng for _, rng in chances])
    return [_against_chance(of_one, own, rng) for of_one, own, (rng, _) in zip(tried, scaled, chances, strict=True)]


def _shuffled(scaled: Numbers, times: int, rng: np.random.Generator) -> Numbers:
    """The tracks with every feature shuffled by itself, so many ``times``."""
    return rng.permuted(np.broadcast_to(scaled, (times, *scaled.shape)), axis=1)


def _grouped(scaled: Sequence[Numbers], shuffled: Sequence[Numbers]) -> list[list[Tried]]:
    """Each number of groups of each listener, compared with the listener's ``shuffled`` tracks."""
    ks = range(2, MOST_PERSONAS + 1)
    found = _groupings(scaled, ks, MANY_STARTS)
    by_chance = _groupings([one for others in shuffled for one in others], ks)
    tried = []
    for n, own in enumerate(found):
        others = by_chance[n * FIRST_SHUFFLES : (n + 1) * FIRST_SHUFFLES]
        chance = [tuple(one.silhouette for one in same_k) for same_k in zip(*others, strict=True)]
        tried.append([Tried(k, *of_k, chance=c) for k, of_k, c in zip(ks, own, chance, strict=True)])
    return tried


def _groupings(matrices: Sequence[Numbers], ks: Sequence[int], starts: int = STARTS) -> list[list[Grouping]]:
    """Of each of ``matrices``, which are of one size, each number of groups."""
    points, counts = _stacked(matrices)
    found = [k_means(points, k, counts, starts) for k in ks]
    groupings = []
    for n, one in enumerate(matrices):
        groups = [of_k[n, 0, : len(one)] for of_k, _ in found]
        inertia = [float(of_k[n, 0]) for _, of_k in found]
        means = silhouettes(distances(one), np.stack(groups), max(ks)).tolist()
        smallest = [float(np.bincount(own, minlength=k).min() / len(own)) for own, k in zip(groups, ks, strict=True)]
        groupings.append([Grouping(*each) for each in zip(groups, inertia, means, smallest, strict=True)])
    return groupings


def _stacked(matrices: Sequence[Numbers], drawn: Sequence[Numbers] = ()) -> tuple[Numbers, Numbers]:
    """``matrices`` filled up to one size, and how often each row counts: once, or as ``drawn``; what fills up never."""
    size = _size(matrices[0])
    points = np.zeros((len(matrices), size, len(FEATURES)))
    counts = np.zeros((len(matrices), len(drawn[0]) if drawn else 1, size))
    for n, one in enumerate(matrices):
        points[n, : len(one), : one.shape[1]] = one
        counts[n, :, : len(one)] = drawn[n] if drawn else 1
    return points, counts


def _against_others(
    samples: Sequence[Sample], tried: list[list[Tried]], chances: Sequence[np.random.Generator]
) -> list[list[Tried]]:
    """``tried`` compared with resampled artists, those above chance for as long as they may be stable."""
    for _ in range(RESAMPLES // FIRST_RESAMPLES):
        asked = [n for n, of_one in enumerate(tried) if any(one.is_hopeful for one in of_one)]
        if not asked:
            break
        drawn = {n: drawings(samples[n].artist, FIRST_RESAMPLES, chances[n]) for n in asked}
        tried = [[*of_one] for of_one in tried]
        for place in range(len(tried[0])):
            own = [n for n in asked if tried[n][place].is_hopeful]
            closer = _resampled([tried[n][place] for n in own], [samples[n] for n in own], [drawn[n] for n in own])
            for n, one in zip(own, closer, strict=True):
                tried[n][place] = one
    return tried


def _resampled(tried: Sequence[Tried], samples: Sequence[Sample], drawn: Sequence[Numbers]) -> list[Tried]:
    """One number of groups of each listener, also compared with the artists ``drawn``."""
    if not tried:
        return []
    points, counts = _stacked([one.scaled for one in samples], drawn)
    others, _ = k_means(points, tried[0].k, counts)
    return [
        replace(one, agreements=(*one.agreements, *rand_indices(one.groups, own[:, : len(one.groups)], one.k).tolist()))
        for one, own in zip(tried, others, strict=True)
    ]


def _against_chance(tried: list[Tried], scaled: Numbers, rng: np.random.Generator) -> list[Tried]:
    """``tried``, with the remaining shuffles for those that passed everything else."""
    hopeful = [one for one in tried if len(one.agreements) == RESAMPLES and one.is_stable]
    if not hopeful:
        return tried
    shuffled = _shuffled(scaled, SHUFFLES - FIRST_SHUFFLES, rng)
    found = zip(*_groupings(list(shuffled), [one.k for one in hopeful]), strict=True)
    closer = {
        one.k: replace(one, chance=(*one.chance, *(other.silhouette for other in own)))
        for one, own in zip(hopeful, found, strict=True)
    }
    return [closer.get(one.k, one) for one in tried]


def drawings(artist: Ints, times: int, rng: np.random.Generator) -> Numbers:
    """How often each track counts when so many ``times`` as many artists as there are are drawn: a row per drawing.

    Artists and not tracks are drawn, because an album's tracks are much alike.
    """
    artists, of_track = np.unique(artist, return_inverse=True)
    even = np.full(len(artists), 1 / len(artists))
    return rng.multinomial(len(artists), even, times)[:, of_track].astype(float)


def _figures(sample: Sample, best: Tried, tried: Sequence[Tried]) -> Row:
    """How ``k`` was chosen, in every row."""
    return {
        "k": best.k,
        "silhouette": best.silhouette,
        "null_silhouette": best.null_silhouette,
        "shuffles": len(best.chance),
        "stability_ari": best.stability,
        "smallest_share_pct": 100 * best.smallest_share,
        "inertia_left_pct": 100 * best.inertia / sample.scaled.size,
        "elbow_k": elbow([float(sample.scaled.size), *(one.inertia for one in tried)]),
    }


def _correlated_silhouette(scaled: Numbers, k: int) -> float:
    """Mean silhouette of simulated tracks: the same values of each feature, correlated as much, but in no groups.

    A Gaussian copula: normal numbers with the correlations of the features' normal scores give the order in
    which each feature's values are dealt out.
    """
    rng = np.random.default_rng((SEED, 0))
    scores = normal_quantile((np.apply_along_axis(ranks, 0, scaled) - 0.5) / len(scaled))
    correlations: Numbers = np.atleast_2d(np.corrcoef(scores, rowvar=False))
    values = np.sort(scaled, axis=0)
    size = (SURROGATES, len(scaled))
    drawn = rng.multivariate_normal(np.zeros(len(correlations)), correlations, size, method="eigh")
    dealt: Numbers = np.take_along_axis(values[None], drawn.argsort(axis=1).argsort(axis=1), axis=1)
    return fmean(one.silhouette for (one,) in _groupings(list(dealt), [k]))


def elbow(inertias: list[float]) -> int:
    """Number of groups, from 1 on, whose inertia lies furthest below the line from the first to the last."""
    first, last = inertias[0], inertias[-1]
    below = np.linspace(first, last, len(inertias)) - np.array(inertias)
    return int(np.argmax(below)) + 1


def _groups(sample: Sample, groups: Ints) -> Iterator[Row]:
    """The personas, those with more tracks first; equal ones by their first track."""
    _, first, size = np.unique(groups, return_index=True, return_counts=True)
    order = np.lexsort((first, -size))
    names = unique_names(np.stack([sample.scaled[groups == g].mean(axis=0) for g in order]), sample.used)
    for rank, (group, name) in enumerate(zip(order.tolist(), names, strict=True), start=1):
        row = _described(sample, groups == group)
        words = f"{name.capitalize()}: {row['tracks_share_pct']:.0f} % of the tracks, "
        words += f"{row['sample_share_pct']:.0f} % of the listens."
        yield row | {"persona": rank, "persona_name": name, "in_words": words}


def unique_names(centroids: Numbers, used: list[int]) -> list[str]:
    """A name for each standardised centroid by what sets it apart most; more words where two would be the same."""
    spoken = [_spoken(centroid, used) for centroid in centroids]
    names: list[str] = []
    for words in spoken:
        choices = [_joined(words[:count]) for count in range(2, len(words) + 1)] or [_joined(words)]
        numbered = f"{choices[0]} ({len(names) + 1})"
        names.append(next((name for name in choices if name not in names), numbered))
    return names


def _spoken(centroid: Numbers, used: list[int]) -> list[str]:
    """Words for the features of a centroid that stand out, the furthest first."""
    order = np.argsort(-np.abs(centroid), kind="stable")
    stand_out = [i for i in order.tolist() if abs(centroid[i]) >= SETS_APART]
    return [WORDS[FEATURES[used[i]]][int(centroid[i] > 0)] for i in stand_out]


def _joined(words: list[str]) -> str:
    if not words:
        return "in the middle"
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _why_not(best: Tried) -> str:
    """What kept the best number of groups from being personas."""
    start = f"No stable personas: {best.k} groups are the best, "
    if best.gain < LEAST_GAIN:
        figures = f"silhouette {best.silhouette:.2f} against {best.null_silhouette:.2f} for shuffled tracks"
        return f"{start}with a {figures}; it must be {LEAST_GAIN:.2f} higher."
    if best.smallest_share < LEAST_SHARE:
        return f"{start}but one has only {100 * best.smallest_share:.1f} % of the tracks."
    figures = f"mean adjusted Rand index {best.stability:.2f}, {LEAST_STABILITY:.2f} needed"
    return f"{start}but they change with other artists: {figures}."
