"""Patterns: kinds of music, days that stand out, what follows what, and a comparison with others."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tonearm.columns import MOOD_FEATURES
from tonearm.documents import words
from tonearm.ui import charts, findings
from tonearm.ui.findings import Finding
from tonearm.ui.frame import plain
from tonearm.ui.section import Row, chart, chosen_listener, colours, question, rows, source
from tonearm.ui.sentences import patterns as sentences

_PROFILE = (*MOOD_FEATURES, "instrumentalness", "speechiness")
"""The features that share a scale, 0–1."""
_TYPES = {"mood_2": "Two moods", "mood_3": "Three moods", "artist_2": "Artists"}
_DRAWN, _LISTED = 12, 8


def page() -> None:
    """Draw the page."""
    listener = chosen_listener()
    if listener is None:
        return
    _archetype(listener)
    _personas(listener)
    _sequences(listener)
    _days(listener)


def _archetype(listener: str) -> None:
    found = rows("behavioral_segments", listener)
    if not found:
        return
    row = found[0]
    question("How do I listen, beside others?", sentences.archetype(row))
    ranked = [trait for trait in sentences.TRAITS if row[f"{trait}_rank"] is not None]
    if ranked:
        chart(charts.traits([_trait(row, trait) for trait in ranked], colours()), "Five traits as percent ranks")
        st.caption("A dot is your place among those compared, from the fewest on the left; the line is the middle.")
    source("behavioral_segments", found)


def _trait(row: Row, trait: str) -> charts.Trait:
    less, more, measured, unit = sentences.TRAITS[trait]
    low, high = row[f"{trait}_low"], row[f"{trait}_high"]
    digits = 1 if unit == "bit" else 0
    interval = "" if low is None or high is None else f" ({low:.{digits}f}–{high:.{digits}f})"
    label = f"{row[trait]:.{digits}f}{interval} {unit} {measured}"
    is_named = any(word in (row["archetype"] or "") for word in (less, more))
    return charts.Trait(
        less, more, row[f"{trait}_rank"], is_named, label, words.counted(row[f"{trait}_months"], "month")
    )


def _personas(listener: str) -> None:
    found = rows("mood_state_clusters", listener)
    if not found:
        return
    question("Which kinds of music do I keep apart?", sentences.personas(found))
    if found[0]["evidence"] == "stable":
        for place, row in zip(st.columns(len(found)), found, strict=True):
            with place:
                _persona(row, found)
        st.caption(
            "Bars are means of 0–1; the tick is the mean of all the tracks. "
            "Groups are formed to differ, so this is no test of it."
        )
    else:
        for what, how, passed in sentences.trials(found[0]):
            st.markdown(f"- {({True: '✓ passed', False: '✗ failed', None: '–'})[passed]}: {what} ({how})")
    source("mood_state_clusters", found)


def _persona(row: Row, found: Sequence[Row]) -> None:
    st.markdown(f"**{plain(row['persona_name']).capitalize()}**")
    bars = [
        charts.Level(words.SOUNDS[f], row[f"centroid_{f}"], _all_tracks(found, f"centroid_{f}"))
        for f in _PROFILE
        if row[f"centroid_{f}"] is not None
    ]
    chart(charts.levels(bars, colours()), f"Features of {row['persona_name']}")
    measures = ((row["centroid_tempo"], "bpm"), (row["centroid_loudness"], "dB"))
    measured_as = [f"{value:,.0f} {unit}".replace("-", "−") for value, unit in measures if value is not None]
    st.caption(
        ", ".join(
            [*measured_as, words.counted(row["tracks"], "track"), f"{row['sample_share_pct']:.0f} % of their listens"]
        )
    )


def _all_tracks(found: Sequence[Row], column: str) -> float:
    known = [row for row in found if row[column] is not None]
    return float(sum(row[column] * row["tracks"] for row in known) / sum(row["tracks"] for row in known))


def _sequences(listener: str) -> None:
    found = rows("sequential_patterns", listener)
    if found is None:
        return
    spot = st.container()
    kind = st.segmented_control(
        "Patterns of", list(_TYPES), default="mood_2", required=True, wrap=True, format_func=lambda kind: _TYPES[kind]
    ) or "mood_2"  # fmt: skip
    with spot:
        question("What follows what?", sentences.sequences(found, kind))
    tested = [row for row in found if row["pattern_type"] == kind and row["verdict"] != "insufficient"]
    tested.sort(key=lambda row: (row["p_corrected"], row["pattern"]))
    if tested:
        shown = sorted((_pattern(row) for row in tested[:_DRAWN]), key=lambda f: -(f.value or 0))
        st.html(findings.key([f.look for f in shown], colours()))
        chart(
            findings.forest(shown, "1 is random order", colours(), is_ratio=True),
            "How much more or less often than by chance each pattern comes",
        )
        st.caption(
            "The best shown, each beside the same sessions in random order. A pattern can be real and yet be "
            "the order of an album or a playlist."
        )
    source("sequential_patterns", found)


def _pattern(row: Row) -> Finding:
    # What never came is at the edge of a scale of ratios, which has no 0.
    lift, low = (None if row[c] is None else max(row[c], 0.05) for c in ("lift", "lift_low"))
    evidence = f"{words.counted(row['units'], 'session')}, on {words.counted(row['pattern_days'], 'day')}"
    label = f"{row['lift']:.2f} ({row['occurrences']:,} times, {row['expected_occurrences']:.0f} by chance)"
    return Finding(
        sentences.pattern(row).replace(" → ", "\n→ "), lift, low, row["lift_high"], row["verdict"], evidence, label
    )


def _days(listener: str) -> None:
    found = rows("listening_anomalies", listener)
    if found is None:
        return
    question("Which days stand out?", sentences.days(found))
    if found:
        lanes = [
            charts.OddDay(
                row["local_date"], words.ANOMALIES[row["anomaly"]], row["severity"], row["score"], row["in_words"]
            )
            for row in found
        ]
        chart(charts.timeline(lanes, list(words.ANOMALIES.values()), colours()), "Unusual days by kind")
        st.caption(
            "The larger the dot, the more unusual; grey happens about once a month. Days without music are not listed."
        )
        furthest = sorted(found, key=lambda row: (-row["score"], row["local_date"]))[:_LISTED]
        for row in furthest:
            day = row["local_date"]
            st.markdown(f"- **{day.day} {day:%b %Y}** ({words.SEVERITIES[row['severity']]}): {plain(row['in_words'])}")
    source("listening_anomalies", found)
