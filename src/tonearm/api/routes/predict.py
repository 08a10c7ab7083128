"""``/predict`` and ``/predictions/trial``."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

import msgspec
import pyarrow.compute as pc
from fastapi import APIRouter, Body, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tonearm.api.answers import Answer
from tonearm.api.auth import open_to
from tonearm.api.deps import LakeDep, ListenerAsked, OneListener, PredictingDep, SettingsDep, StoreDep
from tonearm.api.predicting import MOST_RECORDS, Answering, Evidence, Fields, Loaded, evidence, frame, plain_rows
from tonearm.errors import NotRegistered, UsageError
from tonearm.lake import Lake
from tonearm.models.needs import needs
from tonearm.models.trial.summary import Trials, trials
from tonearm.read.track_fields import TrackField, track_fields

router = APIRouter(tags=["predict"])

_ICHIKO_AOBA: dict[str, Any] = {
    "month": "2021-06-01",
    "artist_name": "Ichiko Aoba",
    "months_since_first_seen": 9,
    "is_first_month": 0,
    "plays_t": 14,
    "plays_per_track_t": 1.0,
    "days_active_t": 1,
    "last_play_gap_days_t": 9.04582175925926,
    "track_novelty_rate_t": 0.0,
    "share_t": 0.0040287769784172,
    "total_monthly_scrobbles": 3475,
    "plays_prev3_mean": 0.3333333333333333,
    "delta_1m": 14,
    "trend_slope_3m": 6.5,
    "active_months_count_before_t": 7,
}
_TRACK: dict[str, Any] = {
    "energy": 0.82,
    "danceability": 0.71,
    "valence": 0.6,
    "tempo": 118.0,
    "genre": "pop",
    "year": 2019,
}
_JSON = "application/json"
Status = Literal["ok", "not_enough_data"]
_NOT_ENOUGH: Status = "not_enough_data"


class BreakoutRequest(BaseModel):
    """Artist-months, as rows of the table that the model learns from."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"records": [_ICHIKO_AOBA], "return_probabilities": True, "threshold_override": None}]
        },
    )

    records: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_RECORDS)
    """What is known of each artist's month: `plays_t`, `share_t` and so on; what is missing is completed."""
    return_probabilities: bool = True
    """Whether probabilities are wanted beside the decisions."""
    threshold_override: float | None = Field(default=None, ge=0, le=1)
    """The probability from which on an artist breaks out, whatever its rank."""


class BreakoutPrediction(Answer):
    """What is predicted of one artist-month."""

    artist_name: str | None
    month: str | None
    probability: float | None
    """That the artist becomes core within two months; null where it was not wanted."""
    is_breakout: bool


class BreakoutAnswer(Answer):
    """What is predicted of each record, in their order."""

    threshold: float
    """The probability from which on an artist breaks out; without `threshold_override`, it has to be among the first
    three of its month in the request, too."""
    predictions: list[BreakoutPrediction]
    model: str
    version: int
    served_by: str
    """`model`, or `baseline` where the model did not beat that."""


@router.post("/predict")
@open_to("read")
def predict_breakout(predicting: PredictingDep, asked: BreakoutRequest) -> BreakoutAnswer:
    """Which artists become core artists within two months: with at least 20 listens, or 1 % of a month's."""
    loaded = predicting.loaded("breakout")
    found = loaded.answers(frame(_breakout_fields().known(asked.records, "plays_t")), asked.threshold_override)
    threshold: Any = loaded.fitted
    names, months = ([_text(one.get(key)) for one in asked.records] for key in ("artist_name", "month"))
    chances = found["probability"].tolist() if asked.return_probabilities else [None] * len(found)
    each = zip(names, months, chances, found["is_breakout"].tolist(), strict=True)
    return BreakoutAnswer(
        threshold=threshold.threshold if asked.threshold_override is None else asked.threshold_override,
        predictions=[
            BreakoutPrediction(artist_name=name, month=month, probability=chance, is_breakout=is_breakout)
            for name, month, chance, is_breakout in each
        ],
        model=loaded.model.registered,
        version=loaded.version.version,
        served_by=found["served_by"].iloc[0],
    )


@cache
def _breakout_fields() -> Fields:
    from tonearm.models.breakout import INPUTS

    return Fields(frozenset(INPUTS), frozenset({"month", "artist_name", "listener"}))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


class Popular(Answer):
    """Whether a track is popular."""

    popular: Literal[0, 1]


class PopularWithProbability(Popular):
    """The same, with how probable it is and who answers."""

    probability: float
    threshold: float
    popular_from: int
    """Popularity (0–100) from which on a track is called popular."""
    model: str
    version: int
    served_by: str
    baseline: str
    notes: list[str]
    """What should be known of the answer, such as a genre that the model never heard of."""


