"""How many requests a second the API answers, beside a route that does nothing, in the same server and the same run.

A server of one process answers 32 connections that ask again as soon as they are answered. Rounds of all routes take
turns, so that what else the machine does falls on all of them; of each route the median round is reported, and the
median over rounds of its share of the no-op's requests. The no-op is one of tonearm's own routes: whoever asks is
checked, counted and limited as anywhere else; ``bare`` is FastAPI alone, without any of that.

``song`` asks for 20 songs' neighbours over and over, each of which was asked for once before; ``popularity`` for tracks
that differ each time in their sound, ``popularity, new names`` also in their names, from which more is computed. HOME
needs the models recommender and popularity.

    python benchmarks/api.py HOME --json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from measure import note

Ask = Callable[[int], bytes]
CONNECTIONS = 32
SONGS = 20
PATIENCE_S = 120


@dataclass(frozen=True)
class Round:
    """One route for some seconds."""

    per_s: float
    p50_ms: float
    p99_ms: float
    failed: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each route in each round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--serve", choices=["tonearm", "bare"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.serve:
        serve(options.home, options.port, is_bare=options.serve == "bare")
        return
    with served(options.home, "tonearm") as (port, process), served(options.home, "bare") as (bare, _):
        asked = requests(options.home, port)
        routes = {"no-op": (port, asked.pop("no-op")), **{name: (port, ask) for name, ask in asked.items()}}
        routes["bare"] = (bare, get("/noop"))
        note("warming up")
        for to, ask in routes.values():
            asyncio.run(once(to, ask))
        rounds: dict[str, list[Round]] = {name: [] for name in routes}
        for number in range(options.rounds):
            note(f"round {number + 1} of {options.rounds}")
            for name, (to, ask) in routes.items():
                rounds[name].append(asyncio.run(load(to, ask, options.seconds)))
        memory_mb = psutil.Process(process.pid).memory_info().rss / 1e6
    found = {name: summed(own, rounds["no-op"]) for name, own in rounds.items()}
    if options.json:
        print(json.dumps({"routes": found, "memory_mb": memory_mb}))
        return
    for name, one in found.items():
        print(f"{name:24}", *(f"{key} {value:8.2f}" for key, value in one.items()))
    print(f"the server's memory: {memory_mb:.0f} MB")


def summed(own: list[Round], noop: list[Round]) -> dict[str, float]:
    """Medians over rounds; a share and a multiple are of the no-op in the same round."""
    pairs = list(zip(own, noop, strict=True))
    return {
        "per_s": statistics.median(one.per_s for one in own),
        "share_of_noop": statistics.median(one.per_s / other.per_s for one, other in pairs),
        "p50_ms": statistics.median(one.p50_ms for one in own),
        "p99_ms": statistics.median(one.p99_ms for one in own),
        "p99_to_noop_p50": statistics.median(one.p99_ms / other.p50_ms for one, other in pairs),
        "failed": float(sum(one.failed for one in own)),
    }


def requests(home: Path, port: int) -> dict[str, Ask]:
    """What is asked of each route; the number of the request makes it differ from others."""
    draw = random.Random(1)
    songs = [get(f"/recommend/song/{track}?k=20") for track in tracks(home, SONGS)]

    def sound() -> dict[str, Any]:
        unit = {name: round(draw.random(), 3) for name in ("energy", "danceability", "valence", "acousticness")}
        return {**unit, "tempo": round(draw.uniform(60, 180), 1), "genre": "rock", "year": draw.randint(1960, 2020)}

    def named(number: int) -> dict[str, Any]:
        new = {
            "track_name": f"Song {draw.random()}",
            "artist_name": f"Artist {number}",
            "album_name": f"Album {number}",
        }
        return {**sound(), **new}

    return {
        "no-op": get("/noop"),
        "song": lambda number: songs[number % len(songs)](number),
        "popularity": lambda _: post("/predict/popularity", sound()),
        "popularity, new names": lambda number: post("/predict/popularity", named(number)),
    }


def tracks(home: Path, number: int) -> list[int]:
    from tonearm.lake import open_lake
    from tonearm.settings import load_settings

    ids = open_lake(load_settings(home, {}).lake).dataset("tracks").head(number, columns=["track_id"])
    found: list[int] = ids["track_id"].to_pylist()
    return found


def get(path: str) -> Ask:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    return lambda _: request


def post(path: str, body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    )
    return head.encode() + b"\r\n\r\n" + content


async def load(port: int, ask: Ask, seconds: float) -> Round:
    """Keep all connections busy; latencies are from a request's first byte to its answer's last."""
    took_ms: list[float] = []
    failed = 0
    until = time.perf_counter() + seconds

    async def client(first: int) -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        number = first
        while (begun := time.perf_counter()) < until:
            writer.write(ask(number))
            failed += not await answered(reader)
            took_ms.append(1000 * (time.perf_counter() - begun))
            number += CONNECTIONS
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(CONNECTIONS)))
    elapsed_s = time.perf_counter() - begun
    cuts = statistics.quantiles(took_ms, n=100)
    return Round(len(took_ms) / elapsed_s, cuts[49], cuts[98], failed)


async def once(port: int, ask: Ask) -> None:
    """Ask each song once, one after another, and the other routes as often."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(SONGS):
        writer.write(ask(number))
        await answered(reader)
    writer.close()


async def answered(reader: asyncio.StreamReader) -> bool:
    """Read one answer to its end; whether it was a good one."""
    head = await reader.readuntil(b"\r\n\r\n")
    _, _, after = head.lower().partition(b"content-length:")
    await reader.readexactly(int(after.split(b"\r\n", 1)[0]))
    return head.startswith(b"HTTP/1.1 200")


@contextmanager
def served(home: Path, which: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = int(trial.getsockname()[1])
    process = subprocess.Popen([sys.executable, __file__, str(home), "--serve", which, "--port", str(port)])
    try:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait()


def serve(home: Path, port: int, is_bare: bool) -> None:
    """tonearm with a route that does nothing, or that route alone."""
    import uvicorn
    from fastapi import APIRouter, Depends, FastAPI

    from tonearm.api.app import create_app
    from tonearm.api.auth import guard, recorded
    from tonearm.api.limits import uvicorn_limits
    from tonearm.api.memory import hold_little
    from tonearm.settings import load_settings

    hold_little()
    router = APIRouter()

    @router.get("/noop")
    async def noop() -> dict[str, str]:
        return {}

    app = FastAPI() if is_bare else create_app(load_settings(home, {"TONEARM_RATE_LIMIT": "10000000"}))
    app.include_router(router, dependencies=[] if is_bare else [Depends(guard), Depends(recorded)])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, **uvicorn_limits())


if __name__ == "__main__":
    main()
