"""Library & data in a real browser: files brought in and taken out again, tokens, rights, and a home that is busy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.serving import serving_api
from tests.site.conftest import home_with, opened
from tonearm.api.auth import TRUSTED_S
from tonearm.home.lock import writing
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRST = "Air,Moon Safari,Sexy Boy,20 Nov 2020 09:28\nAir,Moon Safari,La femme d'argent,20 Nov 2020 09:35\n"
IMPORTS = "#/library/imports"
PICTURE = b"\x89PNG\r\n\x1a\n\0\0"


@dataclass
class Served:
    """A home and the address of its page."""

    home: Settings
    address: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page over Ada's history of two plays."""
    file = tmp_path_factory.mktemp("library") / "history.csv"
    file.write_text(FIRST)
    home = home_with(file)
    with serving_api(home.home, TONEARM_LOCK_WAIT_S="0.5") as address:
        yield Served(home, address)


def payload(name: str, content: str | bytes) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": content.encode() if isinstance(content, str) else content}


def bring(page: Page, *files: FilePayload) -> Locator:
    """Choose files together; the place where the page answers."""
    page.locator("#files").set_input_files(list(files))
    return page.locator(".queue > li").first


def agree(shown: Locator) -> Locator:
    """Import what was looked at; the news once it is in."""
    shown.locator("button.main").click()
    shown.locator(".notice.good").wait_for()
    return shown.locator(".notice.good")


def test_a_file_is_brought_into_an_empty_home_until_it_is_on_home(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with serving_api(tmp_path_factory.mktemp("new") / "home") as address:
        one = opened(browser, "phone")
        page = one.go(address, IMPORTS)
        shown = bring(page, payload("history.csv", FIRST))
        shown.get_by_label("Name").fill("Ben")
        shown.get_by_role("button", name="Import 2 rows").wait_for()
        agree(shown).get_by_role("button", name="Open the history of Ben").click()
        page.locator("h1", has_text="2 plays since 2020").wait_for()
        assert one.wrong == []


def test_a_wrong_file_is_refused_in_words_and_a_table_can_be_read_by_its_columns(
    browser: Browser, served: Served
) -> None:
    page = opened(browser).go(served.address, IMPORTS)
    shown = bring(page, payload("cover.png", PICTURE))
    shown.get_by_text("This is no history that tonearm can read").wait_for()
    assert "tonearm import" not in shown.inner_text()

    shown = bring(page, payload("odd.csv", "x;y;z;w\nB;Air;Ce matin-là;2020-11-21 10:00\n"))
    shown.get_by_text("It is a table of plays").click()
    for label, column in {"Artist": "2", "Track": "3", "Date": "4"}.items():
        shown.get_by_label(label, exact=True).fill(column)
    shown.get_by_role("button", name="Look again").click()
    shown.get_by_role("button", name="Import 1 row").wait_for()


def test_files_chosen_together_are_one_import_which_can_be_undone(browser: Browser, served: Served) -> None:
    page = opened(browser).go(served.address, IMPORTS)
    plays = [payload(f"{day}.csv", f"Can,Tago Mago,Halleluhwah,{day} Nov 2020 09:35\n") for day in (23, 24)]
    news = agree(bring(page, payload("cover.png", PICTURE), *plays))
    assert "2 new rows" in news.inner_text()
    entry = news.locator("a", has_text="Import").get_attribute("href")
    shown = bring(page, *plays)
    shown.get_by_text("Ada has all of it already").wait_for()
    assert not shown.locator("button.main").is_visible()

    page.goto(f"{served.address}/{entry}")
    page.get_by_role("button", name="Undo this import").click()
    assert page.evaluate("document.activeElement.textContent") == "Keep it"
    page.get_by_role("button", name="Undo it").click()
    page.locator("dt", has_text="Undone").wait_for()
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(f"{served.address}/#/")
    page.locator("h1", has_text="2 plays since 2020").wait_for()


def test_a_token_is_made_shown_once_and_opens_nothing_once_revoked(browser: Browser, served: Served) -> None:
    page = opened(browser).go(served.address, "#/library/tokens")
    page.get_by_label("What for").fill("radio")
    page.get_by_role("button", name="Make a token").click()
    secret = page.locator(".notice.good code").inner_text()
    page.get_by_role("button", name="I have it").click()
    token = page.locator(".entry", has_text="radio")
    token.wait_for()
    assert secret not in page.content()

    document = f"{served.address}/documents/home?listener=Ada"
    with_token = {"Authorization": f"Token {secret}"}
    assert page.request.get(document, headers=with_token).status == 200
    token.get_by_role("button", name="Revoke").click()
    token.get_by_role("group").get_by_role("button", name="Revoke").click()
    page.get_by_text("Revoked and expired").wait_for()
    # A server looks a token up once a second.
    page.wait_for_timeout(1000 * TRUSTED_S)
    assert page.request.get(document, headers=with_token).status == 401


def test_a_token_that_only_reads_learns_which_parts_it_may_not_see(browser: Browser, served: Served) -> None:
    secret, _ = create_token(open_store(served.home), "Ada", ["read"])
    with serving_api(served.home.home, TONEARM_ALLOWED_HOSTS="tonearm.example") as address:
        one = opened(browser)
        one.page.add_init_script(f"localStorage.setItem('tonearm-token', '{secret}')")
        for part in ("tokens", "schedule", "backups"):
            page = one.go(address, f"#/library/{part}")
            assert "Your token may read" in page.locator("main").inner_text(), part
        page = one.go(address, IMPORTS)
        shown = bring(page, payload("more.csv", "Air,,Ce matin-là,21 Nov 2020 10:00\n"))
        shown.get_by_text("It needs the scope admin").wait_for()


def test_an_import_waits_for_another_writer_and_goes_on_by_itself(browser: Browser, served: Served) -> None:
    page = opened(browser).go(served.address, IMPORTS)
    shown = bring(page, payload("later.csv", "Neu!,Neu!,Hallogallo,25 Nov 2020 09:35\n"))
    go = shown.locator("button.main")
    go.wait_for()
    with writing(served.home):
        go.click()
        shown.get_by_text("Waiting, since something else is writing").wait_for()
    shown.locator(".notice.good").wait_for()
    assert "1 new row" in shown.inner_text()
