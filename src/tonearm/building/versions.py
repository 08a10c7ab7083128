"""Versions of tables: which code made one, so that a build knows when to make it anew.

A table's version is a hash of its module and of the modules that it imports, without comments, docstrings and layout: a
change counts for the tables whose rows it can change, and for no others. Parsing the modules takes longer than a build
that finds nothing to do, so ``tools.precompile`` ships the result for each (``sql/code.json``), which holds as long as
the module's file is unchanged.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import msgspec

from tonearm import columns
from tonearm.columns import COLUMNS
from tonearm.table import Table

SHIPPED = Path(__file__).parent / "sql"
"""What ``tools.precompile`` writes: the tables' functions as SQL, and ``code.json``."""
CODE = "code.json"

_REGISTRY, _COLUMNS = "tonearm.table", "tonearm.columns"
"""Imported by every table. The first makes no rows, and of the second just what is imported by name counts."""
_DATA = re.compile(rb'"([\w.-]+\.json)"')
_HEX = 16


class Code(msgspec.Struct, frozen=True):
    """A module's code, as far as its tables depend on it."""

    source: str
    """Hash of the file as it is, and of data files beside it that it names."""
    meaning: str
    """Hash of the same without comments, docstrings and layout."""
    imports: tuple[str, ...]
    """Modules of tonearm that it imports."""
    columns: tuple[str, ...]
    """Names that it imports from ``tonearm.columns``."""


def version_of(table: Table) -> str:
    """Hash of the code that makes the rows of ``table``; a change means that they must be made anew."""
    return _version(table.build.__module__, table.finish_columns)


@cache
def _version(module: str, finish_columns: tuple[str, ...]) -> str:
    codes = code_of(module)
    named = sorted({name for code in codes.values() for name in code.columns})
    parts = [
        *(f"{name} {codes[name].meaning}" for name in sorted(codes)),
        *(f"{name} {_value(name)}" for name in named),
        *(f"{name} {COLUMNS[name].kind}" for name in finish_columns),
    ]
    return _hash("\n".join(parts).encode())[:_HEX]


def code_of(module: str, read: Callable[[str], Code] | None = None) -> dict[str, Code]:
    """The code of ``module`` and of every module of tonearm that it imports, by name, as ``read`` finds it."""
    read = read or _code
    found: dict[str, Code] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = read(name)
            todo += found[name].imports
    return found


@cache
def _code(module: str) -> Code:
    """The module's code: as it was shipped if its file is the same, else read anew."""
    known = _shipped().get(module)
    source, text, data = _file(module)
    return known if known is not None and known.source == source else _read(source, text, data)


def read_code(module: str) -> Code:
    """The module's code, read anew."""
    return _read(*_file(module))


def _file(module: str) -> tuple[str, bytes, bytes]:
    """Hash of the module's file and of data files beside it that it names, and what is in them."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin)
    text = file.read_bytes()
    data = b"".join(path.read_bytes() for path in _data_beside(file, text))
    return _hash(text + data), text, data


def _data_beside(file: Path, text: bytes) -> list[Path]:
    named = sorted({file.with_name(found.decode()) for found in _DATA.findall(text)})
    return [path for path in named if path.is_file()]


@cache
def _shipped() -> dict[str, Code]:
    file = SHIPPED / CODE
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Code]) if file.is_file() else {}


def _read(source: str, text: bytes, data: bytes) -> Code:
    tree = ast.parse(text)
    imports: set[str] = set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == _COLUMNS:
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports.update(_module(node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
    own = {name for name in imports if _is_own(name) and name != _REGISTRY}
    meaning = _hash(ast.dump(_without_prose(tree)).encode() + data)
    return Code(source, meaning, tuple(sorted(own)), tuple(sorted(names)))


def _module(package: str, name: str) -> str:
    """The module that ``from package import name`` loads: ``name`` may be one itself."""
    spec = find_spec(package) if _is_own(package) else None
    is_package = spec is not None and spec.submodule_search_locations is not None
    inner = f"{package}.{name}"
    return inner if is_package and find_spec(inner) is not None else package


def _is_own(module: str) -> bool:
    return module.split(".")[0] == "tonearm"


def _without_prose(tree: ast.Module) -> ast.Module:
    """``tree`` without the strings that stand alone: docstrings of modules, functions and constants."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not _is_text(line)] or [ast.Pass()]  # type: ignore[attr-defined]
    return tree


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _value(name: str) -> str:
    """What the name in ``tonearm.columns`` stands for; of a function its name, since it makes types and no rows."""
    value = getattr(columns, name)
    return name if callable(value) else repr(value)


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
