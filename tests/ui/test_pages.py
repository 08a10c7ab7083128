from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.conftest import LISTENS
from tonearm.settings import Settings

LookingAt = Callable[[Path], None]


def overview() -> None:
    from tonearm.ui import frame
    from tonearm.ui.pages import overview as drawn

    frame.banner()
    drawn.page()


def library() -> None:
    from tonearm.ui.pages import library as drawn

    drawn.page()


def said(page: AppTest) -> str:
    return "\n".join(part.value for kind in ("markdown", "caption", "info", "header") for part in page.get(kind))


def test_an_empty_home_says_what_to_do_next(tmp_path: Path, looking_at: LookingAt) -> None:
    looking_at(tmp_path)
    page = AppTest.from_function(overview).run(timeout=30)
    assert not page.exception
    for words in ("tonearm import", "tonearm demo", "Spotify", "Last.fm", "ListenBrainz"):
        assert words in said(page)


def test_the_overview_shows_totals_and_says_what_is_not_known(filled: Settings, looking_at: LookingAt) -> None:
    looking_at(filled.home)
    page = AppTest.from_function(overview).run(timeout=30)
    assert not page.exception
    assert {m.label: m.value for m in page.metric}["Listens"] == f"{LISTENS:,}"
    assert "Minutes" not in {m.label for m in page.metric}
    assert "None of the listens says how long" in said(page)
    assert f"0 of {LISTENS} listens (0.0 %)" in said(page)
    assert "Simulated household" in said(page)


def test_favourites_follow_the_period(filled: Settings, looking_at: LookingAt) -> None:
    looking_at(filled.home)
    page = AppTest.from_function(overview).run(timeout=30)
    period = next(c for c in page.get("button_group") if c.label == "Period")
    page = period.set_value("Year").run(timeout=30)
    years = next(s for s in page.selectbox if s.label == "Which year")
    assert years.options[0] > years.options[-1]
    assert f"the year {years.options[0]}" in said(page)


def test_the_ledger_adds_up_and_lists_the_tables(filled: Settings, looking_at: LookingAt) -> None:
    looking_at(filled.home)
    page = AppTest.from_function(library).run(timeout=30)
    assert not page.exception
    assert f"{LISTENS} rows read = {LISTENS} kept + 0 known already + 0 rejected" in said(page)
    names = list(page.dataframe[-1].value["table"])
    assert "listening_with_features" in names


@pytest.mark.parametrize("name", ["a*b", "[x](http://y)", "<b>", "$1$ `c`"])
def test_names_are_shown_as_they_are(name: str) -> None:
    from tonearm.ui.pages.overview import _plain

    assert _plain(name).replace("\\", "") == name
    assert all(c == "\\" for c in (_plain(name)[i - 1] for i, c in enumerate(_plain(name)) if c in "*[]()<>$`"))
