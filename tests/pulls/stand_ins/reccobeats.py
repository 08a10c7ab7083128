"""ReccoBeats' audio features: https://reccobeats.com/docs/apis/get-audio-features."""

from __future__ import annotations

from typing import Any

from tests.pulls.stand_ins.server import Asked, Reply, StandIn


class ReccoBeatsStandIn(StandIn):
    """Knows the tracks whose Spotify ids are ``known``, whatever is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[str] = set()

    def reply(self, asked: Asked) -> Reply:
        assert asked.path == "/v1/audio-features"
        ids = asked.query["ids"].split(",")
        if len(ids) > 40:
            return Reply(400, {"timestamp": "", "error": "ids: size must be between 1 and 40"})
        return Reply(200, {"content": [_features(id) for id in ids if id in self.known]})


def _features(id: str) -> dict[str, Any]:
    return {
        "id": "0f0b1c9e-0000-4000-8000-000000000000",
        "href": f"https://open.spotify.com/track/{id}",
        "isrc": "DEA000000001",
        **{"acousticness": 0.9, "danceability": 0.3, "energy": 0.2, "instrumentalness": 0.0, "key": 4},
        **{"liveness": 0.1, "loudness": -20.5, "mode": 1, "speechiness": 0.04, "tempo": 75.0, "valence": 0.3},
    }
