"""Splits streams of sorted Arrow batches into parts for second steps, never cutting a group of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tonearm.columns import arrow_schema
from tonearm.errors import TableInvalid

if TYPE_CHECKING:
    from tonearm.table import Table

ROWS_PER_PART = 16_384
"""Approximate rows of a part; a larger group makes a larger part."""
ALONE_S = 1.0
"""Seconds of second steps after which other processes help; they take about as long to start."""
_IDLE_S = 10
"""Seconds without work after which those processes exit."""


def finished(
    table: Table, batches: Iterable[pa.RecordBatch], schema: pa.Schema, processes: int = 1
) -> Iterator[pa.Table]:
    """The result of the second step of ``table`` on the sorted rows of its first, part by part.

    When that takes long, up to ``processes`` processes share the parts. Raises TableInvalid when a group has more
    rows than the table allows.
    """
    assert table.finish is not None
    wanted = arrow_schema(table.finish_columns)
    parts = _bounded(table, batches, schema)
    for rows in _alone_and_then_shared(table.finish, parts, processes):
        yield rows.select(wanted.names).cast(wanted)


def _bounded(table: Table, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """The parts; raises TableInvalid for a group of more rows than the second step accepts."""
    for part in whole_parts(batches, schema, table.finish_by, table.finish_limit):
        if table.finish_limit is not None and (most := _most_alike(part, table.finish_by)) > table.finish_limit:
            problem = f"{most:,} rows of one {', '.join(table.finish_by)} reach its second step, which accepts "
            raise TableInvalid(table.name, [f"{problem}{table.finish_limit:,}"])
        yield part


def _alone_and_then_shared(
    finish: Callable[[pa.Table], pa.Table], parts: Iterator[pa.Table], processes: int
) -> Iterator[pa.Table]:
    """``finish`` of each part, in order: in this process at first, then in several."""
    taken = 0.0
    for part in parts:
        began = perf_counter()
        rows = finish(part)
        taken += perf_counter() - began
        yield rows
        if processes > 1 and taken > ALONE_S:
            break
    yield from _shared(finish, parts, processes)


def _shared(finish: Callable[[pa.Table], pa.Table], parts: Iterator[pa.Table], processes: int) -> Iterator[pa.Table]:
    first = next(parts, None)
    if first is None:
        return
    from joblib import Parallel, delayed

    # A few parts ahead of those under way, so that memory does not grow with the rows.
    share = Parallel(processes, return_as="generator", pre_dispatch="n_jobs + 1", idle_worker_timeout=_IDLE_S)
    yield from share(delayed(finish)(part) for part in chain([first], parts))


def whole_parts(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, by: Sequence[str], limit: int | None = None
) -> Iterator[pa.Table]:
    """Parts of ``batches`` sorted by ``by`` that cut no group of rows with equal ``by``, up to ``limit`` rows each.

    There is at least one part, empty if there are no rows.
    """
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= ROWS_PER_PART:
            table = pa.Table.from_batches(waiting, schema).combine_chunks()
            end = _last_start(table, by)
            if limit is not None and table.num_rows - end > limit:
                # The group is over the limit already, so the caller's check need not wait for the rest of it.
                end = table.num_rows
            if end:
                yield table.slice(0, end)
            waiting = table.slice(end).to_batches()
            rows = table.num_rows - end
    yield pa.Table.from_batches(waiting, schema).combine_chunks()


def _last_start(table: pa.Table, by: Sequence[str]) -> int:
    """First row of the last group; the number of rows if ``by`` is empty."""
    starts = _starts(table, by)
    return starts[-1] if by else int(table.num_rows)


def _starts(table: pa.Table, by: Sequence[str]) -> list[int]:
    """First row of each group."""
    differs = np.zeros(max(table.num_rows - 1, 0), dtype=bool)
    for name in by:
        own = table[name].combine_chunks().dictionary_encode(null_encoding="encode").indices.to_numpy()
        differs |= np.diff(own) != 0
    return [0, *(np.flatnonzero(differs) + 1).tolist()]


def _most_alike(table: pa.Table, by: Sequence[str]) -> int:
    starts = [*_starts(table, by), table.num_rows]
    return max((end - begin for begin, end in pairwise(starts)), default=0)
