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
from tonearm.models.crossfit import (
    CrossFit,
    CrossSpread,
    Errors,
    Spread,
    a_few_each,
    boosted,
    cross_fit,
    line_of_words,
    once,
)
from tonearm.models.evaluate import grouped
from tonearm.models.model import SCORE_COLUMNS, SEED, Decision, HeldOut
from tonearm.models.mood import MOODS, moods, probabilities

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
WORDS = tuple(f"words_{t}" for t in TARGETS)
"""What the words of the title and of the artist's name make likely: the language, "orchestra", "remix"."""
GROUPS = (catalogue.LISTING, ARTIST, COMPANY, ("duration_s", "is_explicit"))
"""Inputs that a record has or lacks together; of a heard track there are mostly only the names."""
_HIDDEN = (*catalogue.SOUND, "key", "mode", "time_signature")
NAMES_ALONE = "names"
"""The stratum of which nothing is estimated: of an artist nobody measured, in no genre and no company."""
SESSIONS_ALONE = "sessions"
"""The stratum of an artist nobody measured, in no genre, of whom it is known what it is heard beside."""
Z90 = 1.6448536269514722
FILE = "imputation.json"
REAL_USE = "by track, 3 folds, without playlists"
"""A track that is heard stands in no playlist that is known."""


@dataclass(frozen=True)
class Estimates:
    """The estimates of one feature of tracks."""

    estimate: Values
    around: Values
    """(n, 101) quantiles of what it may be."""
    low: Values
    high: Values

    @staticmethod
    def of(target: str, predicted: Values, around: Values) -> Estimates:
        """Within the feature's range."""
        around = within(around, target)
        return Estimates(within(predicted, target), around, around[:, 5], around[:, 95])


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
    words_penalty: float = 3.0
    """Of the ridge regression on the words of names."""
    calibrated_on: int = 3
    """Most tracks of an artist from which errors are learned, in each of the ways that a track may be known."""
    train_on_spotify_api: bool = False

    name = "imputation"
    registered = "imputation"
    summary = "Seven audio features of tracks that were never measured, each with its standard error."
    has_threshold = False
    inputs = (*catalogue.TABLES, "listens")
    baseline = "artist mean shrunk to the genre's"
    decides = (*(Decision(target, "r2", REAL_USE) for target in TARGETS), Decision("mood", "log_loss", REAL_USE))
    belongs = tuple((name, "mood") for name in MOODS)
    limits = (
        "An estimate is of what such tracks are like, not of this one: two tracks of one artist get almost "
        "the same values. Statistics and personas leave estimates out.",
        "Of an artist nobody measured, whose track has no genre and no company, nothing is estimated: from names "
        "alone it would be little better than the mean of all.",
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
        """Each track by trees that saw none of its artist, known in the ways of :meth:`protocols`; and its mood.

        Intervals and the moods' probabilities come from the errors on the artists of the other folds.
        """
        fitted = self.fit(examples, seed)
        inputs = fitted.inputs(examples)
        errors = self._errors(examples, inputs, fitted.folds, seed)
        spreads = {t: CrossSpread.of(errors[t]) for t in TARGETS}
        frequencies = mood_frequencies(examples, grouped(examples.artist.to_numpy(), seed=seed))
        held: list[HeldOut] = []
        for protocol, (evidence, baseline) in self.protocols(examples, inputs, seed).items():
            rows = examples.loc[evidence.index]
            estimates = self._estimates(rows, fitted, spreads, evidence, seed)
            held += self._held(rows, protocol, estimates, baseline, frequencies[evidence.index])
        return held

    def _estimates(
        self,
        rows: pd.DataFrame,
        fitted: FittedImputation,
        spreads: Mapping[str, CrossSpread],
        evidence: pd.DataFrame,
        seed: int,
    ) -> dict[str, Estimates]:
        """The estimates of the rows, as they will be, but by the errors on the artists of other folds: ``spreads``."""
        predicted, stratum = fitted.predicted(evidence, rows.artist.to_numpy()), self.stratum(evidence)
        fold = grouped(rows.artist.to_numpy(), seed=seed)
        return {
            t: Estimates.of(t, predicted[:, j], spreads[t].around(predicted[:, j], stratum, fold))
            for j, t in enumerate(TARGETS)
        }

    def protocols(
        self, examples: pd.DataFrame, inputs: pd.DataFrame, seed: int = SEED
    ) -> dict[str, tuple[pd.DataFrame, Values]]:
        """The ways in which tracks are held out: what is then known of them, and the baseline's estimates.

        ``inputs`` is what is known of the tracks by themselves.

        By track a third of the tracks is hidden at a time, by artist a fifth of the artists, and then of each artist
        all but one album: of most artists that are heard a catalogue has a few tracks. Without playlists the company
        is hidden; of most tracks that are heard nothing but the names is known.
        """
        known = self.one_album(examples, seed)
        unlisted = examples.assign(subgenre="")
        rest = self._evidence(examples, inputs, known)[~known], self._artist_means(unlisted, known)[~known]
        by_track = self._outside(examples, inputs, grouped(examples.recording.to_numpy(), folds=3, seed=seed))
        by_artist = self._outside(examples, inputs, grouped(examples.artist.to_numpy(), seed=seed))
        by_name = by_artist[0], self._outside(unlisted, inputs, grouped(examples.artist.to_numpy(), seed=seed))[1]
        every = tuple(c for group in GROUPS for c in group)
        but_artist = tuple(c for c in every if c not in ARTIST)
        ways = {
            REAL_USE: (by_track, COMPANY),
            "by artist, 5 folds, without playlists": (by_artist, COMPANY),
            "by track, 3 folds": (by_track, ()),
            "by artist, 5 folds": (by_artist, ()),
            "rest of an artist, one album and the names known": (rest, but_artist),
            "by artist, 5 folds, nothing but names": (by_name, every),
        }
        return {name: (_without(seen, hidden), baseline) for name, ((seen, baseline), hidden) in ways.items()}

    def _albums(self, examples: pd.DataFrame) -> pd.Series:
        """The title of each row's album; where there is none, the recording is one by itself."""
        album = catalogue.texts(examples, "album_name")
        return album.where(album != "", examples.recording).str.lower()

    def one_album(self, examples: pd.DataFrame, seed: int = SEED) -> Flags:
        """Whether a row is of the one album of its artist that is drawn to be known, all others being hidden."""
        of = pd.DataFrame({"artist": examples.artist, "album": self._albums(examples)})
        place = of.drop_duplicates().sample(frac=1, random_state=seed).reset_index(drop=True)
        drawn = place.drop_duplicates("artist").set_index("artist").album
        return np.asarray(of.album.to_numpy() == of.artist.map(drawn).to_numpy())

    def _outside(self, examples: pd.DataFrame, inputs: pd.DataFrame, fold: Labels) -> tuple[pd.DataFrame, Values]:
        """What is known of each row, and the baseline's estimates, when only other folds' features are known."""
        parts, baseline = [], np.zeros((len(examples), len(TARGETS)))
        for number in np.unique(fold):
            own = fold == number
            parts.append(self._evidence(examples, inputs, ~own)[own])
            baseline[own] = self._artist_means(examples, ~own)[own]
        return pd.concat(parts).sort_index(), baseline

    def _held(
        self,
        rows: pd.DataFrame,
        protocol: str,
        estimates: Mapping[str, Estimates],
        baseline: Values,
        frequencies: Values,
    ) -> list[HeldOut]:
        """The estimates of the seven and of the mood that follows from them."""
        artist = rows.artist.to_numpy()
        held = [
            HeldOut(
                *(t, protocol, "regression", rows[t].to_numpy(float), estimates[t].estimate, baseline[:, j], artist),
                low=estimates[t].low,
                high=estimates[t].high,
            )
            for j, t in enumerate(TARGETS)
        ]
        actual = moods(rows.valence.to_numpy(float), rows.energy.to_numpy(float))
        chances = mood_chances(estimates)
        return [*held, HeldOut("mood", protocol, "classes", actual, chances, frequencies, artist, classes=MOODS)]

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedImputation:
        """One model of the seven per fold of artists, and how far they were off by what was known."""
        return once(self, examples, seed, lambda: self._fit(examples, seed))  # type: ignore[no-any-return]

    def _fit(self, examples: pd.DataFrame, seed: int) -> FittedImputation:
        artist = examples.artist.to_numpy()
        values = examples[list(TARGETS)].to_numpy(float)
        mean, scale = values.mean(axis=0), self._scale(examples)
        deviations = (values - mean) / scale
        names, words = _names(examples), _words(examples)

        def learn_words(rows: Labels) -> Any:
            return line_of_words("words", self.words_penalty).fit(words.iloc[rows], deviations[rows])

        def learn(own: Labels) -> Any:
            # What the words of a row say is learned from other artists here, too.
            among = np.flatnonzero(own)
            within = cross_fit(artist[own], lambda rest: learn_words(among[rest]), seed + 1, folds=3)
            by_words = np.zeros(deviations.shape)
            by_words[own] = within.predict(words[own], artist[own])
            inputs = _with_words(names, by_words)
            evidence = self._evidence(examples, inputs, own)[own]
            again = np.random.default_rng(seed).random(len(evidence)) < self.bare_share
            # Of most artists that are heard a catalogue knows less than of its own.
            scarce = self._evidence(examples, inputs, own & self.one_album(examples, seed))[own]
            rows = pd.concat([evidence, catalogue.blanked(scarce[again], GROUPS, seed)])
            return self._trees(rows.columns, seed).fit(rows, np.r_[deviations[own], deviations[own][again]])

        of_words = cross_fit(artist, lambda own: learn_words(np.flatnonzero(own)), seed)
        folds = cross_fit(artist, learn, seed)
        inputs = _with_words(names, of_words.predict(words, artist))
        spreads = {t: errors.spread() for t, errors in self._errors(examples, inputs, folds, seed).items()}
        sums = np.column_stack([deviations, np.ones(len(examples))])
        totals = pd.DataFrame(sums).groupby(artist).sum()
        artists = dict(zip(totals.index.tolist(), map(tuple, totals.to_numpy().tolist()), strict=True))
        genres = {str(g): tuple(part.mean().tolist()) for g, part in examples.groupby("genre")[list(TARGETS)]}
        of_mood = np.bincount(moods(*(examples[t].to_numpy(float) for t in ("valence", "energy"))), minlength=5)
        frequencies = tuple((of_mood / len(examples)).tolist())
        usual = (tuple(mean), tuple(scale), artists, genres, frequencies)
        return FittedImputation(self, of_words, folds, spreads, *usual)

    def _errors(self, examples: pd.DataFrame, inputs: pd.DataFrame, folds: CrossFit, seed: int) -> dict[str, Errors]:
        """Predictions of a few tracks of each artist by trees that saw none of it, known in the ways met in life.

        With all that is known, without the artist or the genre or the company, and with one album of the artist.
        """
        artist = examples.artist.to_numpy()
        drawn = a_few_each(artist, self.calibrated_on, seed)
        everything = self._evidence(examples, inputs, np.ones(len(examples), bool))[drawn]
        known = self.one_album(examples, seed)
        rest = np.flatnonzero(~known)
        rest = rest[a_few_each(artist[rest], self.calibrated_on, seed)]
        scarce = self._evidence(examples, inputs, known).iloc[rest]
        album = (examples.artist + " " + self._albums(examples)).to_numpy()
        other_albums, _ = self._outside(examples, inputs, grouped(album, folds=3, seed=seed))
        names_and_artist = tuple(c for group in GROUPS for c in group if c not in ARTIST)
        ways = [
            everything,
            _without(everything, ARTIST),
            _bare(everything),
            _without(everything, (*ARTIST, *COMPANY)),
            scarce,
            _without(scarce, COMPANY),
            # A track that no catalogue lists is of an album of which nothing is known.
            *(_without(seen, names_and_artist) for seen in (scarce, other_albums[drawn])),
        ]
        every = pd.concat(ways)
        row = every.index.to_numpy()
        values = examples[list(TARGETS)].to_numpy(float)
        predicted = folds.predict(every, artist[row]) * self._scale(examples) + values.mean(axis=0)
        fold = grouped(artist, len(folds.models), folds.seed)
        stratum = self.stratum(every)
        return {t: Errors(predicted[:, j], values[row, j], stratum, fold[row]) for j, t in enumerate(TARGETS)}

    def stratum(self, evidence: pd.DataFrame) -> Labels:
        """What is known of each row, on which its error depends: the artist, the genre, the company.

        What is heard beside a track that no catalogue lists says less of it than the playlists of one that is listed:
        it does not count, though the estimate uses it.
        """
        n = evidence.artist_tracks.fillna(0).to_numpy()
        known = np.where(n >= self.many_tracks, "artist", np.where(n > 0, "few", ""))
        is_listed = evidence.genre.to_numpy() != ""
        has_company = evidence.company_tracks.fillna(0).to_numpy() > 0
        of_listed = np.where(has_company, " genre company", " genre")
        beside = np.where(has_company, SESSIONS_ALONE, NAMES_ALONE)
        listed = np.char.strip(np.char.add(known.astype(str), of_listed.astype(str)))
        return np.where(is_listed, listed, np.where(known == "", beside, known)).astype(object)

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
                CrossFit.load(folder, "words"),
                CrossFit.load(folder, self.name),
                {t: Spread.from_json(learned["spreads"][t]) for t in TARGETS},
                tuple(learned["mean"]),
                tuple(learned["scale"]),
                {name: tuple(sums) for name, sums in learned["artists"].items()},
                {name: tuple(means) for name, means in learned["genres"].items()},
                tuple(learned["moods"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelDamaged(f"{folder} of model {self.name} cannot be read; train the model again") from error


@dataclass(frozen=True)
class FittedImputation:
    """An imputation model that has learned."""

    settings: Imputation
    words: CrossFit
    """What the words of names make likely."""
    folds: CrossFit
    spreads: Mapping[str, Spread]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    artists: Mapping[str, tuple[float, ...]]
    """Of each artist: summed deviations of the seven, and how many tracks these are of."""
    genres: Mapping[str, tuple[float, ...]]
    """Means of the seven in each genre."""
    moods: tuple[float, ...]
    """How frequent each mood is."""

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """Each of the seven features with ``_low``, ``_high`` (90 %) and ``_error``, and each mood's probability.

        From the artist and title, and genre, release and length where they are known; the artist's measured tracks
        count. Features in a record are ignored. Null where neither artist, genre nor company is known.
        """
        estimates = self.estimates(self.evidence(records), catalogue.artists(records))
        shown: dict[str, Values] = {}
        for target, one in estimates.items():
            shown |= {target: one.estimate, f"{target}_low": one.low, f"{target}_high": one.high}
            shown[f"{target}_error"] = (one.high - one.low) / (2 * Z90)
        chances = mood_chances(estimates)
        shown |= {name: chances[:, j] for j, name in enumerate(MOODS)}
        return pd.DataFrame(shown, index=records.index)

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The artist's means, shrunk to the genre's, and how frequent the moods are; without intervals and errors.

        Null where the model's own estimates are.
        """
        means, nothing = self.baseline_means(records), np.full(len(records), np.nan)
        shown: dict[str, Any] = {}
        for j, target in enumerate(TARGETS):
            shown |= {target: means[:, j], **{f"{target}_{end}": nothing for end in ("low", "high", "error")}}
        shown |= dict(zip(MOODS, self.moods, strict=True))
        is_known = self.settings.stratum(self.evidence(records)) != NAMES_ALONE
        return pd.DataFrame(shown, index=records.index).mask(~pd.Series(is_known, index=records.index))

    def inputs(self, records: pd.DataFrame) -> pd.DataFrame:
        """What is known of the records by themselves."""
        by_words = self.words.predict(_words(records), catalogue.artists(records)).reshape(-1, len(TARGETS))
        return _with_words(_names(records), by_words)

    def evidence(self, records: pd.DataFrame) -> pd.DataFrame:
        """What the model knows of the records; company where they have its columns."""
        inputs = self.inputs(records)
        nothing = (0.0,) * len(ARTIST)
        of_artist = [self.artists.get(name, nothing) for name in catalogue.artists(records)]
        sums = np.array(of_artist).reshape(-1, len(ARTIST))
        found = self.settings.of_artist(sums[:, :-1], sums[:, -1])
        inputs = inputs.assign(**{c: found[:, j].astype(np.float32) for j, c in enumerate(ARTIST)})
        inputs = inputs.assign(**{c: catalogue.numbers(records, c).astype("float32") for c in COMPANY})
        return inputs.assign(company_tracks=inputs.company_tracks.fillna(0.0))

    def predicted(self, evidence: pd.DataFrame, artist: Labels) -> Values:
        """The seven of each row, by trees that saw none of its artist, whose tracks are evidence only."""
        deviations = self.folds.predict(evidence, artist).reshape(-1, len(TARGETS))
        return np.asarray(deviations * np.array(self.scale) + np.array(self.mean))

    def estimates(self, evidence: pd.DataFrame, artist: Labels) -> dict[str, Estimates]:
        """The estimates of each feature; null where nothing but the names is known."""
        predicted, stratum = self.predicted(evidence, artist), self.settings.stratum(evidence)
        predicted[stratum == NAMES_ALONE] = np.nan
        # How much sessions help cannot be learned from a catalogue: at worst not at all.
        as_off_as = np.where(stratum == SESSIONS_ALONE, NAMES_ALONE, stratum)
        return {
            t: Estimates.of(t, predicted[:, j], self.spreads[t].around(predicted[:, j], as_off_as))
            for j, t in enumerate(TARGETS)
        }

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """The seven features of each track that was heard and has none, and the probability of each mood.

        From its names, artist and sessions; nothing of a track of which only the names are known.
        """
        rows = catalogue.heard(tables, as_of)
        rows = rows[rows.feature_source.isna()].reset_index(drop=True)
        if rows.empty:
            return pd.DataFrame(columns=list(SCORE_COLUMNS))
        rows = rows.join(self.company(tables, rows, as_of))
        found = self.predict(rows)
        baseline = np.column_stack([self.baseline_means(rows), np.tile(self.moods, (len(rows), 1))])
        parts = []
        for j, quantity in enumerate((*TARGETS, *MOODS)):
            part = pd.DataFrame({"subject_id": rows.track_id, "quantity": quantity, "score": found[quantity]})
            part["baseline_score"] = baseline[:, j]
            if quantity in TARGETS:
                part = part.assign(low=found[f"{quantity}_low"], high=found[f"{quantity}_high"])
                part["standard_error"] = found[f"{quantity}_error"]
            parts.append(part[found[quantity].notna().to_numpy()])
        scored = pd.concat(parts, ignore_index=True).assign(subject="track")
        return scored.reindex(columns=[*SCORE_COLUMNS, "standard_error"])

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
        self.words.save(folder, "words")
        self.folds.save(folder, self.settings.name)
        learned = {
            "settings": dataclasses.asdict(self.settings),
            "spreads": {t: dataclasses.asdict(s) for t, s in self.spreads.items()},
            **{part: getattr(self, part) for part in ("mean", "scale", "artists", "genres", "moods")},
        }
        (folder / FILE).write_text(json.dumps(learned), encoding="utf-8")


def _names(records: pd.DataFrame) -> pd.DataFrame:
    """What is known of the records without their sound."""
    return catalogue.inputs(records).drop(columns=list(_HIDDEN))


def _words(records: pd.DataFrame) -> pd.DataFrame:
    """The title and the artist's name as one text."""
    title, artist = (catalogue.texts(records, column) for column in ("track_name", "artist_name"))
    return pd.DataFrame({"words": title + " " + artist})


def _with_words(names: pd.DataFrame, by_words: Values) -> pd.DataFrame:
    return names.assign(**{c: by_words[:, j].astype(np.float32) for j, c in enumerate(WORDS)})


def _without(evidence: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """``evidence`` with these columns blanked."""
    return evidence.assign(**{c: catalogue.blank(c) for c in columns})


def _bare(evidence: pd.DataFrame) -> pd.DataFrame:
    """``evidence`` with nothing but the names of artist and title."""
    return _without(evidence, tuple(c for group in GROUPS for c in group))


def mood_chances(estimates: Mapping[str, Estimates]) -> Values:
    """(n, 5) probability of each mood, from the quantiles of valence and energy; null where these are."""
    valence, energy = estimates["valence"].around, estimates["energy"].around
    found = np.full((len(valence), len(MOODS)), np.nan)
    known = ~np.isnan(valence[:, 0])
    found[known] = probabilities(valence[known], energy[known], np.full(int(known.sum()), np.nan))
    return found


def mood_frequencies(examples: pd.DataFrame, fold: Labels) -> Values:
    """(n, 5) how frequent each mood is among the artists of the other folds."""
    happens = np.eye(len(MOODS))[moods(examples.valence.to_numpy(float), examples.energy.to_numpy(float))]
    found = np.zeros(happens.shape)
    for number in np.unique(fold):
        found[fold == number] = happens[fold != number].mean(axis=0)
    return found


def within(values: Values, target: str) -> Values:
    """``values`` cut to the feature's range."""
    low, high = COLUMNS[target].low, COLUMNS[target].high
    return values.clip(-np.inf if low is None else low, np.inf if high is None else high)
