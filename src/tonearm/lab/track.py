"""The controls of a track: what it starts from, and a slider or a choice for each field that models take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from tonearm.lab.frame import client, plain, problems_shown
from tonearm.read.track_fields import TrackField

Record = dict[str, Any]

KEYS = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
NAMES = {
    "is_explicit": "Explicit",
    "duration_s": "Length",
    "time_signature": "Beats in a bar",
    "artist_name": "Artist",
    "track_name": "Title",
    "album_name": "Album",
    "year": "Year of release",
}
_GROUPS = {
    "Sound": ("danceability", "energy", "valence", "acousticness", "instrumentalness", "speechiness", "liveness",
              "loudness", "tempo"),
    "Form": ("duration_s", "key", "mode", "time_signature", "is_explicit"),
    "Genre, release and names": ("genre", "subgenre", "year", "artist_name", "track_name", "album_name"),
}  # fmt: skip
_CHOSEN: dict[str, Sequence[Any]] = {
    "key": range(len(KEYS)),
    "mode": (1, 0),
    "is_explicit": (False, True),
    "time_signature": range(1, 8),
}
"""What there is to choose from; not on a scale."""
_STEPS = {"loudness": 0.5, "tempo": 1.0, "duration_s": 5.0}
_STEP = 0.01
_AROUND = 10
"""Steps on either side of a number that is the same in all of a catalogue."""
_TYPICAL, _SONG = "A typical track", "A song of the catalogue"
_FRESH_S = 60
_ACROSS = 3


def named(name: str) -> str:
    """A field's name for people."""
    return NAMES.get(name, name.replace("_", " ").capitalize())


def written(name: str, value: Any) -> str:
    """A field's value for people."""
    if value is None:
        return "not given"
    if name == "key":
        return KEYS[int(value)] if 0 <= value < len(KEYS) else "not known"
    if name == "mode":
        return "major" if value else "minor"
    if name == "is_explicit":
        return "yes" if value else "no"
    if name == "duration_s":
        return f"{int(value) // 60}:{int(value) % 60:02}"
    if name in ("loudness", "tempo", "year", "time_signature"):
        return f"{value:g}"
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value)


@st.cache_data(ttl=_FRESH_S, max_entries=64, show_spinner=False)
def fields(genre: str | None = None, track_id: int | None = None) -> list[TrackField]:
    """The API's fields, kept for a minute: a slider that moves must not wait for the catalogue."""
    return client().track_fields(genre, track_id)


def record_of(found: Sequence[TrackField]) -> Record:
    """The record that the fields' own values make, without what is not known."""
    return {one.name: one.value for one in found if one.value is not None}


