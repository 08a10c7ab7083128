"""The script that Streamlit runs: the frame around every page."""

from __future__ import annotations

import streamlit as st

from tonearm.errors import TonearmError
from tonearm.ui import frame, rankings
from tonearm.ui.views import library, now, overview, patterns, why
from tonearm.ui.views import next as coming


def main() -> None:
    """Draw the chosen page, or the reason why it cannot be drawn."""
    st.set_page_config(page_title="tonearm", page_icon=str(frame.ICON), layout="wide")
    frame.style(rankings.STYLE, now.STYLE)
    pages = [
        st.Page(overview.page, title="Overview", url_path="overview", default=True),
        st.Page(why.page, title="Why", url_path="why"),
        st.Page(now.page, title="What now", url_path="now"),
        st.Page(coming.page, title="What next", url_path="next"),
        st.Page(patterns.page, title="Patterns", url_path="patterns"),
        st.Page(library.page, title="Library & data", url_path="library"),
    ]
    # Streamlit's own navigation hides behind an arrow on a phone.
    chosen = st.navigation(pages, position="hidden")
    frame.header(pages)
    try:
        frame.banner()
        chosen.run()
    except TonearmError as error:
        st.error(frame.plain(str(error)))


main()
