"""Personas: kinds of music that a listener keeps apart, where there are any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tonearm.columns import FEATURES
from tonearm.gold.frames import as_table, codes, numbers, runs
from tonearm.gold.measures import percent, with_measured_features
from tonearm.gold.statistics import ENOUGH_UNITS
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy as np
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
SHUFFLES, RESAMPLES, SURROGATES = 10, 12, 5
FIRST_SHUFFLES, FIRST_RESAMPLES = 2, 3
CLEARLY_LESS, CLEARLY_UNSTABLE = 0.02, 0.15
"""How far below what is needed a first look (two shuffles, three resamples) must be for the rest not to be asked: the
silhouettes of shuffled tracks vary by less than .01, the mean Rand index of three resamples by some .07."""
STARTS, FIRST_STARTS = 4, 2
SEED = 1
LEAST_KNOWN = 0.9
"""Share of the tracks that must tell a feature, else the feature is left out rather than the tracks."""
SETS_APART = 0.25
"""Standard deviations from the listener's own mean from which on a feature may name a persona."""
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
COLUMNS = (
    *("listener", "persona", "persona_name", "is_stable", "evidence", "in_words"),
    *("tracks", "artists_sampled", "tracks_share_pct", "listens", "sample_share_pct", *CENTROID, "k", *_TRIED),
    *("is_separate", "sampled_tracks", "measured_tracks", "measured_share_pct"),
)
Row = dict[str, Any]


def finish(tracks: pa.Table) -> pa.Table:
    """The personas of each listener among the sampled ``tracks``."""
    import sklearn.cluster  # noqa: F401 - what is loaded later is not limited
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # Several threads add up in another order each time.
    with threadpool_limits(1):
        rows = [row for part in runs(tracks, "listener") for row in _personas(part)]
    return as_table({name: [row.get(name) for row in rows] for name in COLUMNS}, COLUMNS)


@table(
    grain=("listener", "persona"),
    finish=finish,
    finish_columns=COLUMNS,
    finish_by=("listener",),
    finish_limit=SAMPLE,
)
def mood_state_clusters(listening_with_features: ir.Table) -> ir.Table:
    """The kinds of music you keep apart: up to five personas, or the answer that there are none.

    One row per listener and persona, the largest first. k-means puts the tracks with measured features (real or
    catalogue) into 2 to 5 groups by their eight features, each in the listener's own standard deviations; a
    feature that is always the same or hardly known is left out. A track counts once, however often it was heard.
    Of more than 400 tracks those with the smallest ``track_id`` are taken, which is a sample by chance, as the
    id is a hash. Two listeners of the same tracks get the same personas.

    Groups can be made of anything, so personas are shown only (``evidence`` is ``stable``) where three things hold
    of a number ``k``: the ``silhouette`` (Rousseeuw 1987) is at least .04 above that of the same tracks with
    every feature shuffled by itself (``shuffles`` times: ten, or two where that was answer enough); drawing the
    artists anew, twelve times or three, puts the tracks into the same groups, with a mean adjusted Rand index of
    at least .80 (``stability_ari``); and no group has less than 5 % of the tracks. Of several such ``k`` the one
    furthest above its shuffled tracks is taken. ``elbow_k`` is where the scatter within groups stops falling
    steeply; it is told and decides nothing.

    ``is_separate`` says whether the groups are more than the two ends of one scale: whether the silhouette is
    also .04 above that of invented tracks with the same spread and the same rank correlations, but no groups;
    it is asked of personas alone.
    Most listeners' are not: calm and energetic music shade into one another.

    A listener without stable personas has one row, persona 0 with the mean of all tracks: ``not_shown``
    with the figures of the best ``k`` that was tried, or ``insufficient`` below 100 tracks or 10 artists.
    ``persona_name`` says what sets the persona apart from the listener's other music, not from other people's.
    ``sample_share_pct`` is the persona's share of the listens of the sampled tracks. Centroids are means in the
    feature's own unit; there are no intervals or p-values for their differences, because the groups were made
    to differ. ``measured_share_pct`` says how much of the listening the tracks stand for.
    """
    import ibis

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
    of_listener = ibis.window(group_by="listener")
    tracks = tracks.mutate(
        place=ibis.row_number().over(ibis.window(group_by="listener", order_by="track_id")),
        measured_tracks=tracks.count().over(of_listener),
    )
    sample = tracks.filter(tracks.place < SAMPLE)
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


