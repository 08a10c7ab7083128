"""The page on adding a table adds one, and its test passes."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tonearm import table
from tonearm.columns import COLUMNS

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-table.md"


def test_the_page_on_adding_a_table_adds_one(rows_of: Any, listen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code, test = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    module = ModuleType("tonearm.gold.descriptive.listens_by_hour")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    known = table.tables()
    monkeypatch.setattr(table, "_REGISTRY", dict(known))
    exec(code, module.__dict__)
    added = table._REGISTRY["listens_by_hour"]
    assert (added.layer, added.family, added.inputs) == ("gold", "descriptive", ("listening_with_features",))
    names: dict[str, Any] = {}
    exec(test, names)
    checks = [check for name, check in names.items() if name.startswith("test_")]
    for check in checks:
        check(rows_of, listen)
    assert checks
    assert set(table.schema_of("listens_by_hour")) <= COLUMNS.keys()
