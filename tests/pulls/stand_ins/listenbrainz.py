"""ListenBrainz's listens of a user: https://listenbrainz.readthedocs.io/en/latest/users/api/core.html."""

from __future__ import annotations

from typing import Any

from tests.pulls.stand_ins.server import Asked, Reply, StandIn


class ListenBrainzStandIn(StandIn):
    """One account, ``rob``; ``listens`` are pairs of the second and the title, all by one artist."""

    def __init__(self) -> None:
        super().__init__()
        self.listens: list[tuple[int, str]] = []
        self.remaining = 30

    def reply(self, asked: Asked) -> Reply:
        if asked.path == "/1/validate-token":
            is_valid = asked.headers.get("Authorization") == "Token good"
            return Reply(200, {"code": 200, "valid": is_valid} | ({"user_name": "rob"} if is_valid else {}))
        if asked.headers.get("Authorization") not in (None, "Token good"):
            return Reply(401, {"code": 401, "error": "Invalid authorization token."})
        if not asked.path.startswith("/1/user/rob/"):
            return Reply(404, {"code": 404, "error": "Cannot find user"})
        if asked.path.endswith("/listen-count"):
            return Reply(200, {"payload": {"count": len(self.listens)}})
        limits = {"X-RateLimit-Limit": "30", "X-RateLimit-Remaining": str(self.remaining), "X-RateLimit-Reset-In": "7"}
        return Reply(200, {"payload": self._payload(asked.query)}, limits)

    def _payload(self, query: Any) -> dict[str, Any]:
        count = int(query.get("count", 25))
        assert count <= 1000
        assert not ("min_ts" in query and "max_ts" in query)
        if "min_ts" in query:
            # Those directly after it, though the newest comes first.
            rows = sorted(one for one in self.listens if one[0] > int(query["min_ts"]))[:count][::-1]
        else:
            most = int(query.get("max_ts", 2**40))
            rows = sorted((one for one in self.listens if one[0] < most), reverse=True)[:count]
        return {"count": len(rows), "user_id": "rob", "listens": [_row(*one) for one in rows]}


def _row(at_s: int, title: str) -> dict[str, Any]:
    return {
        "inserted_at": at_s + 300,
        "listened_at": at_s,
        "recording_msid": "6f3c0f20-0000-4000-8000-000000000000",
        "user_name": "rob",
        "track_metadata": {
            "artist_name": "Can",
            "track_name": title,
            "release_name": None,
            "additional_info": {"duration_ms": 180_000, "media_player": "mpv"},
            "mbid_mapping": None,
        },
    }
