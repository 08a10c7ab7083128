"""Audio features from ReccoBeats."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.pulls.conftest import NOW
from tests.pulls.stand_ins.reccobeats import ReccoBeatsStandIn
from tests.pulls.stand_ins.server import BROKEN, Dropped, Reply, busy
from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.pulls.reccobeats import FEATURES, Fetched, fetch_features
from tonearm.settings import Settings
from tonearm.store import Store

HEARD = [f"{n:022d}" for n in range(90)]


class Fetching:
    """A home with 90 heard tracks, of which the first was heard twice."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings, self.store = settings, store
        self.slept: list[float] = []

    def fetch(self, now: object = NOW, most: int | None = None) -> Fetched:
        return fetch_features(self.settings, self.store, now, self.slept.append, most=most)  # type: ignore[arg-type]

    @property
    def stored(self) -> list[dict[str, object]]:
        lake = open_lake(self.settings.lake)
        return lake.dataset(FEATURES).to_table().to_pylist() if lake.has(FEATURES) else []


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heard")
    plays = [(HEARD[0], 0), *((id, 1 + n) for n, id in enumerate(HEARD))]
    file = folder / "spotify.json"
    rows = [
        {
            "ts": f"2024-05-{1 + n // 24:02d}T{n % 24:02d}:00:00Z",
            "ms_played": 180000,
            "master_metadata_track_name": f"Track {id}",
            "master_metadata_album_artist_name": "Can",
            "master_metadata_album_album_name": "Tago Mago",
            "spotify_track_uri": f"spotify:track:{id}",
            "reason_start": "trackdone",
            "reason_end": "trackdone",
        }
        for id, n in plays
    ]
    file.write_bytes(msgspec.json.encode(rows))
    return file


@pytest.fixture
def fetching(home: Settings, store: Store, heard: Path, reccobeats: ReccoBeatsStandIn) -> Fetching:
    import_paths(home, [heard], "Ada", kind="spotify_extended")
    return Fetching(msgspec.structs.replace(home, reccobeats_url=reccobeats.url), store)


def test_each_track_is_asked_for_once_the_most_heard_first(fetching: Fetching, reccobeats: ReccoBeatsStandIn) -> None:
    reccobeats.known = set(HEARD[:50])
    first = fetching.fetch(most=40)
    assert (first.asked, first.found, first.left) == (40, 40, 50)
    assert reccobeats.asked[0].query["ids"].startswith(HEARD[0])
    second = fetching.fetch()
    assert (second.asked, second.found, second.left) == (50, 10, 0)
    assert fetching.fetch(NOW + timedelta(days=100)) == Fetched()
    assert [len(one.query["ids"].split(",")) for one in reccobeats.asked] == [40, 40, 10]
    assert fetching.slept == [1.0, 1.0, 1.0]
    row = next(row for row in fetching.stored if row["spotify_id"] == HEARD[0])
    assert (row["source"], row["tempo"], row["loudness"], row["imported_at"]) == ("reccobeats", 75.0, -20.5, NOW)


def test_what_was_not_known_is_asked_for_again_after_months(fetching: Fetching, reccobeats: ReccoBeatsStandIn) -> None:
    assert fetching.fetch().found == 0
    reccobeats.known = set(HEARD)
    assert fetching.fetch(NOW + timedelta(days=121)).found == 90


def test_what_came_before_a_failure_is_kept(fetching: Fetching, reccobeats: ReccoBeatsStandIn) -> None:
    reccobeats.known = set(HEARD)
    original, answered = reccobeats.reply, iter(range(100))
    reccobeats.reply = lambda asked: BROKEN if next(answered) >= 1 else original(asked)  # type: ignore[method-assign]
    fetched = fetching.fetch()
    assert (fetched.asked, fetched.found, fetched.left, fetched.exit_code) == (40, 40, 50, 11)
    assert len(fetching.stored) == 40


def test_a_long_wait_is_kept_to(fetching: Fetching, reccobeats: ReccoBeatsStandIn) -> None:
    reccobeats.faults.append(busy(3600))
    assert fetching.fetch().exit_code == 11
    assert "before 2024-06-01 13:00" in str(fetching.fetch(NOW + timedelta(minutes=59)).problem)
    assert len(reccobeats.asked) == 1
    assert fetching.fetch(NOW + timedelta(minutes=61)).problem is None


@pytest.mark.parametrize("fault", [busy(5), BROKEN, Dropped()])
def test_what_passes_is_tried_again(fetching: Fetching, reccobeats: ReccoBeatsStandIn, fault: Reply) -> None:
    reccobeats.faults.append(fault)
    assert fetching.fetch(most=40).problem is None


def test_impossible_numbers_are_left_out(fetching: Fetching, reccobeats: ReccoBeatsStandIn) -> None:
    href = f"https://open.spotify.com/track/{HEARD[0]}"
    odd = {"href": href, "energy": 3.0, "valence": "high", "tempo": 120.5, "loudness": None, "mode": True}
    reccobeats.faults.append(Reply(200, {"content": [odd, {"href": "https://x/not-asked", "energy": 0.5}, None]}))
    assert fetching.fetch(most=40).found == 1
    (row,) = fetching.stored
    assert (row["energy"], row["valence"], row["tempo"]) == (None, None, 120.5)
