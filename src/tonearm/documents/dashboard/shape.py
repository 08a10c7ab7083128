"""The shape of ``dashboard_data.json``: one definition for the code, the published JSON Schema and its page of docs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION: Literal[2] = 2
FILE, SCHEMA_FILE = "dashboard_data.json", "dashboard_data.schema.json"
SCHEMA_ID = f"urn:tonearm:dashboard_data:{VERSION}"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Hour = Annotated[int, Field(ge=0, le=23)]
HourText = Annotated[str, Field(pattern=r"^(1?\d|2[0-3])$")]
"""An hour of the day as the key of an object."""


class Part(BaseModel):
    """An object of the document, with these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Centroid(Part):
    """Mean sound of a group, each from 0 to 1; null where no track of the group has it measured."""

    valence: Share | None
    energy: Share | None
    danceability: Share | None
    acousticness: Share | None
    instrumentalness: Share | None
    tempo_norm: Share | None = Field(description="Beats per minute over 250, at most 1.")


class NamedTrack(Part):
    """A track by its names."""

    track_id: str = Field(description="tonearm's own id of the track, not Spotify's.")
    track_name: str | None
    artist_name: str | None
    image_url: None = Field(description="Always null: tonearm keeps no covers.")


class NextPrediction(Part):
    """What the next track will sound like."""

    mood_cluster_id: int | None = Field(description="The mood cluster with the same name; null if none has it.")
    mood_label: str
    confidence: Share = Field(description="Probability of that group of sound.")
    baseline: Share | None = Field(description="How often the listener hears the group overall.")
    predicted_for: datetime | None
    cluster_centroid: Centroid | None = Field(description="Of the mood cluster; null if none has the same name.")
    recommended_tracks: list[NamedTrack] = Field(description="The first of the suggested playlist that sounds so.")


class HourProbability(Part):
    """An hour of the coming day."""

    hour: Hour
    probability: Share


class MoodCluster(Part):
    """A kind of music that the listener keeps apart from the others."""

    cluster_id: int
    label: str
    share: Share = Field(description="Of the listener's tracks with a measured sound.")
    centroid: Centroid


class Moment(Part):
    """Mean sound of a quarter of an hour."""

    time: datetime
    valence: Share
    energy: Share


class RecentPlay(NamedTrack):
    """One play."""

    played_at: datetime
    mood_cluster_id: int | None = Field(
        description="Always null: clusters are found in a sample of tracks, and not every track is given to one."
    )


class GenreProfile(Part):
    """A genre in the whole history."""

    genre: str
    listens: Count
    share: Share = Field(description="Of the listens with a known genre.")
    centroid: Centroid


class CheckedHour(Part):
    """An hour that was predicted a day ahead."""

    hour: Hour
    probability: Share
    baseline: Share | None
    started: bool = Field(description="Whether a session started in the hour.")


class CheckedTrack(Part):
    """A prediction of the next track of a session, and what it was."""

    predicted_until: datetime = Field(description="The next track counts if it was heard before.")
    mood_label: str = Field(description="The likeliest group of sound.")
    confidence: Share
    was_right: bool


class CheckedPredictions(Part):
    """What was predicted of the newest day that is over, each hour kept before it began, and what happened."""

    date: date
    hours: list[CheckedHour]
    n: Count = Field(description="Hours with a prediction and a known outcome.")
    expected_starts: float = Field(ge=0, description="Sum of their probabilities.")
    actual_starts: Count = Field(description="Hours in which a session started.")
    brier: Share = Field(description="Mean squared error of the probabilities; lower is better.")
    baseline_brier: Share | None
    next_tracks: list[CheckedTrack]


class NewArtist(Part):
    """An artist first heard in the last four weeks."""

    artist_id: str | None
    artist_name: str | None
    listens: Count
    first_heard: date


class NewTrack(Part):
    """A track first heard in the last four weeks."""

    track_id: str
    track_name: str | None
    artist_name: str | None
    listens: Count
    first_heard: date


class NewMusic(Part):
    """What was first heard in the last 28 days of the history, the most heard first."""

    since: date
    until: date
    n_artists: Count
    n_tracks: Count
    artists: list[NewArtist] = Field(description="At most ten.")
    tracks: list[NewTrack] = Field(description="At most ten.")


_NO_TRAIN = "Always null: models are measured on rows kept from them, not on those they learned from."
_NO_THRESHOLD = "Always null: the model answers with probabilities, and nobody sets a threshold for yes."


