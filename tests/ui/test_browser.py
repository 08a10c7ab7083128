"""Walks the page in a real browser: an empty home, a file dropped, the overview at two sizes in two themes,
every control, the keyboard, and taking an import back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import open_page
from tests.serving import serving
from tests.ui.conftest import LISTENS, history
from tonearm.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = ("desktop", "phone")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``tonearm serve`` on an empty home."""
    with serving(tmp_path_factory.mktemp("served") / "home") as address:
        yield address


def settle(page: Page) -> None:
    """Wait until the page is drawn, since drawing closes lists that are open."""
    page.wait_for_timeout(300)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def drop(page: Page, name: str, text: str) -> None:
    """Drop a file onto the uploader, as from a folder's window."""
    transfer = page.evaluate_handle(
        "([name, text]) => { const t = new DataTransfer(); t.items.add(new File([text], name)); return t; }",
        [name, text],
    )
    page.dispatch_event("[data-testid=stFileUploaderDropzone]", "drop", {"dataTransfer": transfer})


def picture(page: Page, name: str) -> None:
    folder = Path(os.environ.get("TONEARM_PICTURES", ""))
    if folder.name:
        folder.mkdir(parents=True, exist_ok=True)
        height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        size = page.viewport_size or {"width": 1280, "height": 900}
        page.set_viewport_size({"width": size["width"], "height": min(height + 20, 6_000)})
        page.wait_for_timeout(1_000)
        page.screenshot(path=folder / f"{name}.png")
        page.set_viewport_size(size)


def take_in(page: Page, text: str, listener: str) -> None:
    """Drop a file, say whose it is, and import it."""
    drop(page, "history.csv", text)
    page.get_by_text("history.csv").first.wait_for()
    name = page.get_by_role("combobox", name="Whose listens")
    name.fill(listener)
    name.press("Enter")
    page.get_by_role("button", name="Import", exact=True).click()


def test_a_bookmark_works_before_anybody_opened_the_front_page(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, "desktop", "light")
    page.goto(f"{address}/library")
    page.get_by_text("Bring in listening history").wait_for()
    page.get_by_role("link", name="Overview").wait_for()
    page.context.close()


def test_a_file_dropped_on_an_empty_home_is_counted_and_shown(browser: Browser, address: str) -> None:
    page, elsewhere = open_page(browser, "desktop", "light")
    page.goto(address)
    page.get_by_text("There are no listens here yet").wait_for()
    picture(page, "empty")
    take_in(page, history(), "Ada (demo)")
    page.get_by_text(f"Import 1: {LISTENS} rows read = {LISTENS} kept + 0 known already + 0 rejected").wait_for()
    page.get_by_text("Most heard", exact=True).wait_for()
    assert elsewhere == []
    page.context.close()


