"""The import form and its result, on the empty first page and in the library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

import streamlit as st

from tonearm.api.answers import Imported
from tonearm.errors import TonearmError
from tonearm.ingest.ledger import FileReport, ImportReport
from tonearm.ui.frame import client, number, plain

_DONE = "done"


def form() -> None:
    """Draw the form: files, their listener, and the listener's time zone."""
    listeners = client().listeners()
    zones = client().zones()
    with st.form("import", clear_on_submit=True):
        files = st.file_uploader(
            "Drop files here: exports of Spotify, Last.fm, ListenBrainz and others, or a track catalogue; "
            "zips, JSON, CSV, as they came",
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
            here = st.context.timezone or zones.here
            # Somebody new most likely lives where their browser is; the others' zones are known.
            new = zones.zones.index(here) if here in zones.zones and not names else None
            zone = st.selectbox(
                "Time zone (leave empty for somebody known)", zones.zones, index=new,
                placeholder=f"as known; here it is {here}",
            )  # fmt: skip
        hints = _hints()
        if st.form_submit_button("Import", type="primary"):
            _take_in(files, listener, zone, hints)


def _hints() -> dict[str, str]:
    """Draw what is asked of files that cannot be read by their content alone; the form's fields for it."""
    with st.expander("If a table was not understood"):
        columns = st.text_input("Which column is what", placeholder="artist=1, track=2, album=3, date=4")
        is_local = st.checkbox("Dates without a zone are local time, not UTC")
        order = st.selectbox("03/04/2020 means", ("3 April", "4 March"), index=None, placeholder="as the file shows")
        encoding = st.text_input("Code page, if letters are wrong", placeholder="cp1250, cp1251, cp932, gb18030 …")
    day_first = {} if order is None else {"day_first": str(order == "3 April").lower()}
    return {"columns": columns, "local": str(is_local).lower(), "encoding": encoding.strip()} | day_first


def _take_in(files: Sequence[Any], listener: str | None, zone: str | None, hints: dict[str, str]) -> None:
    if not files:
        st.warning("Choose a file first.")
        return
    if not listener:
        st.warning("Say whose listens these are: type a name.")
        return
    named: list[tuple[str, IO[bytes]]] = [(file.name, file) for file in files]
    try:
        with st.spinner("Importing, then bringing the tables up to date…"):
            remember(client().import_files(named, listener, zone or "", hints))
    except TonearmError as error:
        st.error(plain(str(error)))
        return
    st.session_state["listener"] = listener
    st.rerun()


def remember(done: Imported) -> None:
    """Keep the result until the page is next drawn."""
    st.session_state[_DONE] = done


def show_done() -> None:
    """Show, once, what the last import or undo did."""
    done: Imported | None = st.session_state.pop(_DONE, None)
    if done is None:
        return
    report = done.ledger
    problems = [file for file in report.files if file.problem]
    what = f"Import {report.run} was undone." if report.undone_at else f"Import {report.run}: {sum_of(report)}."
    (st.warning if problems else st.success)(what)
    for file in problems:
        st.error(plain(f"{file.name}: {file.problem}"))
    for kind, reading in dict.fromkeys(
        (file.kind, file.reading) for file in report.files if file.reading and file.read
    ):
        st.caption(plain(f"{kind}: {reading}"))
    for table in done.built.tables:
        if table.problem:
            st.error(plain(f"Table {table.name} was not brought up to date: {table.problem}"))


def sum_of(counts: ImportReport | FileReport) -> str:
    """The counts of the rows as a sum."""
    return (
        f"{number(counts.read)} rows read = {number(counts.kept)} kept + {number(counts.duplicates)} known already "
        f"+ {number(counts.rejected)} rejected"
    )
