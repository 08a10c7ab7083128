"""Last.fm's ``user.getInfo`` and ``user.getRecentTracks``: https://www.last.fm/api."""

from __future__ import annotations

from typing import Any

from tests.pulls.stand_ins.server import Asked, Reply, StandIn


def error(code: int, message: str = "an error", status: int = 200) -> Reply:
    return Reply(status, {"error": code, "message": message})


class LastfmStandIn(StandIn):
    """One account; ``scrobbles`` are pairs of the second and the title, all by one artist."""

    def __init__(self, registered_s: int = 1_600_000_000) -> None:
        super().__init__()
        self.scrobbles: list[tuple[int, str]] = []
        self.registered_s = registered_s
        self.is_playing = False

    def reply(self, asked: Asked) -> Reply:
        query = asked.query
        if query.get("api_key") != "key":
            return error(10, "Invalid API key", 403)
        if query.get("user", "").lower() != "rj":
            return error(6, "User not found", 404)
        if query.get("method") == "user.getInfo":
            return Reply(200, {"user": {"name": "RJ", "registered": {"unixtime": str(self.registered_s)}}})
        return Reply(200, {"recenttracks": self._recent(query)})

    def _recent(self, query: Any) -> dict[str, Any]:
        first, until = int(query.get("from", 0)), int(query.get("to", 2**40))
        limit, page = int(query["limit"]), int(query["page"])
        assert limit <= 200
        within = sorted((s for s in self.scrobbles if first <= s[0] < until), reverse=True)
        rows: list[dict[str, Any]] = [_row(*s) for s in within[(page - 1) * limit : page * limit]]
        if self.is_playing:
            rows.insert(0, {**_row(0, "playing now"), "date": None, "@attr": {"nowplaying": "true"}})
            del rows[0]["date"]
        pages = -(-len(within) // limit)
        attr = {"user": "RJ", "page": str(page), "perPage": str(limit), "totalPages": str(pages)}
        # One track is not in a list.
        return {"track": rows[0] if len(rows) == 1 else rows, "@attr": {**attr, "total": str(len(within))}}


def _row(at_s: int, title: str) -> dict[str, Any]:
    return {
        "artist": {"mbid": "", "#text": "Can"},
        "album": {"mbid": "", "#text": "Tago Mago"},
        "name": title,
        "mbid": "",
        "streamable": "0",
        "date": {"uts": str(at_s), "#text": "20 Nov 2020, 09:35"},
    }
