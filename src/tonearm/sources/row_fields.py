"""Fields as rows of JSON and XML have them: an instant, a list of artists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from tonearm.sources.rows import Rejected

_NO_YEAR = 2200


def moment_s(written: str | None) -> float | None:
    """Seconds since 1970 of an ISO 8601 instant, in UTC unless it has an offset; None if it is none.

    Columns of dates in other forms are read by ``instants``.
    """
    try:
        at = datetime.fromisoformat((written or "").strip())
        at_s = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    # Beyond it, seconds would be taken for milliseconds.
    return at_s if at.year < _NO_YEAR else None


def unread_date(written: str | None, row: msgspec.Struct) -> Rejected:
    """``row``, refused because its date, as ``written``, is not understood."""
    why = f"date '{written[:60]}' is not understood" if written else "no date"
    return Rejected(why, msgspec.json.encode(row).decode())


def joined(artists: Iterable[str | None] | None) -> str | None:
    """All credited artists as one text; None without any."""
    if not artists:
        return None
    names = [name.strip() for name in artists if isinstance(name, str)]
    return "; ".join(dict.fromkeys(name for name in names if name)) or None
