import ibis
import pytest

from tonearm.columns import MOODS
from tonearm.silver.moods import mood


@pytest.mark.parametrize(
    ("valence", "energy", "expected"),
    [
        (0.9, 0.9, "Happy_Energetic"),
        (0.9, 0.1, "Happy_Calm"),
        (0.1, 0.9, "Sad_Energetic"),
        (0.1, 0.1, "Sad_Calm"),
        (0.5, 0.5, "Neutral"),
        (0.6, 0.4, "Neutral"),
        (0.61, 0.5, "Happy_Energetic"),
        (0.39, 0.5, "Sad_Energetic"),
        (0.5, 0.61, "Happy_Energetic"),
        (None, 0.5, None),
        (0.5, None, None),
    ],
)
def test_mood_by_valence_and_energy(valence: float | None, energy: float | None, expected: str | None) -> None:
    told = mood(ibis.literal(valence, "float64"), ibis.literal(energy, "float64"))
    assert ibis.duckdb.connect().to_pyarrow(told).as_py() == expected
    assert expected is None or expected in MOODS
