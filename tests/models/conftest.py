"""A home whose model registry is there already: MLflow takes seconds to make an empty one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tonearm.models.lifecycle.registry import open_registry
from tonearm.settings import Settings, load_settings


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = load_settings(tmp_path_factory.mktemp("registry") / "home", {})
    assert open_registry(settings).client.search_registered_models() == []
    return settings.home / "models" / "registry.sqlite"


@pytest.fixture
def home_with_registry(tmp_path: Path, empty_registry: Path) -> Settings:
    settings = load_settings(tmp_path / "home", {})
    (settings.home / "models").mkdir(parents=True)
    shutil.copy(empty_registry, settings.home / "models" / "registry.sqlite")
    return settings
