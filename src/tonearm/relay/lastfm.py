"""Forwards to Last.fm, and to what speaks its protocol 2.0.

Source: https://www.last.fm/api/scrobbling
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tonearm.errors import UsageError
from tonearm.relay.deciding import Answer, judged
from tonearm.relay.upstream import Link, Listen, members

URL = "https://ws.audioscrobbler.com/2.0"
AUTHORISE = "https://www.last.fm/api/auth/"
_PAGE, _PAGES = 200, 20
_INVALID = (6, 7)
_AGAIN = (8, 11, 16, 29)
_IGNORED = {1: "its artist is ignored there", 2: "its track is ignored there", 3: "it is too old for Last.fm",
            4: "its instant is in the future"}  # fmt: skip
_DAILY_LIMIT = 5
_DAILY_WAIT_S = 3600.0


class LastFm:
    """Last.fm's API at ``link.url``; its secret is an API key, its shared secret and a session key, with spaces."""

    most = 50
    most_bytes = 1_000_000

    def __init__(self, link: Link) -> None:
        """Ask nothing yet; raises UsageError for a secret that is not three words."""
        self._link = link
        parts = link.secret.split()
        if len(parts) != 3:
            raise UsageError("Last.fm needs three values: an API key, its shared secret and a session key")
        self._key, self._shared, self._session = parts

    def account(self) -> str:
        """Name of the session's owner, from ``user.getInfo``."""
        found = self._call("user.getInfo", {})
        if isinstance(found, Answer):
            raise UsageError(f"{self._link.url}: {found.reason}; check the three values, the address and the network")
        name = found.get("user", {}).get("name")
        if not name:
            raise UsageError(f"{self._link.url} does not answer as Last.fm does; check the address")
        return str(name)

    def send(self, listens: Sequence[Listen]) -> Answer:
        """Scrobble listens, at most ``most``."""
        parameters = {f"{name}[{i}]": value for i, one in enumerate(listens) for name, value in _named(one).items()}
        found = self._call("track.scrobble", parameters, post=True)
        return found if isinstance(found, Answer) else _acknowledged(found, len(listens))

    def playing(self, listen: Listen) -> Answer:
        """Report what is being heard."""
        found = self._call("track.updateNowPlaying", _named(listen), post=True)
        return found if isinstance(found, Answer) else Answer("sent")

    def has(self, account: str, listens: Sequence[Listen]) -> set[int] | Answer:
        """Positions of the listens at whose second the account has a scrobble: Last.fm may correct their names."""
        seconds = [int(one["listened_at"]) for one in listens]
        within = {"user": account, "from": str(min(seconds)), "to": str(max(seconds) + 1), "limit": str(_PAGE)}
        known: set[int] = set()
        for page in range(1, _PAGES + 1):
            found = self._call("user.getRecentTracks", within | {"page": str(page)})
            if isinstance(found, Answer):
                return set() if found.outcome == "bad" else found
            tracks = _listed(found.get("recenttracks", {}).get("track", []))
            known.update(int(one["date"]["uts"]) for one in tracks if "date" in one)
            if len(tracks) < _PAGE:
                break
        return {position for position, at in enumerate(seconds) if at in known}

    def _call(self, method: str, parameters: Mapping[str, str], post: bool = False) -> dict[str, Any] | Answer:
        sent = {**parameters, "method": method, "api_key": self._key, "sk": self._session}
        return call(self._link, {**sent, "api_sig": signature(sent, self._shared)}, post)


def request_token(link: Link) -> str:
    """A token that the owner of an account allows on Last.fm's page; ``link.secret`` is an API key and its secret."""
    return str(_authorised(link, "auth.getToken", {})["token"])


def session_key(link: Link, token: str) -> str:
    """The key of the session that the owner has allowed with ``token``; it does not expire."""
    return str(_authorised(link, "auth.getSession", {"token": token})["session"]["key"])


def _authorised(link: Link, method: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    key, shared = link.secret.split()
    sent = {**parameters, "method": method, "api_key": key}
    found = call(link, {**sent, "api_sig": signature(sent, shared)})
    if isinstance(found, Answer):
        raise UsageError(f"Last.fm: {found.reason}; check the API key and its shared secret")
    return found


def call(link: Link, parameters: Mapping[str, str], post: bool = False) -> dict[str, Any] | Answer:
    """Last.fm's answer to one call as JSON; an Answer if it is an error or there was none."""
    sent = {**parameters, "format": "json"}
    found = link.ask("POST", "/", data=sent) if post else link.ask("GET", "/", params=sent)
    if isinstance(found, Answer):
        return found
    answer = members(found)
    if "error" in answer:
        return _error(link, found, answer)
    if found.status_code != 200 or not answer:
        return judged(found.status_code, found.headers, "", link.clock())
    return answer


def signature(parameters: Mapping[str, str], shared: str) -> str:
    """``api_sig``: the MD5 of the parameters by name and the shared secret; without ``format``."""
    text = "".join(name + parameters[name] for name in sorted(parameters)) + shared
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _error(link: Link, found: httpx.Response, answer: Mapping[str, Any]) -> Answer:
    code, text = answer["error"], link.hidden(str(answer.get("message", "")))
    reason = f"error {code}: {text}"
    if code in _INVALID:
        return Answer("bad", reason)
    if code in _AGAIN or found.status_code >= 500:
        # 8 and 16 may come after it was stored.
        wait = judged(429, found.headers, "", link.clock()).wait_s
        return Answer("later", reason, wait, is_clear=code in (11, 29))
    return Answer("paused", reason)


def _acknowledged(answer: Mapping[str, Any], count: int) -> Answer:
    """Every scrobble is answered in order, with the code why it was ignored, if it was."""
    scrobbles = _listed(answer.get("scrobbles", {}).get("scrobble", []))
    codes = [int(one.get("ignoredMessage", {}).get("code", 0)) for one in scrobbles]
    if len(codes) != count:
        return Answer("later", f"of {count} scrobbles it answered {len(codes)}", is_clear=False)
    left = frozenset(i for i, code in enumerate(codes) if code == _DAILY_LIMIT)
    refused = {i: _IGNORED.get(code, f"ignored, code {code}") for i, code in enumerate(codes) if code and i not in left}
    return Answer(
        "sent",
        reason="the day's scrobbles are used up there" if left else None,
        wait_s=_DAILY_WAIT_S if left else None,
        refused=refused,
        left=left,
    )


def _named(listen: Listen) -> dict[str, str]:
    """A listen in Last.fm's parameters."""
    names = listen["track_metadata"]
    info = names.get("additional_info", {})
    duration_ms = info.get("duration_ms") or 1000 * (info.get("duration") or 0)
    values = {
        "artist": names["artist_name"],
        "track": names["track_name"],
        "timestamp": listen.get("listened_at"),
        "album": names.get("release_name"),
        "duration": round(float(duration_ms) / 1000) or None,
        "mbid": info.get("recording_mbid"),
    }
    return {name: str(value).encode("utf-8", "replace").decode() for name, value in values.items() if value}


def _listed(value: Any) -> list[Any]:
    """One of something comes as an object, several as a list."""
    return value if isinstance(value, list) else [value]
