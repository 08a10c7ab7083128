from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.serving import PATIENCE_S
from tests.ui.conftest import LISTENS
from tonearm.api.client import open_client
from tonearm.settings import Settings

LookingAt = Callable[[Path], None]


def overview() -> None:
    from tonearm.ui import frame
    from tonearm.ui.views import overview as drawn

    frame.banner()
    drawn.page()


def library() -> None:
    from tonearm.ui.views import library as drawn

    drawn.page()


def said(page: AppTest) -> str:
    return "\n".join(part.value for kind in ("markdown", "caption", "info", "header") for part in page.get(kind))


def test_an_empty_home_says_what_to_do_next(tmp_path: Path, looking_at: LookingAt) -> None:
    looking_at(tmp_path)
    page = AppTest.from_function(overview).run(timeout=PATIENCE_S)
    assert not page.exception
    for words in ("tonearm import", "tonearm demo", "Spotify", "Last.fm", "ListenBrainz"):
        assert words in said(page)


def test_the_overview_shows_totals_and_says_what_is_not_known(filled: Settings, looking_at: LookingAt) -> None:
    looking_at(filled.home)
    page = AppTest.from_function(overview).run(timeout=PATIENCE_S)
    assert not page.exception
    assert {m.label: m.value for m in page.metric}["Listens"] == f"{LISTENS:,}"
    assert "Minutes" not in {m.label for m in page.metric}
    assert "None of the listens says how long" in said(page)
    assert "The sound of no track is known yet" in said(page)
    assert "by the clock of Europe/Berlin" in said(page)
    assert "Simulated household" in said(page)


def test_a_rule_that_cannot_apply_says_so(filled: Settings, looking_at: LookingAt) -> None:
    looking_at(filled.home)
    page = AppTest.from_function(overview).run(timeout=PATIENCE_S)
    rule = next(c for c in page.get("button_group") if c.label == "What counts as a listen")
    page = rule.set_value("30s").run(timeout=PATIENCE_S)
    assert "there are no minutes and this rule counts them all" in said(page)


def moods(measured: int, artist: int, estimated: int) -> None:
    from datetime import date

    from tonearm.read.overview import Overview, Share, Totals
    from tonearm.ui.views.overview import _moods

    totals = Totals(100, 0, None, 1, 1, 1, date(2024, 1, 1), date(2024, 1, 1))
    sources = {"real": 0, "catalogue": measured, "artist": artist, "imputed": estimated, "synthetic": 0}
    shares = [Share(name, listens) for name, listens in sources.items()]
    _moods(Overview("Ada", "all", totals, [], [], [], [Share("Neutral", sum(sources.values()))], shares, []))


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ((0, 0, 0), "The sound of no track is known yet"),
        ((1, 0, 0), "Of 1 of 100 listens (1.0 %): 1 by the measured sound of the track. A larger"),
        (
            (30, 20, 10),
            "Of 60 of 100 listens (60.0 %): 30 by the measured sound of the track, 20 by what tracks of the artist "
            "mostly sound like, 10 by an estimate that is at least 80 % sure.",
        ),
    ],
)
def test_moods_say_of_how_many_listens_they_are_and_how_the_sound_is_known(
    known: tuple[int, int, int], words: str
) -> None:
    page = AppTest.from_function(moods, args=known).run(timeout=PATIENCE_S)
    assert not page.exception
    assert words in said(page)
    assert ("A larger track catalogue" in said(page)) == (sum(known) < 50)


def test_favourites_follow_the_period(filled: Settings, looking_at: LookingAt) -> None:
    looking_at(filled.home)
    page = AppTest.from_function(overview).run(timeout=PATIENCE_S)
    period = next(c for c in page.get("button_group") if c.label == "Period")
    page = period.set_value("Year").run(timeout=PATIENCE_S)
    years = next(s for s in page.selectbox if s.label == "Which year")
    assert years.options[0] > years.options[-1]
    assert f"The year {years.options[0]}" in said(page)


def test_the_ledger_adds_up_and_lists_the_tables(filled: Settings, looking_at: LookingAt) -> None:
    looking_at(filled.home)
    page = AppTest.from_function(library).run(timeout=PATIENCE_S)
    assert not page.exception
    assert f"{LISTENS} rows read = {LISTENS} kept + 0 known already + 0 rejected" in said(page)
    names = list(page.dataframe[-1].value["table"])
    assert "listening_with_features" in names


@pytest.mark.parametrize("name", ["a*b", "[x](http://y)", "<b>", "$1$ `c`"])
def test_names_are_shown_as_they_are(name: str) -> None:
    from tonearm.ui.frame import plain

    assert plain(name).replace("\\", "") == name
    assert all(c == "\\" for c in (plain(name)[i - 1] for i, c in enumerate(plain(name)) if c in "*[]()<>$`"))


def test_an_empty_home_takes_files_at_once_and_a_file_is_asked_for(tmp_path: Path, looking_at: LookingAt) -> None:
    looking_at(tmp_path)
    page = AppTest.from_function(overview).run(timeout=PATIENCE_S)
    next(b for b in page.button if b.label == "Import").click()
    assert [warning.value for warning in page.run(timeout=PATIENCE_S).warning] == ["Choose a file first."]


def test_a_clock_is_set_right(tmp_path: Path, looking_at: LookingAt) -> None:
    settings = Settings(home=tmp_path)
    open_client(settings).set_zone("Ada", "UTC", None)
    looking_at(tmp_path)
    page = AppTest.from_function(library).run(timeout=PATIENCE_S)
    next(s for s in page.selectbox if s.label == "Time zone").set_value("Asia/Calcutta")
    next(b for b in page.button if b.label == "Set").click()
    page.run(timeout=PATIENCE_S)
    assert not page.exception
    assert "**Ada** · Asia/Calcutta" in said(page)
