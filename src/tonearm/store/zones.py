"""Time zones by name."""

from __future__ import annotations

import zoneinfo
from functools import cache

import tzlocal

from tonearm.errors import UnknownName

_NOT_PLACES = {"Factory", "localtime", "posixrules"}


@cache
def zone_names() -> tuple[str, ...]:
    """Every IANA name this machine knows, aliases among them, sorted."""
    return tuple(sorted(zoneinfo.available_timezones() - _NOT_PLACES))


def find_zone(text: str) -> str:
    """The IANA name meant by ``text``, whatever its case, with spaces or underscores.

    An alias such as Asia/Calcutta stays as it is, because it means the same clock and its owner will look
    for it. Raises UnknownName with the nearest names.
    """
    wanted = text.strip().replace(" ", "_").casefold()
    for name in zone_names():
        if name.casefold() == wanted:
            return name
    raise UnknownName("time zone", text.strip(), zone_names(), hint="use an IANA name such as Europe/Berlin")


def system_zone() -> str:
    """The zone this machine is set to; UTC when it does not say."""
    try:
        return find_zone(tzlocal.get_localzone_name() or "UTC")
    except (UnknownName, zoneinfo.ZoneInfoNotFoundError):
        return "UTC"
