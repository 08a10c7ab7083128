"""For second steps: Arrow rows as NumPy columns and back, and groups of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tonearm.columns import arrow_schema

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]


def numbers(rows: pa.Table, column: str) -> Numbers:
    """A column of numbers or flags as floats; NaN where it is null."""
    values = rows[column].combine_chunks().cast(pa.float64())
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def codes(rows: pa.Table, *columns: str) -> npt.NDArray[np.int64]:
    """A number from 0 for each row, the same for rows that agree in ``columns``; in order of first appearance."""
    found = np.zeros(rows.num_rows, dtype=np.int64)
    for column in columns:
        own = rows[column].combine_chunks().dictionary_encode(null_encoding="encode")
        found = found * (len(own.dictionary) + 1) + own.indices.to_numpy(zero_copy_only=False)
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.reshape(-1)]


def runs(rows: pa.Table, *columns: str) -> Iterator[pa.Table]:
    """``rows`` cut where any of ``columns`` changes; the rows are sorted by them."""
    if not rows.num_rows:
        return
    of_row = codes(rows, *columns)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(of_row)) + 1, [rows.num_rows]))
    for begin, end in pairwise(starts):
        yield rows.slice(int(begin), int(end - begin))


def as_table(columns: Mapping[str, Any], names: Sequence[str]) -> pa.Table:
    """``columns`` (NumPy arrays, Arrow arrays or lists) as a table with the registry's types; NaN becomes null."""
    schema = arrow_schema(names)
    return pa.table([_array(columns[name], schema.field(name).type) for name in names], schema=schema)


def _array(values: Any, kind: pa.DataType) -> Any:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values.cast(kind)
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        is_missing = np.isnan(values)
        if pa.types.is_integer(kind):
            values = np.where(is_missing, 0, values).astype(np.int64)
        return pa.array(values, kind, mask=is_missing)
    return pa.array(values, kind)


def places(group: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Place of each row among those of its group, from 0; ``group`` is sorted."""
    return np.arange(len(group)) - np.searchsorted(group, group)


def for_order(values: Numbers) -> Numbers:
    """``values`` without their last digits, which differ from engine to engine and must not decide a rank."""
    return np.asarray(np.round(values, 9))
