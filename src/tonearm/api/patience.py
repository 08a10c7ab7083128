"""The server's side of one connection, which does not wait for ever for a request."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_S = 30
"""Seconds that a new connection has to send the headers of its first request."""


class Patient(H11Protocol):
    """Closes a connection on which no request begins."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first request."""
        super().connection_made(transport)
        self.loop.call_later(HEADERS_S, self._close_unused)

    def _close_unused(self) -> None:
        if not self._has_begun() and not self.transport.is_closing():
            self.transport.close()

    def _has_begun(self) -> bool:
        """Whether there was a request, which uvicorn keeps as the connection's cycle."""
        return getattr(self, "cycle", None) is not None
