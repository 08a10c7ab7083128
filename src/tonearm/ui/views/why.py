"""Why: whether beliefs about one's listening hold, or are chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from tonearm.columns import FEATURES, MOODS, PARTS_OF_DAY, SHIFT_SIZES, STRENGTHS
from tonearm.documents import words
from tonearm.ui import charts, findings
from tonearm.ui.findings import Finding, Square
from tonearm.ui.section import Row, chart, chosen_listener, colours, question, rows, source
from tonearm.ui.sentences import why as sentences

_SHOWN = 8
"""Genres or artists of a part of the day that are drawn."""
_FOUND = STRENGTHS[:4]
_WEEK = "standard deviations between days"
_APART = "difference from the other parts of the day, in standard deviations"


def page() -> None:
    """Draw the page."""
    listener = chosen_listener()
    if listener is None:
        return
    st.caption(
        "Blue and orange are findings; grey could be chance, which does not prove that there is nothing. "
        "Each interval stands for itself, so among many some miss the middle by chance; the colours allow for that."
    )
    _night(listener)
    _weekend(listener)
    _drivers(listener)
    _steps(listener)
    _pairs(listener)


def _night(listener: str) -> None:
    found = rows("mood_time_correlations", listener)
    if not found:
        return
    spot = st.container()
    feature = st.segmented_control(
        "What of the music", list(words.COMPARED), default="valence", required=True, wrap=True, key="by_hour",
        format_func=lambda f: words.SOUNDS[f].capitalize(),
    ) or "valence"  # fmt: skip
    with spot:
        question(
            "Do I listen sadder at night, or is it noise?",
            sentences.night(found, feature, _whole_night(listener, feature)),
        )
    if any(row[f"compared_{feature}"] for row in found):
        _draw_hours(found, feature)
        st.caption(sentences.other_features(found, feature))
    source("mood_time_correlations", found)


def _whole_night(listener: str, feature: str) -> Row | None:
    """The night's comparison with the other parts of the day, in which its hours are taken together."""
    wanted = ("night", "feature", feature)
    found = rows("part_of_day_drivers", listener, silent=True) or []
    return next((row for row in found if (row["part_of_day"], row["driver_type"], row["driver"]) == wanted), None)


def _draw_hours(found: Sequence[Row], feature: str) -> None:
    shown = [_hour(row, feature) for row in found if row[f"month_deviation_{feature}"] is not None]
    less, more = words.COMPARED[feature]
    st.html(findings.key([f.look for f in shown], colours()))
    chart(
        findings.by_hour(shown, f"← {less} · {more} →", colours()),
        f"{words.SOUNDS[feature]} of each hour less that of other hours of the same months, with 95 % intervals",
    )
    counts = sorted(row[f"compared_{feature}"] for row in found)
    st.caption(
        f"Each hour beside the other sessions of the same months; lines are 95 % intervals, the night is shaded. "
        f"Each hour has {counts[0]:,} to {counts[-1]:,} sessions (median {counts[len(counts) // 2]:,})."
    )


def _hour(row: Row, feature: str) -> Finding:
    value, low, high = (row[f"month_deviation{end}_{feature}"] for end in ("", "_low", "_high"))
    evidence = f"{words.counted(row[f'compared_{feature}'], 'session')}, {words.counted(row[f'n_{feature}'], 'listen')}"
    return Finding(row["hour_of_day"], value, low, high, row[f"verdict_{feature}"], evidence)


def _weekend(listener: str) -> None:
    found = rows("weekend_vs_weekday", listener)
    if not found:
        return
    question("Are my weekends different?", sentences.weekend(found))
    order = list(words.METRICS)
    tested = sorted(
        (row for row in found if row["verdict"] != "insufficient"), key=lambda row: order.index(row["metric"])
    )
    if tested:
        shown = [_metric(row) for row in tested]
        st.html(findings.key([f.look for f in shown], colours()))
        chart(findings.forest(shown, _WEEK, colours()), "Effects of the weekend")
        st.caption(_weeks(found, tested))
    source("weekend_vs_weekday", found)


def _metric(row: Row) -> Finding:
    """The weekly difference in standard deviations between days, so that measures can stand side by side."""
    scale = row["effect"] / row["week_difference"] if row["effect"] else None
    low, high = (scale and row[f"week_difference_{end}"] * scale for end in ("low", "high"))
    label = f"{words.signed(row['week_difference'])} (means {row['mean_weekend']:,.2f} and {row['mean_weekday']:,.2f})"
    return Finding(
        words.METRICS[row["metric"]],
        row["effect"],
        low,
        high,
        row["verdict"],
        words.counted(row["weeks"], "week"),
        label,
    )


def _weeks(found: Sequence[Row], tested: Sequence[Row]) -> str:
    weeks = sorted(row["weeks"] for row in tested)
    left_out = [words.METRICS[row["metric"]] for row in found if row["verdict"] == "insufficient"]
    label = f" Too little to test: {words.listed(left_out)}." if left_out else ""
    return (
        f"Right is more on weekends. Each week's weekend beside its own Monday to Friday, {weeks[0]:,} to "
        f"{weeks[-1]:,} weeks; lines are 95 % intervals.{label}"
    )


