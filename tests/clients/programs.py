"""Clients that are programs or libraries of another interpreter: installed once a test run, from their registries."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tests.clients.players import Account, Heard, NotHere, Player, Verdict

_MPDSCRIBBLE_ANSWER = re.compile(r"(?i)\[tonearm\] (OK$|(?!post data).*(error|fail|waiting|rejected|BAD))", re.M)
"""In its log: what it sent was acknowledged, or was not."""
_INSTALL_S = 180
_ANSWER_S = 120

GIVEN_UP = {"Navidrome": ("401",), "Jellyfin": ("401",)}
"""Faults on which a client gives up its listens for good, whatever a server answers."""

_MOPIDY = """
import json, sys, time
from types import SimpleNamespace
account = json.loads(sys.argv[1])
from mopidy_listenbrainz import listenbrainz
for line in sys.stdin:
    given = json.loads(line)
    try:
        # Its token is validated when it starts; the program then runs on.
        api = listenbrainz.Listenbrainz(given["token"], account["url"], {})
        sent = []
        answered = api.session.post
        api.session.post = lambda **options: sent.append(answered(**options)) or sent[-1]
        # It scrobbles what has just ended, so that its clock is the listen's.
        listenbrainz.time = SimpleNamespace(time=lambda: given["at"])
        api.submit_listen(given["track"], given["artist"], given["album"])
        print(sent[-1].status_code if sent else 0, flush=True)
    except Exception as error:
        print(f"error {type(error).__name__}: {error}", flush=True)
"""

_LASTFM_TS = """
import https from 'node:https';
import readline from 'node:readline';
import { LastFMAuth, LastFMTrack } from 'lastfm-ts-api';
const account = JSON.parse(process.argv[2]);
https.globalAgent.defaultPort = account.port;
const config = { hostname: 'localhost', path: '/2.0' };
let key;
for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    if (!key) {
      const login = { username: account.listener, password: account.password };
      key = (await new LastFMAuth('any', 'any', undefined, config).getMobileSession(login)).session.key;
    }
    const answer = await new LastFMTrack('any', 'any', key, config).scrobbleMany(JSON.parse(line));
    console.log(answer.scrobbles ? 'ok' : 'error no scrobbles');
  } catch (error) {
    if (String(error.message).includes('session')) key = undefined;
    console.log('error ' + String(error.message).split('\\n')[0]);
  }
}
"""

_KOITO = """
import asyncio, json, sys
import aiohttp, aiokoito
async def main():
    async with aiohttp.ClientSession() as session:
        found = await aiokoito.KoitoApi(sys.argv[1], sys.argv[2], session).async_fetch_data()
    tops = [[one.item.name if hasattr(one.item, "name") else str(one.item) for one in found.summary.top_artists]]
    print(json.dumps({"plays": found.summary.plays, "artists": tops[0]}))
