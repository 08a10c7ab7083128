"""When and why listening changes: unusual days, weekends, seasons, parts of the day, nights, hours of sad music."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np

from tonearm.columns import PARTS_OF_DAY
from tonearm.documents.cards.card import FINDINGS, Answer, Asked, Card, Row, Sure, needs
from tonearm.documents.sentences import artist, at, counted, day, hours, listed, month_of_year, number, signed
from tonearm.documents.words import ADJECTIVES, ANOMALIES, COMPARED, METRICS, SOUNDS, WHEN

GROUP = "When and why does it change?"
_NAMED, _SHOWN, _DAYS = 3, 8, 60
_YEARS_NEEDED = 3


def days(asked: Asked) -> Answer:
    """The days that stand out, the most unusual first."""
    columns = ("local_date", "anomaly", "score", "severity", "listens", "in_words", "days_judged", "expected",
               "actual")  # fmt: skip
    rows = asked.tables.rows("listening_anomalies", columns)
    rows = sorted(rows, key=lambda row: (-row["score"], row["local_date"]))
    if not rows:
        return needs("It takes two months of days to compare a day with.")
    drawn = [_odd(row) for row in rows[:_DAYS]]
    first, dates = rows[0], len({row["local_date"] for row in rows})
    clear = len({row["local_date"] for row in rows if row["severity"] != "moderate"})
    begun = (
        f"{counted(clear, 'day')} clearly {'stands' if clear == 1 else 'stand'} out"
        if clear
        else "No day clearly stands out"
    )
    return Answer(
        f"{begun}; the most unusual is {day(first['local_date'])}, with {_plainly(first)}.",
        Sure(
            n=f"{counted(max(row['days_judged'] for row in rows), 'day')}, each compared with the eight weeks before "
            "and after it.",
            interval=f"The other {counted(dates - clear, 'day')} in the picture are of a kind that comes about once a "
            "month anyway."
            if dates > clear
            else "",
            baseline="The days around it, and how much they differ from one another.",
            how="Days without music are left out, because the player may just have been off.",
        ),
        {
            "kind": "timeline",
            "lanes": [lane for lane in ANOMALIES.values() if lane in {row["what"] for row in drawn}],
            "rows": drawn,
        },
        [{"day": row["local_date"], "text": _plainly(row)} for row in _different(rows)[1:_NAMED]],
    )


def _plainly(row: Row) -> str:
    """What was unusual, without the statistics of the row's own words."""
    if row["anomaly"] == "volume":
        return f"{counted(row['listens'], 'play')}, where about {number(row['expected'])} would be usual"
    if row["anomaly"] == "hour":
        return f"{number(row['actual'])} % of {counted(row['listens'], 'play')} at hours when you rarely listened"
    if row["anomaly"] == "mood":
        return f"{'brighter' if row['actual'] > row['expected'] else 'darker'} music than in the weeks around it"
    # "12 of 20 listens were of ‘X’ (60 %); the usual share is 5 %."
    return str(row["in_words"]).partition(";")[0].replace("listens were", "plays").rstrip(".")


def _odd(row: Row) -> dict[str, Any]:
    return {
        "day": row["local_date"],
        "what": ANOMALIES.get(row["anomaly"], row["anomaly"]),
        "score": round(row["score"], 2),
        "severity": row["severity"],
        "text": _plainly(row),
    }


def _different(rows: Sequence[Row]) -> list[Row]:
    """Each day once."""
    return list({row["local_date"]: row for row in reversed(rows)}.values())[::-1]


_OF_WEEKEND = ("metric", "mean_weekend", "mean_weekday", "weeks", "week_difference", "week_difference_low",
               "week_difference_high", "effect", "p_corrected", "verdict")  # fmt: skip


def weekend(asked: Asked) -> Answer:
    """In what weekends differ from the days of the same weeks."""
    rows = [row for row in asked.tables.rows("weekend_vs_weekday", _OF_WEEKEND) if row["metric"] in METRICS]
    tested = [row for row in rows if row["verdict"] != "insufficient" and row["effect"] is not None]
    if not tested:
        return needs("It takes ten weeks with music both at the weekend and before it.")
    order = list(METRICS)
    tested.sort(key=lambda row: order.index(row["metric"]))
    found = sorted((row for row in tested if row["verdict"] in FINDINGS), key=lambda row: row["p_corrected"])
    answer = (
        f"Yes: a weekend day has {listed([_step(row) for row in found[:_NAMED]])}."
        if found
        else "No: nothing about your weekends differs from the days before them by more than chance."
    )
    weeks = [row["weeks"] for row in tested]
    return Answer(
        answer,
        Sure(
            n=f"{number(min(weeks))} to {number(max(weeks))} weeks, compared in {counted(len(tested), 'way')}.",
            interval="; ".join(_week_interval(row) for row in (found or tested)[:_NAMED])
            + " (a weekend day against the other days of its week, 95 % intervals).",
            baseline="Monday to Friday of the same weeks.",
            how="The test allows for the number of comparisons. In the picture, 1 is as much as one day usually "
            "differs from another.",
        ),
        {"kind": "findings", "axis": "less at weekends · more", "rows": [_effect(row) for row in tested]},
    )