class PopularOfMany(Answer):
    """One answer for each record, in their order."""

    predictions: list[Popular | PopularWithProbability]


Threshold = Annotated[
    float | None, Query(ge=0, le=1, description="Probability from which on a track is popular; the model's by default.")
]
By = Annotated[
    Answering,
    Query(
        description="Who answers: what is served, or the model or its baseline whichever is served, to compare them."
    ),
]


@router.get("/predict/fields")
def list_fields(
    settings: SettingsDep,
    genre: Annotated[str | None, Query(max_length=200, description="What is usual in this genre.")] = None,
    track_id: Annotated[int | None, Query(ge=0, lt=2**63, description="What this track of a catalogue has.")] = None,
) -> list[TrackField]:
    """The fields of a track that `POST /predict/popularity` and `/predict/mood` take: ranges, and what is usual.

    Both are of the catalogue: medians, and the most frequent of what is no number.
    """
    return track_fields(settings, genre, track_id)


@router.post("/predict/popularity", response_model=Popular | PopularWithProbability | PopularOfMany)
@open_to("read")
async def predict_popularity(
    predicting: PredictingDep,
    track: Annotated[
        dict[str, Any],
        Body(description='A track\'s features, or `{"records": [...]}` with those of several.', examples=[_TRACK]),
    ],
    probability: Annotated[bool, Query(description="Whether the probability and the model are wanted, too.")] = False,
    threshold: Threshold = None,
    by: By = "served",
) -> Response:
    """Whether a track is popular, by its features: any of its sound, names, genre and release, the more the better."""
    loaded = predicting.kept("popularity")
    if loaded is None:
        loaded = await run_in_threadpool(predicting.loaded, "popularity")
    if "records" in track or by != "served":
        found = await run_in_threadpool(_popular, loaded, _tracks(track), threshold, by)
    else:
        found = await _one_popular(loaded, _track_fields().known([track], "energy")[0], threshold)
    shown = found if probability else [{"popular": one["popular"]} for one in found]
    # Written by hand, because FastAPI's check of what we made ourselves takes as long as the rest.
    return Response(msgspec.json.encode({"predictions": shown} if "records" in track else shown[0]), media_type=_JSON)


async def _one_popular(loaded: Loaded, record: dict[str, Any], threshold: float | None) -> list[dict[str, Any]]:
    """The answer of one track, computed together with those that are asked for at the same moment."""
    chance = await loaded.together.ask(record)
    return [_about_popular(loaded, record, chance, threshold)]


def _popular(
    loaded: Loaded, records: list[dict[str, Any]], threshold: float | None, by: Answering
) -> list[dict[str, Any]]:
    known = _track_fields().known(records, "energy")
    chances = loaded.chances(known, by)
    return [_about_popular(loaded, *one, threshold, by) for one in zip(known, chances, strict=True)]


def _about_popular(
    loaded: Loaded, record: dict[str, Any], chance: float, threshold: float | None, by: Answering = "served"
) -> dict[str, Any]:
    fitted: Any = loaded.fitted
    limit = fitted.settings.threshold if threshold is None else threshold
    genre = record.get("genre", "")
    return {
        "popular": int(chance >= limit),
        "probability": float(chance),
        "threshold": limit,
        "popular_from": fitted.settings.popular_from,
        "model": loaded.model.registered,
        "version": loaded.version.version,
        "served_by": by if by != "served" else "model" if "popular" in loaded.version.serves else "baseline",
        "baseline": loaded.model.baseline,
        "notes": [f"no genre '{genre[:40]}' is known; it is taken as missing"]
        if genre and genre not in loaded.genres
        else [],
    }


@cache
def _track_fields() -> Fields:
    from tonearm.models.catalogue import NUMBERS_BROUGHT, TEXTS

    return Fields(frozenset(NUMBERS_BROUGHT), frozenset(TEXTS))