@dataclass(frozen=True)
class Tried:
    """What came of one number of groups."""

    k: int
    groups: Ints
    silhouette: float
    null_silhouette: float
    shuffles: int
    inertia: float

    @property
    def gain(self) -> float:
        """How far above its shuffled tracks."""
        return self.silhouette - self.null_silhouette

    @property
    def smallest_share(self) -> float:
        """Share of the smallest group."""
        import numpy as np

        return float(np.bincount(self.groups, minlength=self.k).min() / len(self.groups))


def _personas(rows: pa.Table) -> Iterator[Row]:
    """The rows of one listener."""
    import numpy as np

    sample = _sample(rows)
    about = _about(rows, sample)
    n, artists = len(sample.features), len(np.unique(sample.artist))
    if n < ENOUGH_TRACKS or artists < ENOUGH_ARTISTS or len(sample.used) < 2:
        words = f"Too little to tell: {n} measured tracks of {artists} artists, where {ENOUGH_TRACKS} and "
        words += f"{ENOUGH_ARTISTS} are needed."
        if n >= ENOUGH_TRACKS and artists >= ENOUGH_ARTISTS:
            words = f"Too little to tell: the features of the {n} measured tracks hardly differ."
        yield about | _whole(sample) | {"evidence": "insufficient", "in_words": words}
        return
    best, stability, tried = _best(sample)
    figures = _figures(sample, best, stability, tried)
    if not is_publishable(best, stability):
        yield about | _whole(sample) | figures | {"evidence": "not_shown", "in_words": _why_not(best, stability)}
        return
    correlated = _correlated_silhouette(sample.scaled, best.k)
    is_separate = best.silhouette - correlated >= LEAST_GAIN
    figures |= {"correlated_silhouette": correlated, "is_separate": is_separate}
    for row in _groups(sample, best.groups):
        if not is_separate:
            row["in_words"] += " It is an end of a scale rather than a kind of its own."
        yield about | row | figures | {"is_stable": True, "evidence": "stable"}


def _sample(rows: pa.Table) -> Sample:
    """The tracks with the features that enough of them tell, without those that lack one of these."""
    import numpy as np

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
    import numpy as np

    everything = np.ones(len(sample.features), bool)
    return _described(sample, everything) | {"persona": 0, "is_stable": False}


def _described(sample: Sample, members: npt.NDArray[np.bool_]) -> Row:
    import numpy as np

    n, listens = int(members.sum()), float(sample.listens[members].sum())
    known = ~np.isnan(sample.features[members])
    sums = np.where(known, sample.features[members], 0.0).sum(axis=0)
    told = known.sum(axis=0)
    return {
        "tracks": n,
        "artists_sampled": len(np.unique(sample.artist[members])),
        "tracks_share_pct": 100 * n / len(members) if n else None,
        "listens": int(listens),
        "sample_share_pct": 100 * listens / float(sample.listens.sum()) if n else None,
        **{c: s / m if m else None for c, s, m in zip(CENTROID, sums.tolist(), told.tolist(), strict=True)},
    }


