"""Validators: what must hold of a table before it replaces its old version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tonearm.columns import COLUMNS, Column
from tonearm.table import Table

if TYPE_CHECKING:
    from tonearm.engine.protocol import BuildEngine

_EXAMPLES = 3
_LARGEST = 1.7e308
"""Beyond it a float is infinite; not every engine can be asked."""


def problems(session: BuildEngine, table: Table, relation: str, references: Mapping[str, str]) -> list[str]:
    """What is wrong with ``relation`` as the new content of ``table``: columns, types, ranges, grain, keys.

    Each problem names the column, how many rows break the rule and some of them by their grain. Columns
    are assumed to be in range when they are null, where null is allowed. ``references`` maps a column to
    the relation that must hold its values.
    """
    types = session.kinds(relation)
    wrong = _schema_problems(table, types)
    if wrong:
        return wrong
    return [
        *_row_problems(session, table, relation, list(types)),
        *_grain_problems(session, table, relation),
        *_reference_problems(session, table, relation, references),
    ]


def _schema_problems(table: Table, types: Mapping[str, str]) -> list[str]:
    wrong = [f"column {c} is not described in columns.py" for c in types if c not in COLUMNS]
    wrong += [f"grain column {c} is missing" for c in table.grain if c not in types]
    for name, found in types.items():
        expected = COLUMNS[name].types.duckdb if name in COLUMNS else found
        if found != expected:
            wrong.append(f"column {name} is {found}, not {expected}")
    return wrong


class _Rule(NamedTuple):
    """What must not be in a column."""

    what: str
    wrong: str
    """SQL that holds for the wrong rows."""
    broken: str
    """The same of the whole table, from sums and extremes, which take a third of the time to find."""


def _rules(name: str, column: Column, in_grain: bool) -> list[_Rule]:
    """What must hold of one column; a float that is not a number is the largest on every engine."""
    rules, lowest, highest = [], f'min("{name}")', f'max("{name}")'
    if in_grain or not column.null:
        rules.append(_Rule(f"{name} is null", f'"{name}" IS NULL', f'count("{name}") < count(*)'))
    if column.kind == "float64":
        is_wrong = "isnan({0}) OR abs({0}) > " + str(_LARGEST)
        broken = f"{is_wrong.format(highest)} OR abs({lowest}) > {_LARGEST}"
        rules.append(_Rule(f"{name} is not a number", is_wrong.format(f'"{name}"'), broken))
    if column.low is not None:
        below = f"< {column.low} - 1e-9"
        rules.append(_Rule(f"{name} is below {column.low:g}", f'"{name}" {below}', f"{lowest} {below}"))
    if column.high is not None:
        above = f"> {column.high} + 1e-9"
        rules.append(_Rule(f"{name} is above {column.high:g}", f'"{name}" {above}', f"{highest} {above}"))
    if column.one_of:
        values = ", ".join(f"'{value}'" for value in column.one_of)
        wrong = f'"{name}" NOT IN ({values})'
        rules.append(_Rule(f"{name} is none of {', '.join(column.one_of)}", wrong, f"bool_or({wrong})"))
    return rules


def _row_problems(session: BuildEngine, table: Table, relation: str, columns: Sequence[str]) -> list[str]:
    rules = [rule for name in columns for rule in _rules(name, COLUMNS[name], name in table.grain)]
    (found,) = session.rows(
        f"SELECT {', '.join(f'{rule.broken} AS c{i}' for i, rule in enumerate(rules))} FROM {relation}"
    )
    broken = [rule for rule, is_broken in zip(rules, found, strict=True) if is_broken]
    if not broken:
        return []
    (counts,) = session.rows(
        f"SELECT {', '.join(f'count(*) FILTER (WHERE {rule.wrong}) AS c{i}' for i, rule in enumerate(broken))} "
        f"FROM {relation}"
    )
    return [
        f"{rule.what} in {count:,} rows{_examples(session, table, relation, rule.wrong)}"
        for rule, count in zip(broken, counts, strict=True)
    ]


def _grain_problems(session: BuildEngine, table: Table, relation: str) -> list[str]:
    grain = ", ".join(f'"{c}"' for c in table.grain)
    repeated = session.value(
        f"SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT {grain} FROM {relation})) FROM {relation}"
    )
    if not repeated:
        return []
    rows = session.rows(
        f"SELECT {grain}, count(*) AS copies FROM {relation} GROUP BY {grain} HAVING count(*) > 1 LIMIT {_EXAMPLES}"
    )
    shown = "; ".join(", ".join(map(str, row[:-1])) + f" ({row[-1]} times)" for row in rows)
    return [f"{repeated:,} rows repeat the grain ({', '.join(table.grain)}), e.g. {shown}"]


def _reference_problems(session: BuildEngine, table: Table, relation: str, references: Mapping[str, str]) -> list[str]:
    wrong = []
    for column, other in references.items():
        lost = f'(SELECT * FROM {relation} ANTI JOIN {other} USING ("{column}") WHERE "{column}" IS NOT NULL)'
        count = session.value(f"SELECT count(*) FROM {lost} AS lost")
        if count:
            wrong.append(
                f"{column} is not in {table.references[column]} in {count:,} rows"
                + _examples(session, table, f"{lost} AS lost", "true")
            )
    return wrong


def _examples(session: BuildEngine, table: Table, relation: str, wrong: str) -> str:
    grain = ", ".join(f'"{c}"' for c in table.grain)
    rows = session.rows(f"SELECT {grain} FROM {relation} WHERE {wrong} LIMIT {_EXAMPLES}")
    return ", e.g. " + "; ".join(", ".join(f"{c} {v}" for c, v in zip(table.grain, row, strict=True)) for row in rows)
