"""The page's own files: HTML, CSS, JavaScript and pictures, which hold nobody's data."""

from __future__ import annotations

import re
from functools import cache

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tonearm.api.etags import is_among
from tonearm.documents.export import SITE

router = APIRouter(include_in_schema=False)

_FOR_GOOD = "public, max-age=31536000, immutable"
_OWN = re.compile(rb'(?:src|href)="site/[^"?]+')
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
"""Nothing from elsewhere, and no script that is not one of the files."""


@router.get("/site/{path:path}")
def site_file(request: Request, path: str, v: str = "") -> Response:
    """One of the page's files; compressed for a client that understands gzip."""
    return answer_file(request, path, v)


def answer_file(request: Request, path: str, version: str = "") -> Response:
    """The file below ``site``, 304 for a client that has it; raises 404 for anything else.

    A browser keeps it for good at an address with the present version, as the HTML has them, and asks again at others.
    """
    kept = _files().get(path)
    if kept is None:
        raise HTTPException(404, f"the page has no file {path}")
    etag, kind, plain, packed = kept
    headers = {
        "ETag": etag,
        "Cache-Control": _FOR_GOOD if version == _version() else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if kind.startswith("text/html"):
        headers |= {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    if is_among(etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(plain, media_type=kind, headers=headers)


@cache
def _version() -> str:
    """Another one whenever any of the files is."""
    import hashlib

    files = (path for path in sorted(SITE.rglob("*")) if path.suffix in _TYPES)
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]


@cache
def _files() -> dict[str, tuple[str, str, bytes, bytes]]:
    """Each file by its path: ETag, type, and its bytes as they are and compressed."""
    import gzip
    import hashlib

    found = {}
    for path in sorted(SITE.rglob("*")):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            if path.suffix == ".html":
                content = _OWN.sub(rb"\g<0>?v=" + _version().encode(), content)
            etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
            packed = gzip.compress(content, 6, mtime=0)
            found[path.relative_to(SITE).as_posix()] = etag, _TYPES[path.suffix], content, packed
    return found