class ModelMetrics(Part):
    """A version of a model, measured on the listener's own rows that were kept from it."""

    version: int
    n_val: Count = Field(description="Rows that it was measured on.")
    val_log_loss: float | None
    baseline_log_loss: float | None
    val_brier: float | None
    baseline_brier: float | None
    model_beats_baseline: bool | None = Field(
        description="Whether the 95 % interval of the gain in log loss is above 0."
    )
    is_served: bool = Field(description="Whether this version makes the predictions; the baseline makes them if none.")


class MoodModel(ModelMetrics):
    """The model of the next track's sound."""

    train_accuracy: None = Field(description=_NO_TRAIN)
    val_accuracy: Share | None
    baseline_accuracy: Share | None
    train_f1_macro: None = Field(description=_NO_TRAIN)
    val_f1_macro: Share | None
    baseline_f1_macro: Share | None
    train_roc_auc: None = Field(description=_NO_TRAIN)
    val_roc_auc: None = Field(description="Always null: with several groups log loss and Brier score are measured.")


class PartOfDay(Part):
    """How hours of a part of the day were predicted."""

    pr_auc: Share | None = Field(description="Average precision; null where no session started.")
    roc_auc: Share | None = Field(description="Null where sessions started in no hour, or in all.")
    n_samples: Count
    n_positive: Count


class PerHour(Part):
    """Metrics by part of the day: night from 0 to 5, morning from 6 to 11, and so on; null without predictions."""

    morning: PartOfDay | None
    afternoon: PartOfDay | None
    evening: PartOfDay | None
    night: PartOfDay | None


class ModelMetadata(Part):
    """Where a version comes from."""

    training_date: datetime
    training_window_start: None = Field(description="Always null: each listener's window begins on another day.")
    training_window_end: None = Field(description="Always null, as the start.")
    validation_window_start: None = Field(description="Always null: each day is predicted from the days before it.")
    validation_window_end: None = Field(description="Always null, as the start.")
    data_hash: str = Field(description="First digits of the SHA-256 of the versions of the tables it learned from.")
    version_hash: str | None = Field(description="First digits of the SHA-256 of its files; null if they are gone.")
    rolling_window_days: Count | None = Field(description="Days that it learns from; null for another version's files.")


class SessionModel(ModelMetrics):
    """The model of the hours in which a session starts, a day ahead."""

    train_roc_auc: None = Field(description=_NO_TRAIN)
    val_roc_auc: Share | None
    train_accuracy: None = Field(description=_NO_TRAIN)
    val_accuracy: None = Field(description=_NO_THRESHOLD)
    n_features: Count | None = Field(description="Null for another version's files.")
    n_train: Count | None = Field(
        description="Hours of all listeners that it learned from; null if its files are gone."
    )
    val_pr_auc: Share | None = Field(description="Average precision.")
    val_f1: None = Field(description=_NO_THRESHOLD)
    calibration_error: Share | None = Field(description="Expected calibration error over ten groups of equal size.")
    baseline_neg_pr_auc: None = Field(description="Always null: the share of hours with a start is not kept.")
    baseline_hist_pr_auc: Share | None = Field(
        description="Average precision of the best simple rule so far: a constant rate, or frequencies of the hour."
    )
    model_beats_neg: None = Field(description="Always null, as baseline_neg_pr_auc.")
    model_beats_hist: bool | None = Field(
        description="Whether the 95 % interval of the gain in average precision over that rule is above 0."
    )
    per_hour_metrics: PerHour | None = Field(
        description="Of the last year's predictions, kept before the fact; null unless the version itself was served."
    )
    model_metadata: ModelMetadata


class Moved(Part):
    """A number of the last 14 days beside the 28 before."""

    recent_mean: float | None
    recent_std: float | None
    prior_mean: float | None
    prior_std: float | None
    mean_pct_change: float | None = Field(description="Per cent; null where there is nothing to compare with.")
    std_pct_change: float | None


class Entropy(Part):
    """How spread out over the day sessions start, in bits: 0 is always the same hour, 4.58 is any hour alike."""

    recent: float | None
    prior: float | None
    change: float | None
    pct_change: float | None


class Rates(Part):
    """A rate of the last 14 days beside that of the 28 before."""

    recent: float
    prior: float
    pct_change: float | None


class DriftSummary(Part):
    """Whether any of them moved further than the threshold."""

    drift_detected: bool
    threshold: float = Field(description="Per cent.")
    max_pct_change: float | None


