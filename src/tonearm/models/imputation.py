"""Imputation: features of tracks that were never measured, each with its standard error."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from xgboost import XGBRegressor

from tonearm.columns import COLUMNS
from tonearm.errors import ModelDamaged
from tonearm.models import catalogue
from tonearm.models.crossfit import CrossFit, Spread, boosted, cross_fit, once, without_own_fold
from tonearm.models.evaluate import grouped
from tonearm.models.model import SCORE_COLUMNS, SEED, Decision, HeldOut

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt

    Labels = npt.NDArray[Any]
    Flags = npt.NDArray[np.bool_]
    Values = npt.NDArray[np.float64]

TARGETS = ("danceability", "energy", "valence", "acousticness", "instrumentalness", "speechiness", "loudness")
"""Liveness and tempo cannot be estimated from anything but the sound (R² of .07 at most) and stay null."""
ARTIST = (*(f"artist_{t}" for t in TARGETS), "artist_tracks")
"""Of the artist's other tracks: shrunk mean deviations, and how many tracks these are of."""
COMPANY = (*(f"company_{t}" for t in TARGETS), "company_tracks")
"""The same of other artists' tracks in the same playlists or sessions."""
GROUPS = (catalogue.LISTING, ARTIST, COMPANY, ("duration_s", "is_explicit"))
"""Inputs that a record has or lacks together; of a heard track there are mostly only the names."""
_HIDDEN = (*catalogue.SOUND, "key", "mode", "time_signature")
Z90 = 1.6448536269514722
FILE = "imputation.json"
REAL_USE = "by track, 3 folds, without playlists"
"""A track that is heard stands in no playlist that is known."""


