"""The page on adding a route adds one, and its tests pass."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.api.conftest import client_of
from tonearm.api import app
from tonearm.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-route.md"


def test_the_page_on_adding_a_route_adds_one(filled_home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    code, test = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    module = ModuleType("tonearm.api.routes.years")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(code, module.__dict__)
    monkeypatch.setattr(app, "ROUTES", (*app.ROUTES, module))
    names: dict[str, Any] = {}
    exec(test, names)
    checks = [check for name, check in names.items() if name.startswith("test_")]
    with client_of(filled_home) as http:
        for check in checks:
            check(http)
        paths = http.get("/openapi.json").json()["paths"]
    assert checks
    assert paths["/listeners/{name}/years"]["get"]["description"] == "Listens of each year, oldest first."
