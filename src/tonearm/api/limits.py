"""How large a request may be."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_UPLOAD_MB = 2_000
"""Megabytes of one upload. Twelve years of Spotify's extended history are 30 MB zipped; above this the
command line reads the file where it lies."""

MAX_UPLOAD_BYTES = MAX_UPLOAD_MB * 1_000_000


class BodyLimit:
    """Stops reading a request's body at the limit, whatever length it announced."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        """Wrap ``app``."""
        self.app, self.most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting the bytes of its body."""
        brought = 0

        async def counted() -> Message:
            nonlocal brought
            message = await receive()
            brought += len(message.get("body", b""))
            if brought > self.most_bytes:
                raise HTTPException(
                    413, f"more than {self.most_bytes / 1e6:,.0f} MB; import it with `tonearm import PATH`"
                )
            return message

        await self.app(scope, counted, send)
