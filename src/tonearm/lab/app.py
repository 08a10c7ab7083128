"""The script that Streamlit runs: the frame around every page."""

from __future__ import annotations

import streamlit as st

from tonearm.errors import TonearmError
from tonearm.lab import frame, models, popularity, recommend, what_if


def main() -> None:
    """Draw the chosen page, or the reason why it cannot be drawn."""
    st.set_page_config(page_title="tonearm lab", page_icon=str(frame.ICON), layout="wide")
    frame.style()
    pages = [
        st.Page(popularity.page, title="Popularity", url_path="popularity", default=True),
        st.Page(recommend.page, title="Recommend", url_path="recommend"),
        st.Page(what_if.page, title="What if", url_path="what-if"),
        st.Page(models.page, title="Models", url_path="models"),
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
