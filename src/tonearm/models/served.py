"""A model's files: sealed with their hashes when it is registered, and checked when it is loaded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tonearm.errors import ModelDamaged, ModelOutdated
from tonearm.models.model import answers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

    from tonearm.models.model import Fitted, Model

MANIFEST = "tonearm.json"
FORMAT = 2
"""Number of the layout; another one was written by another tonearm."""


def seal(folder: Path, name: str) -> str:
    """Write the manifest of a model's files; its hash, which stands for them all."""
    files = {p.relative_to(folder).as_posix(): _hash(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    text = json.dumps({"format": FORMAT, "model": name, "files": files}, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return _hash(folder / MANIFEST)


def check(folder: Path, sha256: str = "") -> str:
    """The name of the model whose files ``folder`` has; raises ModelDamaged unless they are what was sealed."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelDamaged(f"{folder} holds no model: {MANIFEST} is missing; train it again")
    if sha256 and _hash(path) != sha256:
        raise ModelDamaged(f"{path} is not what was registered; roll back to another version, or train it again")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        number, name, files = manifest["format"], str(manifest["model"]), dict(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelDamaged(f"{path} cannot be read; train the model again") from error
    if number != FORMAT:
        raise ModelOutdated(f"{name} was written in layout {number}, this tonearm reads {FORMAT}; train it again")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {MANIFEST}
    altered = sorted(there ^ set(files)) or sorted(f for f in files if _hash(folder / f) != files[f])
    if altered:
        what = f"{altered[0]} of model {name} is not what was registered"
        raise ModelDamaged(f"{what}; roll back to another version, or train it again")
    return name


def load(folder: Path, model: Model, sha256: str = "") -> Fitted:
    """The model in ``folder``, after :func:`check`."""
    name = check(folder, sha256)
    if name != model.name:
        raise ModelDamaged(f"{folder} holds the model {name}, not {model.name}")
    return model.load(folder)


def data_folder(version: Path) -> Path:
    """Where, in what MLflow keeps of a version, the model's own files are."""
    found = sorted(version.rglob(MANIFEST))
    if not found:
        raise ModelDamaged(f"{version} holds no model: {MANIFEST} is missing; train it again")
    return found[0].parent


class Served:
    """What ``mlflow.pyfunc`` calls."""

    def __init__(self, model: Model, fitted: Fitted, serves: Collection[str]) -> None:
        """Wrap a loaded model, whose baseline answers all targets that are not in ``serves``."""
        self.model, self.fitted, self.serves = model, fitted, serves

    def predict(self, records: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """One row for each record."""
        return answers(self.model, self.fitted, records, self.serves)

    def get_raw_model(self) -> Served:
        """What MLflow hands out of what it loaded."""
        return self


def _load_pyfunc(path: str, model_config: Mapping[str, Any] | None = None) -> Served:
    """MLflow's entry: ``path`` is the folder of a version's files.

    ``model_config`` is what was registered, in MLflow's own file beside the folder: the hash of the manifest, which
    refuses files that were altered and sealed anew, and the targets that passed, which the model serves. Who may
    change that file, too, is not kept out: the hash in the registry's database, by which tonearm itself checks, does.
    """
    from tonearm.models import find

    config = model_config or {}
    folder = Path(path)
    model = find(check(folder, str(config.get("sha256", ""))))
    return Served(model, model.load(folder), tuple(config.get("serves", ())))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
