"""The lab in a real browser: sliders change the prediction, at two sizes in two themes, with nothing from elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import open_page
from tests.lab.conftest import app_with_models
from tests.serving import answering, free_port, running
from tonearm.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(songs: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``tonearm lab`` beside an API whose models have answers that can be checked by eye."""
    with answering(app_with_models(songs, tmp_path_factory.mktemp("pictures"))) as (api, _):
        port = free_port()
        command = [sys.executable, "-m", "tonearm", "--home", str(songs.home), "lab", "--port", str(port)]
        with running(command, f"http://127.0.0.1:{port}/_stcore/health", TONEARM_API_URL=api):
            yield f"http://127.0.0.1:{port}"


def settle(page: Page) -> None:
    page.wait_for_timeout(300)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_a_slider_changes_the_prediction_at_once(browser: Browser, address: str, size: str, scheme: str) -> None:
    page, elsewhere = open_page(browser, size, scheme)
    page.goto(address)
    page.locator(".verdict b", has_text="51.0 %").wait_for()
    settle(page)
    energy = page.get_by_role("slider", name="Energy")
    energy.press("ArrowRight")
    page.locator(".verdict b", has_text="52.0 %").wait_for()
    energy.press("Home")
    page.locator(".verdict span", has_text="not popular").wait_for()
    settle(page)
    # However far down a slider is, the prediction is in sight.
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 1e6)")
    box = page.locator(".verdict b").bounding_box()
    assert box is not None and 0 <= box["y"] < 60
    page.locator("canvas, svg.marks").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    red = int(page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor.match(/\\d+/)[0]"))
    assert (red < 100) == (scheme == "dark")
    assert elsewhere == []
    page.context.close()


@pytest.mark.parametrize(
    ("name", "title"), [("Recommend", "What to hear next"), ("What if", "What if …"), ("Models", "The models")]
)
def test_every_page_is_reached_and_fits_a_phone(browser: Browser, address: str, name: str, title: str) -> None:
    page, elsewhere = open_page(browser, "phone", "light")
    page.goto(address)
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=title, exact=True).wait_for()
    settle(page)
    assert page.get_by_test_id("stException").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    back = page.get_by_role("link", name="Back to the page").get_attribute("href")
    assert back is not None and back.startswith("http://127.0.0.1:")
    assert elsewhere == []
    page.context.close()
