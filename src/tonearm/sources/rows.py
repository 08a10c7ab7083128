"""Arrow tables from rows, shared by all sources."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.sources.instants import from_epoch

RAW_CHARS = 2000
_SPOTIFY_ID = r"^(?:spotify:track:|https?://open\.spotify\.com/track/)?(?P<id>[0-9A-Za-z]{22})(?:\?.*)?$"
BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be read: why, and its text without private fields."""

    reason: str
    raw: str


def batch(
    numbers: Sequence[int],
    columns: Mapping[str, pa.Array],
    rejected: Iterable[tuple[int, Rejected]] = (),
    raw: Callable[[int], str] = str,
) -> pa.Table:
    """A source's table: ``columns`` of the rows ``numbers``, and the ``rejected`` rows, in row order.

    ``columns`` may hold ``reason``; where it is not null the row is rejected too, and ``raw`` gives the text
    of the row at that position.
    """
    table = pa.table({"row": pa.array(numbers, pa.int64()), **columns})
    refused = list(rejected)
    if "reason" in columns:
        reasons = table["reason"]
        if reasons.null_count < len(table):
            at = pc.indices_nonzero(pc.is_valid(reasons)).to_pylist()
            refused += [(numbers[i], Rejected(reasons[i].as_py(), raw(i))) for i in at]
            table = table.filter(pc.is_null(reasons))
        table = table.drop_columns(["reason"])
    refusals = pa.table(
        {
            "row": pa.array([number for number, _ in refused], pa.int64()),
            "reason": pa.array([row.reason for _, row in refused], pa.string()),
            "raw": pa.array([_storable(row.raw) for _, row in refused], pa.string()),
        }
    )
    whole = pa.concat_tables([table, refusals], promote_options="default")
    return whole.sort_by("row") if refused else whole


_PRIVATE = re.compile(
    r'("(?:ip_addr\w*|user_?name|user_agent\w*|platform|email)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^,}\]]*)', re.IGNORECASE
)
"""Private fields and their values, removed from the text of rejected rows of any source."""


def _storable(raw: str) -> str:
    raw = _PRIVATE.sub(r'\1"…"', raw)
    return raw[:RAW_CHARS].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def text(values: list[str | None]) -> pa.Array:
    """A column of strings; empty ones are null."""
    column = pa.array(values, pa.string())
    is_empty = pc.equal(column, "")
    return pc.if_else(is_empty, None, column) if pc.any(is_empty).as_py() else column


def spotify_ids(written: pa.Array) -> pa.Array:
    """Spotify's ids of tracks given as ids, URIs or addresses; null for anything else."""
    found = pc.struct_field(pc.extract_regex(written, _SPOTIFY_ID), [0])
    return pc.if_else(pc.equal(found, ""), None, found)


def reasons(size: int) -> pa.Array:
    """A column ``reason`` that rejects none of ``size`` rows yet."""
    return pa.nulls(size, pa.string())


def reject(reason: pa.Array, where: pa.Array, why: str | pa.Array) -> pa.Array:
    """``reason``, with ``why`` for the rows ``where`` that had none; null in ``where`` counts as false."""
    if not pc.any(where).as_py():
        return reason
    return pc.coalesce(reason, pc.if_else(where, why, pa.scalar(None, pa.string())))


def reject_unset_dates(reason: pa.Array, at: pa.Array, is_missing: pa.Array) -> pa.Array:
    """``reason``, with the rows rejected that have no date, or that of a clock that was never set."""
    reason = reject(reason, is_missing, "no date (now playing)")
    return reject(reason, pc.equal(pc.year(at), 1970), "dated 1970: now playing or a clock not set")


def reject_unread_dates(reason: pa.Array, at: pa.Array, written: pa.Array) -> pa.Array:
    """``reason``, with the rows rejected whose date, as ``written``, was not understood."""
    not_read = pc.is_null(at)
    if not pc.any(not_read).as_py():
        return reason
    shown = pc.utf8_slice_codeunits(pc.fill_null(written, ""), 0, 60)
    return reject(reason, not_read, pc.binary_join_element_wise("date '", shown, "' is not understood", ""))


def reject_texts(reason: pa.Array, columns: Mapping[str, pa.Array], most_bytes: int) -> pa.Array:
    """``reason``, with rows rejected whose texts have NUL characters or are longer than ``most_bytes``."""
    for name, values in columns.items():
        if pa.types.is_string(values.type):
            reason = reject(reason, pc.match_substring(values, "\0"), f"{name} contains a NUL character")
            too_long = pc.greater(pc.binary_length(values), most_bytes)
            reason = reject(reason, too_long, f"{name} is longer than {most_bytes >> 10:,} KB")
    return reason


def numbered(batches: Iterable[Sequence[Any]]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Each of ``batches`` that has rows, after the number of its first row in the file."""
    first = 1
    for rows in batches:
        if rows:
            yield first, rows
            first += len(rows)


_TEXT_COLUMNS = (
    *("content", "artist_name", "artists", "track_name", "album_name", "album_artist_name", "spotify_id"),
    *("recording_mbid", "artist_mbid", "release_mbid", "client", "extra"),
)


def table_of(rows: Sequence[Mapping[str, Any] | Rejected], first: int, most_bytes: int) -> pa.Table:
    """A table of listens given as dicts, numbered from ``first``; missing fields are null.

    ``at_s`` is the instant in seconds since 1970 and becomes ``reported_at``, or ``local_s`` is the local time as if in
    UTC and becomes ``local_at``; a row with neither is rejected.
    """
    kept = [(n, row) for n, row in enumerate(rows, first) if not isinstance(row, Rejected)]
    refused = [(n, row) for n, row in enumerate(rows, first) if isinstance(row, Rejected)]
    columns = {name: text([row.get(name) for _, row in kept]) for name in _TEXT_COLUMNS}
    for name in ("listened_s", "duration_s"):
        columns[name] = pa.array([row.get(name) for _, row in kept], pa.float64())
    columns["is_skipped"] = pa.array([row.get("is_skipped") for _, row in kept], pa.bool_())
    at, local = (from_epoch(pa.array([row.get(name) for _, row in kept], pa.float64())) for name in ("at_s", "local_s"))
    either = pc.coalesce(at, local)
    reason = reject_unset_dates(reasons(len(kept)), either, pc.is_null(either))
    columns["reported_at"] = pc.assume_timezone(at, "UTC")
    columns["local_at"] = local
    columns["reason"] = reject_texts(reason, columns, most_bytes)
    return batch([n for n, _ in kept], columns, refused, lambda i: _json(kept[i][1]))


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in row.items() if value is not None}, ensure_ascii=False)
