"""Listens a second that are accepted durably over HTTP, in batches and one by one, beside a route that does nothing.

    python benchmarks/submissions.py [--listens 20000] [--clients 2]

Starts `tonearm serve --api`'s application in a process of its own, on a new SQLite store, and submits through
keep-alive connections as clients do. Every acknowledged listen is counted in the store afterwards.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, perf_counter, sleep

import httpx

from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.submissions import count_waiting
from tonearm.store.tokens import create_token

FIRST_S = 1_600_000_000


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--listens", type=int, default=20_000)
    asked.add_argument("--clients", type=int, default=2)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Settings(home=Path(folder))
        store = open_store(home)
        store.ensure_listener("Ada", "UTC")
        token = create_token(store, "Ada", ["submit"])[0]
        port = _free_port()
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, port), daemon=True)
        server.start()
        http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Token {token}"})
        _wait_until_up(http)
        nothing_s = _timed(http, 500)
        print(f"a route that does nothing: {500 / nothing_s:,.0f} requests/s")
        for size in (1, 10, 100, 1000):
            listens = min(given.listens, size * 400)
            before = count_waiting(store)
            seconds = _submit(http, listens, size, given.clients)
            kept = count_waiting(store) - before
            print(f"{listens:,} listens in batches of {size:,}: {listens / seconds:,.0f} listens/s, {kept:,} kept")
            assert kept == listens
        server.terminate()


def _serve(folder: str, port: int) -> None:
    import uvicorn

    from tonearm.api.app import create_app

    uvicorn.run(create_app(Settings(home=Path(folder))), port=port, log_level="warning", access_log=False)


def _submit(http: httpx.Client, listens: int, size: int, clients: int) -> float:
    kind = "single" if size == 1 else "import"
    bodies = [
        {"listen_type": kind, "payload": [_listen(number) for number in range(first, first + size)]}
        for first in range(0, listens, size)
    ]

    def post(body: object) -> None:
        http.post("/1/submit-listens", json=body, timeout=60).raise_for_status()

    started = perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(post, bodies))
    return perf_counter() - started


def _listen(number: int) -> dict[str, object]:
    info = {
        "submission_client": "navidrome",
        "recording_mbid": "b1a9c0e9-d987-4042-ae91-78d6a3267d69",
        "artist_mbids": ["b1a9c0e9-d987-4042-ae91-78d6a3267d69"],
        "duration_ms": 215_000,
        "tracknumber": 3,
    }
    names = {"artist_name": "Air", "track_name": f"Track {number % 997}", "release_name": "Moon Safari"}
    return {"listened_at": FIRST_S + 200 * number, "track_metadata": names | {"additional_info": info}}


def _timed(http: httpx.Client, requests: int) -> float:
    started = perf_counter()
    for _ in range(requests):
        http.get("/1/validate-token", headers={"Authorization": ""})
    return perf_counter() - started


def _wait_until_up(http: httpx.Client) -> None:
    give_up_at = monotonic() + 60
    while monotonic() < give_up_at:
        try:
            http.get("/1/validate-token", headers={"Authorization": ""})
            return
        except httpx.TransportError:
            sleep(0.1)
    raise SystemExit("the server did not come up")


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


if __name__ == "__main__":
    main()