def _step(row: Row) -> str:
    """ "2.5 sessions instead of 2.3": both means side by side."""
    digits = 0 if row["mean_weekday"] >= 20 else 1 if row["mean_weekday"] >= 1 else 2
    if row["metric"] in SOUNDS:
        return f"{ADJECTIVES[row['metric']][row['week_difference'] > 0]} music"
    if row["metric"] == "days_with_music_pct":
        return f"music in {number(row['mean_weekend'])} % of cases instead of {number(row['mean_weekday'])} %"
    weekend, weekday = (number(row[f"mean_{of}"], digits) for of in ("weekend", "weekday"))
    return f"{weekend} {METRICS[row['metric']]} instead of {weekday}"


def _week_interval(row: Row) -> str:
    low, high = row["week_difference_low"], row["week_difference_high"]
    return f"{METRICS[row['metric']]}: {signed(row['week_difference'])} ({signed(low)} to {signed(high)})"


def _effect(row: Row) -> dict[str, Any]:
    bounds = row["week_difference_low"], row["week_difference_high"]
    return _in_spreads(row, row["week_difference"], bounds, METRICS[row["metric"]], _week_interval(row))


def _in_spreads(
    row: Row, difference: float | None, bounds: tuple[float | None, float | None], label: str, text: str
) -> dict[str, Any]:
    """A finding to draw: its effect, and the bounds of its difference in the same standard deviations."""
    scale = row["effect"] / difference if difference else 0.0
    low, high = (None if bound is None else bound * scale for bound in bounds)
    return {"label": label, "value": row["effect"], "low": low, "high": high, "verdict": row["verdict"], "text": text}


def seasons(asked: Asked) -> Answer:
    """Which month of the year has most listening, as a share of its year."""
    rows = asked.history.rows(_MONTHLY)
    years = sorted({row["year"] for row in rows})
    if len(years) < _YEARS_NEEDED:
        return needs("It takes three whole years with a hundred plays each.")
    shares = {month: [0.0] * len(years) for month in range(1, 13)}
    for row in rows:
        shares[row["month"]][years.index(row["year"])] = 100 * row["share"]
    drawn = [_month(month, shares[month]) for month in shares]
    apart = [row for row in drawn if row["low"] > 100 / 12 or row["high"] < 100 / 12]
    most = max(drawn, key=lambda row: row["value"])
    more = [month_of_year(row["month"]) for row in apart if row["value"] > 100 / 12]
    less = [month_of_year(row["month"]) for row in apart if row["value"] < 100 / 12]
    clauses = [f"more in {listed(more)}"] if more else []
    clauses += [f"less in {listed(less)}"] if less else []
    name = month_of_year(most["month"])
    return Answer(
        f"Yes: year after year, you play {' and '.join(clauses)}."
        if clauses
        else f"Not reliably: {name} has the most plays on average, but the years differ too much to count on it.",
        Sure(
            n=f"{counted(len(years), 'whole year')}.",
            interval=f"{name}: {number(most['low'], 1)} to {number(most['high'], 1)} % of a year's plays (95 % "
            "interval, years as units, widened for looking at twelve months).",
            baseline=f"An even year has {number(100 / 12, 1)} % in each month.",
            how="Each year counts the same, however much you heard in it.",
        ),
        {"kind": "columns", "unit": "% of a year's plays", "axis": "", "rows": drawn, "even": 100 / 12},
    )


def _month(month: int, shares: Sequence[float]) -> dict[str, Any]:
    """A month's mean share with its interval, whose error is twelve times as rare (Bonferroni)."""
    from tonearm.gold.distributions import t_quantile  # scipy, which the API starts without

    n = len(shares)
    mean = sum(shares) / n
    spread = sqrt(sum((share - mean) ** 2 for share in shares) / (n - 1) / n)
    reach = float(t_quantile(1 - 0.025 / 12, np.array(n - 1))) * spread
    return {"month": month, "value": mean, "low": max(mean - reach, 0), "high": mean + reach}


_OF_DRIVER = ("part_of_day", "driver_type", "driver", "units", "units_outside", "effect", "difference",
              "difference_low", "difference_high", "verdict")  # fmt: skip


