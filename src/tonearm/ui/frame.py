"""What every page has: the client, the choice of listener, and how a number is written."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from tonearm.api.answers import Health, ListenerInfo
from tonearm.settings import load_settings
from tonearm.ui.client import Client, open_client

DEMO = "(demo)"

ICON = Path(__file__).parent / "icon.svg"
"""Of the browser's tab; Streamlit would fetch one of its own from elsewhere."""

_STYLE = """<style>
.block-container { padding-top: 4.5rem; max-width: 72rem; }
[data-testid="stTable"] tr > :nth-child(n+3) { text-align: right !important; font-variant-numeric: tabular-nums; }
@media (max-width: 640px) { .block-container { padding-left: 1rem; padding-right: 1rem; } }
</style>"""


@st.cache_resource
def client() -> Client:
    """The page's client, one for all who look at it."""
    return open_client(load_settings())


def style() -> None:
    """Lines no wider than a person reads, and no wasted edge on a phone."""
    st.html(_STYLE)


def health() -> Health:
    """Fresh at every drawing; its version of the listens is what cached answers are kept under."""
    return client().health()


def banner() -> None:
    """Say so when what is shown was invented."""
    if any(one.name.endswith(DEMO) for one in client().listeners()):
        st.info(
            "Simulated household: the listeners marked (demo) and everything they hear are invented.",
            icon=":material/science:",
        )


def choose_listener(listeners: list[ListenerInfo]) -> str:
    """Whose history is shown; kept while pages change."""
    names = [one.name for one in listeners]
    kept = st.session_state.get("listener")
    chosen = st.selectbox("Listener", names, index=names.index(kept) if kept in names else 0)
    st.session_state["listener"] = chosen
    return chosen


def number(value: float, digits: int = 0) -> str:
    """With thousands separators."""
    return f"{value:,.{digits}f}"


def percent(part: float, whole: float) -> str:
    """A share in percent; a dash when there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def is_dark() -> bool:
    """Whether the page is drawn light on dark."""
    return st.context.theme.type == "dark"
