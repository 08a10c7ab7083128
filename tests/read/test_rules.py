"""Which listens each rule counts."""

import pyarrow as pa
import pytest

from tests.embedded import made
from tonearm.read.rules import RULES


def counted(rule: str, listens: list[tuple[float | None, float | None]]) -> list[int]:
    """Positions of the listens, given as (seconds heard, length), that ``rule`` counts."""
    rows = pa.table(
        {
            "listen_id": pa.array(range(len(listens)), pa.int64()),
            "listened_s": pa.array([heard for heard, _ in listens], pa.float64()),
            "duration_s": pa.array([length for _, length in listens], pa.float64()),
        }
    )
    return sorted(made(RULES[rule].keep, listens=rows)["listen_id"].to_pylist())


def test_all_counts_every_listen() -> None:
    assert counted("all", [(0, 200), (None, None), (1, None)]) == [0, 1, 2]


@pytest.mark.parametrize(("heard", "counts"), [(29.9, False), (30, True), (None, True), (0, False)])
def test_30s_counts_from_thirty_seconds_on_and_where_the_length_is_unknown(heard: float | None, counts: bool) -> None:
    assert bool(counted("30s", [(heard, 200)])) is counts


@pytest.mark.parametrize(
    ("heard", "length", "counts"),
    [
        (99, 200, False),
        (100, 200, True),
        (239, 1000, False),
        (240, 1000, True),
        (30, 30, False),
        (31, 31, True),
        (29, None, False),
        (30, None, True),
        (None, 200, True),
        (None, 20, True),
        (None, None, True),
    ],
    ids=lambda value: str(value),
)
def test_lastfm_counts_half_the_track_or_four_minutes(heard: float | None, length: float | None, counts: bool) -> None:
    assert bool(counted("lastfm", [(heard, length)])) is counts


def test_the_default_is_first_and_every_rule_explains_itself() -> None:
    assert next(iter(RULES)) == "all"
    assert all(rule.name == name and rule.title and rule.description.endswith(".") for name, rule in RULES.items())