def parts(asked: Asked) -> Answer:
    """What is particular to each part of the day."""
    rows = asked.tables.rows("part_of_day_drivers", _OF_DRIVER)
    tested = [row for row in rows if row["verdict"] != "insufficient" and row["effect"] is not None]
    if not tested:
        return needs("It takes music in ten mornings, and in ten other parts of the day.")
    found = sorted((row for row in tested if row["verdict"] in FINDINGS), key=lambda row: -abs(row["effect"]))
    by_part = [(part, [row for row in found if row["part_of_day"] == part][:2]) for part in PARTS_OF_DAY]
    parts_of = [f"{WHEN[part]} {_clauses(drivers)}" for part, drivers in by_part if drivers]
    answer = (
        f"Your music is not the same all day: {'; '.join(parts_of)}."
        if found
        else f"Nothing: {_none_of(tested)} belongs to one part of your day by more than chance."
    )
    return Answer(
        answer,
        Sure(
            n=f"{counted(len(tested), 'comparison')}, with {number(min(r['units'] for r in tested))} to "
            f"{number(max(r['units'] for r in tested))} days each.",
            interval="; ".join(
                f"{row['part_of_day']}, {_driver(row)}: {signed(row['difference_low'])} to "
                f"{signed(row['difference_high'])} {_UNITS.get(row['driver'], 'of 1')}"
                if row["driver_type"] == "feature"
                else f"{row['part_of_day']}, {_driver(row)}: {signed(row['difference_low'], 1)} to "
                f"{signed(row['difference_high'], 1)} % of the plays"
                for row in found[:_NAMED]
                if row["difference_low"] is not None and row["difference_high"] is not None
            ),
            baseline="The other parts of the day in the same months.",
            how="The test allows for the number of comparisons. In the picture, 1 is as much as one day usually "
            "differs from another.",
        ),
        {"kind": "findings", "axis": "less then · more", "rows": [_apart(row) for row in found[:_SHOWN]]}
        if found
        else None,
    )


_UNITS = {"loudness": "decibels", "tempo": "beats per minute"}


def _none_of(tested: Sequence[Row]) -> str:
    names = {"artist": "no artist", "genre": "no genre", "feature": "no sound"}
    return listed([name for kind, name in names.items() if any(row["driver_type"] == kind for row in tested)])


def _clauses(rows: Sequence[Row]) -> str:
    return listed([_driver(row) for row in rows])


def _driver(row: Row) -> str:
    """ "calmer", of a sound; "more Air", of an artist or a genre."""
    is_more = row["effect"] > 0
    if row["driver_type"] == "feature" and row["driver"] in ADJECTIVES:
        return ADJECTIVES[row["driver"]][is_more]
    return f"{'more' if is_more else 'less'} {row['driver']}"


def _apart(row: Row) -> dict[str, Any]:
    bounds = row["difference_low"], row["difference_high"]
    name = SOUNDS.get(row["driver"], row["driver"]) if row["driver_type"] == "feature" else row["driver"]
    part = row["part_of_day"]
    return _in_spreads(row, row["difference"], bounds, f"{part}: {name}", f"{part}s: {_driver(row)}")


_FEATURES = ("valence", "energy")


def night(asked: Asked) -> Answer:
    """Whether music at night sounds sadder or calmer."""
    columns = [f"{name}_{feature}" for feature in _FEATURES for name in (
        "verdict", "month_deviation", "month_deviation_low", "month_deviation_high", "compared", "n")]  # fmt: skip
    rows = asked.tables.rows("mood_time_correlations", ["hour_of_day", "listens", *columns])
    whole = {
        row["driver"]: row
        for row in asked.tables.rows("part_of_day_drivers", _OF_DRIVER)
        if (row["part_of_day"], row["driver_type"]) == ("night", "feature") and row["verdict"] != "insufficient"
    }
    tested = [row for row in rows if row["verdict_valence"] not in (None, "insufficient")]
    if not tested or "valence" not in whole:
        return needs("It takes ten nights and ten days with music whose sound is known.")
    known, listens = sum(row["n_valence"] or 0 for row in rows), sum(row["listens"] or 0 for row in rows)
    return Answer(
        f"{_sadder(whole['valence'])} {_calmer(rows, whole.get('energy'))}".strip(),
        Sure(
            n=f"{counted(whole['valence']['units'], 'night')}; the sound of {number(known)} of "
            f"{counted(listens, 'play')} is known.",
            interval=_night_interval(whole["valence"]),
            baseline="The rest of the day in the same months.",
            how="How positive a track sounds (its valence) is measured by a machine. It is about the music, not your "
            "mood.",
        ),
        {"kind": "deviations", "axis": "sadder · happier than at other hours", "rows": [_hour(row) for row in tested]},
    )


def _sadder(row: Row) -> str:
    if row["verdict"] == "lower":
        return f"Yes, your nights (midnight to {at(6)}) do sound sadder than your days."
    if row["verdict"] == "higher":
        return f"No, the other way round: your nights (midnight to {at(6)}) sound happier than your days."
    return "No: your nights sound neither sadder nor happier than your days, beyond what chance would do."