asyncio.run(main())
"""


@dataclass
class Worked(Player):
    """A client that a process of its own runs, which answers each line with a line."""

    process: subprocess.Popen[str] | None = None

    def started(self) -> subprocess.Popen[str]:
        raise NotImplementedError

    def ask(self, value: Any) -> str:
        """What the process answers; an error if it ended."""
        if self.process is None or self.process.poll() is not None:
            self.process = self.started()
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip() or "error it ended"

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Mopidy(Worked):
    """PyPI: mopidy-listenbrainz, over TLS. It gives up what is not answered with 200, and so does not queue."""

    name = "mopidy-listenbrainz"
    python: ClassVar[Path]

    @classmethod
    def install(cls, tools: Path) -> None:
        """Without GStreamer, which only playing needs."""
        cls.python = virtual_environment(tools / "mopidy", sys.executable, "requests", "setuptools<80")
        add(cls.python, "--no-deps", "mopidy", "mopidy-listenbrainz", "pykka", "musicbrainzngs")

    def started(self) -> subprocess.Popen[str]:
        url = json.dumps({"url": f"localhost:{self.account.tls_port}"})
        trusted = os.environ | {"REQUESTS_CA_BUNDLE": self.account.authority}
        return _piped([str(self.python), "-W", "ignore", "-c", _MOPIDY, url], trusted)

    def send(self, batch: Sequence[Heard]) -> Verdict:
        one = batch[0]
        answer = self.ask(
            {"token": self.account.token, "track": one.track, "artist": one.artist, "album": one.album, "at": one.at}
        )
        if answer == "200":
            return "acknowledged"
        return "dropped" if answer.startswith("400") else "again"


class LastFmTs(Worked):
    """npm: lastfm-ts-api, over TLS."""

    name = "lastfm-ts-api"
    most = 5
    modules: ClassVar[Path]

    @classmethod
    def install(cls, tools: Path) -> None:
        cls.modules = node_modules(tools / "node", "lastfm-ts-api")

    def started(self) -> subprocess.Popen[str]:
        script = self.modules / "scrobble.mjs"
        script.write_text(_LASTFM_TS, encoding="utf-8")
        account = {"port": self.account.tls_port, "listener": self.account.listener, "password": self.account.password}
        trusted = os.environ | {"NODE_EXTRA_CA_CERTS": self.account.authority}
        return _piped(["node", str(script), json.dumps(account)], trusted)

    def send(self, batch: Sequence[Heard]) -> Verdict:
        listens = [{"artist": one.artist, "track": one.track, "timestamp": one.at, "album": one.album} for one in batch]
        return "acknowledged" if self.ask(listens) == "ok" else "again"


class Mpdscribble(Player):
    """Debian: mpdscribble, which keeps its queue in a journal and sends it when it starts."""

    name = "mpdscribble"
    waits_s = 25.0

    @classmethod
    def install(cls, tools: Path) -> None:
        needs("mpdscribble")

    def flush(self) -> None:
        """Start it on the journal, wait until it has an answer, and see what the journal has left."""
        if not self.queue:
            return
        journal, log, configuration = (self.folder / name for name in ("journal", "log", "conf"))
        journal.write_text("".join(_entry(one) for one in self.queue), encoding="utf-8")
        log.unlink(missing_ok=True)
        configuration.write_text(self._configuration(journal, log), encoding="utf-8")
        process = subprocess.Popen(
            ["mpdscribble", "--no-daemon", "--conf", str(configuration), "--verbose", "2"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + self.waits_s
        while time.monotonic() < deadline and not self._is_answered(log):
            time.sleep(0.05)
        # Asked to end, it writes the journal with what nobody acknowledged.
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        left = journal.read_text(encoding="utf-8") if journal.exists() else ""
        for one in list(self.queue):
            if f"t = {one.track}\n" not in left:
                self.acknowledged.append(one)
                self.queue.remove(one)

    def _is_answered(self, log: Path) -> bool:
        written = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return _MPDSCRIBBLE_ANSWER.search(written) is not None

    def _configuration(self, journal: Path, log: Path) -> str:
        # Nobody listens there: without a player it sends what the journal has.
        return (
            f"log = {log}\nhost = 127.0.0.1\nport = 9\n[tonearm]\nurl = {self.account.url}/audioscrobbler/\n"
            f"username = {self.account.listener}\npassword = {self.account.password}\njournal = {journal}\n"
        )


def aiokoito(tools: Path) -> Path:
    """The interpreter in which aiokoito is."""
    return virtual_environment(tools / "koito", python_from((3, 12)), "aiokoito")


def koito(python: Path, account: Account) -> dict[str, Any]:
    """What PyPI's aiokoito reads of an account."""
    asked = [str(python), "-c", _KOITO, account.url, account.token]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=_ANSWER_S)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def virtual_environment(folder: Path, python: str, *packages: str) -> Path:
    """The interpreter of a new environment with ``packages``; raises NotHere where they cannot be had."""
    _done([python, "-m", "venv", str(folder)])
    made = folder / "bin" / "python"
    add(made, *packages)
    return made


def add(python: Path, *packages: str) -> None:
    """Add packages to an environment; raises NotHere where they cannot be had."""
    _done([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])


def node_modules(folder: Path, *packages: str) -> Path:
    """A folder in which Node finds ``packages``; raises NotHere where they cannot be had."""
    for program in ("node", "npm"):
        needs(program)
    folder.mkdir()
    _done(["npm", "install", "--silent", "--prefix", str(folder), *packages])
    return folder


def python_from(version: tuple[int, int]) -> str:
    """An interpreter that is at least of ``version``; raises NotHere where there is none."""
    if sys.version_info >= version:
        return sys.executable
    for minor in range(version[1], version[1] + 4):
        name = f"python{version[0]}.{minor}"
        known = [
            Path(shutil.which(name) or ""),
            *Path.home().glob(f".pyenv/versions/{version[0]}.{minor}.*/bin/python"),
        ]
        for one in known:
            if one.name and subprocess.run([one, "-c", ""], capture_output=True).returncode == 0:
                return str(one)
    raise NotHere(f"there is no Python {version[0]}.{version[1]} or newer")


def needs(program: str) -> None:
    """Raise NotHere where a program is not installed."""
    if shutil.which(program) is None:
        raise NotHere(f"{program} is not installed")


def _done(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHere(f"{command[0]} did not end: {error}") from error
    if done.returncode != 0:
        raise NotHere(f"not to be had here: {' '.join(command[:6])}: {done.stderr.strip()[-200:]}")


def _piped(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )


def _entry(one: Heard) -> str:
    """A listen in mpdscribble's journal."""
    return f"a = {one.artist}\nt = {one.track}\nb = {one.album}\nl = {one.duration_s}\ni = {one.at}\no = P\n\n"
