"""``/listeners/{name}/export``."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from tonearm.api.deps import ListenerInPath, SettingsDep, StoreDep
from tonearm.api.reading import ReadingDep
from tonearm.read.exports import FORMATS, export_listens, file_name, format_of
from tonearm.read.ranges import FIRST, LAST

router = APIRouter(tags=["listeners"])

Format = Literal["listenbrainz", "lastfm-csv", "maloja", "koito"]
_ABANDONED_S = 6 * 3600.0


_FILES = {form.media_type: {"schema": {"type": "string", "format": "binary"}} for form in FORMATS.values()}


@router.get(
    "/listeners/{name}/export",
    response_class=FileResponse,
    responses={200: {"content": _FILES, "description": "The file."}},
)
def export(
    settings: SettingsDep,
    store: StoreDep,
    reading: ReadingDep,
    listener: ListenerInPath,
    form: Annotated[Format, Query(alias="format", description="Which tracker's form of file.")] = "listenbrainz",
    start: Annotated[datetime, Query(alias="from", description="First instant, UTC.")] = FIRST,
    end: Annotated[datetime, Query(alias="to", description="First instant after, UTC.")] = LAST,
) -> FileResponse:
    """All listens as a file that another tracker imports; `X-Listens` is how many are in it, `X-Left-Out` how many not.

    The same as `tonearm export listens`. It is written before it is sent, so that what arrives is complete.
    """
    _sweep(settings.scratch)
    folder = Path(mkdtemp(dir=settings.scratch, prefix="sent-export-"))
    try:
        path = folder / file_name(form, listener, datetime.now(UTC))
        start, end = (at if at.tzinfo else at.replace(tzinfo=UTC) for at in (start, end))
        report = export_listens(settings, store, listener, form, path, start, end, reading.plays)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    counts = {"X-Listens": str(report.written), "X-Left-Out": str(report.left_out)}
    sent = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(
        path, media_type=format_of(form).media_type, filename=path.name, headers=counts, background=sent
    )


def _sweep(scratch: Path) -> None:
    """Remove exports that a killed server left; one that is being sent is never that old."""
    scratch.mkdir(parents=True, exist_ok=True)
    for left in scratch.glob("*export-*"):
        if time.time() - left.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)
