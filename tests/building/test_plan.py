"""What to rebuild, decided from what is known and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tonearm.bronze import HISTORY
from tonearm.building.plan import LEAVE, WHOLE, Change, Input, Past, Plan, plan
from tonearm.building.windows import Window
from tonearm.table import Table

BUILT = Past("today's", run=7)
CHRISTMAS = Window("ada", None, datetime(2020, 12, 24, tzinfo=UTC), datetime(2020, 12, 27, tzinfo=UTC))
SAME = Input(content=3, seen=3)


def a_table(**about: Any) -> Table:
    known = {"name": "t", "layer": "gold", "family": "", "grain": ("listener", "hour"), "inputs": (), "build": print}
    return Table(**known | about)


def planned(table: Table, past: Past = BUILT, listeners: int = 10, windows: bool = True, **inputs: Input) -> Plan:
    return plan(table, "today's", past, inputs, listeners, windows)


def stale(seen: int | None = 3, only_appended: bool = False, **change: Any) -> Input:
    return Input(4, seen, Change(**{"before": seen} | change) if change else None, only_appended)


@pytest.mark.parametrize("past", [Past(None), Past("yesterday's", run=7)])
def test_what_was_never_built_or_by_other_code_is_built_whole(past: Past) -> None:
    assert planned(a_table(windowed=True), past, listens=SAME) == WHOLE


def test_what_has_the_inputs_that_it_had_is_left_alone() -> None:
    assert planned(a_table(), listens=SAME, clock=Input(None, None)) == LEAVE


def test_a_changed_input_of_which_nothing_is_known_needs_everything() -> None:
    assert planned(a_table(), listens=stale()) == WHOLE


def test_stretches_of_time_pass_from_table_to_table() -> None:
    table = a_table(windowed=True)
    assert planned(table, listens=stale(windows=(CHRISTMAS,)), tracks=stale(grew=True), clock=SAME) == Plan(
        "replace_windows", (CHRISTMAS,)
    )
    assert planned(table, listens=stale(windows=(CHRISTMAS,)), tracks=stale(grew=False)) == WHOLE
    assert planned(table, windows=False, listens=stale(windows=(CHRISTMAS,))) == WHOLE


def test_stretches_around_new_records_are_looked_up_from_the_last_import_seen() -> None:
    table = a_table(windowed=True)
    assert planned(table, **{HISTORY: stale(only_appended=True)}) == Plan("replace_windows", since_run=7)
    # Something was taken away: what it stood beside is unknown.
    assert planned(table, **{HISTORY: stale(only_appended=False)}) == WHOLE


def test_an_engine_that_replaces_no_windows_builds_anew_after_an_import() -> None:
    appended = {HISTORY: stale(only_appended=True)}
    assert planned(a_table(), **appended) == Plan("replace_listeners", since_run=7)
    assert planned(a_table(), windows=False, **appended) == WHOLE


def test_only_the_listeners_that_something_changed_for_are_replaced() -> None:
    ada, bob = stale(listeners=frozenset({"ada"})), stale(listeners=frozenset({"bob"}))
    assert planned(a_table(), a=ada, b=bob) == Plan("replace_listeners", listeners=frozenset({"ada", "bob"}))
    # With fewer than twice as many listeners, one pass over all of them costs no more.
    assert planned(a_table(), listeners=3, a=ada, b=bob) == WHOLE
    assert planned(a_table(across_listeners=True), a=ada) == WHOLE
    assert planned(a_table(grain=("hour", "listener")), a=ada) == WHOLE


def test_new_imports_concern_the_listeners_that_they_are_of() -> None:
    imported, ada = stale(only_appended=True), stale(listeners=frozenset({"ada"}))
    expected = Plan("replace_listeners", listeners=frozenset({"ada"}), since_run=7)
    assert planned(a_table(), a=ada, **{HISTORY: imported}) == expected
    # Something was taken away, perhaps from somebody else.
    assert planned(a_table(), a=ada, **{HISTORY: stale(only_appended=False)}) == WHOLE


def test_new_rows_of_a_lookup_concern_no_other_listener() -> None:
    ada, grown = stale(listeners=frozenset({"ada"})), stale(grew=True)
    assert planned(a_table(lookups=("names",)), a=ada, names=grown).action == "replace_listeners"
    assert planned(a_table(lookups=("names",)), a=ada, names=stale(grew=False)) == WHOLE
    assert planned(a_table(), a=ada, names=grown) == WHOLE


def test_nobody_changed() -> None:
    assert planned(a_table(), a=stale(listeners=frozenset())) == Plan("replace_listeners")


def test_a_change_that_began_before_the_table_was_built_says_nothing() -> None:
    change = Change(before=2, listeners=frozenset({"ada"}))
    assert planned(a_table(), a=Input(4, 3, change)) == WHOLE


def test_a_table_that_grows_gets_the_new_rows() -> None:
    table = a_table(grows=True)
    assert planned(table, names=stale(only_appended=True)) == Plan("add", since_run=7)
    assert planned(table, names=stale(only_appended=False)) == WHOLE
