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

ABOUT_TRACKS = ("imputation", "mood", "popularity")
"""Models that predict properties of tracks, which new listens do not change, and not what a listener does next."""
_REGISTERED = {"popularity": "spotify_classifier"}
"""Names in the registry, of models that have another one there; known here because a model takes seconds to load."""
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


def registered_as(name: str) -> str:
    """The name in the registry of the model called ``name``."""
    return _REGISTERED.get(name, name)


def find(name: str, **options: object) -> Model:
    """The model called ``name`` or registered as it, with those of the ``options`` that it has.

    Raises UnknownName and ExtraMissing.
    """
    own = _own_name(name)
    require()
    module, _, title = _MODELS[own].rpartition(":")
    kind = getattr(importlib.import_module(module or f"tonearm.models.{own}"), title)
    model: Model = kind(**{key: value for key, value in options.items() if hasattr(kind, key)})
    return model


def _own_name(name: str) -> str:
    for own in _MODELS:
        if name in (own, registered_as(own)):
            return own
    raise UnknownName("model", name, _MODELS, hint="`tonearm models` lists them")


def in_order(names: Iterable[str]) -> list[str]:
    """The names of the named models, all by default, in the order in which they are trained; raises UnknownName."""
    wanted = {_own_name(name) for name in names} or set(_MODELS)
    return [name for name in _MODELS if name in wanted]


def chosen(names: Iterable[str], **options: object) -> list[Model]:
    """The named models, all by default, in the order in which they are trained; raises UnknownName and ExtraMissing."""
    return [find(name, **options) for name in in_order(names)]
