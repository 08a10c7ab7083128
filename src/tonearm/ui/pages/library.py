"""Library & data: bring files in, see what became of every row, take an import back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, Any, Literal

import streamlit as st

from tonearm.api.answers import Imported, TableInfo
from tonearm.errors import TonearmError
from tonearm.ledger import FileReport, ImportReport
from tonearm.ui.frame import client, number

_ROWS_SHOWN = 1_000
_NEW_DONE = "done"


def page() -> None:
    """Draw the page."""
    _import()
    _ledger(client().imports())
    _tables(client().tables())


def _import() -> None:
    st.header("Bring in listening history")
    done: Imported | None = st.session_state.pop(_NEW_DONE, None)
    if done:
        _say(done)
    listeners = client().listeners()
    zones = client().zones()
    with st.form("import", clear_on_submit=True):
        files = st.file_uploader(
            "Exports of Spotify, Last.fm, ListenBrainz and others: zips, JSON, CSV, as they came",
            accept_multiple_files=True,
        )
        left, right = st.columns(2)
        with left:
            names = [one.name for one in listeners]
            listener = st.selectbox(
                "Whose listens", names, index=0 if names else None, accept_new_options=True,
                placeholder="type a name",
            )  # fmt: skip
        with right:
            zone = st.selectbox(
                "Time zone (leave empty for somebody known)", zones.zones, index=None,
                placeholder=f"as known, else {zones.here}",
            )  # fmt: skip
        if st.form_submit_button("Import", type="primary"):
            _take_in(files, listener, zone)


def _take_in(files: Sequence[Any], listener: str | None, zone: str | None) -> None:
    if not files:
        st.warning("Choose a file first.")
        return
    if not listener:
        st.warning("Say whose listens these are: type a name.")
        return
    named: list[tuple[str, IO[bytes]]] = [(file.name, file) for file in files]
    try:
        with st.spinner("Importing, then bringing the tables up to date…"):
            st.session_state[_NEW_DONE] = client().import_files(named, listener, zone or "")
    except TonearmError as error:
        st.error(str(error))
        return
    st.session_state["listener"] = listener
    st.rerun()


def _say(done: Imported) -> None:
    report = done.ledger
    problems = [file for file in report.files if file.problem]
    what = f"Import {report.run} was undone." if report.undone_at else f"Import {report.run}: {_sum(report)}."
    (st.warning if problems else st.success)(what)
    for file in problems:
        st.error(f"{file.name}: {file.problem}")
    for table in done.built.tables:
        if table.problem:
            st.error(f"Table {table.name} was not brought up to date: {table.problem}")


def _sum(counts: ImportReport | FileReport) -> str:
    return (
        f"{number(counts.read)} rows read = {number(counts.kept)} kept + {number(counts.duplicates)} known already "
        f"+ {number(counts.rejected)} rejected"
    )


def _ledger(reports: list[ImportReport]) -> None:
    st.header("Imports")
    if not reports:
        st.caption("None yet.")
    for place, report in enumerate(reports):
        with st.expander(_title(report), expanded=place == 0):
            _one_import(report)


def _title(report: ImportReport) -> str:
    state = " · undone" if report.undone_at else "" if report.ended_at else " · interrupted"
    when = f"{report.started_at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"
    return f"**{report.run} · {report.listener}** · {when} · {number(report.kept)} kept{state}"


def _one_import(report: ImportReport) -> None:
    st.markdown(_sum(report))
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
    _undo(report)


_COUNTS = ("read", "kept", "known already", "rejected", "podcasts", "audiobooks")


def _file_columns(files: list[FileReport]) -> dict[str, list[Any]]:
    """What became of each file; columns that say nothing about any of them are left out."""
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
    }
    return always | {name: values for name, values in sometimes.items() if any(values)}


def _rows(run: int, outcome: Literal["rejected", "duplicate"]) -> None:
    found = client().import_rows(run, outcome, _ROWS_SHOWN)
    columns = _REJECTED if outcome == "rejected" else _KNOWN
    st.dataframe({title: [row[c] for row in found.rows] for c, title in columns.items()}, hide_index=True)
    if found.truncated:
        st.caption(f"the first {number(_ROWS_SHOWN)}; `tonearm imports show {run}` lists all")


_REJECTED = {"file_name": "file", "row": "row", "reason": "why", "raw": "the row's text"}
_KNOWN = {
    "file_name": "file",
    "row": "row",
    "artist_name": "artist",
    "track_name": "track",
    "reported_at": "at (UTC)",
    "first_run": "kept in import",
    "first_file": "kept from file",
    "first_row": "kept from row",
}


def _undo(report: ImportReport) -> None:
    with st.popover("Undo this import"):
        st.write(
            f"This takes out the {number(report.kept)} rows that import {report.run} kept. Rows that another import "
            "brought too stay. To have them back, import the files again."
        )
        if report.run is not None and st.button("Yes, undo it", type="primary", key=f"u{report.run}"):
            with st.spinner("Undoing, then bringing the tables up to date…"):
                st.session_state[_NEW_DONE] = client().undo(report.run)
            st.rerun()


def _tables(tables: list[TableInfo]) -> None:
    st.header("Tables")
    st.caption("Delta tables in the home's folder `lake`, readable with any tool that reads Delta.")
    st.dataframe(
        {
            "table": [table.name for table in tables],
            "rows": [table.rows for table in tables],
            "built": [_ago(table.built_at) for table in tables],
            "what it holds": [table.summary for table in tables],
            "layer": [table.family or table.layer for table in tables],
        },
        hide_index=True,
        column_config={"rows": st.column_config.NumberColumn(format="localized")},
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