def _tracks(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a body that is one, or has some."""
    if "records" not in body:
        return [body]
    records = body["records"]
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise UsageError("records are a list of objects, each a track's features")
    return records


class MoodAnswer(Answer):
    """The predicted mood of each record, in their order."""

    status: Status
    needs: str | None = None
    """What data is missing, where no model could be learned yet."""
    model: str = "mood"
    version: int | None = None
    baseline: str | None = None
    served_by: dict[str, str] = Field(default_factory=dict)
    """Of each target, whether the model answers or the baseline, which the model did not beat."""
    predictions: list[dict[str, Any]] = Field(default_factory=list)
    """`mood`, the probability of each, and `valence` and `energy` with the 90 % interval of each."""
    evidence: list[Evidence] = Field(default_factory=list)
    """How the version did on tracks of artists that it had not learned from."""


@router.post("/predict/mood")
@open_to("read")
def predict_mood(
    predicting: PredictingDep,
    settings: SettingsDep,
    track: Annotated[
        dict[str, Any],
        Body(description='A track\'s features, or `{"records": [...]}` with those of several.', examples=[_TRACK]),
    ],
) -> MoodAnswer:
    """The mood that a track has, by what is known of it: how positive and energetic it sounds, and which of five."""
    try:
        loaded = predicting.loaded("mood")
    except NotRegistered:
        return MoodAnswer(status=_NOT_ENOUGH, needs=needs("mood"))
    found = loaded.answers(frame(_track_fields().known(_tracks(track), "energy")))
    return MoodAnswer(
        status="ok",
        version=loaded.version.version,
        baseline=loaded.model.baseline,
        served_by=loaded.about["served_by"],
        predictions=plain_rows(found),
        evidence=evidence(settings, "mood", loaded.version.version),
    )


class Coming(Answer):
    """A forecast for one listener, made when the models last answered."""

    status: Status
    needs: str | None = None
    """What data is missing, where there is no forecast."""
    listener: str
    model: str
    version: int | None = None
    served_by: str | None = None
    """`model`, or `baseline` where that is not beaten for this listener."""
    baseline: str | None = None
    as_of_at: datetime | None = None
    """When it was made: listens since then are not in it."""
    evidence: list[Evidence] = Field(default_factory=list)
    """How the version did on listens that it had not learned from; for everybody, and for the listener."""


class Group(Answer):
    """A group of sound, and how likely the next track is of it."""

    music_group: str
    probability: float
    baseline: float


class NextMood(Coming):
    """What the next track will sound like, should the last session go on."""

    groups: list[Group] = Field(default_factory=list)
    """The likeliest first; together they add up to 1."""


class HourOfStart(Answer):
    """An hour, and how likely a session starts in it."""

    starts_at: datetime
    starts_local: datetime
    """By the listener's clock."""
    horizon: Literal["day_ahead", "hour_ahead"]
    probability: float
    baseline: float


class SessionStart(Coming):
    """When the next session starts."""

    hours: list[HourOfStart] = Field(default_factory=list)
    """The coming 24, a day ahead, and the first of them an hour ahead, too."""


@router.get("/predict/next-mood")
def predict_next_mood(settings: SettingsDep, lake: LakeDep, listener: OneListener) -> NextMood:
    """What a listener's next track will sound like, with the chance of each group of sound."""
    rows = _rows(lake, "next_mood_forecasts", listener)
    groups = [
        Group(
            music_group=row["music_group"],
            probability=row["probability_pct"] / 100,
            baseline=row["baseline_pct"] / 100,
        )
        for row in sorted(rows, key=lambda row: (-row["probability_pct"], row["music_group"]))
    ]
    return NextMood(groups=groups, **_coming(settings, "next_mood", listener, rows))


@router.get("/predict/session-start")
def predict_session_start(settings: SettingsDep, lake: LakeDep, listener: OneListener) -> SessionStart:
    """How likely a listener is to start listening in each of the coming hours."""
    rows = _rows(lake, "session_start_forecasts", listener)
    hours = [
        HourOfStart(
            starts_at=row["predicted_for_at"],
            starts_local=row["predicted_for_local"],
            horizon=row["horizon"],
            probability=row["probability_pct"] / 100,
            baseline=row["baseline_pct"] / 100,
        )
        for row in sorted(rows, key=lambda row: (row["horizon"], row["predicted_for_at"]))
    ]
    return SessionStart(hours=hours, **_coming(settings, "session_start", listener, rows))


def _rows(lake: Lake, table: str, listener: str) -> list[dict[str, Any]]:
    if not lake.has(table):
        return []
    found: list[dict[str, Any]] = lake.dataset(table).to_table(filter=pc.field("listener") == listener).to_pylist()
    return found


def _coming(settings: Any, model: str, listener: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What a forecast says of its model, or what data it needs."""
    if not rows:
        return {"status": _NOT_ENOUGH, "needs": needs(model), "listener": listener, "model": model}
    first = rows[0]
    shown = evidence(settings, model, first["model_version"], listener)
    return {
        "status": "ok",
        "listener": listener,
        "model": model,
        "version": first["model_version"],
        "served_by": first["served_by"],
        "baseline": next((one.baseline for one in shown), None),
        "as_of_at": first["as_of_at"],
        "evidence": shown,
    }


@router.get("/predictions/trial")
def predictions_on_trial(store: StoreDep, listener: ListenerAsked) -> Trials:
    """How the forecasts of the last year did that were kept before the fact, beside their baselines."""
    return trials(store, listener)
