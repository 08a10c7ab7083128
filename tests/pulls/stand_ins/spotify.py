"""Spotify's accounts and Web API as a new personal app has them: https://developer.spotify.com/documentation/web-api."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from tests.pulls.stand_ins.server import Asked, Reply, StandIn

ACCOUNT = "ada.spotify"


def refused(status: int, message: str) -> Reply:
    return Reply(status, {"error": {"status": status, "message": message}})


class SpotifyStandIn(StandIn):
    """One account. Every refresh gives another refresh token, and the one before opens nothing any more."""

    def __init__(self) -> None:
        super().__init__()
        self.plays: list[tuple[int, str]] = []
        """The millisecond and the title of each play."""
        self.now_ms = 2**52
        self.saved: list[str] = []
        self.playlists: dict[str, list[str]] = {}
        self.of_others: set[str] = set()
        self.refresh_token, self.access_token = "refresh-0", "access-0"
        self.rotates = True
        self.lifetime_s = 3600
        self.challenges: dict[str, tuple[str, str]] = {}
        self.renewals = 0

    def reply(self, asked: Asked) -> Reply:
        if asked.path == "/authorize":
            return self._authorize(asked)
        if asked.path == "/api/token":
            return self._token(asked)
        if asked.headers.get("Authorization") != f"Bearer {self.access_token}":
            return refused(401, "The access token expired")
        return self._api(asked)

    def _authorize(self, asked: Asked) -> Reply:
        code = f"code-{len(self.challenges)}"
        self.challenges[code] = asked.query.get("code_challenge", ""), asked.query["redirect_uri"]
        back = urlencode({"code": code, "state": asked.query["state"]})
        return Reply(302, "", {"Location": f"{asked.query['redirect_uri']}?{back}"})

    def _token(self, asked: Asked) -> Reply:
        form = asked.query
        if form["grant_type"] == "authorization_code":
            challenge, redirect_uri = self.challenges.pop(form["code"], (None, None))
            if redirect_uri != form["redirect_uri"] or (challenge and challenge != _s256(form["code_verifier"])):
                return Reply(400, {"error": "invalid_grant", "error_description": "code_verifier was incorrect"})
        elif form["refresh_token"] != self.refresh_token:
            return Reply(400, {"error": "invalid_grant", "error_description": "Invalid refresh token"})
        return Reply(200, self._renewed())

    def _renewed(self) -> dict[str, Any]:
        self.renewals += 1
        self.access_token = f"access-{self.renewals}"
        if self.rotates:
            self.refresh_token = f"refresh-{self.renewals}"
        given = {"access_token": self.access_token, "token_type": "Bearer", "expires_in": self.lifetime_s, "scope": ""}
        return given | ({"refresh_token": self.refresh_token} if self.rotates else {})

    def _api(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/v1/").rstrip("/")
        if path == "me":
            return Reply(200, {"id": ACCOUNT, "display_name": "Ada"})
        if path == "me/player/recently-played":
            return Reply(200, self._recent(asked))
        lists = {"me/tracks": [_item(title) for title in self.saved], "me/playlists": self._playlists()}
        if path in lists:
            return Reply(200, self._page(asked, lists[path]))
        id = path.removeprefix("playlists/").removesuffix("/items")
        if id in self.of_others:
            return refused(403, "Forbidden")
        if id in self.playlists and path.endswith("/items"):
            return Reply(200, self._page(asked, [_item(title) for title in self.playlists[id]]))
        return refused(404, "Not found.")

    def _recent(self, asked: Asked) -> dict[str, Any]:
        """Of the last 50 plays in total those after ``after``, the newest first."""
        done = sorted((play for play in self.plays if play[0] <= self.now_ms), reverse=True)[:50]
        rows = [play for play in done if play[0] > int(asked.query.get("after", 0))][: int(asked.query["limit"])]
        items = [{"track": _track(title), "played_at": _instant(ms), "context": None} for ms, title in rows]
        return {"items": items, "next": None, "limit": 50, "cursors": None}

    def _playlists(self) -> list[dict[str, Any]]:
        return [
            {
                "id": id,
                "name": f"List {id}",
                "description": "",
                "public": True,
                "collaborative": False,
                "owner": {"id": "somebody" if id in self.of_others else ACCOUNT},
                "snapshot_id": hashlib.md5("".join(titles).encode()).hexdigest(),
            }
            for id, titles in self.playlists.items()
        ]

    def _page(self, asked: Asked, rows: list[dict[str, Any]]) -> dict[str, Any]:
        limit, offset = int(asked.query["limit"]), int(asked.query.get("offset", 0))
        assert limit <= 50
        after = offset + limit
        query = urlencode({"limit": limit, "offset": after})
        following = f"{self.url.rstrip('/')}{asked.path}?{query}" if after < len(rows) else None
        return {"items": rows[offset:after], "total": len(rows), "next": following}


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _item(title: str) -> dict[str, Any]:
    return {"added_at": "2024-05-01T20:15:03Z", "track": _track(title)}


def _track(title: str) -> dict[str, Any]:
    return {
        "id": hashlib.md5(title.encode()).hexdigest()[:22],
        "type": "track",
        "name": title,
        "duration_ms": 180_000,
        "artists": [{"id": "a" * 22, "name": "Can"}, {"id": "b" * 22, "name": "Guest"}],
        "album": {"id": "c" * 22, "name": "Tago Mago", "artists": [{"name": "Can"}]},
        "external_ids": {"isrc": "DEA000000001"},
    }
