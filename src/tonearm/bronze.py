"""Bronze: every input row as it was read, with its origin and its outcome.

A row is *kept*, a *duplicate* of a kept row of the same source, or *rejected* with a reason, and all three
are written, in one commit per group of whole files; so the counts always add up, an import can be undone,
and a crash leaves either all of a file or nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tonearm.columns import FEATURES, IMPUTED

HISTORY = "listening_history_bronze"
CATALOGUE = "kaggle_tracks_bronze"
SUBMITTED = "_submission"
"""How the names of sources end that clients submit to."""
EVALUATIONS, DRIFT = "model_evaluations", "model_drift"

SPACES = (
    *((0x00, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x61C, 0x61C), (0x1680, 0x1680), (0x2000, 0x200B), (0x200E, 0x200F)),
    *((0x2028, 0x202F), (0x205F, 0x2064), (0x2066, 0x206F), (0x2800, 0x2800), (0x3000, 0x3000), (0x3164, 0x3164)),
    *((0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB)),
)
"""Code points, from and to, that begin and end no name: white space, control characters, signs without width."""
UNSEEN = (
    *SPACES,
    *((0x34F, 0x34F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200C, 0x200D), (0xFE00, 0xFE0F)),
    *((0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
"""Code points that make no name by themselves: those, and joiners and selectors, which change what they stand by."""


def _class(code_points: Iterable[tuple[int, int]], written: str) -> str:
    return "".join(f"{written % first}-{written % last}" for first, last in code_points)


_OUTER = re.compile(r"\A[{0}]+|[{0}]+\Z".format(_class(SPACES, r"\U%08x")))
_SEEN = re.compile("[^{}]".format(_class(UNSEEN, r"\U%08x")))


def tidied(name: str) -> str | None:
    """``name`` without what cannot be seen around it; None where nothing of it can be seen, which is no name."""
    return _OUTER.sub("", name) if _SEEN.search(name) else None


def tidied_sql(column: str) -> str:
    """DuckDB's SQL for :func:`tidied` of ``column``."""
    outer, unseen = _class(SPACES, r"\x{%x}"), _class(UNSEEN, r"\x{%x}")
    # Most names need no change, and finding that out is faster than changing nothing.
    return (
        f"CASE WHEN NOT regexp_matches({column}, '[^{unseen}]') THEN NULL "
        f"WHEN regexp_matches({column}, '^[{outer}]|[{outer}]$') "
        f"THEN regexp_replace({column}, '^[{outer}]+|[{outer}]+$', '', 'g') ELSE {column} END"
    )


ROW = ("run", "file", "row")
"""What identifies a row of bronze."""
ORIGIN = ("run", "file", "file_name", "row", "imported_at", "outcome", "reason", "raw")

_TRACK_FEATURES = (*FEATURES, "liveness")

SCHEMAS: dict[str, tuple[str, ...]] = {
    HISTORY: (
        "listener",
        "source",
        "content",
        "record_id",
        "name_id",
        "reported_at",
        "local_at",
        "started_at",
        "instant_is",
        "precision_s",
        "artist_name",
        "artists",
        "track_name",
        "album_name",
        "album_artist_name",
        "spotify_id",
        "recording_mbid",
        "artist_mbid",
        "release_mbid",
        "listened_s",
        "duration_s",
        "is_skipped",
        "is_shuffle",
        "is_offline",
        "is_incognito",
        "reason_start",
        "reason_end",
        "country",
        "client",
        "extra",
        *ORIGIN,
    ),
    CATALOGUE: (
        "source",
        "record_id",
        "name_id",
        "spotify_id",
        "recording_mbid",
        "artists",
        "artist_name",
        "track_name",
        "album_name",
        "popularity",
        "duration_s",
        "is_explicit",
        "key",
        "mode",
        "time_signature",
        *_TRACK_FEATURES,
        "genre",
        "subgenre",
        "release_date",
        "playlist_id",
        "playlist_name",
        *ORIGIN,
    ),
    "my_tracks_features_bronze": ("spotify_id", *_TRACK_FEATURES, "source", "imported_at"),
    "allowed_features": ("feature_source",),
    "merge_rules": ("merge_kind", "is_merged"),
    "imputed_features": (
        *("track_id", *IMPUTED, *(f"{f}_error" for f in IMPUTED), "mood"),
        *("model_version", "as_of_at"),
    ),
    "model_scores": (
        "model",
        "model_version",
        "served_by",
        "as_of_at",
        "listener",
        "subject",
        "subject_id",
        "predicted_for_at",
        "quantity",
        "score",
        "score_low",
        "score_high",
        "baseline_score",
        "actual",
    ),
    "model_evaluations": (
        "listener",
        "model",
        "model_version",
        "is_served",
        "target",
        "protocol",
        "metric",
        "is_deciding",
        "value",
        "value_low",
        "value_high",
        "rows",
        "baseline_name",
        "baseline_value",
        "gain",
        "gain_low",
        "gain_high",
        "is_better",
        "trained_at",
        "data_version",
    ),
    "model_drift": (
        "model",
        "model_version",
        "as_of_at",
        "quantity",
        "drift",
        "drift_limit",
        "rows",
        "rows_before",
        "is_due",
    ),
    "runs": (
        "run_started_at",
        "run_ended_at",
        "run_step",
        "run_subject",
        "run_outcome",
        "run_rows",
        "took_s",
        "run_message",
    ),
    "listener_clock": ("listener", "year", "from_at", "until_at", "utc_offset_s", "zone"),
    "imports": (
        "run",
        "listener",
        "import_started_at",
        "import_ended_at",
        "undone_at",
        "position",
        "file",
        "file_name",
        "source",
        "reading",
        "rows_read",
        "rows_kept",
        "rows_duplicate",
        "rows_rejected",
        "podcasts",
        "audiobooks",
        "problem",
    ),
}
"""Columns of the tables that are written by imports, models and settings instead of derived from other tables."""

MADE_BY_MODELS = ("imputed_features", "model_scores")
"""Of these tables, those that models write anew each time, from the others."""
FOR_EVERYBODY = ("model_scores", EVALUATIONS)
"""Of these tables, those with rows of no listener, such as scores of tracks, on which every listener depends."""

DESCRIPTIONS: dict[str, str] = {
    HISTORY: "Every row of every imported history as it was read, with its outcome: one row per row of a file.",
    CATALOGUE: "Every row of every imported track catalogue: one row per row of a file.",
    "my_tracks_features_bronze": "Audio features measured for tracks that were heard; empty until they are fetched.",
    "allowed_features": "Sources that track features may come from; synthetic only if `allow_synthetic` is set.",
    "merge_rules": "For which reasons records are merged; repeats only if `merge_repeats` is set.",
    "imputed_features": "Features estimated for tracks that have none, with standard errors where a model made them.",
    "model_scores": "Predictions of the served models, or of baselines served in their place: one row per number.",
    "model_evaluations": "Each model version's score and its baseline's, on data it was not trained on.",
    "model_drift": "How far a model's inputs have drifted from its training data: one row per quantity and check.",
    "listener_clock": "Each listener's offset from UTC: one row per listener and interval of constant offset.",
    "runs": "Every `tonearm run`: one row per pass, and one per file, table and model that it did something to.",
    "imports": "The ledger: one row per import and file, with how many rows were kept, duplicate and rejected.",
}
"""Published description of each table in ``SCHEMAS``."""
