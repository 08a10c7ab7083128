"""The page of an empty home: where to get a listening history, and how to import it."""

from __future__ import annotations

import streamlit as st

from tonearm.ui import importing

_WHERE = """
- **Spotify**: Account → *Privacy* → *Download your data*; ask for the **extended streaming history**. A zip
  comes by mail, in days to weeks. The account data (last year only) comes sooner.
- **Last.fm** has no export of its own; *lastfm-to-csv* and ghan's *Last.fm data export* write a CSV or JSON.
- **ListenBrainz**: *Settings* → *Export data*; a zip.
- **Maloja, Koito, Pano Scrobbler, Rockbox**: their own export, as it is.
"""


def start() -> None:
    """Draw it."""
    st.header("Every play once, in a place that is yours", anchor=False)
    st.write("There are no listens here yet. Import what you have; it stays on this machine.")
    importing.form()
    st.markdown(
        "Or from the command line: `tonearm import my_spotify_data.zip --listener NAME`, then `tonearm run`. "
        "To look around first, `tonearm demo --home demo` makes a simulated household in a minute, and "
        "`tonearm serve --home demo` shows it."
    )
    st.subheader("Where your history is", anchor=False)
    st.markdown(_WHERE)
