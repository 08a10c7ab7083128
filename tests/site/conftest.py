"""What tests of the page share: a home behind it, a page and what went wrong on it, pictures."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser import PATIENCE_MS, SIZES
from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def history(listens: int = 600) -> str:
    """Header-less Last.fm rows over two years, the same each time."""
    draw = random.Random(1)
    start = datetime(2022, 3, 1, 8)
    times = sorted(start + timedelta(minutes=5 * n) for n in draw.sample(range(150_000), listens))
    rows = ((draw.randint(1, 40), draw.randint(1, 5), at) for at in times)
    return "".join(f"Artist {a},Album {a},Track {a}-{t},{at:%d %b %Y %H:%M}\n" for a, t, at in rows)


def home_with(file: Path) -> Settings:
    """A home beside a file that has been imported and built."""
    home = Settings(home=file.parent / "home")
    assert import_paths(home, [file], "Ada", "Europe/Berlin").kept > 0
    build(home)
    return home


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


def opened(browser: Browser, size: str = "desktop", scheme: str = "light", locale: str | None = None) -> Opened:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=locale,
    )
    found = Opened(context.new_page())
    found.page.set_default_timeout(PATIENCE_MS)
    found.page.on("console", lambda m: found.wrong.append(m.text) if m.type == "error" else None)
    found.page.on("pageerror", lambda error: found.wrong.append(str(error)))
    # Whoever goes on to another page gives up what this one still asks for.
    found.page.on(
        "requestfailed", lambda r: r.failure == "net::ERR_ABORTED" or found.wrong.append(f"{r.url} {r.failure}")
    )
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
