import pytest

from tonearm.columns import COLUMNS
from tonearm.table import find, schema_of


@pytest.mark.parametrize(
    "name",
    [
        "track_names",
        "track_identities",
        "catalogue_tracks",
        "tracks",
        "merges",
        "listens",
        "sessions",
        "listening_with_features",
        "artist_months",
    ],
)
def test_columns_are_known_without_data_and_hold_the_grain(name: str) -> None:
    columns = schema_of(name)
    assert set(find(name).grain) <= set(columns) <= set(COLUMNS)
