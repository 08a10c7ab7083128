"""Clients that scrobble: real ones, and those that cannot be installed here with their exact requests.

Each has a queue, as its program has, and decides as it does what becomes of a listen: acknowledged, tried again, or
dropped for good.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

import httpx


class NotHere(Exception):
    """A client that cannot be had on this machine, and why."""


Verdict = Literal["acknowledged", "again", "dropped"]
BAD_AT = 1000
"""An instant that no server takes: ListenBrainz begins in 2002."""


@dataclass(frozen=True)
class Heard:
    """A listen as a player has it."""

    artist: str
    track: str
    at: int
    """Seconds since 1970."""
    album: str = "Moon Safari"
    duration_s: int = 240
    padding: str = ""
    """Goes into ``additional_info``, where the protocol has one."""


@dataclass(frozen=True)
class Account:
    """Where a client scrobbles to, and with what."""

    listener: str
    token: str
    password: str
    url: str
    """Plain HTTP."""
    tls_port: int
    authority: str
    """File of the certificate that the TLS port has."""


@dataclass
class Player:
    """A client and its queue."""

    account: Account
    queue: list[Heard] = field(default_factory=list)
    acknowledged: list[Heard] = field(default_factory=list)
    dropped: list[Heard] = field(default_factory=list)

    folder: Path = Path()
    """For the client's own files."""

    name: ClassVar[str]
    most: ClassVar[int] = 1
    """Listens in one submission."""

    @classmethod
    def install(cls, tools: Path) -> None:
        """Make the client ready to use, in ``tools``; raises NotHere."""

    def hear(self, listens: Sequence[Heard]) -> None:
        self.queue += listens

    def flush(self) -> None:
        """Send until the queue is empty or something is to be tried again later."""
        while self.queue:
            batch = self.queue[: self.most]
            verdict = self.send(batch)
            if verdict == "again":
                return
            (self.acknowledged if verdict == "acknowledged" else self.dropped).extend(batch)
            del self.queue[: len(batch)]

    def send(self, batch: Sequence[Heard]) -> Verdict:
        raise NotImplementedError

    def log_in(self, account: Account) -> None:
        """Use another token and password from now on."""
        self.close()
        self.account = account

    def close(self) -> None:
        """End whatever was started."""


class Liblistenbrainz(Player):
    """PyPI: liblistenbrainz, several listens at once."""

    name = "liblistenbrainz"
    most = 5

    @classmethod
    def install(cls, tools: Path) -> None:
        _needs_module("liblistenbrainz")

    def send(self, batch: Sequence[Heard]) -> Verdict:
        import liblistenbrainz
        import requests
        from liblistenbrainz import client, errors

        # It would sleep for as long as the server asks, five times.
        client.retry_strategy.respect_retry_after_header = False
        api = liblistenbrainz.ListenBrainz(api_base_url=self.account.url)
        api._auth_token = self.account.token
        listens = [
            liblistenbrainz.Listen(
                one.track,
                one.artist,
                listened_at=one.at,
                release_name=one.album,
                additional_info={"padding": one.padding} if one.padding else {},
            )
            for one in batch
        ]
        try:
            api.submit_multiple_listens(listens)
        except (errors.ListenBrainzException, requests.RequestException):
            return "again"
        return "acknowledged"


class Pylast(Player):
    """PyPI: pylast, over TLS."""

    name = "pylast"
    most = 5
    network: Any = None

    @classmethod
    def install(cls, tools: Path) -> None:
        _needs_module("pylast")

    def close(self) -> None:
        self.network = None

    def send(self, batch: Sequence[Heard]) -> Verdict:
        import pylast

        pylast.SSL_CONTEXT = ssl.create_default_context(cafile=self.account.authority)
        try:
            self._log_in()
            self.network.scrobble_many(
                [{"artist": one.artist, "title": one.track, "timestamp": one.at, "album": one.album} for one in batch]
            )
        except pylast.WSError as error:
            if str(error.get_id()) == "9":
                self.network = None
            return "again"
        except (pylast.NetworkError, pylast.MalformedResponseError, httpx.HTTPError):
            return "again"
        return "acknowledged"

    def _log_in(self) -> None:
        import pylast

        if self.network is None:
            made = pylast.LastFMNetwork(api_key="any", api_secret="any")
            made.ws_server = (f"localhost:{self.account.tls_port}", "/2.0/")
            keys = pylast.SessionKeyGenerator(made)
            made.session_key = keys.get_session_key(self.account.listener, pylast.md5(self.account.password))
            self.network = made


class Replayed(Player):
    """Requests of a program that cannot be installed here."""

    headers: ClassVar[dict[str, str]] = {}

    def post(self, path: str, **options: Any) -> httpx.Response | None:
        """The answer; None if there was none."""
        headers = self.headers | {"Authorization": f"Token {self.account.token}"} | options.pop("headers", {})
        try:
            return httpx.post(self.account.url + path, headers=headers, timeout=60, **options)
        except httpx.HTTPError:
            return None

    def listen(self, one: Heard, **info: Any) -> dict[str, Any]:
        if one.padding:
            info["padding"] = one.padding
        names = {"artist_name": one.artist, "track_name": one.track, "release_name": one.album}
        return {"listened_at": one.at, "track_metadata": names | {"additional_info": info}}


