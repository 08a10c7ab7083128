"""What if: the same models asked about an artist's month or a track that is made up."""

from __future__ import annotations

from typing import Any

import streamlit as st

from tonearm.api.routes.predict import MoodAnswer
from tonearm.columns import MOODS
from tonearm.errors import UsageError
from tonearm.lab import track
from tonearm.lab.artist_month import ArtistMonth
from tonearm.lab.frame import (
    bars,
    card,
    chart,
    client,
    evidence,
    percent,
    plain,
    problems_shown,
    train_first,
    verdict_of,
)

_ARTIST, _TRACK = "An artist takes off", "A track sounds different"
_EXAMPLE = ArtistMonth()


def page() -> None:
    """Draw it."""
    st.title("What if …", anchor=False)
    asked = st.segmented_control(
        "Which question", [_ARTIST, _TRACK], default=_ARTIST, key="what-if", required=True
    )  # fmt: skip
    with problems_shown():
        if asked == _ARTIST:
            _breakout()
        else:
            _mood()


def _breakout() -> None:
    st.markdown(
        "Will an artist become one of the core artists within two months: at least 20 plays, or 1 % of a month's? "
        "It starts from the example of the artist-lifecycle project."
    )
    if not card("breakout").standing.versions:
        train_first("breakout", "It learns from a history of some years.")
        return
    verdict = st.container(key="verdict")
    month = _month()
    for one in month.contradictions():
        st.warning(f"{one} The model answers all the same; do not rely on it.")
    answer = client().breakout([month.record(), _EXAMPLE.record()])
    here, there = answer.predictions
    with verdict:
        chance, example = here.probability or 0.0, there.probability or 0.0
        word = "predicted to break out" if chance >= answer.threshold else "not predicted to break out"
        about = f"Alerted from {percent(answer.threshold)} on. The example: {percent(example)}"
        st.html(verdict_of(chance, word, about, answer.threshold))
    _who("breakout", answer.version, {"core": answer.served_by})
    with st.expander("The record that was sent"):
        st.json(month.record())


def _month() -> ArtistMonth:
    again = st.session_state.setdefault("breakout-again", 0)
    if st.button("Put everything back", icon=":material/undo:", key="breakout-back"):
        again = st.session_state["breakout-again"] = again + 1
    one = _EXAMPLE
    columns = st.columns(3)

    def slider(place: int, name: str, low: Any, high: Any, value: Any, about: str = "") -> Any:
        with columns[place]:
            return st.slider(name, low, high, value, key=f"breakout-{name}-{again}", help=about or None)

    return ArtistMonth(
        plays=slider(0, "Plays this month", 0, 100, one.plays),
        before=(
            slider(0, "Plays a month before", 0, 100, one.before[0]),
            slider(0, "Plays two months before", 0, 100, one.before[1]),
            slider(0, "Plays three months before", 0, 100, one.before[2]),
        ),
        total=slider(1, "Plays of all artists this month", 100, 6000, one.total, "A share of 1 % is core, too."),
        days=slider(1, "Days with a play", 0, 31, one.days),
        plays_per_track=slider(1, "Plays per track", 1.0, 20.0, one.plays_per_track),
        new_tracks_share=slider(1, "Share of tracks that were new", 0.0, 1.0, one.new_tracks_share),
        months_known=slider(2, "Months since the first play", 0, 120, one.months_known),
        months_active=slider(2, "Earlier months with a play", 0, 120, one.months_active),
        gap_days=slider(2, "Days from the last play to the month's end", 0.0, 31.0, one.gap_days),
    )


def _mood() -> None:
    st.markdown("How positive and energetic would the track sound, and which of five moods is that?")
    if not card("mood").standing.versions:
        train_first("mood", "It learns from a catalogue of tracks with their sound: `tonearm import dataset.csv`.")
        return
    try:
        usual = track.fields()
    except UsageError as error:
        st.info(plain(str(error)))
        return
    verdict = st.container(key="verdict")
    key, found = track.start("mood", usual)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.caption("Valence is what is predicted, so it is not asked for.")
        record = track.controls(key, found, without=("valence", "is_explicit"))
    with right:
        answer = client().mood(record)
        if answer.status != "ok":
            train_first("mood", f"It needs {answer.needs}.")
            return
        _moods(answer, verdict)
        assert answer.version is not None
        _who("mood", answer.version, answer.served_by)


def _moods(answer: MoodAnswer, verdict: Any) -> None:
    (found,) = answer.predictions
    if found["mood"] is None:
        st.info("Too little is known of the sound to name a mood.")
        return
    name = found["mood"].replace("_", " ").lower()
    with verdict:
        about = "The named mood is the one that is most above its frequency, so another may be likelier."
        st.html(verdict_of(found[found["mood"]], name, about))
    rows = [
        {"name": mood.replace("_", " ").lower(), "share": found[mood], "label": percent(found[mood])} for mood in MOODS
    ]
    st.subheader("How likely each mood is", anchor=False)
    chart(bars(rows, "share", "probability", ".0%"), "The probability of each mood.")
    for target in ("valence", "energy"):
        if found[target] is not None:
            low, high = found[f"{target}_low"], found[f"{target}_high"]
            between = f", 90 % between {low:.2f} and {high:.2f}" if low is not None and high is not None else ""
            st.markdown(f"{target.capitalize()}: **{found[target]:.2f}**{between}")


def _who(model: str, version: int, served_by: dict[str, str]) -> None:
    """Draw who answered, and how sure that is."""
    about = card(model)
    by = {"model": "the model", "baseline": f"the baseline ({about.standing.baseline})"}
    parts = [f"{target}: {by.get(one, one)}" for target, one in served_by.items()]
    st.caption(plain(f"Answered by version {version} of {model}; {'; '.join(parts)}."))
    with st.expander("How sure are we?"):
        st.markdown(plain(about.standing.decision))
        evidence(about.evidence)
        for limit in about.limits:
            st.caption(plain(limit))
