"""``/models``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request

from tonearm.api.answers import ModelOutcome
from tonearm.api.deps import SettingsDep
from tonearm.api.working import WorkingDep
from tonearm.building.execute import build
from tonearm.models import find
from tonearm.models.listing import Standing, has_registry, standings

if TYPE_CHECKING:
    from tonearm.models.lifecycle.registry import Registry

router = APIRouter(tags=["models"])


@router.get("/models")
def list_models(request: Request, settings: SettingsDep) -> list[Standing]:
    """The models: which version is in use, and how it stands beside its baseline."""
    # One registry for all requests: to open its database takes longer than to ask it.
    registry: Registry | None = getattr(request.app.state, "registry", None)
    if registry is None and has_registry(settings):
        from tonearm.models.lifecycle.registry import open_registry

        registry = request.app.state.registry = open_registry(settings)
    return standings(registry)


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
