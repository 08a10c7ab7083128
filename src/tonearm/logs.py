"""What is written to standard error: text for people, or a line of JSON for each event, neither with secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

EVENTS = logging.getLogger("tonearm")
"""Has records whose ``fields`` are a mapping, see :func:`write_event`, where the form is JSON."""
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request that is being answered, on every thread that works for it."""

_SECRET = re.compile(
    r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32,}\b|(?<=://)[^/\s:@]*:[^/\s@]*(?=@)"
)
"""What looks like a token, a session key or the hash of either, and a password in an address."""


def write_logs(form: Literal["text", "json"]) -> None:
    """Write this process's logs to standard error: warnings as text, or everything as JSON."""
    is_json = form == "json"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if is_json else PlainLines("tonearm: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    EVENTS.setLevel(logging.INFO if is_json else logging.WARNING)
    logging.captureWarnings(is_json)
    if is_json:
        sys.excepthook = _failed
        threading.excepthook = lambda ended: _failed(ended.exc_type, ended.exc_value, ended.exc_traceback)


def has_events() -> bool:
    """Whether events are written: standard error is for programs."""
    return EVENTS.isEnabledFor(logging.INFO)


def write_event(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write a line of JSON with ``event`` and ``fields``; nothing where the form is text."""
    if has_events():
        EVENTS.log(level, event, extra={"fields": {"event": event, **fields}})


def _failed(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    EVENTS.critical("tonearm failed inside; please report it", exc_info=(kind, error or kind(), trace))


def masked(text: str) -> str:
    """``text`` without anything that looks like a secret."""
    return _SECRET.sub("…", text)


class PlainLines(logging.Formatter):
    """Text for people."""

    def format(self, record: logging.LogRecord) -> str:
        """The message, and the traceback of an error."""
        return masked(super().format(record))


class JsonLines(logging.Formatter):
    """A line of JSON for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """``at`` (UTC), ``level``, ``event`` and its fields, or a ``message``; ``request_id`` within a request."""
        fields = getattr(record, "fields", None) or {"event": record.name, "message": record.getMessage()}
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **{name: masked(value) if isinstance(value, str) else value for name, value in fields.items()},
        }
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        if record.exc_info:
            line["error"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
