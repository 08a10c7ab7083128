"""Rows of a table as they are stored, or under another rule, of whom and in which types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tonearm.errors import UnknownName
from tonearm.imports import import_paths
from tonearm.run import build
from tonearm.settings import Settings
from tonearm.show import merges, show
from tonearm.table import tables

A = ("Nina Simone", "Pastel Blues", "Sinnerman", "20 Nov 2020 09:35")


@pytest.fixture
def home(settings: Settings, lastfm: Callable[..., Path]) -> Settings:
    import_paths(settings, [lastfm([A])], "Ada", "UTC")
    build(settings)
    return settings


def test_a_rule_changes_rows_and_never_types(home: Settings) -> None:
    for table in tables().values():
        if "listening_with_features" in table.inputs:
            assert show(home, table.name, rule="30s").schema == show(home, table.name).schema


def test_a_listener_is_found_in_any_case_and_may_have_no_rows(home: Settings) -> None:
    assert show(home, "listens", "ada").num_rows == 1
    assert show(home, "top_tracks_by_mood", "ADA").num_rows == 0
    assert merges(home, "ada").num_rows == 0
    with pytest.raises(UnknownName, match="did you mean Ada"):
        show(home, "listens", "adda")


def test_what_is_no_table_is_named(home: Settings) -> None:
    with pytest.raises(UnknownName):
        show(home, "listens; DROP TABLE x")
