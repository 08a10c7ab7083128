"""Rows as CSV: for a spreadsheet, which takes some texts for formulas, or as they are, for a program."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
"""How a text starts that a spreadsheet evaluates (OWASP's list), and with it what a stranger wrote into a title."""
_NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?$"


def as_csv(rows: pa.Table, safe: bool = True) -> bytes:
    """``rows`` as CSV in UTF-8 with a header.

    With ``safe``, an apostrophe precedes each text that a spreadsheet would evaluate, which makes it a text there;
    numbers are left as they are.
    """
    out = io.BytesIO()
    pyarrow.csv.write_csv(_harmless(rows) if safe else rows, out)
    return out.getvalue()


def _harmless(rows: pa.Table) -> pa.Table:
    columns = [_text(column) if pa.types.is_string(column.type) else column for column in rows.columns]
    return pa.table(columns, names=rows.column_names)


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    is_formula = pc.and_(
        pc.match_substring_regex(column, _FORMULA), pc.invert(pc.match_substring_regex(column, _NUMBER))
    )
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", column, ""), column)
