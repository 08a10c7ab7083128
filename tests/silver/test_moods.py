import ibis
import pytest

from tests.embedded import made
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
    features = (ibis.literal(value, "float64") for value in (valence, energy))
    (found,) = made(lambda: mood(*features).name("mood").as_table())["mood"].to_pylist()
    assert found == expected
    assert expected is None or expected in MOODS
