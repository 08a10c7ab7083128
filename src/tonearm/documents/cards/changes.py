"""When and why listening changes: unusual days, weekends, seasons, parts of the day, nights."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np

from tonearm.columns import PARTS_OF_DAY
from tonearm.documents.cards.card import FINDINGS, Answer, Asked, Card, Row, Sure, needs
from tonearm.documents.words import ANOMALIES, COMPARED, METRICS, SOUNDS, counted, hours, listed, signed

GROUP = "When and why does it change?"
_NAMED, _SHOWN, _DAYS = 3, 8, 60
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
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
    first, strong = rows[0], sum(row["severity"] != "moderate" for row in rows)
    dates = len({row["local_date"] for row in rows})
    day = first["local_date"]
    return Answer(
        f"{counted(dates, 'day')} stand out, first of all {day.day} {day:%B %Y}: {_plainly(first)}.",
        Sure(
            n=f"{counted(max(row['days_judged'] for row in rows), 'day')} judged, each beside the eight weeks before "
            "and after it.",
            interval=f"{strong:,} reasons are strong or extreme; of the others there is about one a month anyway.",
            baseline="What such a day has in the weeks around it, and how much days differ there.",
            how="Days without music are left out: perhaps just a player that was off.",
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
        return f"{counted(row['listens'], 'play')}, where about {row['expected']:.0f} were to be expected"
    if row["anomaly"] == "hour":
        return f"{row['actual']:.0f} % of {counted(row['listens'], 'play')} were at hours when you rarely listened"
    if row["anomaly"] == "mood":
        return f"{'brighter' if row['actual'] > row['expected'] else 'darker'} music than in the weeks around it"
    return str(row["in_words"]).partition(";")[0].replace("listens", "plays").rstrip(".")


def _odd(row: Row) -> dict[str, Any]:
    return {
        "day": row["local_date"],
        "what": ANOMALIES.get(row["anomaly"], row["anomaly"]),
        "score": round(row["score"], 2),
        "severity": row["severity"],
        "text": row["in_words"],
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
        f"Yes: on a weekend day {listed([_step(row) for row in found[:_NAMED]])}."
        if found
        else "Not that it shows: nothing about your weekends differs by more than chance."
    )
    weeks = [row["weeks"] for row in tested]
    return Answer(
        answer,
        Sure(
            n=f"{min(weeks):,} to {max(weeks):,} weeks, {counted(len(tested), 'measure')}.",
            interval="; ".join(_week_interval(row) for row in (found or tested)[:_NAMED]) + " (95 % intervals).",
            baseline="Monday to Friday of the same weeks.",
            how="Allowing for so many measures looked at. The picture counts in standard deviations between days.",
        ),
        {"kind": "findings", "axis": "less at weekends · more", "rows": [_effect(row) for row in tested]},
    )


def _step(row: Row) -> str:
    """ "2.5 sessions instead of 2.3": both means side by side."""
    digits = 0 if row["mean_weekday"] >= 20 else 1 if row["mean_weekday"] >= 1 else 2
    name = _metric(row).rstrip(" %,")
    if row["metric"] in SOUNDS:
        return f"{'more' if row['week_difference'] > 0 else 'less'} {name}"
    return f"{row['mean_weekend']:,.{digits}f} {name} instead of {row['mean_weekday']:,.{digits}f}"


def _metric(row: Row) -> str:
    return METRICS[row["metric"]].replace("listens", "plays")


def _week_interval(row: Row) -> str:
    low, high = row["week_difference_low"], row["week_difference_high"]
    return f"{_metric(row)} {signed(row['week_difference'])} ({signed(low)} to {signed(high)})"


def _effect(row: Row) -> dict[str, Any]:
    bounds = row["week_difference_low"], row["week_difference_high"]
    return _in_spreads(row, row["week_difference"], bounds, _metric(row), _week_interval(row))


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
    more = [row["name"] for row in apart if row["value"] > 100 / 12]
    less = [row["name"] for row in apart if row["value"] < 100 / 12]
    clauses = [f"you hear more in {listed(more)}"] if more else []
    clauses += [f"less in {listed(less)}"] if less else []
    return Answer(
        f"Year after year {' and '.join(clauses)}."
        if clauses
        else f"Not reliably: {most['name']} has most of your plays, but not in every year.",
        Sure(
            n=f"{counted(len(years), 'whole year')}.",
            interval=f"{most['name']}: {most['low']:.1f} to {most['high']:.1f} % of a year's plays (95 % interval, "
            "years as units, widened for looking at twelve months).",
            baseline="An even year has 8.3 % in each month.",
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
    name = _MONTHS[month - 1]
    return {"label": name[:3], "name": name, "value": mean, "low": max(mean - reach, 0), "high": mean + reach}


_ADJECTIVES = {
    **COMPARED,
    "loudness": ("quieter", "louder"),
    "tempo": ("slower", "faster"),
    "instrumentalness": ("less instrumental", "more instrumental"),
    "speechiness": ("fewer spoken words", "more spoken words"),
}
_OF_DRIVER = ("part_of_day", "driver_type", "driver", "units", "units_outside", "effect", "difference",
              "difference_low", "difference_high", "verdict")  # fmt: skip


def parts(asked: Asked) -> Answer:
    """What is particular to each part of the day."""
    rows = asked.tables.rows("part_of_day_drivers", _OF_DRIVER)
    tested = [row for row in rows if row["verdict"] != "insufficient" and row["effect"] is not None]
    if not tested:
        return needs("It takes music in ten mornings, and in ten other parts of the day.")
    found = sorted((row for row in tested if row["verdict"] in FINDINGS), key=lambda row: -abs(row["effect"]))
    by_part = [(part, [_driver(row) for row in found if row["part_of_day"] == part][:2]) for part in PARTS_OF_DAY]
    answer = (
        " ".join(f"{part.capitalize()}s: {', '.join(drivers)}." for part, drivers in by_part if drivers)
        if found
        else "Nothing that shows: no artist and no sound belongs to one part of your day by more than chance."
    )
    return Answer(
        answer,
        Sure(
            n=f"{counted(len(tested), 'comparison')}, with {min(r['units'] for r in tested):,} to "
            f"{max(r['units'] for r in tested):,} days each.",
            interval="; ".join(
                f"{row['part_of_day']}, {_driver(row)}: {signed(row['difference_low'])} to "
                f"{signed(row['difference_high'])}"
                for row in found[:_NAMED]
                if row["difference_low"] is not None and row["difference_high"] is not None
            ),
            baseline="The other parts of the day in the same months.",
            how="Allowing for so many comparisons. The picture counts in standard deviations between days.",
        ),
        {"kind": "findings", "axis": "less then · more", "rows": [_apart(row) for row in found[:_SHOWN]]}
        if found
        else None,
    )


def _driver(row: Row) -> str:
    """ "calmer", of a sound; "more Air", of an artist or a genre."""
    is_more = row["effect"] > 0
    if row["driver_type"] == "feature" and row["driver"] in _ADJECTIVES:
        return _ADJECTIVES[row["driver"]][is_more]
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
            n=f"{counted(whole['valence']['units'], 'night')}, {counted(known, 'play')} with a known sound of "
            f"{listens:,}.",
            interval=_night_interval(whole["valence"]),
            baseline="The rest of the day in the same months.",
            how="How positive a track sounds (valence) is measured by machine. It is about the music, not your mood.",
        ),
        {"kind": "deviations", "axis": "sadder · happier than at other hours", "rows": [_hour(row) for row in tested]},
    )


def _sadder(row: Row) -> str:
    if row["verdict"] == "lower":
        return "Yes, your nights (midnight to 6:00) do sound sadder than your days."
    if row["verdict"] == "higher":
        return "No, the other way round: your nights sound happier than your days."
    return "Not that it shows: between your nights and days no difference is left that chance could not make."


def _calmer(rows: Sequence[Row], whole: Row | None) -> str:
    less, more = COMPARED["energy"]
    at = {
        word: [row["hour_of_day"] for row in rows if row["verdict_energy"] == verdict]
        for verdict, word in (("lower", less), ("higher", more))
    }
    parts = [f"{word} at {hours(found)}" for word, found in at.items() if found]
    return f"By the hour your music is {listed(parts)}." if parts else ""


def _night_interval(row: Row) -> str:
    low, high = row["difference_low"], row["difference_high"]
    if low is None or high is None:
        return ""
    return f"Difference in positive sound {signed(row['difference'])} of 1 ({signed(low)} to {signed(high)}, 95 %)."


def _hour(row: Row) -> dict[str, Any]:
    return {
        "hour": row["hour_of_day"],
        "value": row["month_deviation_valence"],
        "low": row["month_deviation_low_valence"],
        "high": row["month_deviation_high_valence"],
        "verdict": row["verdict_valence"],
    }


CARDS = [
    Card("days", GROUP, "Which days stand out?", days),
    Card("seasons", GROUP, "Does the season matter?", seasons),
    Card("weekend", GROUP, "Are my weekends different?", weekend),
    Card("parts", GROUP, "What sets each part of my day apart?", parts),
    Card("night", GROUP, "Does my music sound sadder at night?", night),
]

_MONTHLY = """
WITH whole AS (
    SELECT year(day) AS year, count(*) AS n FROM heard GROUP BY 1
    HAVING count(*) >= 100 AND count(DISTINCT month(day)) >= 10
)
SELECT year(day) AS year, month(day) AS month, count(*)::DOUBLE / any_value(n) AS share
FROM heard JOIN whole ON whole.year = year(day) GROUP BY 1, 2
"""
