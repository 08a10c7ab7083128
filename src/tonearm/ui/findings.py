"""Charts of comparisons: what is a finding has a colour and a direction, everything else is grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import altair as alt

from tonearm.columns import VERDICTS
from tonearm.documents.words import VERDICTS as IN_WORDS
from tonearm.ui.charts import Layers, Palette

_SHAPES = ("triangle-up", "triangle-down", "circle", "circle")
_LABEL_PX = 150
_LEAST_REACH = 0.3
_TOOLTIP = [alt.Tooltip(f"{name}:N") for name in ("about", "found", "interval", "evidence", "verdict")]
_FIRST_HOURS = list(range(0, 25, 3))
_RATIOS = [0.125, 0.25, 0.5, 0.75, 1, 1.5, 2, 4, 8]


@dataclass(frozen=True)
class Finding:
    """A comparison as it is drawn."""

    about: str | int
    """What is compared: a name, or an hour."""
    value: float | None
    low: float | None
    high: float | None
    look: str
    """The verdict: higher, lower, not_shown or insufficient."""
    evidence: str
    """What it rests on, in words."""
    label: str = ""
    """The value in words and in its own unit."""


@dataclass(frozen=True)
class Square:
    """One field of a heat map."""

    x: str | int
    y: str
    value: float | None
    look: str
    label: str = ""
    evidence: str = ""
    written: str = ""
    """What stands in the field."""


def by_hour(findings: Sequence[Finding], title: str, colours: Palette) -> Layers:
    """Each hour's difference from what is usual, with its interval; the night is shaded."""
    rows = [_row(f) | {"at": int(f.about) + 0.5, "about": f"{f.about}–{int(f.about) + 1} h"} for f in findings]
    x = alt.X(
        "at:Q",
        title="hour of the day",
        scale=alt.Scale(domain=[0, 24], nice=False),
        axis=alt.Axis(values=_FIRST_HOURS, grid=False, format="d"),
    )
    y = alt.Y("value:Q", title=title, axis=alt.Axis(tickCount=5, minExtent=34))
    base = alt.Chart(alt.InlineData(values=rows)).properties(height=240)
    night = _one(at=0, to=6).mark_rect(color=colours.nothing).encode(x=x, x2="to:Q", tooltip=alt.value(None))
    zero = _one(value=0).mark_rule(color=colours.line).encode(y=y)
    bars = base.mark_rule(strokeWidth=2).encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q", color=_look(colours))
    return alt.layer(night, zero, bars, _points(base.encode(x=x, y=y), colours))


def forest(findings: Sequence[Finding], title: str, colours: Palette, *, is_ratio: bool = False) -> Layers:
    """Effects below one another, each with its interval, around a line of no difference; a name may have lines."""
    rows, middle = [_row(f) for f in findings], 1 if is_ratio else 0
    known = [v for row in rows for v in (row["value"], row["low"], row["high"]) if v is not None]
    x = alt.X("value:Q", title=title, scale=_ratios(known) if is_ratio else _differences(known), axis=_ticks(is_ratio))
    y = alt.Y("about:N", title=None, sort=None, axis=alt.Axis(
        labelLimit=_LABEL_PX, labelOverlap=False, ticks=False, domain=False, labelExpr="split(datum.label, '\\n')",
    ))  # fmt: skip
    lines = max(str(f.about).count("\n") + 1 for f in findings)
    base = alt.Chart(alt.InlineData(values=rows)).properties(height=(10 + 14 * lines) * len(rows) + 64)
    line = _one(value=middle).mark_rule(color=colours.line).encode(x=x)
    bars = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q", y=y, color=_look(colours))
    return alt.layer(line, bars, _points(base.encode(x=x, y=y), colours))


def _differences(known: Sequence[float]) -> alt.Scale:
    """As far on both sides; even a cloud of nothing would fill a chart that goes only as far as it does."""
    far = max([_LEAST_REACH, *map(abs, known)])
    return alt.Scale(domain=[-far, far], nice=False)


def _ratios(known: Sequence[float]) -> alt.Scale:
    """Twice as much is as far as half as much; beyond eight times is drawn at the edge."""
    far = min(max([2.0, *known, *(1 / v for v in known if v > 0)]), 8.0)
    return alt.Scale(type="log", domain=[1 / far, far], nice=False, clamp=True)


def _ticks(is_ratio: bool) -> alt.Axis:
    return alt.Axis(values=_RATIOS, grid=False) if is_ratio else alt.Axis(tickCount=5, grid=False)


