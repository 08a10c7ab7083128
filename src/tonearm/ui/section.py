"""One question of a page: the answer in a sentence, the chart, and the table it was read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import streamlit as st

from tonearm.api.answers import TableInfo
from tonearm.errors import UsageError
from tonearm.ui import importing
from tonearm.ui.charts import Layers, Palette, palette
from tonearm.ui.frame import choose_listener, client, csv_download, health, is_dark, plain
from tonearm.ui.views.start import start

Row = dict[str, Any]
"""A row of a gold table, by the names of its columns."""

IMPORT_FEATURES = (
    "A track catalogue brings them (a Kaggle-style `dataset.csv`, for instance): import it under *Library & data*."
)
_NOT_SHOWN = ("listener",)
_FRESH_S = 60
"""A build brings gold up to date some seconds after the listens whose version the answers are kept under."""


def chosen_listener() -> str | None:
    """The chosen listener; None, after drawing the start page, where there is nothing yet."""
    importing.show_done()
    listeners = client().listeners()
    if not listeners or health().listens_version is None:
        start()
        return None
    with st.columns([1, 2])[0]:
        return choose_listener(listeners).name


def rows(table: str, listener: str, *, silent: bool = False) -> list[Row] | None:
    """Rows of the table about the listener; None, with a message, where it was not built yet."""
    try:
        return _rows(table, listener, health().listens_version)
    except UsageError as error:
        if not silent:
            st.info(plain(str(error)))
        return None


@st.cache_data(max_entries=128, ttl=_FRESH_S, show_spinner=False)
def _rows(table: str, listener: str, version: int | None) -> list[Row]:
    return client().rows(table, listener)


@st.cache_data(ttl=3600, show_spinner=False)
def _tables() -> dict[str, TableInfo]:
    return {table.name: table for table in client().tables()}


def question(asked: str, answer: str) -> None:
    """The question, and the answer before any chart."""
    st.subheader(asked, anchor=False)
    st.markdown(answer)


def chart(drawn: Layers | alt.Chart, alt_text: str) -> None:
    """A chart as wide as the page, and what it shows for those who cannot see it."""
    st.altair_chart(drawn, alt=alt_text)


def source(table: str, found: Sequence[Row], part: str = "") -> None:
    """The table behind a section and what its columns and words mean, folded.

    ``part`` distinguishes sections that show different rows of the same table.
    """
    about = _tables()[table]
    with st.expander(f"The numbers, and how they were made: {table}"):
        if found:
            columns = {name: [row[name] for row in found] for name in found[0] if name not in _NOT_SHOWN}
            st.dataframe(
                columns,
                hide_index=True,
                column_config={
                    column.name: st.column_config.Column(help=column.meaning) for column in about.columns
                },
            )  # fmt: skip
            csv_download(columns, f"{table}-{part}" if part else table)
        st.markdown(about.text.replace("``", "`"))


def colours() -> Palette:
    """For the page's theme."""
    return palette(is_dark())


def known_of(found: Sequence[Row]) -> tuple[int, int]:
    """Listens with measured features, and all listens, from rows that have both for an hour."""
    hours = {row["hour_of_day"]: row for row in found}.values()
    return sum(row["listens_with_features"] for row in hours), sum(row["listens"] for row in hours)


def of_how_many(known: int, listens: int) -> str:
    """The share of listens with features, in a sentence; empty when it is nearly all."""
    share = 100 * known / listens if listens else 0
    known_by = f"{known:,} of {listens:,} listens ({share:.1f} %), by track or artist"
    return f"The sound is known for {known_by}; only those count." if share < 90 else ""
