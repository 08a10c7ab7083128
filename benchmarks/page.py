"""How long the page takes: its documents when first asked for and again, and a browser until it shows something.

    PYTHONPATH=. python benchmarks/page.py HOME [--listener NAME] [--json]

The server is one process that has just started. ``first_s`` of ``home`` includes reading the listener's history;
``again_ms`` is the median of 20. ``shown_ms`` is from the beginning of a navigation until the heading is there, in a
browser that has been here before, the median of 5; ``kb`` is what a browser without anything kept takes over the wire.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright
from tests.browser import CHROMIUM, FLAGS
from tests.serving import serving_api

from measure import finish

DOCUMENTS = ("home", "recent", "weekly", "charts", "charts?range=month", "insights", "rewind", "search?q=radio")
PAGES = {"home": "", "charts": "#/charts", "insights": "#/insights", "rewind": "#/rewind", "search": "#/search?q=radio"}
AGAIN, SHOWN = 20, 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--listener", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with serving_api(options.home) as address, sync_playwright() as started:
        with httpx.Client(base_url=address, timeout=300) as http:
            figures = {name: document(http, name, options.listener) for name in DOCUMENTS}
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        figures |= {f"page {name}": page(browser, address, hash, options.listener) for name, hash in PAGES.items()}
        finish(figures, options.json)


def document(http: httpx.Client, name: str, listener: str) -> dict[str, float]:
    """Seconds of the first answer, milliseconds of further ones, and its size."""
    params = {"listener": listener} if listener else {}
    took, size = [], 0
    for _ in range(1 + AGAIN):
        began = perf_counter()
        answer = http.get(f"/documents/{name}", params=httpx.QueryParams(name.partition("?")[2]).merge(params))
        took.append(perf_counter() - began)
        size = len(answer.raise_for_status().content)
    return {"first_s": round(took[0], 3), "again_ms": round(1000 * median(took[1:]), 1), "kb": round(size / 1000, 1)}


def page(browser: Browser, address: str, hash: str, listener: str) -> dict[str, Any]:
    """Milliseconds until the heading is there, and what a first visit takes."""
    context = browser.new_context()
    context.add_init_script(f"localStorage.setItem('tonearm-listener', {listener!r})")
    context.add_init_script(_WHEN_SHOWN)
    taken = context.new_page()
    session = context.new_cdp_session(taken)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    shown = []
    for _ in range(1 + SHOWN):
        taken.goto("about:blank")
        taken.goto(f"{address}/{hash}")
        taken.locator("main:not([aria-busy]) h1").wait_for()
        taken.wait_for_timeout(1_500)
        if not shown:
            first_kb = sum(sizes) / 1000
        shown.append(taken.evaluate("window.shownAt"))
    context.close()
    return {"shown_ms": round(median(shown[1:])), "kb": round(first_kb, 1)}


_WHEN_SHOWN = """
new MutationObserver((_, watch) => {
  if (document.querySelector("main h1")) { window.shownAt = performance.now(); watch.disconnect(); }
}).observe(document, { childList: true, subtree: true });
"""


if __name__ == "__main__":
    main()
