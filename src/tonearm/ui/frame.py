"""What every page has: the client, the choice of listener, and how a number is written."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import streamlit as st

from tonearm.api.answers import Health, ListenerInfo
from tonearm.api.client import Client, open_client
from tonearm.read.as_csv import as_csv
from tonearm.settings import load_settings

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

DEMO = "(demo)"

ICON = Path(__file__).parent / "icon.svg"
"""Of the browser's tab; Streamlit would fetch one of its own from elsewhere."""

_STYLE = """
.block-container { padding-top: 1.25rem; padding-bottom: 3rem; max-width: 72rem; }
/* Only the sign that the page is at work is in Streamlit's own header. */
[data-testid="stHeader"] { background: transparent; pointer-events: none; }
[data-testid="stHeader"] * { pointer-events: auto; }
.wordmark { display: flex; align-items: center; gap: 0.5rem; font-weight: 700; font-size: 1.15rem; }
.wordmark img { width: 1.5rem; height: 1.5rem; }
[data-testid="stPageLink-NavLink"][aria-current] { font-weight: 600; }
[data-testid="stPageLink-NavLink"]:focus-visible { outline: 2px solid #2E86C8; outline-offset: 2px; }
@media (max-width: 640px) { .block-container { padding-left: 1rem; padding-right: 1rem; } }
"""


@st.cache_resource(show_spinner="Opening the lake…")
def client() -> Client:
    """The page's client, one for all its visitors."""
    return open_client(load_settings())


def style(*more: str) -> None:
    """Lines no wider than a person reads, no wasted edge on a phone, and the styles of ``more``."""
    st.html(f"<style>{_STYLE}{''.join(more)}</style>")


def header(pages: Sequence[Page]) -> None:
    """The name and the way to each page, on one line at any width."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<div class="wordmark"><img src="{_picture(ICON)}" alt="">tonearm</div>', width="content")
        for page in pages:
            st.page_link(page)


def _picture(path: Path) -> str:
    """An SVG file as an address that holds it all: st.html lets no drawing through, but pictures."""
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}"


def health() -> Health:
    """Fresh at every drawing; its version of the listens is what cached answers are kept under."""
    return client().health()


def banner() -> None:
    """Mark a simulated household as such."""
    if any(one.name.endswith(DEMO) for one in client().listeners()):
        st.info(
            "Simulated household: the listeners marked (demo) and everything they hear are invented.",
            icon=":material/science:",
        )


def choose_listener(listeners: list[ListenerInfo]) -> ListenerInfo:
    """The listener to show; kept from page to page."""
    names = [one.name for one in listeners]
    kept = st.session_state.get("listener")
    chosen = st.selectbox("Listener", names, index=names.index(kept) if kept in names else 0)
    st.session_state["listener"] = chosen
    return listeners[names.index(chosen)]


def csv_download(columns: Mapping[str, Sequence[Any]], name: str) -> None:
    """A button that saves the columns as CSV, harmless to a spreadsheet."""
    st.download_button(
        "Save as CSV",
        lambda: as_csv(pa.table(dict(columns))),
        f"{name}.csv",
        "text/csv",
        key=f"csv-{name}",
        on_click="ignore",
        icon=":material/download:",
    )


def number(value: float, digits: int = 0) -> str:
    """With thousands separators."""
    return f"{value:,.{digits}f}"


def percent(part: float, whole: float) -> str:
    """A share in percent; a dash when there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def is_dark() -> bool:
    """Whether the page is drawn light on dark."""
    return st.context.theme.type == "dark"


def plain(text: str | None) -> str:
    """A name as it is, where Markdown is read."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-!|<>~:$" else c for c in text or "?")
