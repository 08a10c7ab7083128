"""Forwards to ListenBrainz, and to what speaks its protocol, such as another tonearm.

Source: https://listenbrainz.readthedocs.io/en/latest/users/api/core.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

from tonearm.errors import UsageError
from tonearm.relay.deciding import Answer, judged, pause_s
from tonearm.relay.upstream import Link, Listen, members

URL = "https://api.listenbrainz.org"
_PAGE, _PAGES = 1000, 10


class ListenBrainz:
    """ListenBrainz's API under ``link.url``, whose secret is a user token."""

    most = 1000
    most_bytes = 9_500_000
    """ListenBrainz takes 10,240,000 bytes, and what a relay adds to a listen must fit in."""

    def __init__(self, link: Link) -> None:
        """Ask nothing yet."""
        self._link = link
        self._headers = {"Authorization": f"Token {link.secret}"}

    def account(self) -> str:
        """Name of the token's owner, from ``validate-token``."""
        found = self._link.ask("GET", "/1/validate-token", headers=self._headers)
        if isinstance(found, Answer):
            raise UsageError(f"{self._link.url}: {found.reason}; check the address and the network")
        answer = members(found)
        if "valid" not in answer and found.status_code not in (400, 401, 403):
            raise UsageError(f"{self._link.url} does not answer as ListenBrainz does; check the address")
        if not answer.get("valid") or not answer.get("user_name"):
            raise UsageError(f"{self._link.url} does not know this token; copy it from your settings there")
        return str(answer["user_name"])

    def send(self, listens: Sequence[Listen]) -> Answer:
        """Submit listens, at most ``most``."""
        return self._submit("single" if len(listens) == 1 else "import", listens)

    def playing(self, listen: Listen) -> Answer:
        """Report what is being heard."""
        return self._submit("playing_now", [{"track_metadata": listen["track_metadata"]}])

    def has(self, account: str, listens: Sequence[Listen]) -> set[int] | Answer:
        """Positions of the listens that the account has: those of the same second, artist and title."""
        wanted = [_key(one) for one in listens]
        seconds = [at for at, *_ in wanted]
        known: set[Any] = set()
        before = max(seconds) + 1
        for _ in range(_PAGES):
            page = self._page(account, before)
            if isinstance(page, Answer):
                return page
            known.update(_key(one) for one in page)
            before = min((at for at, *_ in map(_key, page)), default=0)
            if before < min(seconds) or len(page) < _PAGE:
                break
        return {position for position, key in enumerate(wanted) if key in known}

    def _page(self, account: str, before: int) -> list[Listen] | Answer:
        path = f"/1/user/{quote(account, safe='')}/listens"
        found = self._link.ask("GET", path, headers=self._headers, params={"max_ts": before, "count": _PAGE})
        if isinstance(found, Answer):
            return found
        listens = members(found).get("payload", {}).get("listens")
        if found.status_code == 200 and isinstance(listens, list):
            return listens
        if found.status_code in (404, 405, 501):
            return []  # It has no such route, so it is sent again, and ListenBrainz itself drops what it has.
        return self._judged(found)

    def _submit(self, kind: str, listens: Sequence[Listen]) -> Answer:
        # Half a character, which JSON can hold, is replaced.
        body = json.dumps({"listen_type": kind, "payload": list(listens)}, ensure_ascii=False)
        headers = self._headers | {"Content-Type": "application/json"}
        found = self._link.ask("POST", "/1/submit-listens", headers=headers, content=body.encode("utf-8", "replace"))
        if isinstance(found, Answer):
            return found
        if found.status_code == 200 and members(found).get("status") == "ok":
            return Answer("sent", wait_s=pause_s(found.headers, self._link.clock()))
        return self._judged(found)

    def _judged(self, found: httpx.Response) -> Answer:
        answer = members(found)
        reason = str(answer.get("error") or answer.get("message") or "")
        return judged(found.status_code, found.headers, self._link.hidden(reason), self._link.clock())


def _key(listen: Listen) -> tuple[int, str, str]:
    names = listen["track_metadata"]
    return int(listen["listened_at"]), str(names["artist_name"]).casefold(), str(names["track_name"]).casefold()
