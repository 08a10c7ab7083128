"""Latency of reading a page of listens out of a large history, beside a route that does nothing, in one server.

python benchmarks/reads.py --listens 1000000
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from measure import finish, note
from tonearm.columns import arrow_schema
from tonearm.lake import open_lake
from tonearm.read.overview import COLUMNS, LISTENS
from tonearm.settings import Settings
from tonearm.store import open_store

TRACKS, LISTENERS = 60_000, ("ada", "ben", "cid", "dea", "eve")
FIRST_S, LAST_S = 1_325_376_000, 1_735_689_600
PATHS = {
    "nothing": "/nothing",
    "listens, 25": "/1/user/ada/listens",
    "listens, 1,000": "/1/user/ada/listens?count=1000",
    "listens of 2018, 100": "/1/user/ben/listens?count=100&max_ts=1530000000",
    "listen-count": "/1/user/ada/listen-count",
    "playing-now": "/1/user/ada/playing-now",
    "top artists": "/1/stats/user/ada/artists?range=all_time",
    "top recordings": "/1/stats/user/ada/recordings?range=all_time",
    "our own, 100": "/listens?listener=ada",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listens", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="reads-") as folder:
        settings = Settings(home=Path(folder))
        note(f"writing {options.listens:,} listens")
        write(settings, options.listens)
        finish(measured(settings, options.requests), options.json)


def write(settings: Settings, listens: int, seed: int = 1) -> None:
    """A lake of ``listens`` by five listeners, as a build leaves it: by year, listener and time."""
    rng = np.random.default_rng(seed)
    at_s = np.sort(rng.integers(FIRST_S, LAST_S, listens))
    who = rng.choice(LISTENERS, listens, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    track = (TRACKS * rng.random(listens) ** 3).astype(np.int64)
    instants = pa.array(at_s * 1_000_000).cast(pa.timestamp("us", "UTC"))
    local = instants.cast(pa.timestamp("us"))
    numbers = np.arange(listens)
    columns: dict[str, Any] = {
        "listener": who,
        "listen_id": numbers,
        "started_at": instants,
        "started_at_local": local,
        "local_date": local.cast(pa.date32()),
        "hour_of_day": at_s // 3600 % 24,
        "day_of_week": (at_s // 86400 + 3) % 7,
        "track_id": track,
        "artist_id": track // 12,
        "artist_name": [f"Artist number {n}" for n in (track // 12).tolist()],
        "track_name": [f"A track that is called {n}" for n in track.tolist()],
        "album_name": [f"Album number {n}" for n in (track // 12).tolist()],
        "listened_s": rng.uniform(30, 300, listens).round(3),
        "duration_s": 200.0 + track % 90,
        "source": np.full(listens, "spotify_extended"),
    }
    schema = arrow_schema(COLUMNS)
    nulls = {name: pa.nulls(listens, schema.field(name).type) for name in COLUMNS if name not in columns}
    rows = pa.table({name: columns.get(name, nulls.get(name)) for name in COLUMNS}).cast(schema)
    rows = rows.append_column("year", [pc.year(instants)])
    rows = rows.sort_by([("year", "ascending"), ("listener", "ascending"), ("started_at", "ascending")])
    lake = open_lake(settings.lake)
    lake.replace(LISTENS, rows, {"run": 1, "content": 0}, partition_by=["year"])
    known = np.arange(0, TRACKS, 2)
    ids = pa.table({"track_id": known, "spotify_id": [f"{n:022d}" for n in known.tolist()]})
    lake.replace("tracks", ids.append_column("recording_mbid", pa.nulls(len(known), pa.string())), {})
    with open_store(settings).session(writes=True):
        pass
    for name in LISTENERS:
        open_store(settings).ensure_listener(name, "UTC")


def measured(settings: Settings, requests: int) -> dict[str, Any]:
    """Milliseconds of each path, one request at a time, and with 32 connections."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = int(trial.getsockname()[1])
    served = subprocess.Popen([sys.executable, __file__, "--serve", str(settings.home), str(port)])
    try:
        wait(port)
        found: dict[str, Any] = {"requests": requests, "load": os.getloadavg()[0]}
        for name, path in PATHS.items():
            began = perf_counter()
            get(port)(path)
            first_ms = (perf_counter() - began) * 1000
            found[name] = {"first_ms": round(first_ms, 1), **times(port, path, requests, 1)}
            found[f"{name}, 32 connections"] = times(port, path, requests, 32)
        nothing = found["nothing"]["p50_ms"]
        for name in PATHS:
            found[name]["p99_by_nothings_p50"] = round(found[name]["p99_ms"] / nothing, 1)
        return found
    finally:
        served.terminate()
        served.wait()


def get(port: int) -> Callable[[str], None]:
    """A function that reads a path over one connection, which stays open."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def read(path: str) -> None:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")

    return read


def times(port: int, path: str, requests: int, connections: int) -> dict[str, float]:
    def several(_: int) -> list[float]:
        read, taken = get(port), []
        for _ in range(max(1, requests // connections)):
            began = perf_counter()
            read(path)
            taken.append((perf_counter() - began) * 1000)
        return taken

    began = perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        taken = np.concatenate(list(pool.map(several, range(connections))))
    rate = len(taken) / (perf_counter() - began)
    p50, p99 = np.percentile(taken, [50, 99])
    return {"p50_ms": round(float(p50), 2), "p99_ms": round(float(p99), 2), "per_s": round(rate, 1)}


def wait(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            sleep(0.1)


def serve(home: str, port: str) -> None:
    import uvicorn

    from tonearm.api.app import create_app

    app = create_app(Settings(home=Path(home)), needs_tokens=False)

    @app.get("/nothing")
    def nothing() -> dict[str, str]:
        return {"at": datetime.now(UTC).isoformat()}

    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
    else:
        main()
