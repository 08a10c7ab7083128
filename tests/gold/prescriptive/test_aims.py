from typing import Any

import pyarrow as pa
import pytest
from tests.embedded import made

from tonearm.columns import FEATURES, arrow_schema
from tonearm.gold.prescriptive.aims import AIMS, NEEDS, TITLES, fit

MIDDLE = {**dict.fromkeys(FEATURES, 0.5), "loudness": -10.0, "tempo": 110.0}


def fits(*tracks: dict[str, Any]) -> list[dict[str, float | None]]:
    rows = pa.Table.from_pylist([{**MIDDLE, **track} for track in tracks], schema=arrow_schema(FEATURES))
    return made(lambda t: t.select(**{aim: fit(aim, t) for aim in AIMS}), tracks=rows).to_pylist()


def test_a_calm_piano_piece_is_for_focus_and_relaxing_and_a_dance_track_for_energy() -> None:
    piano = {"energy": 0.2, "acousticness": 0.95, "tempo": 65.0, "instrumentalness": 0.9, "speechiness": 0.04}
    dance = {"energy": 0.95, "danceability": 0.8, "acousticness": 0.0, "tempo": 140.0, "instrumentalness": 0.0}
    calm, loud = fits(piano, dance)
    assert calm["relax"] == pytest.approx(1.0)
    assert loud["energise"] == pytest.approx(1.0)
    assert calm["focus"] == pytest.approx(0.5 + 0.2 + 0.3 * (1 - 0.25 / 0.35))
    assert (calm["energise"], loud["relax"], loud["focus"]) == (pytest.approx(0.075), 0.0, pytest.approx(0.0))


def test_bright_lively_music_lifts_and_sung_music_is_half_fit_for_focus_at_best() -> None:
    bright, sung = fits(
        {"valence": 0.95, "energy": 0.7}, {"instrumentalness": 0.0, "speechiness": 0.03, "energy": 0.45}
    )
    assert bright["lift"] == pytest.approx(1.0)
    assert sung["focus"] == pytest.approx(0.5)


@pytest.mark.parametrize("aim", AIMS)
def test_a_needed_feature_that_is_not_known_leaves_the_fit_unknown(aim: str) -> None:
    for missing in FEATURES:
        (found,) = fits({missing: None})
        assert (found[aim] is None) == (missing in NEEDS[aim] and missing != "tempo"), missing


def test_without_a_tempo_the_rest_decides() -> None:
    (known, unknown) = fits(
        {"energy": 0.2, "acousticness": 0.8, "tempo": 70.0}, {"energy": 0.2, "acousticness": 0.8, "tempo": None}
    )
    assert known["relax"] == unknown["relax"] == pytest.approx(1.0)


def test_every_fit_is_between_0_and_1() -> None:
    extremes = [dict.fromkeys(FEATURES, v) | {"tempo": t} for v in (0.0, 0.45, 0.7, 1.0) for t in (0.0, 300.0, None)]
    assert all(0 <= v <= 1 for row in fits(*extremes) for v in row.values())


def test_each_aim_has_a_playlist() -> None:
    assert TITLES == {"focus": "Focus", "relax": "Relaxation", "energise": "Energy", "lift": "Mood lift"}
