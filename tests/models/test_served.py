"""A model's files are what was sealed, or they are refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tonearm.errors import ModelDamaged
from tonearm.models.served import MANIFEST, check, data_folder, seal


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    folder = tmp_path / "kept" / "data"
    (folder / "parts").mkdir(parents=True)
    (folder / "a.json").write_text("1")
    (folder / "parts" / "b.json").write_text("2")
    seal(folder, "coin")
    return folder


def test_what_was_sealed_is_accepted(sealed: Path) -> None:
    assert check(sealed) == "coin"


def test_a_file_more_or_less_is_refused(sealed: Path) -> None:
    (sealed / "more.pkl").write_text("3")
    with pytest.raises(ModelDamaged, match=r"more\.pkl of model coin"):
        check(sealed)
    (sealed / "more.pkl").unlink()
    (sealed / "parts" / "b.json").unlink()
    with pytest.raises(ModelDamaged, match=r"parts/b\.json of model coin"):
        check(sealed)


def test_a_manifest_written_anew_is_not_the_one_that_was_registered(sealed: Path) -> None:
    manifest = sealed / MANIFEST
    registered = hashlib.sha256(manifest.read_bytes()).hexdigest()
    assert check(sealed, registered) == "coin"
    manifest.unlink()
    (sealed / "a.json").write_text("10")
    seal(sealed, "coin")
    assert check(sealed) == "coin"
    with pytest.raises(ModelDamaged, match="not what was registered"):
        check(sealed, registered)


def test_the_files_are_found_wherever_mlflow_put_them(sealed: Path) -> None:
    assert data_folder(sealed.parents[1]) == sealed
    (sealed / MANIFEST).unlink()
    with pytest.raises(ModelDamaged, match="holds no model"):
        data_folder(sealed)
