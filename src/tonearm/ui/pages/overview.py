"""Overview: what one listener's history looks like."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import streamlit as st

from tonearm.columns import FEATURE_SOURCES
from tonearm.overview import MEASURED, Favourite, Overview, Subject
from tonearm.rules import RULES
from tonearm.ui import charts
from tonearm.ui.frame import choose_listener, client, health, is_dark, number, percent
from tonearm.ui.pages.start import start

_MOODS = {
    "Happy_Energetic": "happy, energetic",
    "Happy_Calm": "happy, calm",
    "Sad_Energetic": "sad, energetic",
    "Sad_Calm": "sad, calm",
    "Neutral": "neutral",
}
_SOURCES = {
    "real": "measured",
    "catalogue": "from a catalogue",
    "imputed": "estimated",
    "synthetic": "invented",
    "none": "none",
}
_ALL = "All years"
_LISTED = 10


def page() -> None:
    """Draw the page."""
    listeners = client().listeners()
    version = health().listens_version
    if not listeners or version is None:
        start()
        return
    left, right = st.columns([1, 2])
    with left:
        listener = choose_listener(listeners)
    with right:
        rule = _choose_rule()
    shown = _overview(listener, rule, version)
    if not shown.totals.listens:
        st.info(f"{listener} has no listens under this rule; import a file under *Library & data*.")
        return
    _totals(shown)
    _calendar(shown)
    _week(shown)
    _favourites(shown, version)
    _discovery(shown)
    _moods(shown)


def _choose_rule() -> str:
    rule = st.segmented_control(
        "What counts as a listen",
        list(RULES),
        default="all",
        required=True,
        wrap=True,
        format_func=lambda r: RULES[r].title,
    )
    st.caption(RULES[rule or "all"].description)
    return rule or "all"


@st.cache_data(max_entries=64, show_spinner=False)
def _overview(listener: str, rule: str, version: int) -> Overview:
    return client().overview(listener, rule)


@st.cache_data(max_entries=256, show_spinner=False)
def _top(
    listener: str, subject: Subject, first: date | None, last: date | None, rule: str, version: int
) -> list[Favourite]:
    return client().favourites(listener, subject, first, last, rule, _LISTED)


def _totals(shown: Overview) -> None:
    totals = shown.totals
    with st.container(horizontal=True, gap="medium"):
        st.metric("Listens", number(totals.listens), width="content")
        if totals.timed_listens:
            st.metric("Minutes", number(totals.minutes), width="content")
        st.metric("Tracks", number(totals.tracks), width="content")
        st.metric("Artists", number(totals.artists), width="content")
        st.metric("Days with music", number(totals.days), width="content")
        if totals.first_date:
            st.metric("Since", _day(totals.first_date), width="content")
    st.caption(_timed(shown))


def _timed(shown: Overview) -> str:
    totals = shown.totals
    last = f"The newest listen is of {_day(totals.last_date)}. " if totals.last_date else ""
    if not totals.timed_listens:
        return last + "None of the listens says how long it was heard, so there are no minutes."
    if totals.timed_listens == totals.listens:
        return last + "Every listen says how long it was heard."
    share = percent(totals.timed_listens, totals.listens)
    return (
        f"{last}Minutes are of the {number(totals.timed_listens)} listens ({share}) that say how long they were "
        "heard; the others are not guessed."
    )


def _calendar(shown: Overview) -> None:
    st.subheader("Day by day")
    years = sorted({day.date.year for day in shown.days}, reverse=True)
    chosen = st.selectbox("Year", [*(str(year) for year in years), _ALL], width=160)
    most = max(day.listens for day in shown.days)
    for year in years if chosen == _ALL else [int(chosen)]:
        days = [day for day in shown.days if day.date.year == year]
        heard = sum(day.listens for day in days)
        best = max(days, key=lambda day: day.listens)
        st.caption(
            f"**{year}** · {number(heard)} listens on {len(days)} days · most on "
            f"{_day(best.date)}: {number(best.listens)}"
        )
        st.altair_chart(
            charts.year_of_days(year, days, most, charts.palette(is_dark())),
            alt=f"Calendar of {year}: listens of each day",
        )


def _week(shown: Overview) -> None:
    st.subheader("Hour by hour")
    best = max(shown.hours, key=lambda hour: hour.listens)
    st.caption(
        f"n = {number(shown.totals.listens)} · most on {calendar.day_name[best.day_of_week]}s from "
        f"{best.hour_of_day} to {best.hour_of_day + 1} o'clock: {number(best.listens)} listens"
    )
    st.altair_chart(
        charts.hours_of_week(shown.hours, charts.palette(is_dark())),
        alt="Listens by hour of the day and day of the week",
    )


def _favourites(shown: Overview, version: int) -> None:
    st.subheader("Most heard")
    first, last, said = _choose_period(shown)
    st.caption(said)
    left, right = st.columns(2)
    with left:
        found = _top(shown.listener, "artists", first, last, shown.rule, version)
        _list(
            "Artists",
            {
                "": [f"{f.rank}" for f in found],
                "Artist": [_plain(f.artist) for f in found],
                "Tracks": [number(f.tracks) for f in found],
                "Listens": [number(f.listens) for f in found],
            },
        )
    with right:
        found = _top(shown.listener, "tracks", first, last, shown.rule, version)
        _list(
            "Tracks",
            {
                "": [f"{f.rank}" for f in found],
                "Track": [f"{_plain(f.track)} · {_plain(f.artist)}" for f in found],
                "Listens": [number(f.listens) for f in found],
            },
        )


def _list(title: str, columns: dict[str, list[str]]) -> None:
    st.markdown(f"**{title}**")
    if columns["Listens"]:
        st.table(columns, border="horizontal", hide_index=True, alt=f"Most heard {title.lower()}")
    else:
        st.caption("nothing in this period")


def _choose_period(shown: Overview) -> tuple[date | None, date | None, str]:
    """First and last day of the chosen period, and the period in words."""
    newest = shown.totals.last_date or date.today()
    left, right = st.columns([2, 1])
    with left:
        kind = st.segmented_control(
            "Period", ["All time", "Year", "Month", "Last 30 days"], default="All time", required=True, wrap=True
        )
    with right:
        if kind == "Year":
            year = st.selectbox("Which year", sorted({d.date.year for d in shown.days}, reverse=True))
            return date(year, 1, 1), date(year, 12, 31), f"the year {year}"
        if kind == "Month":
            months = [m.month for m in reversed(shown.months)]
            month = st.selectbox("Which month", months, format_func=lambda m: f"{m:%B %Y}")
            last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
            return month, last, f"{month:%B %Y}"
    if kind == "Last 30 days":
        first = newest - timedelta(29)
        return first, newest, f"the last 30 days of the history, {_day(first)} to {_day(newest)}"
    return None, None, f"the whole history, {number(shown.totals.listens)} listens"


def _discovery(shown: Overview) -> None:
    st.subheader("Discovery")
    what = st.segmented_control("New in each month", ["Artists", "Tracks"], default="Artists", required=True)
    field, title = ("new_tracks", "new tracks") if what == "Tracks" else ("new_artists", "new artists")
    st.caption(f"{title.capitalize()} are those never heard before in this history; its first months hold most.")
    st.altair_chart(
        charts.discovery(shown.months, field, title, charts.palette(is_dark())), alt=f"{title} of each month"
    )


def _moods(shown: Overview) -> None:
    st.subheader("Moods")
    sources = {share.name: share.listens for share in shown.feature_sources}
    known = sum(sources[name] for name in MEASURED)
    parts = [
        f"{_SOURCES[name]} {number(sources[name])} ({percent(sources[name], shown.totals.listens)})"
        for name in (*FEATURE_SOURCES, "none")
        if sources[name]
    ]
    st.caption(
        f"A mood comes from a track's audio features (valence and energy). They are known for {number(known)} of "
        f"{number(shown.totals.listens)} listens ({percent(known, shown.totals.listens)}), and the chart is of "
        f"those alone. Where features come from: {', '.join(parts)}."
    )
    if known:
        st.altair_chart(charts.shares(shown.moods, _MOODS, charts.palette(is_dark())), alt="Listens of each mood")
    else:
        st.info(
            "No track's features are known yet. A track catalogue (a Kaggle-style `dataset.csv`) imported under "
            "*Library & data* brings them."
        )


def _day(day: date | None) -> str:
    return f"{day.day} {day:%b %Y}" if day else "–"


def _plain(text: str | None) -> str:
    """A name as it is: st.table reads Markdown."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-!|<>~:$" else c for c in text or "?")
