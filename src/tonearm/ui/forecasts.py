"""Charts of forecasts, each number beside what is usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import altair as alt

from tonearm.columns import DAY_NAMES
from tonearm.ui.charts import Layers, Palette

_DAYS = [name[:3] for name in DAY_NAMES]
_EVERY_HOURS = 3
_NAME_PX = 235
"""Of a name above its bar, so that it leaves room for the number on a phone."""
_LEAST_SPAN = 0.2
_IN, _OUT = "in the interval", "outside"


@dataclass(frozen=True)
class Chance:
    """How probable something is, in percent, beside how usual."""

    name: str
    pct: float
    usual: float
    label: str
    """Written beside it."""


def hours(chances: Sequence[Chance], of_day: Sequence[int], title: str, colours: Palette) -> Layers:
    """A bar for each coming hour in its order, with a line at what is usual; ``of_day`` are the hours on the clock."""
    rows = [asdict(c) | {"at": n + 0.08, "to": n + 0.92} for n, c in enumerate(chances)]
    starts = [*of_day, (of_day[-1] + 1) % 24]
    names = ",".join(f"'{n}':'{hour}'" for n, hour in enumerate(starts))
    x = alt.X(
        "at:Q", title="hour of the day", scale=alt.Scale(domain=[0, len(rows)], nice=False),
        axis=alt.Axis(values=[n for n, hour in enumerate(starts) if hour % _EVERY_HOURS == 0], grid=False,
                      labelExpr=f"({{{names}}})[datum.value]", labelOverlap=False),
    )  # fmt: skip
    y = alt.Y("pct:Q", title=title, axis=alt.Axis(tickCount=4, minExtent=34))
    base = alt.Chart(alt.InlineData(values=rows)).properties(height=230).encode(x=x, x2="to:Q", tooltip=_tooltip())
    bars = base.mark_rect(color=colours.bar, cornerRadius=2).encode(y=y, y2=alt.datum(0))
    lines = _apart(base).encode(y=alt.Y("usual:Q", title=title))
    edge, usual = (lines.mark_rule(color=c, strokeWidth=w) for c, w in ((colours.on_strong, 5), (colours.text, 2)))
    return alt.layer(bars, edge, usual)


def likely(chances: Sequence[Chance], colours: Palette) -> Layers:
    """A bar from 0 to 100 % below each name, with a tick at what is usual."""
    rows = [asdict(c) | {"at": n, "none": 0, "all": 100} for n, c in enumerate(chances)]
    base = alt.Chart(alt.InlineData(values=rows)).properties(height=42 * len(rows) + 12)
    scale = alt.Scale(domain=[0, 100], nice=False)
    none, whole = (alt.X(f"{end}:Q", scale=scale, axis=None) for end in ("none", "all"))
    y = alt.Y("at:O", axis=None, scale=alt.Scale(paddingInner=0.5))
    track = base.mark_rule(strokeWidth=8, color=colours.nothing).encode(x=none, x2="all:Q", y=y)
    bar = base.mark_rule(strokeWidth=8, color=colours.bar).encode(x=none, x2="pct:Q", y=y, tooltip=_tooltip())
    ticks = _apart(base).encode(x=alt.X("usual:Q", scale=scale, axis=None), y=y)
    edge, usual = (
        ticks.mark_tick(size=16, thickness=w, color=c) for c, w in ((colours.on_strong, 5), (colours.text, 2))
    )
    name = base.mark_text(align="left", fontSize=12, color=colours.text, dy=-14, limit=_NAME_PX).encode(
        x=none, y=y, text="name:N"
    )
    label = base.mark_text(align="right", fontSize=12, color=colours.text, dy=-14).encode(x=whole, y=y, text="label:N")
    return alt.layer(track, bar, edge, usual, name, label)


def _apart(base: alt.Chart) -> alt.Chart:
    """The rows whose forecast differs from what is usual."""
    return base.transform_filter("datum.usual != datum.pct")


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title="what"), alt.Tooltip("pct:Q", format=".1f", title="forecast, %"),
        alt.Tooltip("usual:Q", format=".1f", title="usual, %"),
    ]  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """A number of 0–1 that is expected in an hour."""

    at: datetime
    """By the listener's clock."""
    value: float
    low: float | None
    high: float | None
    usual: float


