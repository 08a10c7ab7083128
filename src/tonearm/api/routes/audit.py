"""``/audit``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tonearm.api.auth import open_to
from tonearm.api.deps import StoreDep
from tonearm.store.audit import AuditEntry, entries

router = APIRouter(tags=["audit"])


@router.get("/audit")
@open_to("admin")
def read_audit(
    store: StoreDep, limit: Annotated[int, Query(ge=1, le=10_000, description="How many entries at most.")] = 100
) -> list[AuditEntry]:
    """What administrators did, newest first: when, with whose token, which route, to what."""
    return entries(store, limit)
