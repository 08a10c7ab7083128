"""Time zones by name, and what to choose instead of an offset."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import cache

import tzlocal

from tonearm.errors import UnknownName, UsageError

_OFFSET = re.compile(r"(?i)(?:utc|gmt|etc/gmt)?\s*(?P<sign>[+−-])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?")
_KNOWN_PLACES = """
Europe/London Europe/Berlin Europe/Paris Europe/Madrid Europe/Warsaw Europe/Helsinki Europe/Athens Europe/Istanbul
Europe/Moscow America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles America/Anchorage
Pacific/Honolulu America/Toronto America/Halifax America/St_Johns America/Mexico_City America/Bogota America/Caracas
America/Santiago America/Sao_Paulo America/Argentina/Buenos_Aires Atlantic/Azores Atlantic/Reykjavik Africa/Lagos
Africa/Cairo Africa/Johannesburg Africa/Nairobi Asia/Dubai Asia/Tehran Asia/Kabul Asia/Karachi Asia/Kolkata
Asia/Kathmandu Asia/Dhaka Asia/Yangon Asia/Bangkok Asia/Jakarta Asia/Shanghai Asia/Singapore Australia/Perth Asia/Tokyo
Asia/Seoul Australia/Darwin Australia/Adelaide Australia/Brisbane Australia/Sydney Pacific/Noumea Pacific/Auckland
Pacific/Tongatapu
"""
"""Places offered first for an offset: each offset's best known."""
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
    offset = _OFFSET.fullmatch(text.strip())
    if offset:
        raise UsageError(_instead_of(offset))
    raise UnknownName("time zone", text.strip(), zone_names(), hint="use an IANA name such as Europe/Berlin")


def _instead_of(offset: re.Match[str]) -> str:
    """A sentence that offers places, and the zone of a fixed offset, for an offset from UTC."""
    minutes = int(offset["hours"]) * 60 + int(offset["minutes"] or 0)
    minutes = -minutes if offset["sign"] in "-−" else minutes
    asked = f"UTC{minutes // 60:+d}" if minutes % 60 == 0 else f"UTC{minutes / 60:+.2f}".rstrip("0")
    places = _places(minutes)
    # The names of fixed offsets have the sign that POSIX gives them, which is the other way round.
    hours = minutes // 60
    is_fixed = minutes % 60 == 0 and -12 <= hours <= 14
    fixed = [f"Etc/GMT{-hours:+d}, which is always {asked}" if hours else "UTC"] if is_fixed else []
    offered = [", ".join(places)] if places else []
    if not offered and not fixed:
        return f"no place is {offset[0]} from UTC; use an IANA name such as Europe/Berlin"
    return f"'{offset[0]}' is an offset, which changes with summer time in most places; name the place: " + " or ".join(
        offered + fixed
    )


def _places(minutes: int) -> list[str]:
    """Up to three places that are ``minutes`` ahead of UTC in winter, known ones first."""
    year = datetime.now(UTC).year
    solstices = [datetime(year, month, 21, tzinfo=UTC) for month in (1, 7)]

    def is_there(name: str) -> bool:
        offsets = [at.astimezone(zoneinfo.ZoneInfo(name)).utcoffset() or timedelta() for at in solstices]
        return min(offsets) == timedelta(minutes=minutes)

    known = [name for name in _KNOWN_PLACES.split() if is_there(name)]
    return known[:3] or [name for name in zone_names() if "/" in name and is_there(name)][:3]


def system_zone() -> str:
    """This machine's time zone; UTC if it is not set."""
    try:
        return find_zone(tzlocal.get_localzone_name() or "UTC")
    except (UnknownName, zoneinfo.ZoneInfoNotFoundError):
        return "UTC"