def _drivers(listener: str) -> None:
    found = rows("part_of_day_drivers", listener)
    if not found:
        return
    question("What sets each part of my day apart?", sentences.drivers(found))
    parts = [part for part in PARTS_OF_DAY if any(row["part_of_day"] == part for row in found)]
    part = st.segmented_control(
        "Part of the day", parts, default=_most_apart(found, parts), required=True, wrap=True,
        format_func=str.capitalize,
    ) or parts[0]  # fmt: skip
    own = sorted((row for row in found if row["part_of_day"] == part), key=lambda row: row["rank"])
    st.html(findings.key([row["verdict"] for row in own], colours()))
    for place, kind in zip(st.columns(3), ("feature", "genre", "artist"), strict=True):
        with place:
            _one_kind([row for row in own if row["driver_type"] == kind], kind)
    first = own[0]
    st.caption(
        f"{part.capitalize()}s ({first['units']:,} of them) beside the other parts of the day in the same months "
        f"({first['units_outside']:,}); genres and artists are shares of the listens then."
    )
    source("part_of_day_drivers", found)


def _most_apart(found: Sequence[Row], parts: Sequence[str]) -> str:
    """The part of the day with most findings; without any, the one of which most could be tested."""
    apart = Counter(row["part_of_day"] for row in found if row["verdict"] in sentences.FINDINGS)
    tested = Counter(row["part_of_day"] for row in found if row["verdict"] != "insufficient")
    return max(parts, key=lambda part: (apart[part], tested[part]))


def _one_kind(own: Sequence[Row], kind: str) -> None:
    st.markdown({"feature": "**Sound**", "genre": "**Genres**", "artist": "**Artists**"}[kind])
    shown = [_driver(row) for row in own if row["verdict"] != "insufficient" and row["effect"] is not None][:_SHOWN]
    if shown:
        chart(findings.forest(shown, "standard deviations", colours()), f"{kind}s: {_APART}")
    elif kind == "artist" or own:
        st.caption("Too few days to compare.")
    else:
        st.caption("Not known yet; a track catalogue brings them.")


def _driver(row: Row) -> Finding:
    scale = row["effect"] / row["difference"] if row["difference"] else None
    low, high = (
        None if scale is None or row[f"difference_{end}"] is None else row[f"difference_{end}"] * scale
        for end in ("low", "high")
    )
    name = words.SOUNDS.get(row["driver"], "") if row["driver_type"] == "feature" else row["driver"] or "?"
    evidence = f"{words.counted(row['units'], 'day')}, {words.counted(row['driver_listens'], 'listen')}"
    return Finding(name, row["effect"], low, high, row["verdict"], evidence)


def _steps(listener: str) -> None:
    found = rows("mood_shift_patterns", listener)
    if found is None:
        return
    question("How does the mood move from track to track?", sentences.shifts(found))
    if found:
        _draw_steps(found)
    source("mood_shift_patterns", found)


def _draw_steps(found: Sequence[Row]) -> None:
    left, right = st.columns(2)
    with left:
        st.markdown("**Size of the steps by hour**")
        chart(charts.shift_sizes(_sizes(found), words.SHIFTS, colours()), "Share of small and large steps by hour")
        st.caption("Hours with fewer than ten sessions are left grey.")
    with right:
        st.markdown("**From which mood to which**")
        _transitions(found)


def _sizes(found: Sequence[Row]) -> list[charts.Size]:
    by_hour = [row for row in found if row["hour_of_day"] is not None]
    tested = {row["hour_of_day"] for row in by_hour if row["shift_share_low_pct"] is not None}
    return [
        charts.Size(
            row["hour_of_day"], row["shift_size"], row["shift_share_pct"], row["shifts"], row["hour_of_day"] in tested
        )
        for row in sorted(by_hour, key=lambda row: (row["hour_of_day"], SHIFT_SIZES.index(row["shift_size"])))
    ]


def _transitions(found: Sequence[Row]) -> None:
    shares = sentences.transitions(found)
    starts = {before: f"{words.MOODS[before]} ({n:,})" for (before, _), (_, n) in shares.items()}
    fields = [
        Square(
            words.MOODS[after], starts[before], share, "finding" if n >= sentences.FEW_STEPS else "insufficient",
            f"{share:.0f} %", f"{n:,} steps from here", f"{share:.0f}" if n >= sentences.FEW_STEPS else "",
        )
        for (before, after), (share, n) in shares.items()
    ]  # fmt: skip
    drawn = findings.squares(
        fields, [words.MOODS[mood] for mood in MOODS], list(starts.values()), colours(), shades=colours().counts,
        domain=(0, 100), titles=("to", "from (steps)"), height=34,
    )  # fmt: skip
    chart(drawn, "Share in percent of the steps from each mood that lead to each mood")
    st.caption(f"In % of the steps from that mood; no share is given from fewer than {sentences.FEW_STEPS} steps.")


def _pairs(listener: str) -> None:
    found = rows("feature_correlations", listener)
    if not found:
        return
    question("Which qualities go together in my music?", sentences.pairs(found))
    names = [words.SOUNDS[f] for f in FEATURES]
    if any(row["spearman_r"] is not None for row in found):
        fields = [_field(row) for row in found]
        drawn = findings.squares(
            fields, names[:-1], names[1:], colours(), shades=findings.diverging(colours()), domain=(-1, 1)
        )
        chart(drawn, "Rank correlations of 28 pairs of audio features")
        st.caption("Rank correlations: blue go together, orange exclude each other; grey could be chance.")
    source("feature_correlations", found)


def _field(row: Row) -> Square:
    a, b = sorted((row["feature_a"], row["feature_b"]), key=FEATURES.index)
    look = {"not_shown": "not_shown"}.get(row["strength"], "finding" if row["strength"] in _FOUND else "insufficient")
    r = row["spearman_r"]
    label = "–" if r is None else f"{words.signed(r)} ({row['strength'].replace('_', ' ')})"
    evidence = f"{words.counted(row['measured_tracks'], 'track')} of {words.counted(row['measured_artists'], 'artist')}"
    written = words.signed(r).replace("0.", ".") if r is not None and look == "finding" else ""
    return Square(words.SOUNDS[a], words.SOUNDS[b], r, look, label, evidence, written)