def start(page: str, usual: Sequence[TrackField]) -> tuple[str, list[TrackField]]:
    """Draw the choice of what to start from; its name, which changes when the controls are to be set anew, and its
    fields."""
    genres = next(one.values for one in usual if one.name == "genre")
    choices = [_TYPICAL, _SONG, *(f"A typical track of {genre}" for genre in genres)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Start from", choices, key=f"{page}-start")
        again = st.session_state.setdefault(f"{page}-again", 0)
        if st.button("Put everything back", key=f"{page}-back", icon=":material/undo:"):
            again = st.session_state[f"{page}-again"] = again + 1
    found, key = list(usual), f"{page}-{chosen}-{again}"
    with problems_shown():
        if chosen == _SONG:
            track = choose_song(page)
            if track is not None:
                found, key = fields(None, track), f"{page}-{track}-{again}"
        elif chosen != _TYPICAL:
            found = fields(chosen.removeprefix("A typical track of "))
    return key, found


def choose_song(page: str) -> int | None:
    """Draw a search; the ``track_id`` of the song that is chosen, None before."""
    query = st.text_input("Song", placeholder="artist or title; typing errors are forgiven", key=f"{page}-query")
    if not query.strip():
        return None
    found = client().search(query, 10)
    if not found:
        st.caption("No song has such a name.")
        return None
    names = [f"{one.artist_name} – {one.track_name}" for one in found]
    place: int = st.selectbox(
        "Which one", range(len(found)), format_func=names.__getitem__, key=f"{page}-found-{query}"
    )
    return found[place].id


def controls(key: str, found: Sequence[TrackField], without: Sequence[str] = ()) -> Record:
    """Draw a control for each field; the record that they make, without what is not given."""
    known = {one.name: one for one in found if one.name not in without}
    record: Record = {}
    for title, names in _GROUPS.items():
        shown = [known[name] for name in names if name in known]
        if not shown:
            continue
        st.markdown(f"**{title}**")
        # A row at a time, so that on a phone, where columns stand below one another, the order stays.
        for first in range(0, len(shown), _ACROSS):
            for column, one in zip(st.columns(_ACROSS), shown[first : first + _ACROSS], strict=False):
                with column:
                    record[one.name] = control(f"{key}-{one.name}", one)
    return {name: value for name, value in record.items() if value is not None and value != ""}


def control(key: str, one: TrackField) -> Any:
    """Draw the control that suits a field; its value, None where it is not given."""
    name, about = named(one.name), one.meaning
    if one.values or one.name == "genre":
        choices = [*one.values]
        index = choices.index(str(one.value)) if one.value in choices else None
        return st.selectbox(name, choices, index=index, placeholder="not given", key=key, help=about)
    if one.kind == "text":
        return st.text_input(name, str(one.value or ""), placeholder="not given", key=key, help=about)
    if one.name in _CHOSEN:
        return _choice(name, _CHOSEN[one.name], one, key)
    if is_slid(one):
        return _slider(name, one, key)
    value = None if one.value is None else float(one.value)
    return st.number_input(name, value=value, placeholder="not given", key=key, help=about)


def is_slid(one: TrackField) -> bool:
    """Whether the field has a slider, which is set to a whole step; the other controls take any value of theirs."""
    has_range = one.low is not None and one.high is not None
    return has_range and one.value is not None and one.name not in _CHOSEN


def _choice(name: str, choices: Sequence[Any], one: TrackField, key: str) -> Any:
    index = choices.index(one.value) if one.value in choices else None
    return st.selectbox(
        name, choices, index=index, format_func=lambda value: written(one.name, value), placeholder="not given",
        key=key, help=one.meaning,
    )  # fmt: skip


def _slider(name: str, one: TrackField, key: str) -> float:
    one = within(one)
    assert one.low is not None and one.high is not None and one.value is not None
    step = 1.0 if one.kind == "whole" else _STEPS.get(one.name, _STEP)
    unit = f", {one.unit}" if one.unit else ""
    form = "%.2f" if step < 0.1 else "%.1f" if step < 1 else "%.0f"
    chosen: float = st.slider(
        name + unit, one.low, one.high, float(one.value), step, form, key=key, help=plain(one.meaning)
    )
    return chosen


def within(one: TrackField) -> TrackField:
    """The field with a range that ends at whole steps and holds its value, to the nearest step."""
    step = 1.0 if one.kind == "whole" else _STEPS.get(one.name, _STEP)
    value = round(float(one.value or 0) / step) * step
    low = min(math.floor(round((one.low or 0) / step, 6)) * step, value)
    high = max(math.ceil(round((one.high or 0) / step, 6)) * step, value)
    if low == high:
        low, high = low - _AROUND * step, high + _AROUND * step
    return replace(one, low=round(low, 6), high=round(high, 6), value=round(value, 6))


def put_back(record: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Record]:
    """For each field in which they differ: the record with what is ``usual`` there, or without it where nothing is."""
    found = {}
    for name in dict.fromkeys((*record, *usual)):
        if record.get(name) != usual.get(name):
            rest = {key: value for key, value in record.items() if key != name}
            found[name] = rest | ({name: usual[name]} if name in usual else {})
    return {name: one for name, one in found.items() if one}
