"""Cards about one listener: what plays, the week, and what was heard most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, get_args
from urllib.parse import quote

from tonearm.pictures.sleeve import name_of, sleeve
from tonearm.pictures.svg import Theme, bar, card, fitted, text

WIDTH = 480
FEWEST, USUAL, MOST = 1, 5, 10
"""How many rows a list has."""
Kind = Literal["artists", "albums", "tracks"]

_EDGE = 20
_INNER = WIDTH - 2 * _EDGE
_ROW = 36
_WEEKDAYS = "MTWTFSS"


@dataclass(frozen=True)
class Play:
    """A track that is playing, or that was heard last."""

    track: str
    artist: str
    album: str | None
    started_at_local: datetime | None
    """None while it plays."""


def paths(listener: str) -> list[str]:
    """Where the API shows each card of a listener, as SVG."""
    return [f"/cards/{quote(listener, safe='')}/{name}.svg" for name in ("now", "week", *get_args(Kind), "grid")]


def now_card(listener: str, play: Play | None, theme: Theme = "auto") -> str:
    """What plays, or what was played last; None for a listener who has not heard anything yet."""
    if play is None:
        return _empty(listener, "Nothing played yet", 124, theme)
    is_playing = play.started_at_local is None
    when = "Playing now" if is_playing else f"Last played {_day(play.started_at_local)}, {play.started_at_local:%H:%M}"
    left, room = _EDGE + 84 + 18, _INNER - 84 - 18
    kicker = "accent" if is_playing else "soft"
    marked = left
    body = [sleeve(name_of(play.artist, play.album or play.track), _EDGE, 20, 84, is_rounded=True)]
    if is_playing:
        body += [bar(left + 5 * i, 33 - high, 3, high, "accent", 1) for i, high in enumerate((7, 11, 5))]
        marked += 22
    body += [
        text(marked, 33, when, 12, kicker, is_bold=is_playing, width=232),
        _owner(listener, 33, room - 240),
        text(left, 62, play.track, 19, is_bold=True, width=room),
        text(left, 84, play.artist, 14, width=room),
        text(left, 103, play.album or "", 12, "soft", width=room),
    ]
    return card(WIDTH, 124, f"{listener}. {when}: {play.track} by {play.artist}", "".join(body), theme)


def week_card(listener: str, charts: Mapping[str, Any], theme: Theme = "auto") -> str:
    """The week of a document of charts, of artists: plays, the artist heard most, and a bar for each day."""
    period, totals = charts["period"], charts["totals"]
    name = "This week" if period["is_going"] and not charts["has_ended"] else "The week"
    days = _days(period["first"], period["last"])
    plays = totals["listens"]
    if not plays:
        return _empty(listener, f"{name}, {days}: nothing played yet", 176, theme)
    first = charts["ranking"]["rows"][:1]
    left = 216
    body = [
        *_heading(name, days, listener),
        text(_EDGE, 82, _counted(plays, "play"), 28, is_bold=True, width=left),
        text(_EDGE, 104, _change(charts), 12, "soft", width=left),
        *(_favourite(row, left) for row in first),
        _days_of_week(charts["over_time"]["rows"], _EDGE + left + 20, 140, _INNER - left - 20 + 7, 76),
    ]
    most = f", most of all {_name('artists', first[0])}" if first else ""
    return card(WIDTH, 176, f"{listener}. {name}, {days}: {_counted(plays, 'play')}{most}", "".join(body), theme)


def top_card(listener: str, kind: Kind, charts: Mapping[str, Any], count: int = USUAL, theme: Theme = "auto") -> str:
    """What was heard most in the period of a document of charts of that kind: at most ``count`` rows."""
    rows = charts["ranking"]["rows"][:count]
    name, days = f"Top {kind}", _period(charts["period"])
    if not rows:
        return _empty(listener, f"{name}, {days}: nothing played yet", 124, theme)
    height = 62 + _ROW * len(rows) + 12
    most = max(row["listens"] for row in rows)
    lines = (_line(kind, row, most, 62 + _ROW * place) for place, row in enumerate(rows))
    names = "; ".join(f"{row['rank']}. {_name(kind, row)}, {_counted(row['listens'], 'play')}" for row in rows)
    body = "".join([*_heading(name, days, listener), *lines])
    return card(WIDTH, height, f"{listener}. {name}, {days}: {names}", body, theme)


def _heading(name: str, days: str, listener: str) -> list[str]:
    return [
        text(_EDGE, 34, name, 15, is_bold=True, width=130),
        text(_EDGE + 112, 34, days, 12, "soft", width=180),
        _owner(listener, 34, 140),
    ]


def _owner(listener: str, y: float, room: float) -> str:
    """Whose card it is, at its right end."""
    return text(WIDTH - _EDGE, y, fitted(listener, room, 12), 12, "soft", anchor="end")


def _favourite(row: Mapping[str, Any], room: int) -> str:
    name = _name("artists", row)
    return "".join(
        [
            sleeve(name, _EDGE, 122, 34, is_rounded=True),
            text(_EDGE + 44, 136, name, 13, is_bold=True, width=room - 44),
            text(_EDGE + 44, 152, _counted(row["listens"], "play"), 11, "soft", width=room - 44),
        ]
    )


def _days_of_week(rows: Sequence[Mapping[str, Any]], left: float, foot: float, width: float, high: float) -> str:
    """Seven bars above their letters; a day that has not come yet has none."""
    step = width / 7
    most = max([1, *(row["listens"] for row in rows)])
    drawn = []
    for place, letter in enumerate(_WEEKDAYS):
        x = left + step * place
        listens = rows[place]["listens"] if place < len(rows) else 0
        drawn.append(bar(x, foot - high, step - 7, high, "track"))
        if listens:
            tall = max(3, high * listens / most)
            drawn.append(bar(x, foot - tall, step - 7, tall, "accent"))
        drawn.append(text(x + (step - 7) / 2, foot + 16, letter, 11, "soft", anchor="middle"))
    return "".join(drawn)


def _line(kind: Kind, row: Mapping[str, Any], most: int, top: float) -> str:
    thing = row["artist"] if kind == "artists" else name_of(row["artist"], row.get("album") or row.get("track"))
    left, room = _EDGE + 64, _INNER - 64 - 74
    by = "" if kind == "artists" else f" – {row['artist'] or 'unknown artist'}"
    return "".join(
        [
            text(_EDGE + 16, top + 19, str(row["rank"]), 12, "soft", anchor="end"),
            sleeve(thing or "", _EDGE + 26, top, 28, is_rounded=True),
            text(left, top + 13, _name(kind, row) + by, 13, width=room),
            bar(left, top + 20, room, 5, "track"),
            bar(left, top + 20, max(3, room * row["listens"] / most), 5, "accent"),
            text(WIDTH - _EDGE, top + 19, f"{row['listens']:,}", 13, "ink", is_bold=True, anchor="end"),
        ]
    )


def _name(kind: Kind, row: Mapping[str, Any]) -> str:
    return row[kind[:-1]] or f"unknown {kind[:-1]}"


def _empty(listener: str, why: str, height: int, theme: Theme) -> str:
    body = text(_EDGE, height / 2 + 5, why, 15, "soft", width=_INNER) + _owner(listener, 34, 200)
    return card(WIDTH, height, f"{listener}. {why}", body, theme)


def _change(charts: Mapping[str, Any]) -> str:
    """The plays against those in as many days of the week before; nothing where there is none to compare with."""
    before = charts["before"]
    if not before or before["is_partial"] or not before["listens"]:
        return ""
    more = charts["totals"]["listens"] - before["listens"]
    if not more:
        return "as many as a week earlier"
    return f"{abs(more):,} {'more' if more > 0 else 'fewer'} than a week earlier"


def _counted(n: int, one: str) -> str:
    return f"{n:,} {one if n == 1 else f'{one}s'}"


def _period(period: Mapping[str, Any]) -> str:
    first = period["first"]
    if period["unit"] == "all":
        return "all time"
    if period["unit"] == "year":
        return f"{first:%Y}"
    return f"{first:%B %Y}" if period["unit"] == "month" else _days(first, period["last"])


def _day(at: date | None) -> str:
    return f"{at.day} {at:%b %Y}" if at else ""


def _days(first: date, last: date) -> str:
    """``3 – 9 Nov 2025``: what both days share is written once."""
    if first.year != last.year:
        return f"{_day(first)} – {_day(last)}"
    return f"{first.day}{'' if first.month == last.month else f' {first:%b}'} – {_day(last)}"
