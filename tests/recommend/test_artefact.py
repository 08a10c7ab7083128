from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tonearm.errors import ModelDamaged
from tonearm.recommend.artefact import ABOUT, ARRAYS, load, save


def saved(folder: Path) -> dict[str, np.ndarray]:
    arrays = {"scores": np.arange(6, dtype="float32").reshape(2, 3), "rows": np.array([3, 1]), "none": np.zeros((0, 4))}
    save(folder, arrays, {"items": ["a", "ü"]})
    return arrays


def test_what_was_saved_is_mapped(tmp_path: Path) -> None:
    arrays = saved(tmp_path)
    found, about = load(tmp_path)
    assert about == {"items": ["a", "ü"]}
    assert found.keys() == arrays.keys()
    for name, values in arrays.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)
    assert not found["scores"].flags.owndata


@pytest.mark.parametrize("name", [ABOUT, ARRAYS])
@pytest.mark.parametrize("keep", [0, 20, -1])
def test_a_file_cut_short_is_refused(tmp_path: Path, name: str, keep: int) -> None:
    saved(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:keep])
    with pytest.raises(ModelDamaged):
        load(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged):
        load(tmp_path)
