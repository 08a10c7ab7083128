"""Models: each fitted, and evaluated against a named baseline. One file or folder per model."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tonearm.errors import ExtraMissing, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tonearm.models.model import Model

_MODELS = {
    "imputation": "Imputation",
    "mood": "Mood",
    "popularity": "Popularity",
    "next_mood": "NextMood",
    "session_start": "SessionStart",
    "energy_forecast": "EnergyForecast",
    "breakout": "Breakout",
    "recommender": "tonearm.recommend.model:Recommender",
}
"""Each model's class, in the file of its name here or, after a colon, in another module. What is imputed is there
before what reads it."""


_LIBRARIES = ("pandas", "sklearn", "xgboost", "skops", "mlflow")


def is_installed() -> bool:
    """Whether the libraries of the extra ``models`` are there."""
    return all(find_spec(library) for library in _LIBRARIES)


def require() -> None:
    """Raise ExtraMissing where they are not."""
    if not is_installed():
        raise ExtraMissing("the models are", "models")


def names() -> tuple[str, ...]:
    """The models, in the order in which they are trained."""
    return tuple(_MODELS)


def find(name: str, **options: object) -> Model:
    """The model called ``name`` or registered as it, with those of the ``options`` that it has.

    Raises UnknownName and ExtraMissing.
    """
    for own, where in _MODELS.items():
        if name == own or (own == "popularity" and name == "spotify_classifier"):
            require()
            module, _, title = where.rpartition(":")
            kind = getattr(importlib.import_module(module or f"tonearm.models.{own}"), title)
            model: Model = kind(**{key: value for key, value in options.items() if hasattr(kind, key)})
            return model
    raise UnknownName("model", name, _MODELS, hint="`tonearm models` lists them")


def chosen(names: Iterable[str], **options: object) -> list[Model]:
    """The named models, all by default, in the order in which they are trained."""
    wanted = {find(name).name for name in names} or set(_MODELS)
    return [find(name, **options) for name in _MODELS if name in wanted]
