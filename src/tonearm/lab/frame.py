"""What every page of the lab has: the client, the frame, colours, and how things are written."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import altair as alt
import streamlit as st

from tonearm.api.client import Client, open_client
from tonearm.api.predicting import Evidence
from tonearm.api.routes.models import ModelCard
from tonearm.errors import TonearmError
from tonearm.settings import load_settings

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

DEMO = "(demo)"

ICON = Path(__file__).parent / "icon.svg"
"""Of the browser's tab; Streamlit would fetch one of its own from elsewhere."""

_STYLE = """
.block-container { padding-top: 1rem; padding-bottom: 3rem; max-width: 72rem; }
/* Only the sign that the page is at work is in Streamlit's own header. */
[data-testid="stHeader"] { background: transparent; pointer-events: none; }
[data-testid="stHeader"] * { pointer-events: auto; }
.wordmark { display: flex; align-items: center; gap: .5rem; font-weight: 760; font-size: 1.1rem; }
.wordmark img { width: 1.75rem; height: 1.75rem; }
[data-testid="stPageLink-NavLink"] { border-radius: 99px; }
[data-testid="stPageLink-NavLink"]:focus-visible { outline: 3px solid var(--lab-accent); outline-offset: 2px; }
/* What sticks has to be beside the sliders, and that is the box around the container. */
[data-testid="stLayoutWrapper"]:has(> .st-key-verdict) { position: sticky; top: 0; z-index: 50; }
.st-key-verdict { background: var(--lab-paper); }
.st-key-verdict { padding: .6rem 0; border-bottom: 1px solid var(--lab-line); }
.verdict { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1rem; line-height: 1.3; }
.verdict b { font-size: 2rem; letter-spacing: -.02em; }
.verdict small { color: var(--lab-soft); font-size: .9rem; }
.scale { position: relative; height: .55rem; border-radius: 99px; background: var(--lab-line); margin-top: .4rem; }
.scale i { position: absolute; inset: 0 auto 0 0; border-radius: 99px; background: var(--lab-accent); }
.scale u { position: absolute; top: -.2rem; bottom: -.2rem; width: 2px; background: var(--lab-ink); }
@media (max-width: 640px) { .block-container { padding-left: 1rem; padding-right: 1rem; } }
"""


@dataclass(frozen=True)
class Colours:
    """Of the page's own sheet, site/style.css, for a light or a dark theme."""

    paper: str
    ink: str
    soft: str
    line: str
    accent: str
    second: str


LIGHT = Colours("#fbf8f2", "#211d18", "#655d52", "#e3dbce", "#a63c06", "#0b6670")
DARK = Colours("#16130f", "#f2ebe0", "#b3a898", "#3a332a", "#ffa163", "#5cc5cf")


@st.cache_resource(show_spinner=False)
def client() -> Client:
    """The lab's client, one for all its visitors."""
    return open_client(load_settings())


@st.cache_data(ttl=30, show_spinner=False)
def card(model: str) -> ModelCard:
    """A model's card, kept for half a minute: a slider that moves must not wait for the registry."""
    return client().model(model)


def colours() -> Colours:
    """For the theme that the reader's system has."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def style() -> None:
    """Lines no wider than a person reads, no wasted edge on a phone, and the page's colours as variables."""
    light, dark = (
        "".join(f"--lab-{name}: {value};" for name, value in vars(one).items()) for one in (LIGHT, DARK)
    )  # fmt: skip
    themes = f":root {{ {light} }} @media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    st.html(f"<style>{themes}{_STYLE}</style>")