class Navidrome(Replayed):
    """Looks at the member ``code`` of the answer alone, and fails to read a ``status`` that is a number."""

    name = "Navidrome"

    def send(self, batch: Sequence[Heard]) -> Verdict:
        info = {"submission_client": "Navidrome", "submission_client_version": "0.55.0", "tracknumber": 1}
        listen = self.listen(batch[0], **info, duration_ms=1000 * batch[0].duration_s, artist_mbids=[])
        answer = self.post("/1/submit-listens", json={"listen_type": "single", "payload": [listen]})
        if answer is None:
            return "again"
        try:
            read = answer.json()
        except ValueError:
            return "again"
        if not isinstance(read, dict) or isinstance(read.get("status"), int | float):
            return "again"
        if read.get("code") in (500, 503):
            return "again"
        return "dropped" if read.get("code") else "acknowledged"


class Jellyfin(Replayed):
    """Its ListenBrainz plugin: tries some statuses again, and throws on a 429 without a whole number of seconds."""

    name = "Jellyfin"

    def send(self, batch: Sequence[Heard]) -> Verdict:
        info = {
            "media_player": "Jellyfin",
            "submission_client": "Jellyfin ListenBrainz plugin",
            "artist_names": ["Air"],
        }
        body = json.dumps({"listen_type": "single", "payload": [self.listen(batch[0], **info)]})
        answer = self.post("/1/submit-listens", content=body, headers={"Content-Type": "application/json"})
        if answer is None or answer.status_code in (500, 502, 503, 504, 507):
            return "again"
        if answer.status_code == 429:
            return "again" if answer.headers.get("X-RateLimit-Reset-In", "").isdecimal() else "dropped"
        return "acknowledged" if answer.status_code == 200 else "dropped"


class WebScrobbler(Replayed):
    """In a browser: calls come from an extension, and batches of 50 are kept until they are accepted."""

    name = "Web Scrobbler, ListenBrainz"
    most = 50
    headers: ClassVar[dict[str, str]] = {"Origin": "moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc"}

    def send(self, batch: Sequence[Heard]) -> Verdict:
        kind = "single" if len(batch) == 1 else "import"
        info = {"submission_client": "Web Scrobbler", "music_service_name": "Bandcamp"}
        body = {"listen_type": kind, "payload": [self.listen(one, **info) for one in batch]}
        answer = self.post("/1/submit-listens", json=body)
        if answer is None or answer.status_code != 200:
            return "again"
        return "acknowledged" if answer.json().get("status") == "ok" else "again"


class WebScrobblerLastFm(Replayed):
    """Methods in lower case, and parameters in the query of a POST."""

    name = "Web Scrobbler, Last.fm"
    most = 50
    headers: ClassVar[dict[str, str]] = {"Origin": "chrome-extension://hhinaapppaileiechjoiifaancjggfjm"}
    session: str | None = None

    def close(self) -> None:
        self.session = None

    def send(self, batch: Sequence[Heard]) -> Verdict:
        self.session = self.session or self._session()
        if self.session is None:
            return "again"
        values = {
            f"{name}[{i}]": str(value)
            for i, one in enumerate(batch)
            for name, value in (
                ("artist", one.artist),
                ("track", one.track),
                ("timestamp", one.at),
                ("album", one.album),
            )
        }
        answer = self.post("/2.0/", params=self._signed(method="track.scrobble", sk=self.session, **values))
        try:
            read = answer.json() if answer is not None else {}
        except ValueError:
            return "again"
        if read.get("error") == 9:
            self.session = None
        return "acknowledged" if "scrobbles" in read else "again"

    def _session(self) -> str | None:
        from hashlib import md5

        login = {"username": self.account.listener, "password": self.account.password}
        login["authToken"] = md5(
            (login["username"] + md5(login.pop("password").encode()).hexdigest()).encode()
        ).hexdigest()
        answer = self.post("/2.0/", params=self._signed(method="auth.getmobilesession", **login))
        try:
            return str(answer.json()["session"]["key"]) if answer is not None else None
        except (ValueError, KeyError):
            return None

    def _signed(self, **parameters: str) -> dict[str, str]:
        from tonearm.relay.lastfm import signature

        parameters = {"api_key": "any", **parameters}
        return {**parameters, "api_sig": signature(parameters, "any"), "format": "json"}


class ListenbrainzMpd(Replayed):
    """listenbrainz-mpd: one at a time, and what failed is kept in its cache and sent as an import."""

    name = "listenbrainz-mpd (replayed)"
    most = 10

    def send(self, batch: Sequence[Heard]) -> Verdict:
        info = {"media_player": "MPD", "submission_client": "listenbrainz-mpd", "submission_client_version": "2.6.0"}
        kind = "single" if len(batch) == 1 else "import"
        body = {"listen_type": kind, "payload": [self.listen(one, **info, duration_ms=240_000) for one in batch]}
        answer = self.post("/1/submit-listens", json=body)
        return "acknowledged" if answer is not None and answer.status_code == 200 else "again"


def _needs_module(name: str) -> None:
    if find_spec(name) is None:
        raise NotHere(f"{name} is not installed")
