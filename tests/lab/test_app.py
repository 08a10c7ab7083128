from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from tests.lab.conftest import Lab, words
from tests.serving import PATIENCE_S
from tonearm.api.serve import PAGE, STREAMLIT_OPTIONS
from tonearm.lab import frame, models, popularity, recommend, what_if


def drawn(name: str) -> None:
    import importlib

    from tonearm.errors import TonearmError
    from tonearm.lab import frame

    try:
        importlib.import_module(name).page()
    except TonearmError as error:
        frame.st.error(frame.plain(str(error)))


@pytest.mark.parametrize("page", [popularity, recommend, what_if, models], ids=lambda page: page.__name__)
def test_an_api_that_does_not_answer_is_a_sentence(lab: Lab, page: ModuleType) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    lab.show(httpx.MockTransport(refuse))
    found = AppTest.from_function(drawn, args=(page.__name__,)).run(timeout=PATIENCE_S)
    assert not found.exception
    assert "no answer from http://127.0.0.1" in words(found)


def test_the_frame_marks_a_simulated_household_and_leads_back(
    songs: object, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tonearm.api.app import create_app
    from tonearm.settings import Settings

    assert isinstance(songs, Settings)
    monkeypatch.setenv("TONEARM_API_URL", "http://127.0.0.1:9696")
    lab.at(create_app(songs))
    page = AppTest.from_file(str(PAGE)).run(timeout=PATIENCE_S)
    assert not page.exception
    assert "Simulated household" in words(page)
    links = [link.proto for link in page.get("page_link")]
    assert [link.label for link in links] == ["Popularity", "Recommend", "What if", "Models", "Back to the page"]
    assert (links[-1].page, links[-1].external) == ("http://127.0.0.1:9696", True)


@pytest.mark.parametrize("name", ["a*b", "[x](http://y)", "<b>", "$1$ `c`"])
def test_names_are_shown_as_they_are(name: str) -> None:
    shown = frame.plain(name)
    assert shown.replace("\\", "") == name
    assert all(shown[place - 1] == "\\" for place, c in enumerate(shown) if c in "*[]()<>$`")


def test_the_lab_has_the_colours_of_the_page() -> None:
    sheet = (Path(PAGE).parents[1] / "site" / "style.css").read_text(encoding="utf-8")
    for theme, block, colours in zip(
        ("light", "dark"), re.findall(r":root \{(.*?)\}", sheet, re.S), (frame.LIGHT, frame.DARK), strict=False
    ):
        of_page = dict(re.findall(r"--([\w-]+): (#\w+)", block))
        assert {name: of_page[name] for name in vars(colours)} == vars(colours)
        for option, name in (
            ("primaryColor", "accent"),
            ("backgroundColor", "paper"),
            ("textColor", "ink"),
            ("borderColor", "line"),
        ):
            assert STREAMLIT_OPTIONS[f"theme.{theme}.{option}"] == of_page[name]