def _best(sample: Sample) -> tuple[Tried, float | None, list[Tried]]:
    """The number of groups to publish with its stability; else the best one, which may not be published."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    shuffled = [np.stack([rng.permutation(column) for column in sample.scaled.T], axis=1) for _ in range(SHUFFLES)]
    tried = _try(sample.scaled, shuffled[:FIRST_SHUFFLES], FIRST_STARTS)
    # Most listeners have no personas, and most of the time would go into saying so more exactly.
    hopeful = _fit(tried, LEAST_GAIN - CLEARLY_LESS)
    first = {one.k: stability(sample, one, FIRST_RESAMPLES, FIRST_STARTS) for one in hopeful}
    if max(first.values(), default=0.0) <= LEAST_STABILITY - CLEARLY_UNSTABLE:
        best = max(_fit(tried, LEAST_GAIN) or tried, key=lambda one: (first.get(one.k, 0.0), one.gain, -one.k))
        return best, first.get(best.k), tried
    tried = _try(sample.scaled, shuffled, STARTS)
    fit = _fit(tried, LEAST_GAIN)
    stabilities = {one.k: stability(sample, one, RESAMPLES, STARTS) for one in fit}
    stable = [one for one in fit if stabilities[one.k] >= LEAST_STABILITY]
    if stable:
        return stable[0], stabilities[stable[0].k], tried
    best = max(fit, key=lambda one: stabilities[one.k]) if fit else max(tried, key=lambda one: (one.gain, -one.k))
    return best, stabilities.get(best.k), tried


def _fit(tried: list[Tried], least_gain: float) -> list[Tried]:
    """Those that are above chance by so much and have no tiny group, the furthest above it first."""
    fit = [one for one in tried if one.gain >= least_gain and one.smallest_share >= LEAST_SHARE]
    return sorted(fit, key=lambda one: (-one.gain, one.k))


def _try(scaled: Numbers, shuffled: list[Numbers], starts: int) -> list[Tried]:
    """Each number of groups, beside the mean silhouette of the shuffled tracks."""
    import numpy as np

    apart = distances(scaled)
    shuffled_apart = [distances(one) for one in shuffled]
    tried = []
    for k in range(2, MOST_PERSONAS + 1):
        fitted = _k_means(scaled, k, starts)
        chance = [
            silhouette(d, _k_means(one, k, starts).labels_, k) for one, d in zip(shuffled, shuffled_apart, strict=True)
        ]
        groups = np.asarray(fitted.labels_, dtype=np.int64)
        found = silhouette(apart, groups, k)
        tried.append(Tried(k, groups, found, float(np.mean(chance)), len(chance), float(fitted.inertia_)))
    return tried


def _k_means(scaled: Numbers, k: int, starts: int = STARTS) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=starts, random_state=SEED).fit(scaled)


def distances(points: Numbers) -> Numbers:
    """Euclidean distance of each pair of rows."""
    import numpy as np

    squares = (points * points).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0)))


def silhouette(apart: Numbers, groups: Ints, k: int) -> float:
    """Mean silhouette (Rousseeuw 1987) of ``groups`` numbered 0 to k − 1, from pairwise distances."""
    import numpy as np

    rows = np.arange(len(groups))
    member = np.zeros((len(groups), k))
    member[rows, groups] = 1.0
    size = member.sum(axis=0)
    to_group = apart @ member
    own = to_group[rows, groups] / np.maximum(size[groups] - 1, 1)
    to_group /= np.maximum(size, 1)
    to_group[:, size == 0] = np.inf
    to_group[rows, groups] = np.inf
    other = to_group.min(axis=1)
    widest = np.maximum(own, other)
    is_told = (size[groups] > 1) & (widest > 0) & np.isfinite(other)
    return float(np.where(is_told, (other - own) / np.where(is_told, widest, 1.0), 0.0).mean())


def stability(sample: Sample, tried: Tried, resamples: int = RESAMPLES, starts: int = STARTS) -> float:
    """Mean adjusted Rand index between the groups and those that so many drawings of artists give.

    Artists and not tracks are drawn, because an album's tracks are much alike.
    """
    import numpy as np
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng((SEED, tried.k))
    order = np.argsort(sample.artist, kind="stable")
    _, start, size = np.unique(sample.artist[order], return_index=True, return_counts=True)
    agreements = []
    for _ in range(resamples):
        drawn = rng.integers(0, len(start), len(start))
        begin, length = start[drawn], size[drawn]
        within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
        resampled = sample.scaled[order[np.repeat(begin, length) + within]]
        if len(np.unique(resampled, axis=0)) >= tried.k:
            groups = _k_means(resampled, tried.k, starts).predict(sample.scaled)
            agreements.append(adjusted_rand_score(tried.groups, groups))
    return float(np.mean(agreements)) if agreements else 0.0


def is_publishable(tried: Tried, stability: float | None) -> bool:
    """Whether the groups are personas: above chance, stable, and none of them tiny."""
    is_above_chance = tried.gain >= LEAST_GAIN and tried.smallest_share >= LEAST_SHARE
    return is_above_chance and stability is not None and stability >= LEAST_STABILITY


def _figures(sample: Sample, best: Tried, stability: float | None, tried: list[Tried]) -> Row:
    """What every row tells of how ``k`` was chosen."""
    return {
        "k": best.k,
        "silhouette": best.silhouette,
        "null_silhouette": best.null_silhouette,
        "shuffles": best.shuffles,
        "stability_ari": stability,
        "smallest_share_pct": 100 * best.smallest_share,
        "inertia_left_pct": 100 * best.inertia / sample.scaled.size,
        "elbow_k": elbow([float(sample.scaled.size), *(one.inertia for one in tried)]),
    }


def _correlated_silhouette(scaled: Numbers, k: int) -> float:
    """Mean silhouette of invented tracks: the same values of each feature, correlated as much, but in no groups.

    A Gaussian copula: normal numbers with the correlations of the features' normal scores give the order in
    which each feature's values are dealt out.
    """
    import numpy as np
    from scipy.stats import norm, rankdata

    rng = np.random.default_rng((SEED, 0))
    scores = norm.ppf((rankdata(scaled, axis=0) - 0.5) / len(scaled))
    correlations = np.corrcoef(scores, rowvar=False)
    values = np.sort(scaled, axis=0)
    found = []
    for _ in range(SURROGATES):
        drawn = rng.multivariate_normal(np.zeros(len(correlations)), correlations, len(scaled), method="eigh")
        dealt = np.take_along_axis(values, np.argsort(np.argsort(drawn, axis=0), axis=0), axis=0)
        found.append(silhouette(distances(dealt), _k_means(dealt, k).labels_, k))
    return float(np.mean(found))


def elbow(inertias: list[float]) -> int:
    """Number of groups, from 1 on, whose inertia lies furthest below the line from the first to the last."""
    import numpy as np

    first, last = inertias[0], inertias[-1]
    below = np.linspace(first, last, len(inertias)) - np.array(inertias)
    return int(np.argmax(below)) + 1


def _groups(sample: Sample, groups: Ints) -> Iterator[Row]:
    """The personas, those with more tracks first; equal ones by their first track."""
    import numpy as np

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
    import numpy as np

    order = np.argsort(-np.abs(centroid), kind="stable")
    stand_out = [i for i in order.tolist() if abs(centroid[i]) >= SETS_APART]
    return [WORDS[FEATURES[used[i]]][int(centroid[i] > 0)] for i in stand_out]


def _joined(words: list[str]) -> str:
    if not words:
        return "in the middle"
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _why_not(best: Tried, stability: float | None) -> str:
    """What kept the best number of groups from being personas."""
    start = f"No stable personas: {best.k} groups are the best, "
    if best.gain < LEAST_GAIN:
        figures = f"silhouette {best.silhouette:.2f} against {best.null_silhouette:.2f} for shuffled tracks"
        return f"{start}with a {figures}, where it must be {LEAST_GAIN:.2f} above."
    if best.smallest_share < LEAST_SHARE:
        return f"{start}but one has only {100 * best.smallest_share:.1f} % of the tracks."
    figures = f"mean adjusted Rand index {stability:.2f}, {LEAST_STABILITY:.2f} needed"
    return f"{start}but other artists would give others: {figures}."
