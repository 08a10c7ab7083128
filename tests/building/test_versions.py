"""A change of code counts for the tables that it can change, and for no other."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tonearm.building import versions
from tonearm.building.versions import code_of, read_code, version_of
from tonearm.table import tables

SHARED = '''
"""Pieces."""

# Why two and not three.
FACTOR = 2
"""How much."""


def twice(rows):
    """The rows, twice."""
    return rows * FACTOR
'''
OWN = '''
"""A table."""

from tonearm.columns import MOODS
from tonearm_tables.shared import twice


def table(rows):
    """Rows."""
    return twice(rows), "weights.json"
'''


@pytest.fixture
def meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """What a table's module means with its files as given."""
    package = tmp_path / "tonearm_tables"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(versions, "_is_own", lambda name: name.startswith("tonearm"))

    def of(own: str = OWN, shared: str = SHARED, weights: str = "[]") -> str:
        for name, text in (("own.py", own), ("shared.py", shared), ("weights.json", weights)):
            (package / name).write_text(dedent(text))
        importlib.invalidate_caches()
        codes = code_of("tonearm_tables.own", read_code)
        assert codes["tonearm_tables.own"].columns == ("MOODS",)
        return " ".join(codes[name].meaning for name in sorted(codes))

    yield of
    for name in [name for name in sys.modules if name.startswith("tonearm_tables")]:
        del sys.modules[name]


def test_prose_and_layout_mean_nothing(meaning: Callable[..., str]) -> None:
    before = meaning()
    assert meaning(shared=SHARED.replace("# Why two and not three.", "# Said better.")) == before
    assert meaning(shared=SHARED.replace("How much.", "By how much.")) == before
    assert meaning(own=OWN.replace('"""Rows."""', '"""All rows."""')) == before
    assert meaning(own=OWN.replace("twice(rows), ", "twice(\n        rows,\n    ), ")) == before


def test_code_and_data_do_also_in_what_is_imported(meaning: Callable[..., str]) -> None:
    before = meaning()
    assert meaning(shared=SHARED.replace("FACTOR = 2", "FACTOR = 3")) != before
    assert meaning(own=OWN.replace("twice(rows)", "rows")) != before
    assert meaning(weights="[1]") != before


def test_a_table_depends_on_what_it_imports_and_on_no_other_table() -> None:
    codes = code_of("tonearm.gold.descriptive.feature_source_coverage")
    assert set(codes) == {"tonearm.gold.descriptive.feature_source_coverage", "tonearm.gold.measures"}


def test_every_table_has_a_version_of_its_own() -> None:
    assert len({version_of(table) for table in tables().values()}) == len(tables())


def test_a_constant_of_the_columns_counts_for_the_tables_that_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions.columns, "MOODS", ("glad",))
    versions._version.cache_clear()
    try:
        with_moods = {name: version_of(table) for name, table in tables().items()}
    finally:
        monkeypatch.undo()
        versions._version.cache_clear()
    changed = {name for name, table in tables().items() if version_of(table) != with_moods[name]}
    assert changed
    assert all("MOODS" in _named(name) for name in changed)
    assert "track_names" not in changed


def _named(name: str) -> set[str]:
    codes = code_of(tables()[name].build.__module__)
    return {column for code in codes.values() for column in code.columns}