def _calmer(rows: Sequence[Row], whole: Row | None) -> str:
    less, more = COMPARED["energy"]
    by_word = {
        word: [row["hour_of_day"] for row in rows if row["verdict_energy"] == verdict]
        for verdict, word in (("lower", less), ("higher", more))
    }
    parts = [f"{word} {hours(found, most=2)}" for word, found in by_word.items() if found]
    return f"What does change is how energetic it is: {listed(parts)}." if parts else ""


def _night_interval(row: Row) -> str:
    low, high = row["difference_low"], row["difference_high"]
    if low is None or high is None:
        return ""
    return (
        f"How positive it sounds, on a scale of 0 to 1: {signed(row['difference'])} at night ({signed(low)} to "
        f"{signed(high)}, 95 % interval)."
    )


def _hour(row: Row) -> dict[str, Any]:
    return {
        "hour": row["hour_of_day"],
        "value": row["month_deviation_valence"],
        "low": row["month_deviation_low_valence"],
        "high": row["month_deviation_high_valence"],
        "verdict": row["verdict_valence"],
    }


_OF_HOUR = ("hour_of_day", "units", "low_share_pct", "usual_low_share_pct", "difference", "difference_low",
            "difference_high", "detectable_difference", "verdict", "brighter_artist_name")  # fmt: skip


def sad_hours(asked: Asked) -> Answer:
    """Hours with more of the saddest-sounding music than usual, with an artist to try and how a trial is judged."""
    rows = asked.tables.rows("mood_intervention_triggers", _OF_HOUR)
    tested = [row for row in rows if row["verdict"] not in (None, "insufficient")]
    if not tested:
        return needs("It takes an hour of the day with ten sessions of music whose sound is known.")
    found = sorted((row for row in tested if row["verdict"] == "higher"), key=lambda row: -row["difference"])
    units = [row["units"] for row in tested]
    return Answer(
        _saddest(asked, found)
        if found
        else "At none: your saddest-sounding music is spread over the day no more unevenly than chance would have it.",
        Sure(
            n=f"{number(min(units))} to {number(max(units))} sessions an hour.",
            interval="; ".join(
                f"{at(row['hour_of_day'])}: {signed(row['difference_low'], 0)} to {signed(row['difference_high'], 0)} "
                "percentage points"
                for row in found[:_NAMED]
            )
            + (" (95 % intervals)." if found else ""),
            baseline="Your sessions at other hours of the same months. The saddest-sounding quarter of your own music "
            "counts as sad.",
            how=f"{_judged(found or tested)} This is about how the music sounds, not about how you "
            "feel.",
        ),
        {"kind": "deviations", "axis": "% less · more of the saddest music", "rows": [
            {"hour": row["hour_of_day"], "value": row["difference"], "low": row["difference_low"],
             "high": row["difference_high"], "verdict": row["verdict"]} for row in tested]},
    )  # fmt: skip


def _saddest(asked: Asked, found: Sequence[Row]) -> str:
    first = found[0]
    which = (
        f"It is saddest {hours((row['hour_of_day'] for row in found), most=2)}: at {at(first['hour_of_day'])}, "
        f"{number(first['low_share_pct'])} % of what you play is among your saddest-sounding music, where "
        f"{number(first['usual_low_share_pct'])} % is usual."
    )
    name = first["brighter_artist_name"]
    known = asked.history.row("SELECT artist_id, artist FROM artists WHERE artist = $1", name) if name else None
    idea = f" If you would like it brighter, try {artist(known or {'artist': name})}." if name else ""
    return which + idea


def _judged(rows: Sequence[Row]) -> str:
    """How the next build would judge a trial, and how large a change it would notice."""
    least = min((row["detectable_difference"] for row in rows if row["detectable_difference"]), default=None)
    small = f" A change of {number(least)} percentage points would be noticed in four of five cases." if least else ""
    return f"To try something, change what you play at such an hour: this card compares it again at every build.{small}"


CARDS = [
    Card("days", GROUP, "Which days stand out?", days),
    Card("seasons", GROUP, "Does the season matter?", seasons),
    Card("weekend", GROUP, "Are my weekends different?", weekend),
    Card("parts", GROUP, "What sets each part of my day apart?", parts),
    Card("night", GROUP, "Does my music sound sadder at night?", night),
    Card("sad_hours", GROUP, "At which hours is my music saddest, and what could I try?", sad_hours),
]

_MONTHLY = """
WITH whole AS (
    SELECT year(day) AS year, count(*) AS n FROM heard GROUP BY 1
    HAVING count(*) >= 100 AND count(DISTINCT month(day)) >= 10
)
SELECT year(day) AS year, month(day) AS month, count(*)::DOUBLE / any_value(n) AS share
FROM heard JOIN whole ON whole.year = year(day) GROUP BY 1, 2
"""
