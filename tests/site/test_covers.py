"""Compilations and covers in a browser."""

from __future__ import annotations

import csv
from base64 import b64decode
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import PATIENCE_MS
from tests.serving import serving_api
from tests.site.test_browser import home_with, is_within, opened
from tonearm.store import open_store
from tonearm.store.tokens import create_token

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The page over a compilation and an album with a cover, and one whose cover is broken; and a token for it."""
    folder = tmp_path_factory.mktemp("covers")
    plays = [("Coldplay", "Garden State"), ("The Shins", "Garden State"), ("Zero 7", "Garden State"), ("Air", "Moon")]
    with (folder / "history.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [*plays, ("Can", "Broken / Album")]
        csv.writer(file).writerows(
            (artist, album, f"song {n}", f"2{n} Nov 2020 09:{minute:02}")
            for n in range(3)
            for minute, (artist, album) in enumerate(rows, 10)
        )
    home = home_with(folder / "history.csv")
    for path, content in (
        ("Various Artists/Garden State/cover.png", PNG),
        ("Air - Moon.png", PNG),
        ("Can/Broken _ Album.png", PNG[:20]),
    ):
        (folder / "covers" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "covers" / path).write_bytes(content)
    store = open_store(home)
    token = create_token(store, "Ada", ["read"])[0]
    store.close()
    with serving_api(home.home, TONEARM_COVERS=str(folder / "covers")) as address:
        yield address, token


@pytest.mark.parametrize("with_token", [False, True])
def test_a_compilation_is_one_album_with_its_cover_and_its_artists(
    browser: Browser, covered: tuple[str, str], with_token: bool
) -> None:
    from playwright.sync_api import expect

    address, token = covered
    one = opened(browser)
    if with_token:
        one.page.add_init_script(f"localStorage.setItem('tonearm-token', '{token}')")
    page = one.go(address, "#/charts/albums")
    page.get_by_role("link", name="Garden State").last.click()
    page.wait_for_selector("h1:text-is('Garden State')")
    hero = page.locator(".hero")
    assert "by Various Artists" in hero.inner_text() and hero.locator(".by-whom a").count() == 0
    assert {"Coldplay", "The Shins", "Zero 7"} <= set(page.locator(".ranking .name").all_inner_texts())
    cover = hero.locator(".picture img.cover")
    expect(cover).to_have_js_property("naturalWidth", 1, timeout=PATIENCE_MS)
    source = cover.get_attribute("src") or ""
    assert source.startswith("blob:" if with_token else "covers/")
    assert (is_within(page), one.wrong) == (True, [])


def test_a_cover_that_cannot_be_shown_leaves_the_drawn_sleeve(browser: Browser, covered: tuple[str, str]) -> None:
    page = opened(browser).go(covered[0], "#/search?q=broken")
    page.locator("main .ranking svg.sleeve").first.wait_for()
    page.wait_for_function("!document.querySelector('img.cover')")
