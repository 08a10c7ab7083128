"""Files whose instants are the ends of plays are found by the lengths of the plays, and no others."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tonearm.ingest.ends import ENDS
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import ImportReport
from tonearm.lake import open_lake
from tonearm.settings import Settings

AT = 1_600_000_000
Play = tuple[int, int, str]
"""Start, length and title."""


def played(seed: int = 1, plays: int = 60, pause: float = 0.15, skip: float = 0.15) -> list[Play]:
    """Tracks of random lengths one after another, some after a pause; of those skipped only a part was heard."""
    random_ = random.Random(seed)
    at, found = AT, []
    for i in range(plays):
        length = random_.randint(90, 420)
        found.append((at, length, f"Song {i}"))
        at += random_.randint(5, length) if random_.random() < skip else length
        at += random_.randint(20, 4000) if random_.random() < pause else random_.randint(0, 1)
    return found


def log(path: Path, plays: Sequence[Play], late: bool) -> Path:
    """A Rockbox log of ``plays``, whose instants are their ends if it is ``late``."""
    lines = ["#AUDIOSCROBBLER/1.1", "#TZ/UTC", "#CLIENT/Rockbox 3.15"]
    for at, length, title in plays:
        instant = at + length if late else at
        lines.append("\t".join(("Band", "Album", title, "1", str(length), "L", str(instant), "")))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def imported(settings: Settings, tmp_path: Path) -> Callable[..., ImportReport]:
    def run(plays: Sequence[Play], late: bool, name: str = "a.log") -> ImportReport:
        return import_paths(settings, [log(tmp_path / name, plays, late)], listener="ann", zone="UTC")

    return run


def _starts(settings: Settings) -> dict[str, tuple[int, int, str]]:
    """Start, reported instant and what it is of each title."""
    rows: list[dict[str, Any]] = open_lake(settings.lake).dataset("listening_history_bronze").to_table().to_pylist()
    return {
        row["track_name"]: (
            round(row["started_at"].timestamp()),
            round(row["reported_at"].timestamp()),
            row["instant_is"],
        )
        for row in rows
        if row["outcome"] == "kept"
    }


def test_a_log_of_ends_is_found_and_gets_its_starts(settings: Settings, imported: Callable[..., ImportReport]) -> None:
    plays = played()
    (file,) = imported(plays, late=True).files
    assert ENDS in (file.reading or "")
    assert _starts(settings) == {title: (at, at + length, "end") for at, length, title in plays}


def test_a_log_of_starts_stays_as_it_is(settings: Settings, imported: Callable[..., ImportReport]) -> None:
    plays = played()
    (file,) = imported(plays, late=False).files
    assert ENDS not in (file.reading or "")
    assert _starts(settings) == {title: (at, at, "start") for at, length, title in plays}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("pause", "skip"), [(0.0, 1.0), (1.0, 0.0), (0.3, 0.7)])
def test_skips_and_pauses_turn_no_log_of_starts(
    imported: Callable[..., ImportReport], seed: int, pause: float, skip: float
) -> None:
    (file,) = imported(played(seed, 400, pause, skip), late=False).files
    assert ENDS not in (file.reading or "")


def test_equal_lengths_and_few_plays_are_no_evidence(imported: Callable[..., ImportReport]) -> None:
    equal = [(AT + 200 * i, 200, f"Song {i}") for i in range(100)]
    for name, plays in (("equal.log", equal), ("few.log", played(plays=8, skip=0, pause=0))):
        (file,) = imported(plays, late=True, name=name).files
        assert ENDS not in (file.reading or "")


def test_the_same_file_and_an_overlapping_one_bring_no_new_record(
    settings: Settings, imported: Callable[..., ImportReport]
) -> None:
    plays = played()
    imported(plays[:50], late=True)
    assert imported(plays[:50], late=True).kept == 0
    report = imported(plays[45:], late=True, name="later.log")
    assert (report.kept, report.duplicates) == (10, 5)
    assert {what for _, _, what in _starts(settings).values()} == {"end"}


def test_a_short_file_is_read_as_the_longer_ones_of_its_program(
    settings: Settings, imported: Callable[..., ImportReport]
) -> None:
    plays = played()
    imported(plays[:55], late=True)
    (file,) = imported(plays[55:], late=True, name="short.log").files
    assert ENDS in (file.reading or "")
    assert {what for _, _, what in _starts(settings).values()} == {"end"}


def test_but_not_against_its_own_evidence(settings: Settings, imported: Callable[..., ImportReport]) -> None:
    imported(played(1), late=True)
    (file,) = imported([(at + 10**6, *more) for at, *more in played(2)], late=False, name="mended.log").files
    assert ENDS not in (file.reading or "")
