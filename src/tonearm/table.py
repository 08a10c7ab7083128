"""Tables: named columns with a grain, each built by one pure function from other tables.

A table's function takes its input tables as parameters of the same names, and returns a lazy Ibis
expression; it never sees the lake, a path, a clock or an engine. Its docstring is its published description.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tonearm.errors import TonearmError, UnknownName

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table as Expression

LAYERS = ("bronze", "silver", "gold")


@dataclass(frozen=True)
class Table:
    """One table of silver or gold, as registered by :func:`table`."""

    name: str
    layer: str
    family: str
    grain: tuple[str, ...]
    inputs: tuple[str, ...]
    build: Callable[..., Expression]
    finish: Callable[[pa.Table], pa.Table] | None = None
    """Second step, where SQL cannot say it: rows of the first step in, the table's rows out. The engine calls
    it with a part of the rows at a time, sorted by their columns from left to right, nulls first."""
    finish_columns: tuple[str, ...] = ()
    finish_by: tuple[str, ...] = ()
    """Rows that agree in these first columns are in the same part; without any, a part may end anywhere."""
    finish_limit: int | None = None
    """Most rows that may agree in ``finish_by``: what the second step holds in memory is bounded by it."""
    grows: bool = False
    """Every row depends on the input row of the same grain alone, so known rows are kept as they are."""
    windowed: bool = False
    """Rows between two silences of a listener depend on that listener's input rows between them alone,
    so a build may replace just the stretch of time that new listens fall into."""
    time: str = "started_at"
    """Column with the instant of a row of a windowed table."""
    across_listeners: bool = False
    """A listener's rows depend on those of other listeners."""
    lookups: tuple[str, ...] = ()
    """Inputs that others are joined to by a key that they always have: rows added to them concern new rows alone."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Column → table that must hold each of its values."""

    @property
    def doc(self) -> str:
        """The published description: the function's docstring."""
        return inspect.getdoc(self.build) or ""

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        return self.doc.partition("\n")[0]


_REGISTRY: dict[str, Table] = {}


def table(
    grain: Iterable[str],
    *,
    finish: Callable[[pa.Table], pa.Table] | None = None,
    finish_columns: Iterable[str] = (),
    finish_by: Iterable[str] = (),
    finish_limit: int | None = None,
    grows: bool = False,
    windowed: bool = False,
    time: str = "started_at",
    across_listeners: bool = False,
    lookups: Iterable[str] = (),
    references: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Expression]], Callable[..., Expression]]:
    """Register the decorated function as the table of its name.

    Layer and family are the packages it lives in: ``tonearm.gold.descriptive`` makes a gold table of the
    descriptive family.
    """

    def register(build: Callable[..., Expression]) -> Callable[..., Expression]:
        parts = build.__module__.split(".")
        layer = next((p for p in parts if p in LAYERS), "silver")
        family = parts[parts.index("gold") + 1] if "gold" in parts else ""
        name = build.__name__
        if name in _REGISTRY and _REGISTRY[name].build.__module__ != build.__module__:
            raise TonearmError(
                f"two tables are called {name}: {_REGISTRY[name].build.__module__} and {build.__module__}"
            )
        _REGISTRY[name] = Table(
            name=name,
            layer=layer,
            family=family,
            grain=tuple(grain),
            inputs=tuple(inspect.signature(build).parameters),
            build=build,
            finish=finish,
            finish_columns=tuple(finish_columns),
            finish_by=tuple(finish_by),
            finish_limit=finish_limit,
            grows=grows,
            windowed=windowed,
            time=time,
            across_listeners=across_listeners,
            lookups=tuple(lookups),
            references=dict(references or {}),
        )
        return build

    return register


@cache
def _load() -> None:
    for package in ("tonearm.silver", "tonearm.gold"):
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, package + "."):
            importlib.import_module(module.name)


class _Later(ModuleType):
    """Stands for a library in ``sys.modules`` until something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def load_when_used(library: str) -> None:
    """Have ``import library`` cost nothing until something of it is used.

    Every build imports the modules of all tables, and most builds use the SQL that is shipped with them: Ibis would
    take a second of each for nothing.
    """
    sys.modules.setdefault(library, _Later(library))


def tables() -> dict[str, Table]:
    """Every registered table by name, inputs before the tables that need them."""
    _load()
    # By name, so that the order does not depend on which module happened to be imported first.
    graph = {name: sorted(i for i in _REGISTRY[name].inputs if i in _REGISTRY) for name in sorted(_REGISTRY)}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise TonearmError(f"tables need one another in a circle: {' → '.join(error.args[1])}") from error
    return {name: _REGISTRY[name] for name in order}


def find(name: str) -> Table:
    """The table called ``name``; raises UnknownName with the nearest names."""
    known = tables()
    if name not in known:
        raise UnknownName("table", name, known, hint="`tonearm tables` lists them")
    return known[name]


def with_inputs(names: Iterable[str]) -> list[Table]:
    """The named tables and every table they need, in dependency order."""
    known = tables()
    wanted: set[str] = set()
    todo = [find(n).name for n in names] or list(known)
    while todo:
        name = todo.pop()
        if name in known and name not in wanted:
            wanted.add(name)
            todo.extend(known[name].inputs)
    return [t for t in known.values() if t.name in wanted]


def schema_of(name: str) -> dict[str, str]:
    """Column names of ``name`` and their Ibis types, without any data.

    A derived table's columns are found by applying its function to empty inputs; a bronze table's are
    declared in :mod:`tonearm.bronze`.
    """
    return {c: str(t) for c, t in unbound(name).schema().items()}


@cache
def unbound(name: str) -> Expression:
    """The table ``name`` as an Ibis expression with its declared columns, bound to no engine."""
    import ibis

    from tonearm import bronze
    from tonearm.columns import COLUMNS

    found = None if name in bronze.SCHEMAS else find(name)
    if found is None or found.finish:
        columns = found.finish_columns if found else bronze.SCHEMAS[name]
        return ibis.table({c: COLUMNS[c].types.ibis for c in columns}, name=name)
    return ibis.table(found.build(*(unbound(i) for i in found.inputs)).schema(), name=name)
