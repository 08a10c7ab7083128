"""Sorted rows in parts: what belongs together stays together, however it is batched."""

from __future__ import annotations

import os

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonearm.engine import parts

SCHEMA = pa.schema([("listener", pa.string()), ("n", pa.int64())])


def batches(sizes: dict[str, int], length: int) -> list[pa.RecordBatch]:
    rows = [{"listener": name, "n": i} for name in sorted(sizes) for i in range(sizes[name])]
    return pa.Table.from_pylist(rows, SCHEMA).to_batches(max_chunksize=length)


@given(
    sizes=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9)),
    length=st.integers(1, 5),
    enough=st.integers(1, 12),
)
def test_no_listener_is_cut_and_no_row_lost(sizes: dict[str, int], length: int, enough: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parts, "ROWS_PER_PART", enough)
        found = list(parts.whole_parts(batches(sizes, length), SCHEMA, ["listener"]))
    of_part = [sorted(set(part["listener"].to_pylist())) for part in found]
    assert sorted(name for names in of_part for name in names) == sorted(sizes)
    assert sum(part.num_rows for part in found) == sum(sizes.values())


def test_too_many_rows_are_reported_before_all_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROWS_PER_PART", 4)
    read = []

    def one_by_one() -> object:
        for batch in batches({"a": 100}, 2):
            read.append(batch)
            yield batch

    first = next(parts.whole_parts(one_by_one(), SCHEMA, ["listener"], limit=3))
    assert (first.num_rows, len(read)) == (4, 2)


def _counted(rows: pa.Table) -> pa.Table:
    return pa.table({"listener": [rows["listener"][0].as_py()], "process": [os.getpid()], "n": [rows.num_rows]})


def test_long_steps_are_shared_by_processes_and_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ALONE_S", 0.0)
    monkeypatch.setattr(parts, "ROWS_PER_PART", 1)
    whole = parts.whole_parts(batches(dict.fromkeys("abcdefgh", 2), 1), SCHEMA, ["listener"])
    found = pa.concat_tables(parts._alone_and_then_shared(_counted, whole, 2))
    assert "".join(found["listener"].to_pylist()) == "abcdefgh"
    assert found["process"][0].as_py() == os.getpid()
    assert os.getpid() not in found["process"].to_pylist()[1:]
    assert set(found["n"].to_pylist()) == {2}
