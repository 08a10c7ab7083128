"""How long the page takes: its documents when first asked for and again, and a browser until it shows something.

    PYTHONPATH=. python benchmarks/page.py HOME [--listener NAME] [--json]
    PYTHONPATH=. python benchmarks/page.py HOME --maloja COMMAND --maloja-data FOLDER

The server is one process that has just started. ``first_s`` of ``home`` includes reading the listener's history;
``again_ms`` is the median of 20. ``shown_ms`` is from the beginning of a navigation until the heading is there, in a
browser that has been here before, the median of 5, and ``first_shown_ms`` in one that has not; ``kb`` is what that one
takes over the wire. With Maloja, whose data folder has the same listens, its pages and JSON are measured in turns with
ours: its HTML is drawn by the server, so that ``shown`` is when a browser has its heading, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright
from tests.browser import CHROMIUM, FLAGS
from tests.serving import free_port, running, serving_api

from measure import finish

DOCUMENTS = ("home", "recent", "weekly", "charts", "charts?range=month", "insights", "rewind", "search?q=radio")
PAGES = {"home": "", "charts": "#/charts", "insights": "#/insights", "rewind": "#/rewind", "search": "#/search?q=radio"}
MALOJA = {
    "json": ("charts/artists", "charts/tracks", "charts/albums", "pulse?step=month", "search?query=radio"),
    "pages": ("", "charts_artists", "charts_tracks", "charts_albums", "pulse", "scrobbles"),
}
AGAIN, SHOWN, SETTLED_MS = 20, 5, 1_500
_SHOWN = {"tonearm": "main:not([aria-busy]) h1", "maloja": "h1, h2, .section_title, table"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--listener", default="")
    parser.add_argument("--maloja", type=Path, help="its command")
    parser.add_argument("--maloja-data", type=Path, help="its MALOJA_DATA_DIRECTORY")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with serving_api(options.home) as address, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        kept = {"tonearm-listener": options.listener}
        figures = ours(browser, address, {"listener": options.listener} if options.listener else {}, kept)
        if options.maloja:
            with serving_maloja(options.maloja, options.maloja_data) as theirs:
                figures |= maloja(browser, theirs)
        finish(figures, options.json)


def ours(browser: Browser, address: str, params: Mapping[str, str], kept: Mapping[str, str]) -> dict[str, Any]:
    """Figures of our documents and pages."""
    found: dict[str, Any] = {name: answers(f"{address}/documents/{name}", params) for name in DOCUMENTS}
    found |= {f"page {name}": page(browser, f"{address}/{at}", _SHOWN["tonearm"], kept) for name, at in PAGES.items()}
    return found


def maloja(browser: Browser, address: str) -> dict[str, Any]:
    """Figures of Maloja's JSON and pages; its pages are HTML, which is asked for as documents are, too."""
    found: dict[str, Any] = {
        f"maloja html {name or 'start'}": answers(f"{address}/{name}", {}) for name in MALOJA["pages"]
    }
    found |= {
        f"maloja page {name or 'start'}": page(browser, f"{address}/{name}", _SHOWN["maloja"], {})
        for name in MALOJA["pages"]
    }
    found |= {f"maloja json {name}": answers(f"{address}/apis/mlj_1/{name}", {}) for name in MALOJA["json"]}
    return found


@contextmanager
def serving_maloja(command: Path, data: Path) -> Iterator[str]:
    """Address of Maloja over a data folder."""
    port = free_port()
    environment = {
        **{"MALOJA_DATA_DIRECTORY": str(data), "MALOJA_SKIP_SETUP": "yes", "MALOJA_PORT": str(port)},
        "MALOJA_HOST": "127.0.0.1",
    }
    with running([str(command), "run"], f"http://127.0.0.1:{port}/apis/mlj_1/serverinfo", **environment):
        yield f"http://127.0.0.1:{port}"


def answers(url: str, params: Mapping[str, str]) -> dict[str, float]:
    """Seconds of the first answer, milliseconds of further ones, and its size."""
    took, size = [], 0
    with httpx.Client(timeout=300) as http:
        for _ in range(1 + AGAIN):
            began = perf_counter()
            answer = http.get(url, params=httpx.QueryParams(url.partition("?")[2]).merge(params))
            took.append(perf_counter() - began)
            size = len(answer.raise_for_status().content)
    return {"first_s": round(took[0], 3), "again_ms": round(1000 * median(took[1:]), 1), "kb": round(size / 1000, 1)}


def page(browser: Browser, url: str, heading: str, kept: Mapping[str, str]) -> dict[str, Any]:
    """Milliseconds until the heading is there, and what a first visit takes."""
    context = browser.new_context()
    for name, value in kept.items():
        context.add_init_script(f"localStorage.setItem({name!r}, {value!r})")
    context.add_init_script(_WHEN_SHOWN.replace("HEADING", heading))
    taken = context.new_page()
    session = context.new_cdp_session(taken)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    shown = []
    for _ in range(1 + SHOWN):
        taken.goto("about:blank")
        taken.goto(url, wait_until="commit")
        taken.locator(heading).first.wait_for(state="attached")
        taken.wait_for_timeout(SETTLED_MS)
        if not shown:
            first_kb = sum(sizes) / 1000
        shown.append(taken.evaluate("window.shownAt"))
    context.close()
    return {"shown_ms": round(median(shown[1:])), "first_shown_ms": round(shown[0]), "kb": round(first_kb, 1)}


_WHEN_SHOWN = """
new MutationObserver((_, watch) => {
  if (document.querySelector("HEADING")) { window.shownAt = performance.now(); watch.disconnect(); }
}).observe(document, { childList: true, subtree: true, attributes: true });
"""


if __name__ == "__main__":
    main()
