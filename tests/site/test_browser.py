"""The page in a real browser: on a history, an empty home and hostile names; keyboard, themes, sizes, accessibility."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.api.test_recommend import HEARD, catalogue
from tests.browser import PATIENCE_MS, SIZES
from tests.serving import serving_api
from tests.site.conftest import draw_charts, history, home_with, is_within, opened, picture
from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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
SMALL_TARGETS = """() => [...document.querySelectorAll("main :is(a[href], button, summary), header :is(a, select)")]
    .filter((one) => !one.closest("svg, p, h1") && one.offsetParent && one.getBoundingClientRect().height < 24)
    .map((one) => one.outerHTML)"""
"""What is lower than the 24 pixels of WCAG 2.2, 2.5.8; links within sentences may be."""
HOSTILE = (
    "Plain",
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\N{ARABIC LETTER BEH}\N{ARABIC LETTER ALEF}" * 8 + "\N{RIGHT-TO-LEFT MARK}",
    "\N{PILE OF POO}" * 40,
    "W" * 300,
    "' OR 1=1 --",
)


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


@pytest.fixture(scope="module")
def recommending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page over a home that has tracks to recommend: a catalogue of 60, of which ten were played."""
    folder = tmp_path_factory.mktemp("recommending")
    (folder / "catalogue.csv").write_text(catalogue())
    (folder / "history.csv").write_text(HEARD)
    home = Settings(home=folder / "home")
    import_paths(home, [folder / "catalogue.csv", folder / "history.csv"], "Ada", "UTC")
    build(home)
    with serving_api(home.home) as address:
        yield address


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
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    assert "plays since 2022" in page.locator("h1").inner_text()


def test_another_page_has_the_focus_and_going_back_finds_the_page_where_it_was_left(
    browser: Browser, address: str
) -> None:
    page = opened(browser, "phone").go(address)
    draw_charts(page)
    link = page.locator(".ranking .name a").last
    link.scroll_into_view_if_needed()
    left_at = page.evaluate("scrollY")
    assert left_at > 0
    name = link.inner_text()
    link.click()
    page.locator("h1", has_text=name).wait_for()
    page.wait_for_function("document.activeElement.id === 'main' && scrollY === 0")
    assert page.locator("#live").text_content() == name
    page.go_back()
    page.locator("h1", has_text="plays since 2022").wait_for()
    page.wait_for_function("y => Math.abs(scrollY - y) < 2", arg=left_at)


def test_an_artist_is_shared_as_a_picture(browser: Browser, address: str) -> None:
    one = opened(browser, "phone")
    page = one.go(address)
    page.locator(".ranking .name a").first.click()
    page.locator(".hero .share").click()
    label = page.locator("dialog svg.poster").get_attribute("aria-label")
    assert label is not None and "most played artist" in label and "your" not in label
    with page.expect_download() as kept:
        page.get_by_role("button", name="Keep as PNG").click()
    assert Path(kept.value.path()).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert one.wrong == []


@pytest.mark.parametrize("name", ["home", "charts", "library"])
def test_links_and_buttons_are_large_enough_for_a_finger(browser: Browser, address: str, name: str) -> None:
    page = opened(browser, "phone").go(address, PAGES[name])
    draw_charts(page)
    assert page.evaluate(SMALL_TARGETS) == []


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


