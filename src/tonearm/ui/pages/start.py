"""What an empty home shows: where to get one's history, and what to do with it."""

from __future__ import annotations

import streamlit as st

_WHERE = """
- **Spotify**: Account → *Privacy* → *Download your data*; ask for the **extended streaming history**. A zip
  comes by mail, in days to weeks. The account data (last year only) comes sooner.
- **Last.fm** has no export of its own; *lastfm-to-csv* and ghan's *Last.fm data export* write a CSV or JSON.
- **ListenBrainz**: *Settings* → *Export data*; a zip.
- **Maloja, Koito, Pano Scrobbler, Rockbox**: their own export, as it is.
"""


def start() -> None:
    """Draw it."""
    st.header("Every play once, in a place that is yours")
    st.write("There are no listens here yet. Three ways to begin:")
    st.markdown(
        "1. **Drop a file** under *Library & data*, at the top of this page.\n"
        "2. **Import from the command line**: `tonearm import my_spotify_data.zip --listener NAME`, then "
        "`tonearm build`.\n"
        "3. **Look around first**: `tonearm demo` makes a simulated household in a minute (in a home of its own: "
        "`tonearm demo --home demo`)."
    )
    st.subheader("Where your history is")
    st.markdown(_WHERE)
