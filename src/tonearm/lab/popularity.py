"""Popularity: sliders for every feature of a track, and what the model makes of it, at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from tonearm.api.routes.predict import PopularWithProbability
from tonearm.errors import NotRegistered
from tonearm.lab import track
from tonearm.lab.frame import bars, card, chart, client, evidence, percent, plain, train_first, verdict_of

_MODEL = "popularity"
_NEEDS = "It learns from a catalogue of tracks with their popularity, such as Kaggle's: `tonearm import dataset.csv`."
_WHO = {"served": "What is served", "model": "The model", "baseline": "The baseline"}
_LEAST_SHOWN = 0.0005
"""Changes smaller than that are not drawn: half of what the label's last digit shows."""


def page() -> None:
    """Draw it."""
    st.title("Would this track be popular?", anchor=False)
    try:
        standing = card(_MODEL).standing
        if not standing.versions:
            raise NotRegistered
        usual = track.fields()
    except NotRegistered:
        train_first(_MODEL, _NEEDS)
        return
    verdict = st.container(key="verdict")
    key, found = track.start("popularity", usual)
    by = _who(standing.production is not None)
    left, right = st.columns([3, 2], gap="large")
    with left:
        record = track.controls(key, found)
    typical = track.record_of([track.within(one) if track.is_slid(one) else one for one in usual])
    changed = track.put_back(record, typical)
    if not record:
        st.info("Give the track at least one feature.")
        return
    answers = client().popularity([record, typical, *changed.values()], by)
    with verdict:
        st.html(shown(answers[0], answers[1]))
    with right:
        _moved(answers[0], dict(zip(changed, answers[2:], strict=True)), record, typical)
        _about(answers[0], usual)


def _who(is_served: bool) -> Any:
    """Draw the choice of who answers: at first the model, whose answer moves with every slider."""
    served = "The model is served." if is_served else "The baseline is served, which the model did not beat."
    return st.segmented_control(
        "Who answers", list(_WHO), default="served" if is_served else "model", format_func=_WHO.__getitem__,
        key="popularity-by", help=served, required=True,
    )  # fmt: skip


def shown(answer: PopularWithProbability, typical: PopularWithProbability) -> str:
    """The answer in one line, and where it lies between 0 and 100 %."""
    word = "popular" if answer.popular else "not popular"
    about = (
        f"Probability of a popularity of {answer.popular_from} or more; called popular from "
        f"{percent(answer.threshold)}. A typical track: {percent(typical.probability)}"
    )
    return verdict_of(answer.probability, word, about, answer.threshold)


def moves(
    answer: PopularWithProbability,
    put_back: Mapping[str, PopularWithProbability],
    record: Mapping[str, Any],
    typical: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """How much each field moves the probability away from where it is with the typical value, in percentage points;
    the most first."""
    found = []
    for name, without in put_back.items():
        points = 100 * (answer.probability - without.probability)
        if abs(points) >= 100 * _LEAST_SHOWN:
            here, there = (track.written(name, one.get(name)) for one in (record, typical))
            label = f"{points:+.1f}: {here}; typical: {there}"
            found.append({"name": track.named(name), "points": points, "label": label})
    return sorted(found, key=lambda one: -abs(one["points"]))


def _moved(
    answer: PopularWithProbability,
    put_back: Mapping[str, PopularWithProbability],
    record: Mapping[str, Any],
    typical: Mapping[str, Any],
) -> None:
    st.subheader("Compared with a typical track", anchor=False)
    rows = moves(answer, put_back, record, typical)
    if not put_back:
        st.caption("This is a typical track. Move a slider.")
        return
    if not rows:
        st.caption("Nothing that differs from a typical track changes the probability.")
        return
    chart(bars(rows, "points", "percentage points", "+.0f"), "How far each feature moves the probability.")
    st.caption(
        "Each bar is the change if that one feature were put back to the typical value. Features act together, so the "
        "bars need not add up. It shows how the model responds, not what makes a track popular."
    )


def _about(answer: PopularWithProbability, usual: Sequence[Any]) -> None:
    about = card(_MODEL)
    st.caption(plain(who(answer, about.standing.production is not None)))
    for note in answer.notes:
        st.warning(plain(note))
    with st.expander("How sure are we?"):
        st.markdown(plain(about.standing.decision))
        evidence(about.evidence)
        tracks = max(one.n for one in usual)
        st.caption(
            f"A typical track has the median of each number and the most frequent key, mode and beats of {tracks:,} "
            "tracks of the catalogue, and no genre or name."
        )
        for limit in about.limits:
            st.caption(plain(limit))


def who(answer: PopularWithProbability, is_served: bool) -> str:
    """Who answered, and what that means."""
    version = f"version {answer.version} of {answer.model}"
    if answer.served_by == "baseline":
        knows = "It knows genre and year alone, so no slider of sound moves it."
        return f"The baseline of {version} answers: the {answer.baseline}. {knows}"
    if is_served:
        return f"The model answers: {version}. It beat its baseline, the {answer.baseline}."
    lost = f"It was not shown to beat its baseline, the {answer.baseline}; so everywhere else the baseline answers."
    return f"The model answers here: {version}. {lost}"
