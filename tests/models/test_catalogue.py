from __future__ import annotations

from math import nan

import numpy as np
import pandas as pd
import pytest

from tonearm.models.catalogue import ALBUM, NAMES, RELEASE, TITLE, inputs, name_inputs, release_inputs


@pytest.mark.parametrize(
    ("written", "year", "expected"),
    [
        ("2019-05-17", nan, (2019 + 4 / 12 + 16 / 365, 5, 4, 8)),
        ("2019-05", nan, (2019 + 4 / 12, 5, nan, 6)),
        ("2019", nan, (2019.5, nan, nan, 4)),
        ("2019-02-30", nan, (2019 + 1 / 12 + 29 / 365, 2, nan, 8)),
        ("0000-01-01", nan, (0, 1, 5, 8)),
        ("soon", 1999.0, (1999.5, nan, nan, 4)),
        ("2019", 1999.0, (2019.5, nan, nan, 4)),
        ("", nan, (nan, nan, nan, nan)),
    ],
)
def test_a_release_is_read_as_exactly_as_it_is_written(written: str, year: float, expected: tuple[float, ...]) -> None:
    assert release_inputs(written, year) == pytest.approx(expected, nan_ok=True)


def known(title: str, album: str, artist: str) -> dict[str, float]:
    """What is not zero or null."""
    found = zip(NAMES, name_inputs(title, album, artist), strict=True)
    return {name: value for name, value in found if value and value == value}


def test_marks_of_a_title_and_its_album_are_found() -> None:
    assert known("Help! - Live", "HELP! (Deluxe Edition)", "help") == {
        "title_live": 1,
        "title_dash": 1,
        "title_letters": 12,
        "title_words": 3,
        "album_deluxe": 1,
        "album_letters": 22,
        "album_is_title": 1,
        "album_has_title": 1,
        "album_has_artist": 1,
        "artist_letters": 4,
    }


def test_nothing_is_known_of_names_that_are_missing() -> None:
    nulls = {name for name, value in zip(NAMES, name_inputs("", "Album", ""), strict=True) if np.isnan(value)}
    assert nulls == {*TITLE, *ALBUM, "artist_letters"}
    assert known("", "Album", "Who") == {"artist_letters": 3}


def test_a_frame_has_the_same_inputs_as_its_records() -> None:
    records = pd.DataFrame(
        {
            "track_name": ["A Song (Live)", None, "B"],
            "album_name": ["A Song", "B", None],
            "artist_name": ["Nobody", "Somebody", None],
            "release_date": ["2019-05-17", None, None],
            "year": [None, 1999, None],
        },
        index=[7, 7, 3],
    )
    found = inputs(records)
    assert found.index.tolist() == [7, 7, 3]
    assert found[list(NAMES)].iloc[0].tolist() == pytest.approx(
        name_inputs("A Song (Live)", "A Song", "Nobody"), nan_ok=True
    )
    assert found[list(RELEASE)].iloc[1].tolist() == pytest.approx(release_inputs("", 1999), nan_ok=True)
