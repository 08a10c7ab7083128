from datetime import date, datetime
from typing import Any

from tests.silver.conftest import instant

Row = dict[str, Any]


def _span(from_at: str, until_at: str, utc_offset_h: float, zone: str, listener: str = "ann") -> Row:
    return {
        "listener": listener,
        "year": int(from_at[:4]),
        "from_at": instant(from_at),
        "until_at": instant(until_at),
        "utc_offset_s": int(utc_offset_h * 3600),
        "zone": zone,
    }


BERLIN_2021 = [
    _span("2021-01-01", "2021-03-28T01:00", 1, "Europe/Berlin"),
    _span("2021-03-28T01:00", "2021-10-31T01:00", 2, "Europe/Berlin"),
    _span("2021-10-31T01:00", "2022-01-01", 1, "Europe/Berlin"),
]


def _local(silver: Any, history: list[Row], clock: list[Row]) -> list[str]:
    rows = silver(history, clock=clock).rows("listening_with_features", "started_at")
    return [f"{row['started_at_local']:%m-%d %H:%M}" for row in rows]


def test_local_time_jumps_with_daylight_saving(silver: Any, record: Any) -> None:
    spring = [record(at) for at in ("2021-03-28T00:59", "2021-03-28T01:00")]
    autumn = [record(at) for at in ("2021-10-31T00:30", "2021-10-31T01:30")]
    assert _local(silver, spring, BERLIN_2021) == ["03-28 01:59", "03-28 03:00"]
    # The hour that comes twice: the same on the wall, an hour apart.
    assert _local(silver, autumn, BERLIN_2021) == ["10-31 02:30", "10-31 02:30"]


def test_a_move_does_not_rewrite_the_past(silver: Any, record: Any) -> None:
    clock = [
        _span("2021-01-01", "2021-06-01", 0, "UTC"),
        _span("2021-06-01", "2022-01-01", 5.5, "Asia/Calcutta"),
    ]
    history = [record("2021-05-31T20:00"), record("2021-06-01T20:00")]
    assert _local(silver, history, clock) == ["05-31 20:00", "06-02 01:30"]


def test_the_local_year_may_differ_from_the_utc_year(silver: Any, record: Any) -> None:
    (row,) = silver([record("2021-12-31T23:30")], clock=BERLIN_2021).rows("listening_with_features")
    assert (row["year"], row["local_date"], row["hour_of_day"]) == (2021, date(2022, 1, 1), 0)
    assert (row["part_of_day"], row["day_of_week"], row["is_weekend"]) == ("night", 5, True)
    assert row["started_at_local"] == datetime(2022, 1, 1, 0, 30)


def test_each_listener_has_a_clock(silver: Any, record: Any) -> None:
    clock = [*BERLIN_2021, _span("2021-01-01", "2022-01-01", -5, "America/Lima", "ben")]
    history = [record("2021-07-01T12:00"), record("2021-07-01T12:00", listener="ben")]
    rows = silver(history, clock=clock).rows("listening_with_features", "listener")
    assert [(row["hour_of_day"], row["part_of_day"]) for row in rows] == [(14, "afternoon"), (7, "morning")]


def test_a_listen_has_the_features_and_mood_of_its_track(silver: Any, record: Any, listed: Any) -> None:
    catalogue = [listed("Song", value=0.8, genre="pop", duration_s=200.0, valence=0.1)]
    history = [record("2021-07-01T12:00"), record("2021-07-01T13:00", "Unknown", "Nobody", duration_s=100.0)]
    known, unknown = silver(history, catalogue).rows("listening_with_features", "started_at")
    assert (known["mood"], known["genre"], known["feature_source"]) == ("Sad_Energetic", "pop", "catalogue")
    assert (known["duration_s"], unknown["duration_s"]) == (200.0, 100.0)
    assert unknown["mood"] is unknown["feature_source"] is unknown["energy"] is None


def test_listens_are_neither_lost_nor_repeated(silver: Any, record: Any, listed: Any) -> None:
    history = [record(f"2021-07-01T{h:02}:00", f"Song {h % 3}", spotify_id=f"s{h % 4}") for h in range(24)]
    catalogue = [listed(f"Song {i}", spotify_id=f"s{i}", genre=g) for i in range(3) for g in ("pop", "rock")]
    built = silver(history, catalogue)
    ids = [row["listen_id"] for row in built.rows("listening_with_features", "listen_id")]
    assert ids == [row["listen_id"] for row in built.rows("listens", "listen_id")]
    assert len(ids) == 24
