"""The charts: one hue from faint to strong for counts, and no wider than the screen."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import altair as alt

from tonearm.columns import DAY_NAMES
from tonearm.read.overview import Day, Hour, Month, Share

_DAYS = [name[:3] for name in DAY_NAMES]
_MOST_LABEL_PX = 130
Layers = alt.LayerChart | alt.FacetChart
"""The types of a layered chart."""


@dataclass(frozen=True)
class Palette:
    """Colours for a light or a dark page."""

    counts: tuple[str, ...]
    """Few to many; further from the page's colour means more, for any kind of colour vision."""
    nothing: str
    bar: str
    less: tuple[str, str]
    """Somewhat and much less than usual; orange beside blue, which every kind of colour vision can distinguish."""
    more: tuple[str, str]
    not_shown: str
    """Grey of what was tested and is no finding."""
    line: str
    text: str
    on_strong: str
    """Letters on the strongest colours."""


LIGHT = Palette(
    counts=("#cfe1f2", "#6aaed6", "#2070b4", "#08306b"), nothing="#f0f1f3", bar="#0072B2",
    less=("#f2b489", "#c14b00"), more=("#8fc1e3", "#00639c"), not_shown="#9aa0a8", line="#c9cdd3", text="#31333f",
    on_strong="#ffffff",
)  # fmt: skip
DARK = Palette(
    counts=("#12395c", "#2272b2", "#6db3e0", "#dcf0ff"), nothing="#262b34", bar="#56B4E9",
    less=("#8a5312", "#f5a742"), more=("#1f5f91", "#7cc4f2"), not_shown="#7d848e", line="#454b55", text="#e6e8eb",
    on_strong="#0e1117",
)  # fmt: skip


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