def squares(
    fields: Sequence[Square],
    x: Sequence[str | int],
    y: Sequence[str],
    colours: Palette,
    *,
    shades: tuple[str, ...],
    domain: tuple[float, float],
    titles: tuple[str | None, str | None] = (None, None),
    height: int = 30,
) -> Layers:
    """A heat map; fields that are no finding are grey, those with too little evidence an outline."""
    base = alt.Chart(alt.InlineData(values=[asdict(f) for f in fields])).properties(height=height * len(y) + 60)
    place = base.encode(
        x=alt.X("x:O", title=titles[0], sort=None, scale=alt.Scale(domain=list(x), paddingInner=0.06), axis=_axis(x)),
        y=alt.Y("y:O", title=titles[1], sort=None, scale=alt.Scale(domain=list(y), paddingInner=0.06), axis=_axis()),
        tooltip=[
            alt.Tooltip("y:N", title=titles[1] or " "), alt.Tooltip("x:N", title=titles[0] or "  "),
            alt.Tooltip("label:N", title="found"), alt.Tooltip("evidence:N"),
        ],
    )  # fmt: skip
    stops = [domain[0] + (domain[1] - domain[0]) * n / (len(shades) - 1) for n in range(len(shades))]
    far = 0.55 * max(abs(domain[0]), abs(domain[1]))
    shade = alt.Color(
        "value:Q", scale=alt.Scale(domain=stops, range=list(shades), clamp=True, interpolate="rgb"), legend=None
    )
    fill = alt.condition("datum.look == 'finding'", shade, alt.value(colours.nothing))
    outline = place.transform_filter("datum.look == 'insufficient'").mark_rect(
        filled=False, stroke=colours.line, strokeDash=[2, 2], cornerRadius=2, fill="transparent"
    )
    filled = place.transform_filter("datum.look != 'insufficient'").mark_rect(cornerRadius=2).encode(color=fill)
    letters = alt.condition(
        f"datum.look == 'finding' && abs(datum.value) > {far}", alt.value(colours.on_strong), alt.value(colours.text)
    )
    return alt.layer(filled, outline, place.mark_text(fontSize=10).encode(text="written:N", color=letters))


def _axis(names: Sequence[str | int] = ()) -> alt.Axis:
    """Names stand slanted below a heat map; of hours every third is enough on a phone."""
    hours = [name for name in names if isinstance(name, int)]
    if hours:
        return alt.Axis(values=hours[::3], labelAngle=0, ticks=False, domain=False)
    return alt.Axis(labelAngle=-40 if names else 0, labelOverlap=False, labelLimit=150, ticks=False, domain=False)


def of_square(verdict: str) -> str:
    """How a heat map shows a verdict."""
    return "finding" if verdict in VERDICTS[:2] else verdict


def grid_key(colours: Palette) -> str:
    """What the colours of a heat map of comparisons mean, as HTML."""
    signs = {
        IN_WORDS["lower"]: f"background: {colours.less[1]}",
        IN_WORDS["higher"]: f"background: {colours.more[1]}",
        IN_WORDS["not_shown"]: f"background: {colours.nothing}",
        IN_WORDS["insufficient"]: f"border: 1px dashed {colours.not_shown}",
    }
    box = "display: inline-block; width: 0.8rem; height: 0.8rem; border-radius: 2px; vertical-align: middle"
    shown = (
        f'<span style="margin-right: 1rem; white-space: nowrap"><span style="{box}; {sign}"></span> {word}</span>'
        for word, sign in signs.items()
    )
    return f'<div style="font-size: 0.8rem; opacity: 0.9; line-height: 1.6">{"".join(shown)}</div>'


def diverging(colours: Palette) -> tuple[str, ...]:
    """Much less, less, nothing, more, much more."""
    return (*reversed(colours.less), colours.nothing, *colours.more)


def key(looks: Sequence[str], colours: Palette) -> str:
    """What the marks mean, as HTML: a sign and a word for each of ``looks``."""
    signs = dict(zip(VERDICTS, "▲▼●○", strict=True))
    shown = (
        f'<span style="margin-right: 1rem; white-space: nowrap"><span style="color: {_tone(look, colours)}">'
        f"{signs[look]}</span> {IN_WORDS[look]}</span>"
        for look in VERDICTS
        if look in looks
    )
    return f'<div style="font-size: 0.8rem; opacity: 0.9; line-height: 1.6">{"".join(shown)}</div>'


def _row(finding: Finding) -> dict[str, Any]:
    """What is drawn: without enough evidence no interval, however it was reckoned."""
    if finding.look == "insufficient":
        finding = replace(finding, low=None, high=None)
    interval = (
        "–" if finding.low is None or finding.high is None else f"{finding.low:.2f} to {finding.high:.2f}"
    ).replace("-", "−")
    found = finding.label or ("–" if finding.value is None else f"{finding.value:+.2f}".replace("-", "−"))
    return asdict(finding) | {"interval": interval, "found": found, "verdict": IN_WORDS[finding.look]}


def _points(base: alt.Chart, colours: Palette) -> alt.Chart:
    tones = [*(_tone(look, colours) for look in VERDICTS[:3]), "transparent"]
    chart: alt.Chart = base.mark_point(size=60, opacity=1).encode(
        fill=alt.Fill("look:N", scale=alt.Scale(domain=list(VERDICTS), range=tones), legend=None),
        stroke=alt.Stroke("look:N", scale=_scale(colours), legend=None),
        shape=alt.Shape("look:N", scale=alt.Scale(domain=list(VERDICTS), range=list(_SHAPES)), legend=None),
        tooltip=_TOOLTIP,
    )
    return chart


def _look(colours: Palette) -> alt.Color:
    return alt.Color("look:N", scale=_scale(colours), legend=None)


def _scale(colours: Palette) -> alt.Scale:
    return alt.Scale(domain=list(VERDICTS), range=[_tone(look, colours) for look in VERDICTS])


def _tone(look: str, colours: Palette) -> str:
    return {"higher": colours.more[1], "lower": colours.less[1]}.get(look, colours.not_shown)


def _one(**row: float) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=[row]))
