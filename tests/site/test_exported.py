"""The exported page, also in a real browser and from a folder: it asks no server, and shows nothing but its parts."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.browser import PATIENCE_MS, SIZES
from tests.documents.conftest import home_of, listen
from tonearm.cli import main
from tonearm.documents.parts import PARTS
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def household(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """A home in which Ada and Ben heard other artists for two years, and a token of Ada's."""
    days = [
        f"{year}-{month:02}-{day:02}T1{day % 8}:00" for year in (2022, 2023) for month in range(1, 13) for day in (3, 9)
    ]
    rows = [listen(at, "Air", f"Track {at[5:7]}", "Moon Safari") for at in days]
    rows += [listen(at, "Benzene", "Ben’s own", listener="Ben", listen_id=-place) for place, at in enumerate(days)]
    home = home_of(tmp_path_factory.mktemp("household"), rows)
    with closing(open_store(home)) as store:
        for name in ("Ada", "Ben"):
            store.ensure_listener(name, "UTC")
        token, _ = create_token(store, "Ada", ["read"])
    return home, token


@pytest.fixture(scope="module")
def folders(household: tuple[Settings, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Ada's page with the usual parts, and with all. Made before any browser runs, whose loop this thread has."""
    asked = {"usual": [], "whole": [word for name in PARTS for word in ("--include", name)]}
    made = {name: tmp_path_factory.mktemp("public") / name for name in asked}
    for name, words in asked.items():
        site = ["export", "site", "--listener", "Ada", "--title", "My plays", "-o", str(made[name])]
        done = CliRunner().invoke(main, ["--home", str(household[0].home), *site, *words])
        assert done.exit_code == 0, done.output
    return made


def test_all_parts_together_name_nobody_and_hold_no_token_no_source_no_path_and_nobody_elses_plays(
    household: tuple[Settings, str], folders: dict[str, Path]
) -> None:
    home, token = household
    folder = folders["whole"]
    written = {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    own = {one: text for one, text in written.items() if "site" not in one.relative_to(folder).parts}
    assert any(b"Moon Safari" in text for text in own.values())
    for word in ("Ada", "Ben", "lastfm_csv", token, str(home.home)):
        assert [one.name for one, text in own.items() if word.encode() in text] == [], word


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("parts", ["usual", "whole"])
def test_a_folder_opens_without_a_server(folders: dict[str, Path], browser: Browser, size: str, parts: str) -> None:
    folder = folders[parts]
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(PATIENCE_MS)
    elsewhere: list[str] = []
    wrong: list[str] = []
    page.on(
        "request", lambda one: None if one.url.startswith(("file:", "data:", "blob:")) else elsewhere.append(one.url)
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda one: wrong.append(one.text) if one.type == "error" else None)
    for address, heading in (
        ("#/", "48 plays since 2022"),
        ("#/charts/tracks?range=2023", "Tracks of 2023"),
        ("#/insights", "Is it you"),
    ):
        page.goto(f"{(folder / 'index.html').as_uri()}{address}")
        page.wait_for_selector(f"h1:has-text('{heading}')")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#whose").inner_text() == "My plays"
    page.goto(f"{(folder / 'index.html').as_uri()}#/")
    page.wait_for_selector("h2:has-text('Artists')")
    shown = page.locator("main h2").all_inner_texts()
    assert ("Every day" in shown, "Recently played" in shown) == ((parts == "whole"),) * 2
    assert (elsewhere, wrong) == ([], [])
    page.close()
