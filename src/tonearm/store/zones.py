"""Time zones by name."""

from __future__ import annotations

import zoneinfo
from functools import cache

import tzlocal

from tonearm.errors import UnknownName

_NOT_PLACES = {"Factory", "localtime", "posixrules"}


@cache
def zone_names() -> tuple[str, ...]:
    """Every IANA name known to this machine, including aliases, sorted."""
    return tuple(sorted(zoneinfo.available_timezones() - _NOT_PLACES))


def find_zone(text: str) -> str:
    """The IANA name meant by ``text``, whatever its case, with spaces or underscores.

    An alias such as Asia/Calcutta is not replaced: it means the same zone, and people expect the name that they
    entered. Raises UnknownName with the closest names.
    """
    wanted = text.strip().replace(" ", "_").casefold()
    for name in zone_names():
        if name.casefold() == wanted:
            return name
    raise UnknownName("time zone", text.strip(), zone_names(), hint="use an IANA name such as Europe/Berlin")


def system_zone() -> str:
    """This machine's time zone; UTC if it is not set."""
    try:
        return find_zone(tzlocal.get_localzone_name() or "UTC")
    except (UnknownName, zoneinfo.ZoneInfoNotFoundError):
        return "UTC"
