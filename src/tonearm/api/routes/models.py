"""``/models``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from fastapi import APIRouter, Query, Request

from tonearm.api.answers import Answer, ModelOutcome
from tonearm.api.deps import SettingsDep
from tonearm.api.working import WorkingDep
from tonearm.building.execute import build
from tonearm.models import find

if TYPE_CHECKING:
    from tonearm.models.lifecycle.registry import Registry

router = APIRouter(tags=["models"])


class ModelInfo(Answer):
    """A model, and the version of it that is in use."""

    model: str
    registered: str
    """Its name in the registry."""
    summary: str
    baseline: str
    """What it is compared with, and what answers where it is no better."""
    versions: int
    production: int | None
    """The version in use; null where the baseline answers."""
    serves: list[str]
    """What it answers; the baseline answers the rest."""
    trained_at: datetime | None
    decision: str
    """Why it is in use, or the newest is not."""


@router.get("/models")
def list_models(request: Request, settings: SettingsDep) -> list[ModelInfo]:
    """The models: which version is in use, and how it stands beside its baseline."""
    from tonearm.models.lifecycle.listing import standings

    # One registry for all requests: to open its database takes longer than to ask it.
    registry: Registry | None = getattr(request.app.state, "registry", None)
    if registry is None:
        from tonearm.models.lifecycle.registry import open_registry

        registry = request.app.state.registry = open_registry(settings)
    return [ModelInfo(**msgspec.structs.asdict(one)) for one in standings(registry)]


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
    return [ModelOutcome(model=one.model, status=one.status, message=one.said) for one in reports]