class FeatureDrift(Part):
    """What sessions are like."""

    session_duration: Moved = Field(description="Minutes from the first to the last start of a session.")
    sessions_per_day: Moved = Field(description="Of days with listens.")
    tracks_per_day: Moved = Field(description="Listens, of days with listens.")
    start_hour_entropy: Entropy = Field(
        description="Not in drift_summary: it is lower in two weeks than in four, even of the same habit."
    )
    drift_summary: DriftSummary


class LabelDrift(Part):
    """How often sessions start."""

    session_start_rate: Rates = Field(description="Sessions a day.")
    days_with_sessions: Rates = Field(description="Share of the days.")
    per_hour_frequency: dict[HourText, Rates] = Field(description="Sessions that start in the hour, a day.")
    drift_summary: DriftSummary


class Drift(Part):
    """The last 14 days of the history against the 28 before."""

    feature_drift: FeatureDrift
    label_drift: LabelDrift
    overall_drift_detected: bool
    detection_date: date = Field(description="The last of those days.")


class Training(Part):
    """A training: the models as they were measured then, and the listens up to then."""

    run_at: datetime | None = Field(description="Null before the first training.")
    num_tracks: Count
    num_sessions: Count
    mood_model: MoodModel | None
    session_model: SessionModel | None
    drift: Drift | None = Field(description="As of then; null with less than 42 days of listens, or withheld.")


class Metrics(Part):
    """How good the models are."""

    latest: Training = Field(description="The newest version of each, with all listens.")
    history: list[Training] = Field(description="The last ten trainings, newest first.")


class DashboardData(Part):
    """What a website shows of a listener. Probabilities and shares are from 0 to 1, instants ISO 8601 with a zone.

    What no table has is null, an empty list or an empty object, and so is what the listener keeps back: the fields
    named in ``withheld``. Nothing is made up.
    """

    version: Literal[2] = Field(description="Of this shape; another number means that a field changed its meaning.")
    generated_at: datetime | None = Field(description="When the listens were last built; null without any.")
    withheld: list[str] = Field(description="Fields that the listener keeps back, and that are null or empty for it.")
    next_prediction: NextPrediction | None = Field(description="Null before a model is trained.")
    session_probs: dict[HourText, Share] = Field(
        description="For each hour of the coming day, by the listener's clock, how likely a session starts."
    )
    top_hours: list[HourProbability] = Field(description="The three likeliest of them.")
    checked_predictions: CheckedPredictions | None = Field(
        description="What was predicted of the newest day that is over, and what happened; null before there is one."
    )
    session_actual: dict[HourText, Share] = Field(
        description="The share of the last 84 days on which a session started in that hour."
    )
    mood_clusters: list[MoodCluster] = Field(description="Empty if no kinds of music stand apart reliably.")
    mood_trajectory: list[Moment] = Field(description="By quarter of an hour, the last day with a measured sound.")
    recently_played: list[RecentPlay] = Field(description="The newest 25 plays.")
    new_music: NewMusic | None = Field(description="Null without listens.")
    genre_profiles: list[GenreProfile] = Field(description="At most twenty, the most heard first.")
    metrics: Metrics | None = Field(description="Null only if withheld.")
    drift: Drift | None = Field(description="Null with less than 42 days of listens.")


def schema() -> dict[str, Any]:
    """The published JSON Schema of the document."""
    made = DashboardData.model_json_schema(mode="serialization")
    return {"$schema": _DIALECT, "$id": SCHEMA_ID, "version": VERSION, **made}


def withheld(data: DashboardData, fields: frozenset[str]) -> DashboardData:
    """The document without ``fields``, which are null or empty and listed; a drift withheld is in no metrics either."""
    kept: dict[str, Any] = {name: value for name, value in data if name not in fields}
    metrics = kept.get("metrics")
    if metrics is not None and "drift" in fields:
        kept["metrics"] = _without_drift(metrics)
    nothing = {name: _nothing(getattr(data, name)) for name in fields}
    return DashboardData.model_validate({**kept, **nothing, "withheld": sorted(fields)})


def _without_drift(metrics: Metrics) -> Metrics:
    latest, *history = (one.model_copy(update={"drift": None}) for one in (metrics.latest, *metrics.history))
    return Metrics(latest=latest, history=history)


def _nothing(value: Any) -> list[Any] | dict[str, Any] | None:
    return type(value)() if isinstance(value, list | dict) else None