def header(pages: Sequence[Page]) -> None:
    """The name, the way to each page of the lab, and the way back to the page, on one line at any width."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<div class="wordmark"><img src="{_picture(ICON)}" alt="">tonearm lab</div>', width="content")
        for page in pages:
            st.page_link(page)
        # Where the lab reads from an API in its own process, no page is served.
        if address := load_settings().api_url:
            st.page_link(address, label="Back to the page", icon=":material/arrow_back:")


def _picture(path: Path) -> str:
    """An SVG file as an address that holds it all: st.html lets no drawing through, but pictures."""
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}"


def banner() -> None:
    """Mark a simulated household as such."""
    if any(one.name.endswith(DEMO) for one in client().listeners()):
        st.caption(
            ":material/science: Simulated household: the listeners marked (demo) and all they hear are invented."
        )


@contextmanager
def problems_shown() -> Iterator[None]:
    """Show what goes wrong inside as a sentence, and go on with the rest of the page."""
    try:
        yield
    except TonearmError as error:
        st.warning(plain(str(error)))


def tried(do: Callable[..., Any], *arguments: Any) -> None:
    """Call ``do``, for a button: what goes wrong is shown for a moment, as is what ``do`` returns."""
    try:
        done = do(*arguments)
    except TonearmError as error:
        st.toast(plain(str(error)), icon=":material/error:")
    else:
        if isinstance(done, str):
            st.toast(plain(done), icon=":material/check:")


def choose_listener() -> str | None:
    """The listener, kept from page to page; None where there is nobody yet."""
    names = [one.name for one in client().listeners()]
    if not names:
        return None
    kept = st.session_state.get("listener")
    chosen: str = st.selectbox("Listener", names, index=names.index(kept) if kept in names else 0)
    st.session_state["listener"] = chosen
    return chosen


def train_first(name: str, needs: str) -> None:
    """What to do where a model was never trained."""
    st.info(f"The model **{name}** has not been trained yet. {needs} Then train it, here under *Models* or with")
    st.code(f"tonearm train {name}", language="sh")


def verdict_of(share: float, word: str, about: str, limit: float | None = None) -> str:
    """A probability, what it means, and where it and its ``limit`` lie between 0 and 1; every word is our own."""
    mark = "" if limit is None else f'<u style="left: {100 * limit:.1f}%"></u>'
    return (
        f'<div class="verdict" role="status"><b>{percent(share)}</b><span>{word}</span><small>{about}</small></div>'
        f'<div class="scale"><i style="width: {100 * share:.1f}%"></i>{mark}</div>'
    )


def evidence(found: Sequence[Evidence]) -> None:
    """How a version did beside its baseline, as a table whose rows are metrics."""
    st.dataframe(
        [
            {
                "what": f"{one.target}, {one.metric}",
                "model": one.value,
                "baseline": one.baseline_value,
                "gain": one.gain,
                "95 % of the gain": span(one.gain_low, one.gain_high),
                "rows": one.n,
                "": "better" if one.is_better else "not shown to be better",
                "tested": one.protocol,
            }
            for one in found
        ],
        hide_index=True,
        column_config={
            **{name: st.column_config.NumberColumn(format="%.3f") for name in ("model", "baseline", "gain")},
            "gain": st.column_config.NumberColumn(format="%.3f", help="Above 0: better, in any metric."),
            "rows": st.column_config.NumberColumn(format="localized", help="Held out; not learned from."),
        },
    )  # fmt: skip


def span(low: float | None, high: float | None) -> str:
    """An interval; a dash where it is not known."""
    return "–" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def chart(drawn: Any, alt_text: str) -> None:
    """A chart as wide as its place, and what it shows for those who cannot see it."""
    seen = colours()
    drawn = (
        drawn.configure(background="transparent", font="system-ui, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(labelColor=seen.ink, titleColor=seen.soft, gridColor=seen.line, domainColor=seen.line,
                        tickColor=seen.line, labelFontSize=12, titleFontSize=12, titleFontWeight="normal")
    )  # fmt: skip
    # Streamlit's own theme would set the page's colours aside.
    st.altair_chart(drawn, alt=alt_text, theme=None)


def bars(rows: Sequence[dict[str, Any]], value: str, title: str, form: str) -> alt.LayerChart:
    """A bar per row, in their order: ``name``, the number ``value``, and ``label`` above it; below 0 another colour."""
    seen = colours()
    base = alt.Chart(alt.InlineData(values=list(rows)), height=alt.Step(34)).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=150, ticks=False, domain=False)),
        x=alt.X(f"{value}:Q", title=title, axis=alt.Axis(format=form, tickCount=4), scale=alt.Scale(nice=True)),
    )
    colour = alt.condition(f"datum['{value}'] < 0", alt.value(seen.second), alt.value(seen.accent))
    drawn: alt.LayerChart = base.mark_bar(cornerRadius=3, size=12, yOffset=7).encode(color=colour) + base.mark_text(
        align="left", dy=-8, color=seen.soft, fontSize=11
    ).encode(text="label:N", x=alt.datum(0))
    return drawn


def percent(share: float) -> str:
    """A probability in per cent, as exact as a reader can use."""
    return f"{100 * share:.1f} %"


def plain(text: str | None) -> str:
    """A name as it is, where Markdown is read."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-!|<>~:$" else c for c in text or "?")
