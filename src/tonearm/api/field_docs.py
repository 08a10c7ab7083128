"""What the fields of the OpenAPI document's schemas mean: the texts below them in the source.

Pydantic can read them, too, but does so for each class while it is imported, which is a sixth of a server's start.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

_OWN = "tonearm."


def describe_fields(schemas: dict[str, Any]) -> None:
    """Add a description to each property of ``schemas``, by the names of the classes, that has a text in the source."""
    for kind in _kinds(schemas):
        properties = schemas[kind.__name__].get("properties", {})
        if _fields(kind) <= set(properties):
            for name, text in texts_of(kind).items():
                if name in properties:
                    properties[name].setdefault("description", text)


def texts_of(kind: type) -> dict[str, str]:
    """The text below each field of a class and of what it inherits from."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith(_OWN):
            found |= _texts_of_module(base.__module__).get(base.__name__, {})
    return found


def _fields(kind: Any) -> set[str]:
    return set(kind.model_fields if issubclass(kind, BaseModel) else kind.__dataclass_fields__)


def _kinds(names: Iterable[str]) -> Iterator[type]:
    """Our models and dataclasses that have one of these names."""
    for module in [module for name, module in sys.modules.items() if name.startswith(_OWN)]:
        for name in names:
            kind = vars(module).get(name)
            if not isinstance(kind, type) or kind.__module__ != module.__name__:
                continue
            if is_dataclass(kind) or issubclass(kind, BaseModel):
                yield kind


@cache
def _texts_of_module(name: str) -> dict[str, dict[str, str]]:
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (OSError, TypeError):  # compiled without its source, or made while running
        return {}
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {one.name: dict(_texts(one.body)) for one in classes}


def _texts(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
