"""Ranked lists: a table in which a bar under each name shows its part of the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from tonearm.ui.frame import number

STYLE = """
.ranking { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
.ranking caption { text-align: left; font-weight: 600; font-size: 1rem; padding-bottom: 0.4rem; }
.ranking th { font-weight: 400; font-size: 0.8rem; opacity: 0.75; text-align: right; }
.ranking td, .ranking th { padding: 0.32rem 0.5rem; border: 0; vertical-align: baseline; }
.ranking .place, .ranking .count { text-align: right; font-variant-numeric: tabular-nums; }
.ranking .place { width: 1.8rem; padding-left: 0; opacity: 0.75; }
.ranking .count { width: 4.5rem; padding-right: 0; }
.ranking .name { padding-left: 0; text-align: left; overflow-wrap: anywhere; background: no-repeat left bottom 2px;
  background-image: linear-gradient(#2E86C8, #2E86C8); }
.ranking .name small { opacity: 0.75; font-size: 0.8rem; margin-left: 0.3rem; }
"""
"""A blue for the bars that is seen on white and on black."""


@dataclass(frozen=True)
class Place:
    """One line of a ranked list."""

    rank: int
    name: str
    after: str
    """Written after it, smaller."""
    listens: int


def ranking(title: str, places: Sequence[Place]) -> None:
    """Draw the list, or say that there is nothing to rank."""
    if places:
        st.html(ranking_html(title, places))
    else:
        st.markdown(f"**{title}**")
        st.caption("Nothing was heard in this period.")


def ranking_html(title: str, places: Sequence[Place]) -> str:
    """The list as HTML; names are text, whatever they contain."""
    most = max(place.listens for place in places)
    rows = "".join(
        f'<tr><td class="place">{place.rank}</td>'
        f'<td class="name" style="background-size: {100 * place.listens / most:.0f}% 3px">{escape(place.name)} '
        f"<small>{escape(place.after)}</small></td>"
        f'<td class="count">{number(place.listens)}</td></tr>'
        for place in places
    )
    return (
        f'<table class="ranking"><caption>{escape(title)}</caption><thead><tr><th class="place"></th><th></th>'
        f'<th class="count">listens</th></tr></thead><tbody>{rows}</tbody></table>'
    )
