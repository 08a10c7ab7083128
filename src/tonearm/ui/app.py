"""The script that Streamlit runs: the frame around every page."""

from __future__ import annotations

import streamlit as st

from tonearm.errors import TonearmError
from tonearm.ui import frame
from tonearm.ui.pages import library, overview


def main() -> None:
    """Draw the chosen page, or the sentence that says why it cannot be drawn."""
    st.set_page_config(page_title="tonearm", page_icon=str(frame.ICON), layout="wide")
    frame.style()
    chosen = st.navigation(
        [
            st.Page(overview.page, title="Overview", url_path="overview", default=True),
            st.Page(library.page, title="Library & data", url_path="library"),
        ],
        position="top",
    )
    try:
        frame.banner()
        chosen.run()
    except TonearmError as error:
        st.error(str(error))


main()
