"""What is no name, decided once for Python and SQL."""

from __future__ import annotations

import unicodedata

import duckdb
import pytest

from tonearm.bronze import SPACES, UNSEEN, tidied, tidied_sql

SURROGATES = range(0xD800, 0xE000)


@pytest.mark.parametrize("written", ["{0}", "a{0}", "{0}a", "a{0}{0}b{0}"])
def test_python_and_sql_agree_on_every_code_point(written: str) -> None:
    around = {point + beside for pair in UNSEEN for point in pair for beside in (-1, 0, 1)}
    points = sorted(({*range(0x10000), *around} - {*SURROGATES}) & {*range(0x110000)})
    names = [written.format(chr(point)) for point in points]
    found = duckdb.execute(f"SELECT {tidied_sql('name')} FROM (SELECT unnest($1) AS name)", [names]).fetchall()
    assert [name for (name,) in found] == [tidied(name) for name in names]


def test_what_unicode_calls_white_space_or_control_is_no_name() -> None:
    blank = [c for c in map(chr, range(0x10000)) if c.isspace() or unicodedata.category(c) in ("Zs", "Zl", "Zp", "Cc")]
    assert [
        name
        for name in (*blank, "".join(blank), "\u200b\ufeff", "\u2800", "\u3164", "\ufe0f", "\u200d")
        if tidied(name)
    ] == []


@pytest.mark.parametrize(
    "name", ["a", "–", "♥️", "👩‍🎤", "🏴\U000e0067\U000e0062\U000e007f", "\u0301", "می‌خواهم", "\u0600"]
)
def test_what_can_be_seen_is_a_name_as_it_is(name: str) -> None:
    assert tidied(name) == tidied(f"\u00a0{name}\u200e\t") == name


def test_spaces_are_unseen() -> None:
    assert set(SPACES) < set(UNSEEN)
