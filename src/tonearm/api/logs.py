"""What a server writes to standard error: text for people, or a line of JSON for each event, neither with secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

REQUESTS = logging.getLogger("tonearm.requests")
"""One record for each request; its ``fields`` are a mapping."""

_SECRET = re.compile(
    r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32,}\b|(?<=://)[^/\s:@]*:[^/\s@]*(?=@)"
)
"""What looks like a token, a session key or the hash of either, and a password in an address."""


def write_logs(form: Literal["text", "json"]) -> None:
    """Write this process's logs to standard error: warnings as text, or everything as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else PlainLines("tonearm: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    REQUESTS.setLevel(logging.INFO if form == "json" else logging.WARNING)


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
        """``at`` (UTC), ``level``, ``event`` and ``message``, or the fields of a request."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **(getattr(record, "fields", None) or {"event": record.name, "message": masked(record.getMessage())}),
        }
        if record.exc_info:
            line["error"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
