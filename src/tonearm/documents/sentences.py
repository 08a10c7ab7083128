"""Sentences whose dates, numbers and names stay values, so that the page writes them by the reader's locale.

The functions here return text for an f-string, with the value in it between two characters that no name has.
:func:`written` takes a document apart: a sentence becomes plain English, and stands beside its parts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

_BEGIN, _END = "\ue000", "\ue001"
_VALUE = re.compile(f"({_BEGIN}.*?{_END})", re.DOTALL)
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def written(value: Any) -> Any:
    """A document whose sentences are plain English; one with values in it has a twin ``NAME_parts``.

    A part is text, or an object with its English ``text`` and one value: ``day`` (2020-02-29), ``month`` (2020-02),
    ``month_of_year`` (1 to 12), ``weekday`` (0 is Monday), ``hour`` (0 to 23), ``number`` (with ``digits`` after the
    point, and ``is_signed``), or the ids of an artist or a track.
    """
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for name, of in value.items():
            found[name] = written(of)
            if isinstance(of, str) and _BEGIN in of:
                found[f"{name}_parts"] = parts(of)
        return found
    if isinstance(value, list | tuple):
        return [written(one) for one in value]
    return _VALUE.sub(lambda found: str(_read(found[0])["text"]), value) if isinstance(value, str) else value


def parts(sentence: str) -> list[str | dict[str, Any]]:
    """The parts of a sentence, as :func:`written` has them."""
    return [_read(part) if part.startswith(_BEGIN) else part for part in _VALUE.split(sentence) if part]


def _read(part: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(part[1:-1])
    except ValueError:
        # A name that has the two characters after all.
        return {"text": part[1:-1]}
    return found


def _value(text: str, **of: Any) -> str:
    return f"{_BEGIN}{json.dumps({'text': text, **of})}{_END}"


def day(on: date) -> str:
    """9 April 2011."""
    return _value(f"{on.day} {_MONTHS[on.month - 1]} {on.year}", day=on.isoformat())


def month(on: date) -> str:
    """April 2011."""
    return _value(f"{_MONTHS[on.month - 1]} {on.year}", month=on.isoformat()[:7])


def month_of_year(number: int) -> str:
    """April, of 4."""
    return _value(_MONTHS[number - 1], month_of_year=number)


def weekday(number: int) -> str:
    """Monday, of 0."""
    return _value(_WEEKDAYS[number], weekday=number)


def at(hour: int) -> str:
    """13:00."""
    return _value(f"{hour % 24}:00", hour=hour % 24)


def number(value: float, digits: int = 0) -> str:
    """1,200 or 0.25."""
    return _value(f"{value:,.{digits}f}".replace("-", "−"), number=round(value, digits), digits=digits)


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign; a true minus."""
    text = f"{value:+,.{digits}f}".replace("-", "−")
    return _value(text, number=round(value, digits), digits=digits, is_signed=True)


def counted(n: int, one: str, many: str = "") -> str:
    """1 session, 1,200 sessions."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """A share of 1 in percent; neither none nor all where it is not."""
    pct = 100 * share
    if 0 < pct < 0.5:
        return f"under {number(1)} %"
    return f"over {number(99)} %" if 99.5 <= pct < 100 else f"{number(pct)} %"


def artist(row: Mapping[str, Any]) -> str:
    """An artist's name, from ``artist`` or ``artist_name``; one without an id is text."""
    name = row.get("artist") or row.get("artist_name")
    return _named(name or "an unnamed artist", artist_id=row.get("artist_id"))


def track(row: Mapping[str, Any]) -> str:
    """A track's name, from ``track`` or ``track_name``; one without an id is text."""
    name = row.get("track") or row.get("track_name")
    return _named(name or "an unnamed track", track_id=row.get("track_id"))


def _named(name: str, **ids: int | None) -> str:
    known = {of: one for of, one in ids.items() if one is not None}
    return _value(name, **known) if known else name


def listed(several: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join(filter(None, [", ".join(several[:-1]), *several[-1:]]))


def hours(found: Iterable[int], most: int | None = None) -> str:
    """Hours of the day as stretches: from 6:00 to 9:00 and from 22:00 to midnight; of them the ``most`` longest."""
    stretches: list[list[int]] = []
    for hour in sorted(found):
        if stretches and stretches[-1][1] == hour:
            stretches[-1][1] = hour + 1
        else:
            stretches.append([hour, hour + 1])
    longest = sorted(stretches, key=lambda stretch: stretch[0] - stretch[1])[:most]
    return listed([f"from {_clock(first)} to {_clock(after)}" for first, after in sorted(longest)])


def _clock(hour: int) -> str:
    return "midnight" if hour in (0, 24) else at(hour)
