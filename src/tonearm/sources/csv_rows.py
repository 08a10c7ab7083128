"""Rows of a separated file with a header as the structs that its JSON twin is read as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from tonearm.sources import headers
from tonearm.sources.delimited import chunks, sheet
from tonearm.sources.files import InputFile
from tonearm.sources.rows import Rejected

Row = TypeVar("Row", bound=msgspec.Struct)


def has_columns(file: InputFile, *names: str) -> bool:
    """Whether the file is separated text with all these columns; case and signs in their names do not count."""
    found = sheet(file)
    return found is not None and {headers.key(name) for name in names} <= {headers.key(name) for name in found.header}


def csv_rows(
    file: InputFile, row_type: type[Row], aliases: Mapping[str, str], most_chars: int
) -> Iterator[list[Row | Rejected]]:
    """The rows in order. A column fills the field of its name, or of the name that ``aliases`` has for it; an empty
    cell is null. Columns without a field, which may be private, are not looked at."""
    found = sheet(file)
    if found is None:
        return
    fields = {headers.key(name): name for name in row_type.__struct_fields__} | dict(aliases)
    columns = [(fields[key], at) for at, name in enumerate(found.header) if (key := headers.key(name)) in fields]
    for chunk in chunks(file, found, most_chars):
        rows: list[tuple[int, Row | Rejected]] = [(n, Rejected(row.reason, "")) for n, row in chunk.rejected]
        for number, cells in zip(chunk.numbers, chunk.rows, strict=True):
            rows.append((number, _row(row_type, {name: cells[at] for name, at in columns if cells[at].strip()})))
        yield [row for _, row in sorted(rows, key=lambda numbered: numbered[0])]


def _row(row_type: type[Row], cells: dict[str, str]) -> Row | Rejected:
    try:
        return msgspec.convert(cells, row_type, strict=False)
    except msgspec.ValidationError as error:
        return Rejected(f"a field is not as expected: {error}", msgspec.json.encode(cells).decode())