def shares(parts: Sequence[Share], titles: dict[str, str], colours: Palette) -> Layers:
    """Listens of each part, with its count and share written beside the bar."""
    whole = sum(part.listens for part in parts) or 1
    rows = [
        {
            "name": titles.get(part.name, part.name),
            "listens": part.listens,
            "label": f"{part.listens:,} ({100 * part.listens / whole:.0f} %)",
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
    words = base.mark_text(align="left", dx=6, color="#8a8f98", fontSize=12).encode(text="label:N")
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


@dataclass(frozen=True)
class Size:
    """Steps of one size in one hour."""

    hour: int
    size: str
    share: float
    steps: int
    is_tested: bool
    """Whether there is evidence enough to look at it."""


def shift_sizes(sizes: Sequence[Size], titles: dict[str, str], colours: Palette) -> alt.Chart:
    """How the steps of each hour divide by size; hours with little evidence are pale."""
    rows = [
        {"at": s.hour + 0.08, "to": s.hour + 0.92, "hour": f"{s.hour}–{s.hour + 1} h",
         "the mood changed": titles[s.size], "bottom": bottom, "top": bottom + s.share, "share": s.share,
         "steps": s.steps, "is_tested": s.is_tested}
        for n, s in enumerate(sizes)
        for bottom in [sum(below.share for below in sizes[:n] if below.hour == s.hour)]
    ]  # fmt: skip
    tones = alt.Scale(domain=list(titles.values()), range=list(colours.counts[:3]))
    legend = alt.Legend(orient="top", title="the mood changed", labelLimit=0)
    chart: alt.Chart = _chart(rows, height=250).mark_rect().encode(
        x=alt.X("at:Q", title="hour of the day", scale=alt.Scale(domain=[0, 24], nice=False),
                axis=alt.Axis(values=list(range(0, 25, 3)), grid=False, format="d")),
        x2="to:Q",
        y=alt.Y("top:Q", title="% of the steps", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=4)),
        y2="bottom:Q",
        color=alt.condition(
            "datum.is_tested", alt.Color("the mood changed:N", scale=tones, legend=legend), alt.value(colours.nothing)
        ),
        tooltip=[
            "hour:N", "the mood changed:N", alt.Tooltip("share:Q", format=".0f", title="%"),
            alt.Tooltip("steps:Q", format=","),
        ],
    )  # fmt: skip
    return chart


@dataclass(frozen=True)
class Trait:
    """A place between two ends, as a percent rank."""

    less: str
    more: str
    rank: float
    is_named: bool
    """Whether the listener is called after it."""
    label: str
    evidence: str


def traits(places: Sequence[Trait], colours: Palette) -> Layers:
    """A scale for each trait from one end to the other, with a dot where the listener is."""
    rows = [
        {"less": t.less, "more": t.more, "rank": t.rank, "from": 0, "to": 100, "middle": 50, "named": t.is_named,
         "label": t.label, "evidence": t.evidence, "at": n}
        for n, t in enumerate(places)
    ]  # fmt: skip
    base = _chart(rows, height=46 * len(rows) + 20)
    y = alt.Y("at:O", axis=None, scale=alt.Scale(paddingInner=0.5))
    x = alt.Scale(domain=[0, 100], nice=False)
    line = base.mark_rule(strokeWidth=3, color=colours.line).encode(
        x=alt.X("from:Q", scale=x, axis=None), x2="to:Q", y=y
    )
    middle = base.mark_tick(color=colours.not_shown, size=16, thickness=2).encode(x=alt.X("middle:Q", scale=x), y=y)
    tone = alt.condition("datum.named", alt.value(colours.more[1]), alt.value(colours.not_shown))
    dot = base.mark_circle(size=170, opacity=1).encode(
        x=alt.X("rank:Q", scale=x), y=y, color=tone,
        tooltip=[alt.Tooltip("label:N", title="you"), alt.Tooltip("rank:Q", format=".0f", title="percent rank"),
                 alt.Tooltip("evidence:N", title="from")],
    )  # fmt: skip
    left = base.mark_text(align="left", fontSize=12, color=colours.text, dy=-14).encode(
        x=alt.X("from:Q", scale=x), y=y, text="less:N"
    )
    right = base.mark_text(align="right", fontSize=12, color=colours.text, dy=-14).encode(
        x=alt.X("to:Q", scale=x), y=y, text="more:N"
    )
    below = base.mark_text(align="left", fontSize=11, color=colours.not_shown, dy=16).encode(
        x=alt.X("from:Q", scale=x), y=y, text="label:N"
    )
    return alt.layer(line, middle, dot, left, right, below)


@dataclass(frozen=True)
class Level:
    """A mean of 0–1 beside the mean of all tracks."""

    name: str
    value: float
    usual: float


def levels(bars: Sequence[Level], colours: Palette) -> Layers:
    """Bars from 0 to 1, each with a tick at what is usual."""
    rows = [{"name": b.name, "value": b.value, "usual": b.usual} for b in bars]
    base = _chart(rows, height=24 * len(rows) + 30)
    x = alt.X("value:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(values=[0, 0.5, 1], grid=False))
    y = alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=_MOST_LABEL_PX, ticks=False, domain=False))
    tooltip = [alt.Tooltip("name:N"), *(alt.Tooltip(f"{c}:Q", format=".2f") for c in ("value", "usual"))]
    drawn = base.mark_bar(color=colours.bar, cornerRadiusEnd=3, height={"band": 0.6}).encode(x=x, y=y, tooltip=tooltip)
    usual = base.mark_tick(color=colours.text, thickness=2, size=18).encode(x=alt.X("usual:Q", title=None), y=y)
    return alt.layer(drawn, usual)


@dataclass(frozen=True)
class OddDay:
    """A day that stands out, and in what."""

    day: date
    kind: str
    severity: str
    score: float
    label: str


def timeline(days: Sequence[OddDay], kinds: Sequence[str], colours: Palette) -> alt.Chart:
    """Days that stand out, a line for each kind; the larger the dot the further out, the ordinary ones grey."""
    rows = [
        {"day": f"{d.day}T12:00:00", "kind": d.kind, "severity": d.severity, "score": d.score, "label": d.label}
        for d in sorted(days, key=lambda d: d.score)
    ]
    tones = [colours.not_shown, colours.more[1], colours.less[1]]
    order = ["moderate", "strong", "extreme"]
    chart: alt.Chart = _chart(rows, height=44 * len(kinds) + 70).mark_circle(opacity=0.75).encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(labelOverlap="greedy", grid=False)),
        y=alt.Y("kind:N", title=None, sort=list(kinds), scale=alt.Scale(domain=list(kinds)),
                axis=alt.Axis(labelLimit=_MOST_LABEL_PX, grid=True, ticks=False, domain=False)),
        size=alt.Size("score:Q", scale=alt.Scale(domain=[2, 6], range=[15, 260], clamp=True), legend=None),
        color=alt.Color("severity:N", scale=alt.Scale(domain=order, range=tones),
                        legend=alt.Legend(orient="top", title=None)),
        tooltip=[
            alt.Tooltip("day:T", format="%A, %-d %B %Y"), "kind:N", "severity:N", alt.Tooltip("label:N", title="what")
        ],
    )  # fmt: skip
    return chart
