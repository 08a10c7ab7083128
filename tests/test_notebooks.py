"""The notebooks run from top to bottom on the simulated household, and their numbers are what the models say."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tonearm.building.execute import build
from tonearm.demo import fill_home
from tonearm.settings import load_settings

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = load_settings(tmp_path_factory.mktemp("notebooks") / "home", {})
    fill_home(settings, 1, date(2026, 1, 1))
    assert not build(settings, ["tracks", "listens", "artist_months"]).failed
    return settings.home


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_on_the_simulated_household(path: Path, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONEARM_HOME", str(demo))
    # Streamlit, where another test loaded it, tells every process to draw nothing.
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook: Any = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "outputs are of somebody's home: clear them"
    NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
    shown = "".join(str(output) for cell in notebook.cells for output in cell.get("outputs", []))
    assert "average_precision" in shown
    assert "image/png" in shown


def test_there_are_two() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["01_exploration", "02_breakout"]
