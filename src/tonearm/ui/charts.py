"""The charts: one hue from faint to strong for counts, and no wider than the screen."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import altair as alt

from tonearm.columns import DAY_NAMES
from tonearm.overview import Day, Hour, Month, Share

_DAYS = [name[:3] for name in DAY_NAMES]
_MOST_LABEL_PX = 130


@dataclass(frozen=True)
class Palette:
    """Colours for a light or a dark page."""

    counts: tuple[str, ...]
    """Few to many; further from the page's colour means more, for any kind of colour vision."""
    nothing: str
    bar: str


LIGHT = Palette(("#cfe1f2", "#6aaed6", "#2070b4", "#08306b"), "#f0f1f3", "#0072B2")
DARK = Palette(("#12395c", "#2272b2", "#6db3e0", "#dcf0ff"), "#262b34", "#56B4E9")


def palette(is_dark: bool) -> Palette:
    """The colours for the page's theme."""
    return DARK if is_dark else LIGHT


def year_of_days(
    year: int,
    days: Sequence[Day],
    span: tuple[date, date],
    most: int,
    colours: Palette,
) -> alt.Chart:
    """One year's days as a calendar: a column is a week, a row a day of the week, colour the listens.

    Days before and after the ``span`` of the history are left out: of those nothing is known, not even silence.
    """
    heard = {day.date: day.listens for day in days}
    first = date(year, 1, 1)
    shown = (first + timedelta(n) for n in range(366 if calendar.isleap(year) else 365))
    rows = [_cell(first, day, heard) for day in shown if span[0] <= day <= span[1]]
    months = {_week(first, date(year, m, 1)): calendar.month_abbr[m] for m in range(1, 13)}
    names = ",".join(f"'{week}':'{name}'" for week, name in months.items())
    chart: alt.Chart = _chart(rows, height=7 * 15 + 25).mark_rect(cornerRadius=1).encode(
        x=alt.X(
            "week:O",
            title=None,
            scale=alt.Scale(domain=list(range(_week(first, date(year, 12, 31)) + 1)), paddingInner=0.12),
            axis=alt.Axis(
                values=list(months), labelExpr=f"({{{names}}})[datum.value]", labelAngle=0, ticks=False,
                domain=False, labelOverlap="greedy", labelAlign="left",
            ),
        ),
        y=_weekdays(),
        color=_counts(most, colours),
        tooltip=[alt.Tooltip("date:T", format="%A, %-d %B %Y"), alt.Tooltip("listens:Q", format=",")],
    )  # fmt: skip
    return chart


def _cell(first: date, day: date, heard: dict[date, int]) -> dict[str, Any]:
    week, weekday = _week(first, day), _DAYS[day.weekday()]
    return {"date": f"{day}T12:00:00", "week": week, "day": weekday, "listens": heard.get(day, 0)}


def _week(first: date, day: date) -> int:
    return ((day - first).days + first.weekday()) // 7


def hours_of_week(hours: Sequence[Hour], colours: Palette) -> alt.Chart:
    """Listens by local hour and day of the week."""
    heard = {(h.day_of_week, h.hour_of_day): h.listens for h in hours}
    rows = [
        {"day": _DAYS[day], "hour": hour, "listens": heard.get((day, hour), 0)}
        for day in range(7)
        for hour in range(24)
    ]
    chart: alt.Chart = _chart(rows, height=7 * 24 + 40).mark_rect(cornerRadius=2).encode(
        x=alt.X(
            "hour:O",
            title="hour of the day",
            scale=alt.Scale(paddingInner=0.06),
            axis=alt.Axis(values=list(range(0, 24, 3)), labelAngle=0, ticks=False, domain=False),
        ),
        y=_weekdays(),
        color=_counts(max(heard.values(), default=0), colours),
        tooltip=["day:N", alt.Tooltip("hour:O"), alt.Tooltip("listens:Q", format=",")],
    )  # fmt: skip
    return chart


def discovery(months: Sequence[Month], field: str, title: str, colours: Palette) -> alt.Chart:
    """New artists or tracks of each month."""
    rows = [
        {"month": f"{m.month}T12:00:00", "new": getattr(m, field), "listens": m.listens}
        for m in months
    ]  # fmt: skip
    chart: alt.Chart = _chart(rows, height=220).mark_bar(color=colours.bar).encode(
        x=alt.X("yearmonth(month):T", title=None, axis=alt.Axis(format="%Y", tickCount="year", labelOverlap="greedy")),
        y=alt.Y("new:Q", title=title, axis=alt.Axis(format=",d", tickCount=4, tickMinStep=1)),
        tooltip=[
            alt.Tooltip("month:T", format="%B %Y"),
            alt.Tooltip("new:Q", title=title, format=","),
            alt.Tooltip("listens:Q", title="listens that month", format=","),
        ],
    )  # fmt: skip
    return chart


def shares(parts: Sequence[Share], titles: dict[str, str], colours: Palette) -> alt.LayerChart | alt.FacetChart:
    """Listens of each part, with its count and share written beside the bar."""
    whole = sum(part.listens for part in parts) or 1
    rows = [
        {
            "name": titles.get(part.name, part.name),
            "listens": part.listens,
            "said": f"{part.listens:,} ({100 * part.listens / whole:.0f} %)",
        }
        for part in parts
    ]
    most = max(part.listens for part in parts)
    base = _chart(rows, height=34 * len(rows) + 10).encode(
        # Room on the right for the words.
        x=alt.X("listens:Q", axis=None, scale=alt.Scale(domain=[0, max(most, 1) * 1.6])),
        y=alt.Y(
            "name:N",
            title=None,
            sort=None,
            axis=alt.Axis(labelLimit=_MOST_LABEL_PX, ticks=False, domain=False),
        ),
        tooltip=["name:N", alt.Tooltip("listens:Q", format=",")],
    )
    bars = base.mark_bar(color=colours.bar, cornerRadiusEnd=3, height={"band": 0.62})
    words = base.mark_text(align="left", dx=6, color="#8a8f98", fontSize=12).encode(text="said:N")
    return alt.layer(bars, words)


def _chart(rows: list[dict[str, Any]], height: int) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=rows)).properties(height=height)


def _weekdays() -> alt.Y:
    return alt.Y(
        "day:N",
        title=None,
        sort=_DAYS,
        scale=alt.Scale(paddingInner=0.12),
        axis=alt.Axis(ticks=False, domain=False, labelPadding=4),
    )


def _counts(most: int, colours: Palette) -> Any:
    """Colour by count on a square-root scale, since a few days are ten times the others; none is grey."""
    scale = alt.Scale(type="sqrt", domain=[1, max(most, 2)], range=list(colours.counts), clamp=True)
    return alt.condition(
        "datum.listens > 0",
        alt.Color("listens:Q", scale=scale, legend=None),
        alt.value(colours.nothing),
    )


def legend(unit: str, most: int, colours: Palette) -> str:
    """What the colours of a calendar or a week mean, as HTML; Altair's own would squeeze the chart."""
    swatch = "display: inline-block; height: 0.7rem; border-radius: 2px; margin: 0 0.4rem; vertical-align: middle"
    return (
        f'<div role="img" aria-label="{unit}: grey is none, then from 1, nearest to the page, to {most:,}" '
        f'style="font-size: 0.8rem; opacity: 0.85">{unit}: none'
        f'<span style="{swatch}; width: 0.7rem; background: {colours.nothing}"></span> 1'
        f'<span style="{swatch}; width: 6rem; background: linear-gradient(90deg, {", ".join(colours.counts)})"></span>'
        f"{most:,}</div>"
    )