def week(cells: Sequence[Expected], name: str, colours: Palette) -> alt.Chart:
    """Expected values by day of the week and hour, the further from the page's colour the more."""
    rows = [_cell(cell) for cell in cells]
    stops = _stops([cell.value for cell in cells], len(colours.counts))
    shade = alt.Color("value:Q", scale=alt.Scale(domain=stops, range=list(colours.counts), clamp=True), legend=None)
    chart: alt.Chart = alt.Chart(alt.InlineData(values=rows)).properties(height=7 * 24 + 40).mark_rect(
        cornerRadius=2
    ).encode(
        x=alt.X("hour:O", title="hour of the day", scale=alt.Scale(domain=list(range(24)), paddingInner=0.06),
                axis=alt.Axis(values=list(range(0, 24, _EVERY_HOURS)), labelAngle=0, ticks=False, domain=False)),
        y=alt.Y("day:N", title=None, sort=_DAYS, scale=alt.Scale(paddingInner=0.12),
                axis=alt.Axis(ticks=False, domain=False, labelPadding=4)),
        color=shade,
        tooltip=[alt.Tooltip("date:N", title="when"), alt.Tooltip("value:Q", format=".2f", title=name),
                 alt.Tooltip("interval:N", title="90 % interval"), alt.Tooltip("usual:Q", format=".2f")],
    )  # fmt: skip
    return chart


def _cell(cell: Expected) -> dict[str, Any]:
    interval = "–" if cell.low is None or cell.high is None else f"{cell.low:.2f} to {cell.high:.2f}"
    return {
        "day": _DAYS[cell.at.weekday()], "hour": cell.at.hour, "value": cell.value, "usual": cell.usual,
        "interval": interval, "date": f"{cell.at:%a} {cell.at.day} {cell.at:%b}, {cell.at.hour}–{cell.at.hour + 1} h",
    }  # fmt: skip


def ends_of(values: Sequence[float]) -> tuple[float, float]:
    """From where to where shades go: what hardly differs shall look so."""
    low, high = min(values), max(values)
    more = max(_LEAST_SPAN - (high - low), 0) / 2
    return low - more, high + more


def _stops(values: Sequence[float], n: int) -> list[float]:
    low, high = ends_of(values)
    return [low + (high - low) * k / (n - 1) for k in range(n)]


def scale_key(least: str, most: str, values: Sequence[float], colours: Palette) -> str:
    """What the shades of a week mean, as HTML."""
    low, high = ends_of(values)
    swatch = "display: inline-block; height: 0.7rem; width: 6rem; border-radius: 2px; margin: 0 0.4rem"
    return (
        f'<div role="img" aria-label="shades from {least}, nearest to the page, to {most}" '
        f'style="font-size: 0.8rem; opacity: 0.85">{least} {low:.2f}'
        f'<span style="{swatch}; vertical-align: middle; background: linear-gradient(90deg, '
        f'{", ".join(colours.counts)})"></span>{high:.2f} {most}</div>'
    )


@dataclass(frozen=True)
class Checked:
    """A predicted and a measured value."""

    predicted: float
    was: float
    is_inside: bool | None
    """Whether it was in the interval; None where there was none."""


def came_true(points: Sequence[Checked], titles: tuple[str, str], colours: Palette) -> Layers:
    """Measured against predicted values, from 0 to 1; on the line both are the same."""
    rows = [{"predicted": p.predicted, "was": p.was, "where": _OUT if p.is_inside is False else _IN} for p in points]
    scale = alt.Scale(domain=[0, 1], nice=False)
    axis = alt.Axis(values=[0, 0.5, 1], grid=False)
    x = alt.X("was:Q", title=titles[0], scale=scale, axis=axis)
    y = alt.Y("predicted:Q", title=titles[1], scale=scale, axis=axis)
    same = alt.Chart(alt.InlineData(values=[{"was": v, "predicted": v} for v in (0, 1)])).mark_line(
        color=colours.line, strokeWidth=2
    )
    kinds = [_IN, _OUT]
    legend = alt.Legend(orient="top", title=None) if any(p.is_inside is not None for p in points) else None
    dots = alt.Chart(alt.InlineData(values=rows)).properties(height=320).mark_point(size=36, opacity=0.6, filled=True)
    dots = dots.encode(
        x=x, y=y,
        color=alt.Color("where:N", legend=legend,
                        scale=alt.Scale(domain=kinds, range=[colours.more[1], colours.less[1]])),
        shape=alt.Shape("where:N", legend=legend, scale=alt.Scale(domain=kinds, range=["circle", "triangle-up"])),
        tooltip=[alt.Tooltip("was:Q", format=".2f", title=titles[0]), alt.Tooltip("predicted:Q", format=".2f",
                 title=titles[1]), alt.Tooltip("where:N", title="90 % interval")],
    )  # fmt: skip
    return alt.layer(same.encode(x=x, y=y), dots)
