"""The models as they stand: which version answers, what it answers, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tonearm.models import chosen
from tonearm.settings import Settings

if TYPE_CHECKING:
    from tonearm.models.lifecycle.registry import Registry
    from tonearm.models.model import Model


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A model, and the version of it that is in use."""

    model: str
    registered: str
    """Its name in the registry."""
    summary: str
    baseline: str
    """What it is compared with, and what answers where it is no better."""
    versions: int
    production: int | None
    """The version in use; None where the baseline answers."""
    serves: tuple[str, ...]
    """Targets that it answers; the baseline answers the others."""
    trained_at: datetime | None
    """When that version was trained."""
    decision: str
    """Why it is in use, or the newest is not."""


REGISTRY = Path("models") / "registry.sqlite"
"""Where a home's own registry is."""


def has_registry(settings: Settings) -> bool:
    """Whether any model can have been trained; to learn that from MLflow takes seconds."""
    return bool(settings.mlflow_tracking_uri) or (settings.home / REGISTRY).exists()


def standings(registry: Registry | None) -> list[Standing]:
    """Every model, in the order in which they are trained; without a registry none was. Raises ExtraMissing and
    RegistryUnreachable.
    """
    return [standing(registry, model) for model in chosen(())]


def standing(registry: Registry | None, model: Model) -> Standing:
    """One model; raises RegistryUnreachable."""
    versions = registry.versions(model.registered) if registry else []
    now = next((one for one in versions if "production" in one.aliases), None)
    return Standing(
        model=model.name,
        registered=model.registered,
        summary=model.summary,
        baseline=model.baseline,
        versions=len(versions),
        production=now.version if now else None,
        serves=now.serves if now else (),
        trained_at=now.trained_at if now else None,
        decision=now.decision if now else versions[0].decision if versions else "never trained",
    )
