"""Library & data: import files, see the outcome of every row, undo an import, correct a time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Literal

import streamlit as st

from tonearm.api.answers import ListenerInfo, TableInfo
from tonearm.errors import TonearmError
from tonearm.ingest.ledger import FileReport, ImportReport
from tonearm.ui import importing
from tonearm.ui.frame import client, csv_download, number, plain

_ROWS_SHOWN = 1_000
_EARLIEST = date(2000, 1, 2)
"""No listen is older than its first day with a zone; Streamlit would offer the last ten years only."""


def page() -> None:
    """Draw the page."""
    importing.show_done()
    st.subheader("Bring in listening history", anchor=False)
    importing.form()
    _ledger(client().imports())
    _clocks(client().listeners())
    _tables(client().tables())


def _ledger(reports: list[ImportReport]) -> None:
    st.subheader("Imports", anchor=False)
    if not reports:
        st.caption("None yet. Every import is listed here, with the outcome of each of its rows.")
    for place, report in enumerate(reports):
        with st.expander(_title(report), expanded=place == 0):
            _one_import(report)


def _title(report: ImportReport) -> str:
    state = " · undone" if report.undone_at else "" if report.ended_at else " · interrupted"
    when = f"{report.started_at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"
    rejected = f", {number(report.rejected)} rejected" if report.rejected else ""
    return f"**{report.run} · {plain(report.listener)}** · {when} · {number(report.kept)} kept{rejected}{state}"


def _one_import(report: ImportReport) -> None:
    st.markdown(importing.sum_of(report))
    files = [file for file in report.files if file.read or file.problem]
    st.dataframe(
        _file_columns(files),
        hide_index=True,
        column_config={name: st.column_config.NumberColumn(format="localized") for name in _COUNTS},
    )
    silent = len(report.files) - len(files)
    if silent:
        st.caption(f"{silent} more files hold no listens.")
    if report.run is None or report.undone_at:
        return
    if report.rejected and st.toggle(f"Show the {number(report.rejected)} rejected rows", key=f"r{report.run}"):
        _rows(report.run, "rejected")
    if report.duplicates and st.toggle(
        f"Show the {number(report.duplicates)} rows known already", key=f"d{report.run}"
    ):
        _rows(report.run, "duplicate")
    _undo(report.run, report.kept)


_COUNTS = ("read", "kept", "known already", "rejected", "podcasts", "audiobooks")


def _file_columns(files: list[FileReport]) -> dict[str, list[Any]]:
    """The outcome of each file; columns that are empty for all of them are left out."""
    always: dict[str, list[Any]] = {
        "file": [file.name for file in files],
        "kind": [file.kind or "not recognised" for file in files],
        "read": [file.read for file in files],
        "kept": [file.kept for file in files],
        "known already": [file.duplicates for file in files],
        "rejected": [file.rejected for file in files],
    }
    sometimes: dict[str, list[Any]] = {
        "podcasts": [file.podcasts for file in files],
        "audiobooks": [file.audiobooks for file in files],
        "problem": [file.problem or "" for file in files],
        "read as": [file.reading or "" for file in files],
    }
    return always | {name: values for name, values in sometimes.items() if any(values)}


def _rows(run: int, outcome: Literal["rejected", "duplicate"]) -> None:
    found = client().import_rows(run, outcome, _ROWS_SHOWN)
    columns = _REJECTED if outcome == "rejected" else _KNOWN
    shown = {title: [_readable(row[c]) for row in found.rows] for c, title in columns.items()}
    st.dataframe(shown, hide_index=True)
    csv_download(shown, f"import-{run}-{outcome}")
    if found.truncated:
        option = "--rejected" if outcome == "rejected" else "--duplicates"
        st.caption(f"The first {number(_ROWS_SHOWN)}; `tonearm imports show {run} {option}` lists all.")


_REJECTED = {"row": "row", "reason": "why", "raw": "the row's text", "file_name": "file"}
_KNOWN = {
    "row": "row",
    "artist_name": "artist",
    "track_name": "track",
    "reported_at": "at (UTC)",
    "first_row": "same as row",
    "first_run": "of import",
    "first_file": "of file",
    "file_name": "file",
}


def _readable(value: Any) -> Any:
    """An instant in plain form; anything else unchanged."""
    if not isinstance(value, str) or not value.endswith("Z"):
        return value
    try:
        return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return value


def _undo(run: int, kept: int) -> None:
    if st.button("Undo this import", key=f"u{run}"):
        _confirm(run, kept)


@st.dialog("Undo this import?")
def _confirm(run: int, kept: int) -> None:
    st.write(
        f"This takes out the {number(kept)} rows that import {run} kept. Rows that another import brought too "
        "stay. To have them back, import the files again."
    )
    if st.button("Yes, undo it", type="primary"):
        with st.spinner("Undoing, then bringing the tables up to date…"):
            importing.remember(client().undo(run))
        st.rerun()


def _clocks(listeners: list[ListenerInfo]) -> None:
    if not listeners:
        return
    st.subheader("Time zones", anchor=False)
    st.caption("Days and hours are by the listener's clock. A move does not rewrite what was heard before it.")
    for one in listeners:
        st.markdown(f"**{plain(one.name)}** · {_zones(one)}")
    with st.popover("Change a time zone"):
        _change(listeners)


def _zones(listener: ListenerInfo) -> str:
    first, *moves = listener.zones
    return ", ".join([first.zone, *(f"from {move.since:%-d %b %Y} {move.zone}" for move in moves)])


def _change(listeners: list[ListenerInfo]) -> None:
    name = st.selectbox("Listener", [one.name for one in listeners], key="clock_of")
    zone = st.selectbox("Time zone", client().zones().zones, index=None, placeholder="such as Europe/Oslo")
    since = st.date_input(
        "From this day on (leave empty for always)", value=None, min_value=_EARLIEST, format="YYYY-MM-DD"
    )
    if st.button("Set", type="primary") and zone:
        try:
            with st.spinner("Bringing the tables up to date…"):
                client().set_zone(name, zone, since)
        except TonearmError as error:
            st.error(plain(str(error)))
            return
        st.rerun()


def _tables(tables: list[TableInfo]) -> None:
    st.subheader("Tables", anchor=False)
    st.caption("Delta tables in the home's folder `lake`, readable with any tool that reads Delta.")
    st.dataframe(
        {
            "table": [table.name for table in tables],
            "layer": [table.family or table.layer for table in tables],
            "rows": [table.rows for table in tables],
            "built": [_ago(table.built_at) for table in tables],
            "what it holds": [table.summary for table in tables],
        },
        hide_index=True,
        height="content",
        column_config={
            "rows": st.column_config.NumberColumn(format="localized"),
            "what it holds": st.column_config.TextColumn(width=700),
        },
    )


def _ago(at: datetime | None) -> str:
    if at is None:
        return "never"
    minutes = int((datetime.now(UTC) - at).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{at:%-d %b %Y}"
