"""``/models``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from tonearm.api.answers import Answer, ModelOutcome
from tonearm.api.deps import SettingsDep
from tonearm.api.predicting import Evidence, measured
from tonearm.api.working import WorkingDep
from tonearm.building.execute import build
from tonearm.errors import UnknownName
from tonearm.models import find
from tonearm.models.listing import Standing, has_registry, standing, standings

if TYPE_CHECKING:
    from pathlib import Path

    from tonearm.models.lifecycle.registry import Registry, Version

router = APIRouter(tags=["models"])


class ModelVersion(Answer):
    """One version of a model."""

    version: int
    trained_at: datetime
    rows: int
    """Rows that it learned from."""
    aliases: list[str]
    """`production`, `staging`, both or none."""
    serves: list[str]
    """Targets that it answers; the baseline answers the others."""
    is_by_hand: bool
    """Whether a person decided that it is served."""
    decision: str
    """Why it is served or not."""


class ModelCard(Answer):
    """A model, its versions, and how the one in use did on rows that it had not learned from."""

    standing: Standing
    learns_from: list[str]
    """Tables."""
    limits: list[str]
    """What it cannot do."""
    versions: list[ModelVersion]
    """Newest first."""
    measured: int | None
    """The version that `evidence`, `further` and `pictures` are of: the one in use, else the newest."""
    evidence: list[Evidence]
    """By what it was decided whether the version is served, over everybody."""
    further: list[Evidence]
    """By every other metric."""
    pictures: list[str]
    """Names of pictures of held-out predictions, such as calibration."""


@router.get("/models")
def list_models(request: Request, settings: SettingsDep) -> list[Standing]:
    """The models: which version is in use, and how it stands beside its baseline."""
    return standings(_registry(request, settings))


@router.get("/models/{model}")
def read_model(request: Request, settings: SettingsDep, model: str) -> ModelCard:
    """A model's card: its versions, how the one in use was measured beside its baseline, and what it cannot do."""
    registry, asked = _registry(request, settings), find(model)
    known = registry.versions(asked.registered) if registry else []
    shown = registry.in_use(asked.registered) if registry else None
    evidence, further = measured(settings, asked.name, shown.version) if shown else ([], [])
    return ModelCard(
        standing=standing(registry, asked),
        learns_from=list(asked.inputs),
        limits=list(asked.limits),
        versions=[_version(one) for one in known],
        measured=shown.version if shown else None,
        evidence=evidence,
        further=further,
        pictures=[picture.stem for picture in _pictures(registry, asked.registered)],
    )


@router.get("/models/{model}/pictures/{picture}", response_class=FileResponse)
def read_picture(request: Request, settings: SettingsDep, model: str, picture: str) -> FileResponse:
    """A picture of how the version in use did on rows that it had not learned from, as PNG."""
    registry, asked = _registry(request, settings), find(model)
    found = {path.stem: path for path in _pictures(registry, asked.registered)}
    if picture not in found:
        raise UnknownName("picture", picture, found, hint=f"GET /models/{asked.name} lists them")
    return FileResponse(found[picture], media_type="image/png")


@router.post("/models/train")
def train_models(
    settings: SettingsDep,
    working: WorkingDep,
    model: Annotated[list[str] | None, Query(max_length=20, description="Which; all without it.")] = None,
) -> list[ModelOutcome]:
    """Train models now and build what is made from them; each is in use only where it beats its baseline.

    The answer comes when all is done, which may take minutes.
    """
    names = [find(name).name for name in model or []]
    from tonearm.models.lifecycle.training import train

    with working.on("train", ", ".join(names)):
        reports = train(settings, names)
        build(settings)
    return [ModelOutcome(model=one.model, status=one.status, message=one.message) for one in reports]


def _registry(request: Request, settings: SettingsDep) -> Registry | None:
    """None where no model can have been trained.

    There is one for all requests: to open its database takes longer than to ask it.
    """
    registry: Registry | None = getattr(request.app.state, "registry", None)
    if registry is None and has_registry(settings):
        from tonearm.models.lifecycle.registry import open_registry

        registry = request.app.state.registry = open_registry(settings)
    return registry


def _version(one: Version) -> ModelVersion:
    return ModelVersion(
        version=one.version,
        trained_at=one.trained_at,
        rows=one.rows,
        aliases=list(one.aliases),
        serves=list(one.serves),
        is_by_hand=one.is_by_hand,
        decision=one.decision,
    )


def _pictures(registry: Registry | None, registered: str) -> list[Path]:
    """Of the version in use."""
    version = registry.in_use(registered) if registry else None
    return registry.plots(version) if registry and version else []
