"""Sentences of the page Patterns, from the cognitive tables; true whatever the rows hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from tonearm.documents.words import MOODS, counted, listed
from tonearm.ui.frame import plain
from tonearm.ui.section import IMPORT_FEATURES, Row
from tonearm.ui.sentences.why import FINDINGS

TRAITS = {
    "exploring_pct": ("repeating", "exploring", "of the listens are of tracks new in half a year", "%"),
    "after_dark_pct": ("by day", "after dark", "of the listens are from 18:00 to 5:59", "%"),
    "bursts_pct": ("steady", "in bursts", "of a month's listens fall on its three busiest days", "%"),
    "eclectic_bits": ("focused", "eclectic", "of surprise in the next artist", "bit"),
    "loyal_pct": ("drifting", "loyal", "of the artists' shares stay from month to month", "%"),
}
"""Each trait's two ends, what is measured, and its unit."""
_NAMED = 3
_ABOVE_CHANCE, _STABLE, _SMALLEST_PCT = 0.04, 0.8, 5
"""What personas must pass; the table's own thresholds."""


def personas(found: Sequence[Row]) -> str:
    """How many kinds of music are kept apart, or why none are shown."""
    first = found[0]
    share = f"This is based on tracks that make up {first['measured_share_pct']:.1f} % of your listens."
    if first["evidence"] == "insufficient":
        return f"**Not enough data**: {plain(first['in_words'])} {IMPORT_FEATURES}"
    if first["evidence"] == "not_shown":
        tried = f" {first['k']} groups came nearest, but:" if first["k"] else f" {plain(first['in_words'])}"
        return f"**No stable kinds of music were found.** {share}{tried}"
    kinds = listed([f"{plain(row['persona_name'])} ({row['tracks_share_pct']:.0f} % of the tracks)" for row in found])
    apart = "" if first["is_separate"] else " They are two ends of one scale rather than worlds apart."
    return f"**{counted(len(found), 'kind')} of music**: {kinds}.{apart} {share}"


def trials(first: Row) -> list[tuple[str, str, bool | None]]:
    """The three tests of the best grouping that was tried: what, how it came out, and whether it passed."""
    if first["k"] is None or first["silhouette"] is None:
        return []
    gain = first["silhouette"] - first["null_silhouette"]
    stable, smallest = first["stability_ari"], first["smallest_share_pct"]
    return [
        ("clearer than shuffled tracks", f"silhouette {gain:+.2f}, +{_ABOVE_CHANCE} needed", gain >= _ABOVE_CHANCE),
        (
            "the same with other artists",
            "not tried" if stable is None else f"Rand index {stable:.2f}, {_STABLE:.2f} needed",
            None if stable is None else stable >= _STABLE,
        ),
        ("no tiny group", f"smallest {smallest:.0f} %, {_SMALLEST_PCT} % needed", smallest >= _SMALLEST_PCT),
    ]


def days(found: Sequence[Row]) -> str:
    """How many days stand out, and which the most."""
    if not found:
        return "**None listed**: a day is compared with the weeks around it, at least four of which must be known."
    severe = Counter(row["severity"] for row in found)
    dates = len({row["local_date"] for row in found})
    most = max(found, key=lambda row: row["score"])
    standing = severe["extreme"] + severe["strong"]
    return (
        f"**{counted(dates, 'day')} listed**, {standing:,} of the reasons strong or extreme; the others are what "
        f"happens about once a month anyway. The most unusual is {_day(most['local_date'])}: {plain(most['in_words'])}"
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def sequences(found: Sequence[Row], kind: str) -> str:
    """What follows what more or less often than in random order."""
    own = [row for row in found if row["pattern_type"] == kind]
    tested = [row for row in own if row["verdict"] != "insufficient"]
    if not tested:
        need = (
            "tracks in a row with audio features"
            if kind.startswith("mood")
            else "artists heard in ten sessions or more"
        )
        return f"**Not enough data**: it takes more sessions with {need}."
    findings = sorted((row for row in tested if row["verdict"] in FINDINGS), key=lambda row: row["p_corrected"])
    if not findings:
        return (
            f"**Not shown**: of {counted(len(tested), 'pattern')} listed and tested, none comes more or less often "
            "than in a random order of the same sessions."
        )
    parts = [
        f"{pattern(row)} ({row['lift']:.1f} times as often as by chance, {row['occurrences']:,} times)"
        for row in findings[:_NAMED]
    ]
    more = len(findings) - len(parts)
    return f"**{counted(len(findings), 'finding')}**: {plain('; '.join(parts))}{f'; and {more} more' if more else ''}."


def pattern(row: Row) -> str:
    """The pattern in words; those of artists are names already."""
    if not row["pattern_type"].startswith("mood"):
        return str(row["pattern"])
    return " → ".join(MOODS.get(part, part) for part in row["pattern"].split(" → "))


def archetype(row: Row) -> str:
    """The listener's most pronounced traits."""
    if row["archetype"] is None:
        months = counted(row["months_compared"], "whole month")
        return f"**Not enough data yet**: it takes ten months with 50 listens or more, and there are {months}."
    others = (
        f"the {row['compared_listeners']:,} listeners of this home"
        if row["compared_with"] == "household"
        else f"{row['compared_listeners']:,} simulated listeners, which shows the direction but is no survey of people"
    )
    traits = (
        "No trait is far from the middle"
        if row["archetype"] == "balanced"
        else f"**{plain(row['archetype']).capitalize()}**"
    )
    return f"{traits}, compared with {others}. From the latest {counted(row['months_compared'], 'whole month')}."
