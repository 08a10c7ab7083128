"""The page in a real browser: on a history, an empty home and hostile names; keyboard, themes, sizes, accessibility."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import PATIENCE_MS, SIZES
from tests.serving import serving_api
from tests.ui.conftest import history
from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = {
    "home": "",
    "charts": "#/charts/artists",
    "tracks of a month": "#/charts/tracks?range=2022-08",
    "insights": "#/insights",
    "rewind": "#/rewind/2022?shape=square",
    "library": "#/library",
    "imports": "#/library/imports",
    "tokens": "#/library/tokens",
    "cards": "#/library/cards",
    "search": "#/search?q=artist",
}
HOSTILE = (
    "Plain",
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\N{ARABIC LETTER BEH}\N{ARABIC LETTER ALEF}" * 8 + "\N{RIGHT-TO-LEFT MARK}",
    "\N{PILE OF POO}" * 40,
    "W" * 300,
    "' OR 1=1 --",
)


def home_with(file: Path) -> Settings:
    """A home beside a file that has been imported and built."""
    home = Settings(home=file.parent / "home")
    assert import_paths(home, [file], "Ada", "Europe/Berlin").kept > 0
    build(home)
    return home


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page over a history of two years."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "history.csv").write_text(history())
    home = home_with(folder / "history.csv")
    with serving_api(home.home) as address:
        yield address


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page over an empty home."""
    with serving_api(tmp_path_factory.mktemp("empty") / "home") as address:
        yield address


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page over a history whose names try to be markup, or are very long."""
    folder = tmp_path_factory.mktemp("hostile")
    with (folder / "hostile.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            (name, name, f"{name} {day}", f"0{day} Nov 2020 09:35") for name in HOSTILE for day in range(1, 5)
        )
    home = home_with(folder / "hostile.csv")
    with serving_api(home.home) as address:
        yield address


@dataclass
class Opened:
    """A page, and what went wrong on it."""

    page: Page
    wrong: list[str] = field(default_factory=list)

    def go(self, address: str, hash: str = "") -> Page:
        """Open an address and wait until it is drawn."""
        self.page.goto(f"{address}/{hash}")
        self.page.wait_for_selector("main:not([aria-busy]) h1")
        return self.page


def opened(browser: Browser, size: str = "desktop", scheme: str = "light") -> Opened:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    found = Opened(context.new_page())
    found.page.set_default_timeout(PATIENCE_MS)
    found.page.on("console", lambda m: found.wrong.append(m.text) if m.type == "error" else None)
    found.page.on("pageerror", lambda error: found.wrong.append(str(error)))
    found.page.on("requestfailed", lambda r: found.wrong.append(f"{r.url} {r.failure}"))
    found.page.on(
        "request",
        lambda r: None if r.url.startswith(("http://127.0.0.1", "data:", "blob:")) else found.wrong.append(r.url),
    )
    return found


def draw_charts(page: Page) -> None:
    """Wait until each chart has its picture."""
    from playwright.sync_api import expect

    expect(page.locator(".drawing:empty")).to_have_count(0, timeout=PATIENCE_MS)


def picture(page: Page, name: str) -> None:
    folder = Path(os.environ.get("TONEARM_PICTURES", ""))
    if folder.name:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)


def is_within(page: Page) -> bool:
    """Whether nothing makes the page scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_every_screen_and_axe_finds_nothing(browser: Browser, address: str, name: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    for scheme in ("light", "dark"):
        one = opened(browser, scheme=scheme)
        page = one.go(address, PAGES[name])
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            draw_charts(page)
            picture(page, f"{name}-{size}-{scheme}")
            assert is_within(page), (scheme, size)
        assert one.wrong == []
        assert page.locator("h1").count() == 1
        found = axe.Axe().run(page).response["violations"]
        problems = [(rule["id"], node["html"][:200]) for rule in found for node in rule["nodes"]]
        assert problems[:5] == [], scheme
        page.context.close()


@pytest.mark.parametrize("kind", ["artist", "track", "album", "day"])
def test_every_name_leads_to_a_page_of_its_own(browser: Browser, address: str, kind: str) -> None:
    one = opened(browser, "phone")
    page = one.go(address)
    page.locator(f'main a[href^="#/{kind}/"]').first.click()
    page.wait_for_url(f"**/#/{kind}/**")
    page.wait_for_selector("main:not([aria-busy]) h1")
    draw_charts(page)
    assert "play" in page.locator("main").inner_text()
    assert (is_within(page), one.wrong) == (True, [])


def test_home_leads_with_a_sentence_and_everything_is_a_link(browser: Browser, address: str) -> None:
    page = opened(browser).go(address)
    assert "plays since 2022" in page.locator("h1").inner_text()
    assert page.locator("h1 a").get_attribute("href", timeout=PATIENCE_MS).startswith("#/artist/")  # type: ignore[union-attr]
    names = page.locator(".ranking .name")
    assert names.count() == page.locator(".ranking .name a").count() > 5


def test_the_numbers_behind_a_chart_can_be_read_and_kept(browser: Browser, address: str) -> None:
    page = opened(browser).go(address)
    draw_charts(page)
    chart = page.locator(".chart").first
    chart.locator("summary").click()
    rows = chart.locator("tbody tr")
    rows.first.wait_for()
    with page.expect_download() as kept:
        chart.get_by_role("button", name="CSV").click()
    lines = Path(kept.value.path()).read_text("utf-8-sig").splitlines()
    assert (lines[0], len(lines)) == ("day,listens", rows.count() + 1)
    with page.expect_download() as kept:
        chart.get_by_role("button", name="PNG").click()
    assert Path(kept.value.path()).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_search_is_reached_with_a_slash_and_forgives_typing_errors(browser: Browser, address: str) -> None:
    page = opened(browser).go(address)
    page.keyboard.press("/")
    page.keyboard.type("artsit 7", delay=20)
    page.locator("main .ranking .name", has_text="Artist 7").first.wait_for()
    assert "q=artsit" in page.url
    page.reload()
    page.locator("main .ranking .name", has_text="Artist 7").first.wait_for()


def test_the_keyboard_skips_to_the_page(browser: Browser, address: str) -> None:
    page = opened(browser).go(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"


def test_an_empty_home_says_what_to_do(browser: Browser, empty: str) -> None:
    one = opened(browser, "phone")
    for hash in ("", "#/charts/artists", "#/insights"):
        page = one.go(empty, hash)
        assert "Nothing here yet" in page.locator("h1").inner_text()
        assert "tonearm import" in page.locator("main").inner_text()
    one.go(empty, "#/library")
    assert (is_within(page), one.wrong) == (True, [])


def test_names_are_text_and_never_markup(browser: Browser, hostile: str) -> None:
    one = opened(browser, "small")
    for name in ("home", "charts", "insights", "rewind", "library"):
        page = one.go(hostile, PAGES[name].replace("2022", "2020"))
        draw_charts(page)
        assert "owned" not in page.evaluate("document.title"), name
        assert page.locator("main script, main img[src=x]").count() == 0
        assert is_within(page), name
    page = one.go(hostile, "#/search?q=%3Cscript")
    page.locator("main .name a").first.click()
    page.wait_for_url("**/#/artist/**")
    page.wait_for_selector("main:not([aria-busy]) h1")
    assert page.locator("h1").inner_text() == HOSTILE[1]
    assert is_within(page)
    assert one.wrong == []


def test_cards_are_drawn_copied_and_made_public(browser: Browser, hostile: str) -> None:
    one = opened(browser)
    page = one.go(hostile, "#/library/cards?theme=dark&as=html")
    pictures = page.locator(".embed img")
    pictures.nth(5).wait_for()
    drawn = "all => all.every(one => one.complete && one.naturalWidth === 480)"
    assert pictures.evaluate_all(drawn)
    assert page.locator(".embed code").all_inner_texts()[2] == (
        f'<img src="{hostile}/cards/Ada/artists.svg?theme=dark" alt="Top artists: Ada">'
    )
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    assert page.request.get(f"{hostile}/cards/Ada/now.svg", headers=elsewhere).status == 404
    page.get_by_role("button", name="Show them to everybody").click()
    page.get_by_role("button", name="Show them", exact=True).click()
    hide = page.get_by_role("button", name="Hide them again")
    hide.wait_for()
    assert page.request.get(f"{hostile}/cards/Ada/now.svg", headers=elsewhere).status == 200
    hide.click()
    page.get_by_role("button", name="Show them to everybody").wait_for()
    assert page.request.get(f"{hostile}/cards/Ada/now.svg", headers=elsewhere).status == 404
    assert one.wrong == []


def test_an_address_that_leads_nowhere_says_so(browser: Browser, address: str) -> None:
    page = opened(browser).go(address, "#/no/such/page")
    assert page.locator("h1").inner_text() == "Not here"


def test_a_server_that_is_gone_is_named_and_tried_again(browser: Browser, address: str) -> None:
    one = opened(browser)
    page = one.go(address)
    page.route("**/documents/**", lambda route: route.abort())
    page.goto(f"{address}/#/search?q=artist")
    page.get_by_text("tonearm does not answer").wait_for()
    page.unroute("**/documents/**")
    page.get_by_role("button", name="Try again").click()
    page.locator(".ranking").first.wait_for()


def test_beyond_this_machine_the_page_asks_for_a_token(
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    from tonearm.store import open_store
    from tonearm.store.tokens import create_token

    file = tmp_path_factory.mktemp("beyond") / "history.csv"
    file.write_text("Air,Moon Safari,Sexy Boy,20 Nov 2020 09:28\n")
    settings = home_with(file)
    secret, _ = create_token(open_store(settings), "Ada", ["read"])
    with serving_api(settings.home, TONEARM_ALLOWED_HOSTS="tonearm.example") as address:
        page = opened(browser).go(address)
        page.get_by_role("textbox", name="Token").fill("wrong")
        page.get_by_role("button", name="Open").click()
        page.get_by_text("unknown, revoked or expired").wait_for()
        page.get_by_role("textbox", name="Token").fill(secret)
        page.get_by_role("button", name="Open").click()
        page.locator("h1", has_text="1 play since 2020").wait_for()
