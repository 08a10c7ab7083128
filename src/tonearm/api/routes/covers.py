"""``/covers``: the household's own pictures of albums."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tonearm.api.deps import CoversDep
from tonearm.api.etags import is_among
from tonearm.api.routes.documents import Asked
from tonearm.documents.covered import album_of
from tonearm.read.covers import picture

router = APIRouter(tags=["documents"])

_PICTURES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {} for kind in ("image/jpeg", "image/png", "image/webp")}, "description": "The picture."}
}
_FOREVER = "private, max-age=31536000, immutable"
"""Of a picture that was asked for by its version."""
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@router.get("/covers/{artist_id}/{album:path}", response_class=Response, responses=_PICTURES)
def read_cover(
    request: Request,
    asked: Asked,
    covers: CoversDep,
    artist_id: Annotated[int, Path(ge=-(2**63), lt=2**63, description="As in the album's address.")],
    album: Annotated[str, Path(min_length=1, max_length=2000, description="As in the album's address.")],
    v: Annotated[str, Query(max_length=40, description="Its version, by which a browser keeps it for good.")] = "",
) -> Response:
    """The cover of an album of the listener, from the folder of the setting `covers`; 404 without one."""
    named = album_of(asked.history(), artist_id, album)
    cover = covers.find(*named) if named else None
    if cover is None:
        raise HTTPException(404, f"there is no cover of an album {album!r} in {asked.listener}'s history")
    etag = f'"{cover.version}"'
    headers = {"ETag": etag, "Cache-Control": _FOREVER if v == cover.version else "private, no-cache"}
    headers |= {"Vary": "Authorization", **_SAFE}
    if is_among(etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    found = picture(cover)
    if found is None:
        raise HTTPException(404, f"the cover of {album!r} cannot be read any more")
    content, kind = found
    return Response(content, media_type=kind, headers=headers)
