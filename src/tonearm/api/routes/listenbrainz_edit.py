"""``/1/delete-listen`` and ``/1/metadata/lookup``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from tonearm.api.accepting import RawBody
from tonearm.api.deps import LakeDep, SettingsDep, StoreDep
from tonearm.api.listenbrainz import ReaderDep, get, listens_of
from tonearm.api.reading import ReadingDep
from tonearm.api.routes.listenbrainz_submit import SubmitterDep
from tonearm.errors import UsageError
from tonearm.ingest.ledger import reject_records
from tonearm.lake import Lake
from tonearm.scrobble.listenbrainz import decoded, mbid, recording_msid
from tonearm.silver.names import artist_key, title_key
from tonearm.store.submissions import reject, waiting

router = APIRouter(tags=["listenbrainz"])

DELETED = "deleted by the listener"
_SECOND, _LEAST = timedelta(seconds=1), timedelta(microseconds=1)
_LONGEST_QUERY = 250
"""Characters of the names in one look-up, as in ListenBrainz."""


@router.post("/1/delete-listen")
@router.post("/1/delete-listen/", include_in_schema=False)
def delete_listen(
    listener: SubmitterDep, body: RawBody, settings: SettingsDep, reading: ReadingDep, store: StoreDep
) -> dict[str, str]:
    """Delete the token's listener's listen of `listened_at` and `recording_msid`; of none, nothing.

    It stays in the ledger as rejected, and the tables follow with their next build.
    """
    at, msid = _asked(decoded(body))
    start = datetime.fromtimestamp(at, UTC)
    page = reading.plays.page(store, listener, (start - _LEAST, None), (start + _SECOND, None), limit=1000)
    ids = page["listen_id"].to_pylist()
    shown = {
        number for number, one in zip(ids, listens_of(page, listener), strict=True) if one["recording_msid"] == msid
    }
    meant = [one.number for one in waiting(store, listener) if one.reason is None and _is(one.body, at, msid)]
    meant += [-number for number in shown if number < 0]

    def is_meant(record: dict[str, Any]) -> bool:
        return record["listen_id"] in shown or _msid(record) == msid

    if reject(store, meant, DELETED) < len(set(meant)):
        raise HTTPException(503, "the listen is being imported; delete it in a moment", {"Retry-After": "30"})
    reject_records(settings, listener, start, start + _SECOND, is_meant, DELETED)
    return {"status": "ok"}


def _asked(given: Any) -> tuple[int, str]:
    """``listened_at`` and ``recording_msid`` of a request to delete."""
    at, msid = (
        (given.get("listened_at"), mbid(given.get("recording_msid"))) if isinstance(given, dict) else (None, None)
    )
    try:
        seconds = int(at) if isinstance(at, int | float | str) and not isinstance(at, bool) else None
    except (ValueError, OverflowError):
        seconds = None
    if seconds is None or not 0 <= seconds < 2**33:
        raise UsageError("listened_at must be the listen's instant in seconds since 1970")
    if msid is None:
        raise UsageError("recording_msid must be the recording_msid of the listen, a UUID")
    return seconds, msid


def _is(body: str, at: int, msid: str) -> bool:
    listen = msgspec.json.decode(body)
    return int(listen["listened_at"]) == at and recording_msid(listen) == msid


def _msid(record: dict[str, Any]) -> str:
    names = {"artist_name": record["artist_name"], "track_name": record["track_name"]}
    return recording_msid({"track_metadata": {**names, "release_name": record["album_name"]}})


@get(router, "/1/metadata/lookup")
def lookup(
    _who: ReaderDep,
    lake: LakeDep,
    reading: ReadingDep,
    artist_name: Annotated[str, Query(min_length=1)],
    recording_name: Annotated[str, Query(min_length=1)],
    release_name: str = "",
) -> dict[str, Any]:
    """The recording's MBID, where a track of these names was heard or listed with one; an empty object otherwise."""
    if len(artist_name) + len(recording_name) + len(release_name) > _LONGEST_QUERY:
        raise UsageError(
            f"artist_name, recording_name and release_name have at most {_LONGEST_QUERY} characters in all"
        )
    known = reading.answer("recordings by name", lambda: _recordings(lake), is_index=True)
    found = known.get((artist_key(artist_name), title_key(recording_name)))
    if found is None:
        return {}
    return {
        "artist_credit_name": found["artist_name"],
        "artist_mbids": [],
        "recording_mbid": found["recording_mbid"],
        "recording_name": found["track_name"],
        "release_mbid": None,
        "release_name": release_name or None,
    }


def _recordings(lake: Lake) -> dict[tuple[str, str], dict[str, Any]]:
    """The tracks that have an MBID, by folded names."""
    if not lake.has("tracks"):
        return {}
    columns = ["artist_name", "track_name", "recording_mbid"]
    rows: pa.Table = lake.dataset("tracks").to_table(columns, pc.field("recording_mbid").is_valid())
    named = (row for row in rows.to_pylist() if row["artist_name"] and row["track_name"])
    return {(artist_key(row["artist_name"]), title_key(row["track_name"])): row for row in named}