def test_the_library_shows_what_was_known_and_what_was_rejected(browser: Browser, address: str) -> None:
    page, elsewhere = open_page(browser, "desktop", "dark")
    page.goto(address)
    page.get_by_role("link", name="Library & data").click()
    take_in(page, history() + "Artist,Album,Track,\n", "Ada (demo)")
    page.get_by_text(f"Import 2: {LISTENS + 1} rows read = 0 kept + {LISTENS} known already + 1 rejected").wait_for()
    for said in ("Show the 1 rejected rows", f"Show the {LISTENS} rows known already"):
        settle(page)
        tables = page.get_by_test_id("stDataFrame").count()
        page.get_by_text(said).first.click()
        page.get_by_test_id("stDataFrame").nth(tables).wait_for()
        settle(page)
    picture(page, "library")
    assert page.get_by_test_id("stException").count() == 0
    assert elsewhere == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_overview_fits_the_screen(browser: Browser, address: str, size: str, scheme: str) -> None:
    page, elsewhere = open_page(browser, size, scheme)
    page.goto(address)
    page.get_by_text("Simulated household").wait_for()
    page.get_by_text("Moods", exact=True).wait_for()
    page.locator("canvas, svg.marks").nth(2).wait_for()
    assert page.get_by_test_id("stMetricValue").first.inner_text() == f"{LISTENS:,}"
    assert page.get_by_test_id("stException").count() == 0
    assert (
        page.evaluate(
            "[...document.querySelectorAll('[data-testid=stVegaLiteChart], table')]"
            ".filter(e => e.getBoundingClientRect().right > innerWidth).length"
        )
        == 0
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    red = int(background.removeprefix("rgb(").partition(",")[0])
    assert (red < 100) == (scheme == "dark")
    # Nothing of the program that draws the page: no deploy button, no menu.
    for part in ("stAppDeployButton", "stMainMenu", "stDecoration"):
        assert page.get_by_test_id(part).count() == 0 or not page.get_by_test_id(part).first.is_visible()
    picture(page, f"overview-{size}-{scheme}")
    assert elsewhere == []
    page.context.close()


def test_the_keyboard_reaches_the_rule_and_changes_it(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, "desktop", "light")
    page.goto(address)
    page.get_by_text("Every listen counts, however short.").wait_for()
    choice = page.get_by_role("radio", name="30 seconds or more").or_(
        page.get_by_role("button", name="30 seconds or more")
    )
    choice.first.focus()
    page.keyboard.press("Space")
    page.get_by_text("A listen counts when at least 30 seconds were heard").wait_for()
    page.context.close()


def test_each_control_of_the_overview_changes_what_it_says(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, "desktop", "light")
    page.goto(address)
    page.get_by_text(f"The whole history: {LISTENS} listens").wait_for()
    page.locator("canvas, svg.marks").nth(2).wait_for()
    settle(page)
    year = page.get_by_role("combobox", name="Year", exact=True)
    year.click()
    settle(page)
    year.fill("All years")
    page.get_by_role("option", name="All years").wait_for()
    year.press("Enter")
    page.get_by_text("2022 ·").wait_for()
    page.get_by_text("2023 ·").wait_for()
    for period, said in (("Year", "The year 20"), ("Month", "Which month"), ("Last 30 days", "The last 30 days")):
        page.get_by_role("radio", name=period, exact=True).or_(
            page.get_by_role("button", name=period, exact=True)
        ).first.click()
        page.get_by_text(said).first.wait_for()
        settle(page)
    page.get_by_role("radio", name="Tracks").or_(page.get_by_role("button", name="Tracks")).first.click()
    page.get_by_text("New tracks are those never heard before").wait_for()
    assert page.get_by_test_id("stException").count() == 0
    page.context.close()


def test_every_page_can_be_reached_on_a_phone(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, "phone", "light")
    page.goto(address)
    page.get_by_role("link", name="Library & data").click()
    page.get_by_text("Bring in listening history").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Overview").click()
    page.get_by_text("Most heard", exact=True).wait_for()
    page.context.close()


@pytest.mark.parametrize(
    ("name", "last"),
    [("Why", "Which qualities go"), ("What now", "When does my music turn low"), ("Patterns", "Which days")],
)
@pytest.mark.parametrize("size", SIZES)
def test_the_pages_that_answer_fit_the_screen(browser: Browser, address: str, size: str, name: str, last: str) -> None:
    page, elsewhere = open_page(browser, size, "dark")
    page.goto(address)
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=last).wait_for()
    settle(page)
    page.locator("summary").last.press("Enter")
    page.get_by_test_id("stDataFrame").last.wait_for()
    assert page.get_by_test_id("stException").count() == 0
    assert page.evaluate(
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart], table')]"
        ".every(e => e.getBoundingClientRect().right <= innerWidth)"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"{name.lower()}-{size}")
    assert elsewhere == []
    page.context.close()


def test_what_next_fits_the_screen(browser: Browser, predicted: Settings) -> None:
    with serving(predicted.home) as address:
        for size, scheme in (("desktop", "light"), ("phone", "dark")):
            page, elsewhere = open_page(browser, size, scheme)
            page.goto(f"{address}/next")
            page.get_by_role("heading", name="Can I believe it?").wait_for()
            settle(page)
            page.locator("canvas, svg.marks").nth(5).wait_for()
            assert page.get_by_test_id("stException").count() == 0
            assert page.evaluate(
                "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')]"
                ".every(e => e.getBoundingClientRect().right <= innerWidth)"
            )
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            picture(page, f"what next-{size}-{scheme}")
            assert elsewhere == []
            page.context.close()


def test_what_has_the_keyboard_is_seen(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, "desktop", "light")
    page.goto(address)
    page.get_by_text("Most heard", exact=True).wait_for()
    settle(page)
    # One step back and forth, because only the keyboard's focus is drawn.
    page.get_by_role("link", name="Library & data").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Library & data"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.context.close()


def test_undo_asks_first_and_empties_the_page(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, "desktop", "light")
    page.goto(f"{address}/library")
    for run in (2, 1):
        settle(page)
        undo = page.locator("details", has_text=f"{run} · Ada (demo)").get_by_role("button", name="Undo this import")
        if run == 1:  # Only the newest import is shown open.
            page.locator("summary", has_text=f"{run} · Ada (demo)").click()
        undo.click()
        page.get_by_role("dialog").get_by_role("button", name="Yes, undo it").click()
        page.get_by_text(f"Import {run} was undone.").wait_for()
    page.get_by_role("link", name="Overview").click()
    page.get_by_text("Most heard", exact=True).wait_for(state="detached")
    picture(page, "after-undo")
    page.context.close()
