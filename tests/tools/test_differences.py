"""Two homes are compared by their rows, without regard to order, a float's last digits and when it was."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from tools.differences import differences

from tonearm.lake import Lake


def lake(folder: Path, *rows: tuple[str, float]) -> Lake:
    found = Lake(folder)
    columns = {"name": [name for name, _ in rows], "mean": [mean for _, mean in rows]}
    at = pa.array([datetime.now(UTC)] * len(rows), pa.timestamp("us", "UTC"))
    found.replace("means", pa.table({**columns, "imported_at": at}), {})
    return found


def test_rows_that_differ_are_counted(tmp_path: Path) -> None:
    one = lake(tmp_path / "one", ("a", 0.1 + 0.2), ("b", 1.0), ("c", 2.0))
    assert differences(one, lake(tmp_path / "same", ("c", 2.0), ("b", 1.0), ("a", 0.3))) == {"means": (3, 0)}
    assert differences(one, lake(tmp_path / "less", ("a", 0.3), ("b", 1.1))) == {"means": (3, 2)}


def test_other_tables_are_named(tmp_path: Path) -> None:
    other = lake(tmp_path / "other", ("a", 1.0))
    other.replace("more", pa.table({"n": [1]}), {})
    with pytest.raises(ValueError, match="more"):
        differences(lake(tmp_path / "one", ("a", 1.0)), other)
