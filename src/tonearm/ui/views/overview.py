"""Overview: what one listener's history looks like."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import streamlit as st

from tonearm.api.answers import ListenerInfo
from tonearm.columns import MEASURED
from tonearm.documents.words import MOODS
from tonearm.read.overview import Day, Favourite, Overview, Subject
from tonearm.read.rules import RULES
from tonearm.ui import charts, importing
from tonearm.ui.frame import choose_listener, client, health, is_dark, number, percent, plain
from tonearm.ui.rankings import Place, ranking
from tonearm.ui.views.start import start

_MORE = (
    "A larger track catalogue (a Kaggle-style `dataset.csv`, for instance), imported under *Library & data*, "
    "brings more."
)
_ALL = "All years"
_LISTED = 10


def page() -> None:
    """Draw the page."""
    importing.show_done()
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
    shown = _overview(listener.name, rule, version)
    if not shown.totals.listens:
        st.info(f"{plain(listener.name)} has no listens under this rule; import a file under *Library & data*.")
        return
    _totals(shown)
    _favourites(shown, version)
    _calendar(shown)
    _week(shown, listener)
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


@st.cache_data(max_entries=64, show_spinner="Counting listens…")
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
        if totals.minutes is not None:
            st.metric("Minutes", number(totals.minutes), width="content")
        st.metric("Tracks", number(totals.tracks), width="content")
        st.metric("Artists", number(totals.artists), width="content")
        st.metric("Days with music", number(totals.days), width="content")
        if totals.first_date:
            st.metric("Since", _day(totals.first_date), width="content")
    st.caption(_timed(shown))


def _timed(shown: Overview) -> str:
    totals = shown.totals
    last = f"The newest listen is from {_day(totals.last_date)}. " if totals.last_date else ""
    if not totals.timed_listens:
        every = "" if shown.rule == "all" else " and this rule counts them all"
        return f"{last}None of the listens says how long it was heard, so there are no minutes{every}."
    if totals.timed_listens == totals.listens:
        return last + "Every listen says how long it was heard."
    share = percent(totals.timed_listens, totals.listens)
    return (
        f"{last}Minutes count the {number(totals.timed_listens)} listens ({share}) that say how long they were "
        "heard; the others are not guessed."
    )


def _favourites(shown: Overview, version: int) -> None:
    st.subheader("Most heard", anchor=False)
    first, last, period = _choose_period(shown)
    heard = sum(
        day.listens for day in shown.days if (not first or day.date >= first) and (not last or day.date <= last)
    )
    st.caption(f"{period}: {number(heard)} listens")
    left, right = st.columns(2, gap="medium")
    with left:
        found = _top(shown.listener, "artists", first, last, shown.rule, version)
        ranking("Artists", [Place(f.rank, f.artist or "?", _counted(f), f.listens) for f in found])
    with right:
        found = _top(shown.listener, "tracks", first, last, shown.rule, version)
        ranking("Tracks", [Place(f.rank, f.track or "?", f.artist or "?", f.listens) for f in found])


def _counted(artist: Favourite) -> str:
    tracks = f"{number(artist.tracks)} {'track' if artist.tracks == 1 else 'tracks'}"
    if artist.minutes is None or artist.timed_listens < artist.listens:
        return tracks
    return f"{tracks}, {number(artist.minutes)} minutes"


def _calendar(shown: Overview) -> None:
    st.subheader("Day by day", anchor=False)
    years = sorted({day.date.year for day in shown.days}, reverse=True)
    chosen = st.selectbox("Year", [*(str(year) for year in years), _ALL], width=160)
    most = max(day.listens for day in shown.days)
    span = (shown.days[0].date, shown.days[-1].date)
    st.html(charts.legend("Listens a day", most, charts.palette(is_dark())))
    for year in years if chosen == _ALL else [int(chosen)]:
        days = [day for day in shown.days if day.date.year == year]
        st.caption(_year(year, days))
        st.altair_chart(
            charts.year_of_days(year, days, span, most, charts.palette(is_dark())),
            alt=f"Calendar of {year}: listens of each day",
        )


def _year(year: int, days: list[Day]) -> str:
    heard = sum(day.listens for day in days)
    best = max(days, key=lambda day: day.listens)
    on = f"{number(len(days))} {'day' if len(days) == 1 else 'days'}"
    return f"**{year}** · {number(heard)} listens on {on} · most on {_day(best.date)}: {number(best.listens)}"


def _week(shown: Overview, listener: ListenerInfo) -> None:
    st.subheader("Hour by hour", anchor=False)
    best = max(shown.hours, key=lambda hour: hour.listens)
    st.caption(
        f"{number(shown.totals.listens)} listens · most on {calendar.day_name[best.day_of_week]}s from "
        f"{best.hour_of_day} to {best.hour_of_day + 1} o'clock: {number(best.listens)} · {_clock(listener)}"
    )
    st.html(charts.legend("Listens in an hour of the week", best.listens, charts.palette(is_dark())))
    st.altair_chart(
        charts.hours_of_week(shown.hours, charts.palette(is_dark())),
        alt="Listens by hour of the day and day of the week",
    )


def _clock(listener: ListenerInfo) -> str:
    """Whose hours these are; the zone may have been assumed, and then every hour here is off."""
    zones = list(dict.fromkeys(zone.zone for zone in listener.zones))
    where = f"by the clock of {', then '.join(zones)}" if zones else "in UTC"
    return f"{where} (change it under *Library & data*)"


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
            return date(year, 1, 1), date(year, 12, 31), f"The year {year}"
        if kind == "Month":
            months = [m.month for m in reversed(shown.months)]
            month = st.selectbox("Which month", months, format_func=lambda m: f"{m:%B %Y}")
            last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
            return month, last, f"{month:%B %Y}"
    if kind == "Last 30 days":
        first = newest - timedelta(29)
        return first, newest, f"The last 30 days of the history, {_day(first)} to {_day(newest)}"
    return None, None, "The whole history"


def _discovery(shown: Overview) -> None:
    st.subheader("Discovery", anchor=False)
    what = st.segmented_control("New in each month", ["Artists", "Tracks"], default="Artists", required=True)
    field, title = ("new_tracks", "new tracks") if what == "Tracks" else ("new_artists", "new artists")
    best = max(shown.months, key=lambda month: int(getattr(month, field)))
    st.caption(
        f"{title.capitalize()} are those never heard before in this history, so its first months hold many. "
        f"Most in {best.month:%B %Y}: {number(getattr(best, field))}."
    )
    st.altair_chart(
        charts.discovery(shown.months, field, title, charts.palette(is_dark())), alt=f"{title} of each month"
    )


def _moods(shown: Overview) -> None:
    st.subheader("Moods", anchor=False)
    named = sum(share.listens for share in shown.moods)
    if not named:
        st.info(f"The sound of no track is known yet, so there are no moods to show. {_MORE}")
        return
    st.altair_chart(charts.shares(shown.moods, MOODS, charts.palette(is_dark())), alt="Listens of each mood")
    st.caption(_basis(named, shown.totals.listens, {share.name: share.listens for share in shown.mood_sources}))


def _basis(named: int, listens: int, sources: dict[str, int]) -> str:
    """What the moods stand on: of how many listens, and how their sound is known."""
    by = [
        (sum(sources[name] for name in MEASURED), "by the measured sound of the track"),
        (sources["artist"], "by what tracks of the artist mostly sound like"),
        (sources["imputed"], "by an estimate that is at least 80 % sure"),
    ]
    known = ", ".join(f"{number(n)} {how}" for n, how in by if n)
    more = f" {_MORE}" if 2 * named < listens else ""
    return f"Of {number(named)} of {number(listens)} listens ({percent(named, listens)}): {known}.{more}"


def _day(day: date | None) -> str:
    return f"{day.day} {day:%b %Y}" if day else "–"