def test_recommendations_are_drawn_with_reasons_and_lead_to_what_is_known_of_them(
    browser: Browser, recommending: str
) -> None:
    from playwright.sync_api import expect

    one = opened(browser)
    page = one.go(recommending, "#/insights/now")
    card = page.locator("#new_to_you")
    for name in ("New artists only", "Surprise me", "Tracks for me"):
        card.get_by_role("button", name=name).click()
        expect(card.locator(".found li")).to_have_count(6, timeout=PATIENCE_MS)
        expect(card.get_by_role("button", name=name)).to_be_enabled()
    tracks = card.locator(".found li").all()
    assert all(track.locator("small").inner_text() for track in tracks)
    assert all(track.locator(".name a").get_attribute("href", timeout=0) for track in tracks)
    picture(page, "recommendations")
    name = tracks[0].locator(".name").inner_text()
    tracks[0].locator(".name a").click()
    expect(page.locator("main:not([aria-busy]) h1")).to_have_text(name)
    expect(page.locator("main .songs li").first).to_be_visible(timeout=PATIENCE_MS)
    picture(page, "a track that was not played")
    page.locator("main .songs .name a").first.click()
    expect(page.locator("main:not([aria-busy]) h1")).not_to_have_text("Not here")
    assert one.wrong == []


def test_recommendations_say_that_they_are_looked_for_what_went_wrong_and_that_there_are_none(
    browser: Browser, address: str
) -> None:
    from playwright.sync_api import Route, expect

    page = opened(browser).go(address, "#/insights/now")
    waiting: list[Route] = []
    found = page.locator("#new_to_you .found")
    page.route("**/recommend/user/", lambda route: waiting.append(route))
    page.locator("#new_to_you").get_by_role("button", name="Tracks for me").click()
    expect(found).to_contain_text("Looking")
    expect(page.get_by_role("button", name="Surprise me")).to_be_disabled()
    waiting.pop().fulfill(status=503, json={"error": "Busy", "detail": "The models are being read."})
    expect(found).to_contain_text("The models are being read.")
    expect(page.get_by_role("button", name="Surprise me")).to_be_enabled()
    found.get_by_role("button", name="Try again").click()
    expect(found).to_contain_text("Looking")
    waiting.pop().fulfill(json={"tracks": [], "note": "", "fewer": "", "served_by": "baseline"})
    expect(found).to_contain_text("It takes tracks that you have not played", ignore_case=True)
    assert found.locator("a").get_attribute("href") == "#/library/imports"
    page.locator("#new_to_you").get_by_role("button", name="Surprise me").click()
    expect(found).to_contain_text("Looking")
    track = {"track_id": 2**62 + 1, "artist_id": 2**62 + 3, "track_name": "Sexy Boy", "artist_name": "Air",
             "album_name": None, "because": "House", "is_heard": False, "is_artist_heard": True}  # fmt: skip
    waiting.pop().fulfill(json={"tracks": [track], "note": "Not personal.", "fewer": "Too few.", "served_by": "model"})
    expect(found).to_contain_text("Too few.")
    # Whole ids, though numbers in JavaScript have fewer digits.
    links = [link.get_attribute("href") for link in found.locator("a").all()]
    assert links == [f"#/song/{2**62 + 1}", f"#/artist/{2**62 + 3}"]


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("de-DE", "29. Februar 2020, Februar 2020, Februar, Samstag, 13:00, 1.234,50, +2"),
        (
            "en-US",
            "February 29, 2020, February 2020, February, Saturday, 1:00 PM, 1,234.50, +2",
        ),
    ],
)
def test_sentences_are_written_by_the_readers_locale(browser: Browser, address: str, locale: str, written: str) -> None:
    values = [
        {"day": "2020-02-29"}, {"month": "2020-02"}, {"month_of_year": 2}, {"weekday": 5}, {"hour": 13},
        {"number": 1234.5, "digits": 2}, {"number": 2, "digits": 0, "is_signed": True},
    ]  # fmt: skip
    parts = [part for value in values for part in ({"text": "?", **value}, ", ")][:-1]
    one = opened(browser, locale=locale)
    page = one.go(address, "#/insights")
    text = page.evaluate("(parts) => tonearm.text({ answer_parts: parts }, 'answer')", parts)
    assert " ".join(text.split()) == written
    day = page.evaluate(
        "tonearm.sentence({ a_parts: [{ text: '?', day: '2020-02-29' }] }, 'a')[0].getAttribute('href')"
    )
    assert day == "#/day/2020-02-29"
    assert one.wrong == []
