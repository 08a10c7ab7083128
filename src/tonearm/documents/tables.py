"""What documents read of the lake's tables beside the listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

if TYPE_CHECKING:
    from tonearm.lake import Lake


class Tables:
    """Rows of one listener in the tables of the lake; a table that is missing has none."""

    def __init__(self, lake: Lake, listener: str) -> None:
        """Nothing is read yet."""
        self._lake, self._listener = lake, listener

    def rows(self, name: str, columns: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The listener's rows with ``columns``, else with all; a column that an older table does not have is null."""
        if not self._lake.has(name):
            return []
        table = self._lake.dataset(name)
        present = [column for column in columns or table.schema.names if column in table.schema.names]
        found = table.to_table(columns=present, filter=pc.field("listener") == self._listener)
        return [{column: row.get(column) for column in columns or present} for row in found.to_pylist()]
