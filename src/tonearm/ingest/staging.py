"""Staged rows, collected in an Arrow file until they are committed, so that large files need little memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.ipc

from tonearm.bronze import HISTORY, SCHEMAS
from tonearm.columns import arrow_schema

if TYPE_CHECKING:
    from tonearm.sources import Source


class Staging:
    """The rows of one bronze table between two commits.

    Besides the table's columns each row has ``id``, its number among the staged rows, and ``position``, the
    number of its file in the import.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Stage rows for the bronze table ``name``; no file is written before the first row."""
        self.name = name
        self.rows = 0
        self.schema = (
            arrow_schema(SCHEMAS[name]).append(pa.field("position", pa.int64())).append(pa.field("id", pa.int64()))
        )
        self._path = folder / f"{name}.arrow"
        self._writer: Any = None

    def add(self, batch: pa.Table, source: Source, position: int) -> None:
        """Append rows yielded by ``source``; columns that it left out are null."""
        if self._writer is None:
            self._path.unlink(missing_ok=True)
            self._writer = pyarrow.ipc.new_file(str(self._path), self.schema)
        count = batch.num_rows
        constants: dict[str, Any] = {"source": source.kind, "position": position}
        if self.name == HISTORY:
            constants |= {"instant_is": source.instant_is, "precision_s": float(source.precision_s)}
        given = set(batch.column_names)
        columns = []
        for field in self.schema:
            if field.name == "id":
                columns.append(pa.array(range(self.rows, self.rows + count), pa.int64()))
            elif field.name in given:
                columns.append(batch.column(field.name).cast(field.type))
            elif field.name in constants:
                columns.append(pa.repeat(pa.scalar(constants[field.name], field.type), count))
            else:
                columns.append(pa.nulls(count, field.type))
        self._writer.write_table(pa.table(columns, schema=self.schema))
        self.rows += count

    def dataset(self) -> ds.Dataset:
        """The staged rows, read lazily; no more can be added before :meth:`clear`."""
        self._writer.close()
        return ds.dataset(str(self._path), format="ipc")

    def clear(self) -> None:
        """Discard the staged rows."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        self.rows = 0
