import ibis
import pyarrow as pa

from tests.embedded import made
from tonearm.silver.first_n import first_n


def test_each_group_has_its_first_rows_with_their_place() -> None:
    rows = pa.table({"listener": ["ann", "ann", "ann", "bob"], "listens": [2, 9, 9, 1], "track": [1, 3, 2, 1]})
    best_first = (ibis.desc("listens"), "track")
    first = made(lambda rows: first_n(rows, "listener", best_first, 2), rows=rows)
    found = first.sort_by([("listener", "ascending"), ("place", "ascending")]).to_pylist()
    assert [(r["listener"], r["track"], r["place"]) for r in found] == [("ann", 2, 0), ("ann", 3, 1), ("bob", 1, 0)]