@dataclass(frozen=True)
class Imputation:
    """Seven features from a track's names, artist, genre and company; the fields are the model's settings."""

    trees: int = 100
    depth: int = 6
    rate: float = 0.1
    artist_shrunk_by: float = 2.0
    """Tracks that the mean counts as beside an artist's own: fits held-out tracks best within the training part."""
    many_tracks: int = 3
    """Of artists with fewer known tracks the error is estimated separately."""
    bare_share: float = 0.8
    """Share of tracks that are learned once more with half of what is known left out."""
    train_on_spotify_api: bool = False

    name = "imputation"
    registered = "imputation"
    summary = "Seven audio features of tracks that were never measured, each with its standard error."
    is_about_tracks = True
    has_threshold = False
    inputs = (*catalogue.TABLES, "listens")
    baseline = "artist mean shrunk to the genre's"
    decides = tuple(Decision(target, "r2", REAL_USE) for target in TARGETS)
    belongs = ()
    limits = (
        "An estimate is of what such tracks are like, not of this one: two tracks of one artist get almost "
        "the same values. Statistics and personas leave estimates out.",
        "Of an artist nobody measured, whose track has no genre, the estimate is little better than the mean of all; "
        "its standard error shows it.",
        "Liveness and tempo are not estimated.",
        "Standard errors come from a catalogue of six genres of popular music.",
    )

    def examples(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """One row per recording whose seven features were measured; raises NotEnoughData."""
        rows = catalogue.measured(tables, self.train_on_spotify_api)
        if len(rows):
            rows = rows[rows[list(TARGETS)].notna().all(axis=1)]
            rows = rows[~rows.track_id.duplicated()].sort_values("track_id", ignore_index=True)
        return catalogue.enough(rows, self.name)

    def held_out(self, examples: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """Each track by trees that saw none of its artist: with the artist's tracks of other folds known, and without.

        The first hides a third of the tracks at a time, the second a fifth of the artists. Last, of the latter's
        tracks nothing but the names is known, as of most that are heard.
        """
        fitted = self.fit(examples, seed)
        fold = grouped(examples.artist.to_numpy(), seed=seed)
        by_track = self._outside(examples, grouped(examples.recording.to_numpy(), folds=3, seed=seed))
        by_artist = self._outside(examples, fold)
        names = tuple(c for group in GROUPS for c in group)
        held: list[HeldOut] = []
        for protocol, (evidence, baseline), hidden in (
            ("by track, 3 folds", by_track, ()),
            ("by artist, 5 folds", by_artist, ()),
            (REAL_USE, by_track, COMPANY),
            ("by artist, 5 folds, without playlists", by_artist, COMPANY),
            ("by artist, 5 folds, nothing but names", by_artist, names),
        ):
            held += self._held(examples, fitted, protocol, fold, _without(evidence, hidden), baseline)
        return held

    def _outside(self, examples: pd.DataFrame, fold: Labels) -> tuple[pd.DataFrame, Values]:
        """What is known of each row, and the baseline's estimates, when only other folds' features are known."""
        inputs = _names(examples)
        parts, baseline = [], np.zeros((len(examples), len(TARGETS)))
        for number in np.unique(fold):
            own = fold == number
            parts.append(self._evidence(examples, inputs, ~own)[own])
            baseline[own] = self._artist_means(examples, ~own)[own]
        return pd.concat(parts).sort_index(), baseline

    def _held(
        self,
        examples: pd.DataFrame,
        fitted: FittedImputation,
        protocol: str,
        fold: Labels,
        evidence: pd.DataFrame,
        baseline: Values,
    ) -> list[HeldOut]:
        """Estimates of the rows from the ``evidence``; intervals by other folds' errors."""
        artist = examples.artist.to_numpy()
        actual = examples[list(TARGETS)].to_numpy(float)
        predicted = fitted.folds.predict(evidence, artist) * self._scale(examples) + actual.mean(axis=0)
        stratum = self.stratum(evidence)
        held = []
        for j, target in enumerate(TARGETS):
            around = without_own_fold(predicted[:, j], actual[:, j], fold, stratum)
            low, high = _interval(around, target)
            estimate = within(predicted[:, j], target)
            held.append(
                HeldOut(
                    target, protocol, "regression", actual[:, j], estimate, baseline[:, j], artist, low=low, high=high
                )
            )
        return held

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedImputation:
        """One model of the seven per fold of artists, and how far they were off by what was known."""
        return once(self, examples, seed, lambda: self._fit(examples, seed))  # type: ignore[no-any-return]

    def _fit(self, examples: pd.DataFrame, seed: int) -> FittedImputation:
        artist = examples.artist.to_numpy()
        values = examples[list(TARGETS)].to_numpy(float)
        mean, scale = values.mean(axis=0), self._scale(examples)
        deviations = (values - mean) / scale
        inputs = _names(examples)

        def learn(own: Labels) -> Any:
            evidence = self._evidence(examples, inputs, own)[own]
            again = np.random.default_rng(seed).random(len(evidence)) < self.bare_share
            rows = pd.concat([evidence, catalogue.blanked(evidence[again], GROUPS, seed)])
            return self._trees(rows.columns, seed).fit(rows, np.r_[deviations[own], deviations[own][again]])

        folds = cross_fit(artist, learn, seed)
        everything = self._evidence(examples, inputs, np.ones(len(examples), bool))
        spreads = self._spreads(everything, folds, artist, values, mean, scale, seed)
        sums = np.column_stack([deviations, np.ones(len(examples))])
        totals = pd.DataFrame(sums).groupby(artist).sum()
        artists = dict(zip(totals.index.tolist(), map(tuple, totals.to_numpy().tolist()), strict=True))
        genres = {str(g): tuple(part.mean().tolist()) for g, part in examples.groupby("genre")[list(TARGETS)]}
        return FittedImputation(self, folds, spreads, tuple(mean), tuple(scale), artists, genres)

    def _spreads(
        self,
        evidence: pd.DataFrame,
        folds: CrossFit,
        artist: Labels,
        values: Values,
        mean: Values,
        scale: Values,
        seed: int,
    ) -> dict[str, Spread]:
        """How far each feature was off on artists not seen: with all that is known, without the artist, by names."""
        versions = [
            evidence,
            _without(evidence, ARTIST),
            _without(_without(evidence, ARTIST), catalogue.LISTING),
            _bare(evidence),
        ]
        every = pd.concat([*versions, _without(evidence, (*catalogue.LISTING, *COMPANY))], ignore_index=True)
        times = len(every) // len(evidence)
        predicted = folds.predict(every, np.tile(artist, times)) * scale + mean
        stratum, actual = self.stratum(every), np.tile(values, (times, 1))
        return {t: Spread.of(predicted[:, j], actual[:, j], stratum) for j, t in enumerate(TARGETS)}

    def stratum(self, evidence: pd.DataFrame) -> Labels:
        """What is known of each row, on which its error depends: the artist, the genre, the company."""
        n = evidence.artist_tracks.fillna(0).to_numpy()
        known = np.where(n >= self.many_tracks, "artist ", np.where(n > 0, "few ", ""))
        listed = np.where(evidence.genre.to_numpy() != "", "genre ", "")
        company = np.where(evidence.company_tracks.fillna(0).to_numpy() > 0, "company", "")
        return np.array([f"{a}{b}{c}" or "names" for a, b, c in zip(known, listed, company, strict=True)], dtype=object)

    def _evidence(self, examples: pd.DataFrame, inputs: pd.DataFrame, known: Flags) -> pd.DataFrame:
        """What is known of each row when only the features of the ``known`` ones are."""
        values = examples[list(TARGETS)].to_numpy(float)
        deviations = (values - values[known].mean(axis=0)) / self._scale(examples)
        artist = examples.artist.to_numpy()
        sums, count = catalogue.others(artist, examples.recording.to_numpy(), deviations, known)
        row, of = catalogue.memberships(examples.playlist_ids)
        for columns, found in (
            (ARTIST, self.of_artist(sums, count)),
            (COMPANY, catalogue.company(row, of, artist, deviations, known)),
        ):
            inputs = inputs.assign(**{c: found[:, j].astype(np.float32) for j, c in enumerate(columns)})
        return inputs

    def of_artist(self, sums: Values, count: Values) -> Values:
        """The columns ``ARTIST``, null where the artist has no other known track."""
        shrunk = sums / (count + self.artist_shrunk_by)[:, None]
        return np.column_stack([np.where(count[:, None] > 0, shrunk, np.nan), count])

    def _artist_means(self, examples: pd.DataFrame, known: Flags) -> Values:
        """The baseline: the mean of the artist's known tracks, shrunk to that of the genre."""
        values = examples[list(TARGETS)].to_numpy(float)
        genre = catalogue.texts(examples, "subgenre").to_numpy()
        both = np.column_stack([np.where(known[:, None], values, 0.0), known])
        of_genre = catalogue.sums_by(genre, both)
        n = of_genre[:, -1:]
        mean = np.where(n > 0, of_genre[:, :-1] / np.maximum(n, 1), values[known].mean(axis=0))
        artist, recording = examples.artist.to_numpy(), examples.recording.to_numpy()
        sums, count = catalogue.others(artist, recording, values, known)
        return np.asarray((sums + self.artist_shrunk_by * mean) / (count + self.artist_shrunk_by)[:, None])

    def _scale(self, examples: pd.DataFrame) -> Values:
        """Standard deviation of each target; a constant one has none."""
        spread = examples[list(TARGETS)].to_numpy(float).std(axis=0)
        return np.where(spread > 0, spread, 1.0)

    def _trees(self, columns: Sequence[str], seed: int) -> Any:
        settings = {"n_estimators": self.trees, "max_depth": self.depth, "learning_rate": self.rate}
        return boosted(XGBRegressor, columns, seed, **settings, min_child_weight=10, max_bin=64)

    def load(self, folder: Path) -> FittedImputation:
        """What was saved in ``folder``; raises ModelDamaged."""
        try:
            learned = json.loads((folder / FILE).read_text(encoding="utf-8"))
            return FittedImputation(
                Imputation(**learned["settings"]),
                CrossFit.load(folder, self.name),
                {t: Spread.from_json(learned["spreads"][t]) for t in TARGETS},
                tuple(learned["mean"]),
                tuple(learned["scale"]),
                {name: tuple(sums) for name, sums in learned["artists"].items()},
                {name: tuple(means) for name, means in learned["genres"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelDamaged(f"{folder} of model {self.name} cannot be read; train the model again") from error


@dataclass(frozen=True)
class FittedImputation:
    """An imputation model that has learned."""

    settings: Imputation
    folds: CrossFit
    spreads: Mapping[str, Spread]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    artists: Mapping[str, tuple[float, ...]]
    """Of each artist: summed deviations of the seven, and how many tracks these are of."""
    genres: Mapping[str, tuple[float, ...]]
    """Means of the seven in each genre."""

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """Each of the seven features with ``_low``, ``_high`` (90 %) and ``_error``, its standard error.

        From the artist and title, and genre, release and length where they are known; the artist's measured tracks
        count. Features in a record are ignored.
        """
        return self._estimates(records, self.evidence(records))

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The artist's means, shrunk to the genre's; without intervals and errors."""
        means, nothing = self.baseline_means(records), np.full(len(records), np.nan)
        shown: dict[str, Any] = {}
        for j, target in enumerate(TARGETS):
            shown |= {target: means[:, j], **{f"{target}_{end}": nothing for end in ("low", "high", "error")}}
        return pd.DataFrame(shown, index=records.index)

    def evidence(self, records: pd.DataFrame) -> pd.DataFrame:
        """What the model knows of the records; company where they have its columns."""
        inputs = _names(records)
        nothing = (0.0,) * len(ARTIST)
        of_artist = [self.artists.get(name, nothing) for name in catalogue.artists(records)]
        sums = np.array(of_artist).reshape(-1, len(ARTIST))
        found = self.settings.of_artist(sums[:, :-1], sums[:, -1])
        inputs = inputs.assign(**{c: found[:, j].astype(np.float32) for j, c in enumerate(ARTIST)})
        inputs = inputs.assign(**{c: catalogue.numbers(records, c).astype("float32") for c in COMPANY})
        return inputs.assign(company_tracks=inputs.company_tracks.fillna(0.0))

    def _estimates(self, records: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
        # The artist's other tracks are evidence, by trees that saw all or none of the artist.
        deviations = self.folds.predict(evidence, catalogue.artists(records)).reshape(-1, len(TARGETS))
        predicted = deviations * np.array(self.scale) + np.array(self.mean)
        stratum = self.settings.stratum(evidence)
        shown: dict[str, Any] = {}
        for j, target in enumerate(TARGETS):
            low, high = _interval(self.spreads[target].around(predicted[:, j], stratum), target)
            shown |= {
                target: within(predicted[:, j], target),
                f"{target}_low": low,
                f"{target}_high": high,
                f"{target}_error": (high - low) / (2 * Z90),
            }
        return pd.DataFrame(shown, index=records.index)

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """The seven features of each track that was heard and has none, from its names, artist and sessions."""
        rows = catalogue.heard(tables, as_of)
        rows = rows[rows.feature_source.isna()].reset_index(drop=True)
        if rows.empty:
            return pd.DataFrame(columns=list(SCORE_COLUMNS))
        rows = rows.join(self.company(tables, rows, as_of))
        found = self.predict(rows)
        baseline = self.baseline_means(rows)
        parts = [
            pd.DataFrame(
                {
                    "subject_id": rows.track_id,
                    "quantity": target,
                    "score": found[target],
                    "low": found[f"{target}_low"],
                    "high": found[f"{target}_high"],
                    "standard_error": found[f"{target}_error"],
                    "baseline_score": baseline[:, j],
                }
            )
            for j, target in enumerate(TARGETS)
        ]
        rows = pd.concat(parts, ignore_index=True).assign(subject="track")
        return rows.reindex(columns=[*SCORE_COLUMNS, "standard_error"])

    def baseline_means(self, records: pd.DataFrame) -> Values:
        """The mean of the artist's known tracks, shrunk to that of the genre or, where it is not known, of all."""
        genre = [self.genres.get(name, self.mean) for name in catalogue.texts(records, "genre")]
        evidence = self.evidence(records)
        n = evidence.artist_tracks.to_numpy(float)[:, None]
        shrunk = evidence[list(ARTIST[:-1])].fillna(0.0).to_numpy(float) * np.array(self.scale)
        # The artist's deviations are from the mean of all; the rest of the weight moves to the genre's.
        rest = self.settings.artist_shrunk_by / (n + self.settings.artist_shrunk_by)
        return np.asarray(np.array(self.mean) + shrunk + rest * (np.array(genre) - np.array(self.mean)))

    def company(self, tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
        """The columns ``COMPANY`` of heard tracks: what other artists heard in the same sessions are like.

        An artist stands for its measured tracks, wherever they are heard, since most tracks that are heard are not
        measured themselves; and a track keeps the company of all sessions of its artist.
        """
        names = tables["track_identities"][["name_id", "track_id", "artist_id"]]
        listens = tables["listens"]
        listens = listens[listens.started_at < as_of][["listener", "session_started_at", "name_id"]]
        listens = listens.merge(names, on="name_id")
        spelled = tables["tracks"][["artist_id", "artist_name"]].drop_duplicates("artist_id")
        met = listens[["listener", "session_started_at", "artist_id"]].drop_duplicates()
        heard = met[["artist_id"]].drop_duplicates().merge(spelled, on="artist_id", how="left").reset_index(drop=True)
        nothing = (0.0,) * len(ARTIST)
        sums = np.array([self.artists.get(a, nothing) for a in catalogue.artists(heard)]).reshape(-1, len(ARTIST))
        means = self.settings.of_artist(sums[:, :-1], sums[:, -1])
        known = means[:, -1] > 0
        row = met.artist_id.map(pd.Series(heard.index, index=heard.artist_id)).to_numpy(np.int64)
        of = met.groupby(["listener", "session_started_at"]).ngroup().to_numpy(np.int64)
        found = catalogue.company(row, of, heard.artist_id.to_numpy(), np.nan_to_num(means[:, :-1]), known)
        by_artist = pd.DataFrame(found, index=heard.artist_id.to_numpy(), columns=list(COMPANY))
        return by_artist.reindex(rows.artist_id).set_axis(rows.index)

    def save(self, folder: Path) -> None:
        """Write settings, means and spreads as JSON, and the pipelines with skops."""
        self.folds.save(folder, self.settings.name)
        learned = {
            "settings": dataclasses.asdict(self.settings),
            "spreads": {t: dataclasses.asdict(s) for t, s in self.spreads.items()},
            **{part: getattr(self, part) for part in ("mean", "scale", "artists", "genres")},
        }
        (folder / FILE).write_text(json.dumps(learned), encoding="utf-8")


def _names(records: pd.DataFrame) -> pd.DataFrame:
    """What is known of the records without their sound."""
    return catalogue.inputs(records).drop(columns=list(_HIDDEN))


def _without(evidence: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """``evidence`` with these columns blanked."""
    return evidence.assign(**{c: catalogue.blank(c) for c in columns})


def _bare(evidence: pd.DataFrame) -> pd.DataFrame:
    """``evidence`` with nothing but the names of artist and title."""
    return _without(evidence, tuple(c for group in GROUPS for c in group))


def _interval(around: Values, target: str) -> tuple[Values, Values]:
    """The 90 % interval, within the feature's range."""
    return within(around[:, 5], target), within(around[:, 95], target)


def within(values: Values, target: str) -> Values:
    """``values`` cut to the feature's range."""
    low, high = COLUMNS[target].low, COLUMNS[target].high
    return values.clip(-np.inf if low is None else low, np.inf if high is None else high)
