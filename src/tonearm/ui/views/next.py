"""What next: forecasts of when and what will be heard and of new core artists, and how far to trust them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tonearm.documents import words
from tonearm.ui import findings, forecasts
from tonearm.ui.findings import Finding
from tonearm.ui.forecasts import Chance, Checked, Expected
from tonearm.ui.frame import client, plain
from tonearm.ui.section import Row, chart, chosen_listener, colours, question, rows, source
from tonearm.ui.sentences import next as sentences

_ENDS = {"energy": ("calmer", "more energetic"), "valence": ("less positive", "more positive")}
_METRICS = "model_performance_metrics"
_TABLES = (
    "session_start_forecasts", "next_mood_forecasts", "energy_forecasts", "artist_breakouts", "mood_predictions",
    _METRICS,
)  # fmt: skip
_FIRST = 10


def page() -> None:
    """Draw the page."""
    listener = chosen_listener()
    if listener is None:
        return
    if not any(rows(table, listener, silent=True) for table in _TABLES):
        st.info(sentences.NOTHING, icon=":material/model_training:")
        return
    metrics = rows(_METRICS, listener, silent=True) or []
    _starts(listener, metrics)
    _sound(listener, metrics)
    _artists(listener, metrics)
    _check(listener, metrics)
    _believe(listener)
    _on_trial(listener)


def _starts(listener: str, metrics: Sequence[Row]) -> None:
    found = rows("session_start_forecasts", listener)
    if found is None:
        return
    question("When will I listen next?", sentences.session_starts(found, metrics))
    day = sentences.day_ahead(found)
    if day:
        bars = [
            Chance(sentences.moment(row), row["probability_pct"], row["baseline_pct"], "")
            for row in day
        ]  # fmt: skip
        hours = [row["hour_of_day"] for row in day]
        chart(
            forecasts.hours(bars, hours, "% chance of a start", colours()),
            "Chance that a session starts in each of the coming hours, beside how often one does",
        )
        usual = (
            "" if sentences.is_usual(day)
            else " The line at each hour is how often a session starts then, the latest weeks counting most."
        )  # fmt: skip
        st.caption(f"Forecast a day ahead.{usual} A session starts after half an hour of silence.")
    source("session_start_forecasts", found)


def _sound(listener: str, metrics: Sequence[Row]) -> None:
    groups = rows("next_mood_forecasts", listener)
    if groups is not None:
        question("What will it sound like?", sentences.next_group(groups, metrics))
        if groups:
            likeliest = sorted(groups, key=lambda row: (-row["probability_pct"], row["music_group"]))
            chart(
                forecasts.likely([_chance(row, row["music_group"]) for row in likeliest], colours()),
                "Chance of each group of sound for the next track, beside how often it is heard",
            )
            usual = "" if sentences.is_usual(groups) else "The tick is how often you hear the group at all. "
            st.caption(
                f"{usual}Groups divide your own measured tracks; they need not be kinds of music that stand apart."
            )
        source("next_mood_forecasts", groups)
    _week(listener, metrics)


def _chance(row: Row, name: str) -> Chance:
    return Chance(name, row["probability_pct"], row["baseline_pct"], sentences.chance(row["probability_pct"]))


def _week(listener: str, metrics: Sequence[Row]) -> None:
    energy, mood = rows("energy_forecasts", listener), rows("mood_predictions", listener)
    if energy is None or mood is None:
        return
    spot = st.container()
    of = {"energy": energy, "valence": _on_the_clock(mood, energy)}
    feature = "energy"
    if energy:
        feature = st.segmented_control(
            "Of the coming week", list(of), default="energy", required=True, format_func=lambda f: words.SOUNDS[f]
        ) or "energy"  # fmt: skip
    found = sorted(of[feature], key=lambda row: row["predicted_for_at"])
    with spot:
        question("And the coming week?", sentences.week(found, feature, metrics))
    if found and not sentences.is_flat(found, feature):
        cells = [_expected(row, feature) for row in found]
        st.html(forecasts.scale_key(*_ENDS[feature], [cell.value for cell in cells], colours()))
        chart(
            forecasts.week(cells, words.SOUNDS[feature], colours()),
            f"Expected {words.SOUNDS[feature]} by day of the week and hour",
        )
        st.caption("Based on your listens with measured features only, and for hours in which you listen.")
    source("energy_forecasts" if feature == "energy" else "mood_predictions", found)


def _on_the_clock(mood: Sequence[Row], energy: Sequence[Row]) -> list[Row]:
    """The coming hours of mood_predictions with the local time that energy_forecasts has of the same hours."""
    clock = {
        row["predicted_for_at"]: {c: row[c] for c in ("predicted_for_local", "day_name", "hour_of_day")}
        for row in energy
    }
    coming = [row for row in mood if row["slot"] == "coming_hour"]
    return [row | clock[row["predicted_for_at"]] for row in coming if row["predicted_for_at"] in clock]


def _expected(row: Row, feature: str) -> Expected:
    low, high = row[f"expected_{feature}_low"], row[f"expected_{feature}_high"]
    return Expected(row["predicted_for_local"], row[f"expected_{feature}"], low, high, row[f"baseline_{feature}"])


def _artists(listener: str, metrics: Sequence[Row]) -> None:
    found = rows("artist_breakouts", listener)
    if found is None:
        return
    question("Which artist will become one of mine?", sentences.breakouts(found, metrics))
    if found:
        chart(
            forecasts.likely([_chance(row, _artist(row)) for row in found[:_FIRST]], colours()),
            "Chance of the ten most likely artists to become core artists",
        )
        rule = "" if sentences.is_usual(found) else " The tick is the simple rule's estimate."
        st.caption(f"Listens are those so far.{rule}")
    source("artist_breakouts", found)


def _artist(row: Row) -> str:
    return f"{row['artist_name'] or '?'} · {words.counted(row['listens'], 'listen')}"


def _check(listener: str, metrics: Sequence[Row]) -> None:
    found = rows("mood_predictions", listener)
    if found is None:
        return
    question("Could it predict how happy my music sounds?", sentences.came_true(found, metrics))
    known = sentences.checked(found)
    if known:
        points = [Checked(row["expected_valence"], row["actual_valence"], sentences.is_inside(row)) for row in known]
        chart(
            forecasts.came_true(points, ("positive sound as measured", "as predicted"), colours()),
            "Positive sound of the latest measured listens: predicted against measured",
        )
        st.caption(
            "Predicted without learning from anything by the track's artist. On the line, the prediction was right."
        )
    source("mood_predictions", [row for row in found if row["slot"] == "listen"], part="checked")


def _believe(listener: str) -> None:
    found = rows(_METRICS, listener)
    if found is None:
        return
    question("Can I believe it?", sentences.believe(found))
    decided = sentences.deciding(found)
    shown = [_finding(row) for row in decided if sentences.skill(row) is not None]
    if shown:
        chart(
            findings.forest(shown, "← worse · better than the baseline →", colours()),
            "How much better or worse than its baseline each prediction was on data that was not learned from",
        )
        st.caption(
            "0 is the baseline, 1 a forecast that is always right. Triangles are findings, grey is none; lines are "
            "95 % intervals from resampling whole artists, sessions, days or months."
        )
    for row in decided:
        meaning = sentences.METRICS.get(row["metric"], ("", ""))[1]
        st.markdown(
            sentences.line(row),
            help=f"{meaning} The baseline: {sentences.about(row).baseline}. {plain(row['protocol'])}.",
        )
    source(_METRICS, [row for row in found if (row["model"], row["model_version"]) in _answering(decided)])


def _on_trial(listener: str) -> None:
    found = client().trials(listener)
    question("Did the forecasts come true?", sentences.on_trial(found))
    for one in found.trials:
        st.markdown(sentences.trial_line(one))
    if found.trials:
        st.caption(
            "Kept before the fact and never changed. Gains are in log loss, or in squared error for sound; their 95 % "
            "intervals come from resampling whole days."
        )


def _answering(decided: Sequence[Row]) -> set[tuple[str, int]]:
    return {(row["model"], row["model_version"]) for row in decided}


def _finding(row: Row) -> Finding:
    value, low, high = sentences.skill(row) or (None, None, None)
    look = {"better": "higher", "worse": "lower", "not shown to be better": "not_shown"}
    evidence = f"n {words.counted(row['rows'], sentences.about(row).unit)}"
    # Which of a model's predictions it is goes into a line of its own.
    name = sentences.predicted(row).replace(" (", "\n(")
    return Finding(name, value, low, high, look.get(sentences.verdict(row), "insufficient"), evidence)
