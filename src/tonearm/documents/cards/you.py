"""What kind of listener somebody is: their clock, sessions, loyalty, traits, order, and kinds of music."""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import Any

from tonearm.columns import FEATURES
from tonearm.documents.cards.card import FINDINGS, Answer, Asked, Card, Row, Sure, needs, percent
from tonearm.documents.words import MOODS, SOUNDS, counted, listed

GROUP = "What kind of listener am I?"
_PARTS = {
    "at night": range(6),
    "in the morning": range(6, 12),
    "in the afternoon": range(12, 18),
    "in the evening": range(18, 24),
}
_BETWEEN = {"at night": "midnight and 6:00", "in the morning": "6:00 and 12:00", "in the afternoon": "12:00 and 18:00",
            "in the evening": "18:00 and midnight"}  # fmt: skip
_Z = 1.96
_SIZES = ((1, 1), (2, 4), (5, 9), (10, 19), (20, 49), (50, None))
TRAITS = {
    "exploring_pct": ("repeating", "exploring", "of plays are of tracks new in half a year", "%"),
    "after_dark_pct": ("by day", "after dark", "of plays are from 18:00 to 6:00", "%"),
    "bursts_pct": ("steady", "in bursts", "of a month's plays fall on its three busiest days", "%"),
    "eclectic_bits": ("focused", "eclectic", "bits of surprise in the next artist", ""),
    "loyal_pct": ("drifting", "loyal", "of the artists' shares stay from month to month", "%"),
}
"""Each trait's two ends, what is measured, and its unit."""
_MOST_PAIRS = 8


def clock(asked: Asked) -> Answer:
    """The part of the day with most plays, and the busiest hour."""
    rows = asked.history.rows(_HOURS)
    total = sum(row["listens"] for row in rows)
    if not total:
        return needs("It takes plays with a time of day.")
    by_hour = {row["hour"]: row["listens"] for row in rows}
    part = max(_PARTS, key=lambda name: sum(by_hour.get(hour, 0) for hour in _PARTS[name]))
    busiest = max(by_hour, key=lambda hour: (by_hour[hour], -hour))
    share, low, high, days = _share_of_hours(asked, part)
    return Answer(
        f"Most of all {part}: {percent(share)} of your plays fall between {_BETWEEN[part]}. "
        f"{busiest}:00 to {(busiest + 1) % 24}:00 is your busiest hour.",
        Sure(
            n=f"{counted(total, 'play')} on {counted(days, 'day')}.",
            interval=f"The share lies between {percent(low)} and {percent(high)} (95 % interval, whole days as units)."
            if low < high
            else "",
            baseline="Spread evenly, each quarter of the day would have 25 %.",
            how="By the clock where you were, as far as the history knows it.",
        ),
        {"kind": "clock", "rows": [{"hour": hour, "listens": by_hour.get(hour, 0)} for hour in range(24)]},
    )


def _share_of_hours(asked: Asked, part: str) -> tuple[float, float, float, int]:
    """The share of a part of the day with the interval of a ratio of sums over days (Cochran 1977, 2.11)."""
    hours = _PARTS[part]
    row = asked.history.row(_SHARE, hours.start, hours.stop) or {}
    share, days = row["within"] / row["total"], row["days"]
    squares = row["within2"] - 2 * share * row["both"] + share**2 * row["total2"]
    error = sqrt(max(squares, 0) * days / (days - 1)) / row["total"] if days > 1 else 0.0
    return share, max(share - _Z * error, 0), min(share + _Z * error, 1), days


def sessions(asked: Asked) -> Answer:
    """How long a session is, and the longest one."""
    row = asked.history.row(_SESSIONS)
    if not row or not row["sessions"]:
        return needs("It takes plays that are put into sessions; the next build of the tables does that.")
    longest = asked.history.row(_LONGEST) or {}
    counts = Counter({row["listens"]: row["sessions"] for row in asked.history.rows(_OF_SIZE)})
    rows = [
        {"label": _size(low, high), "value": sum(n for size, n in counts.items() if low <= size <= (high or size))}
        for low, high in _SIZES
    ]
    middle = row["middle"]
    return Answer(
        f"Half of your sessions have {counted(round(middle), 'play')} or fewer. The longest went on for "
        f"{counted(longest['listens'], 'play')}.",
        Sure(
            n=counted(row["sessions"], "session") + ".",
            interval=f"The middle half has {row['low']:.0f} to {row['high']:.0f} plays.",
            how="A session ends with a silence of more than 30 minutes; what was skipped counts as a play.",
        ),
        {"kind": "columns", "rows": rows, "unit": "sessions", "axis": "plays in a session"},
        [{"day": longest["day"], "text": "The longest session"}],
    )


def _size(low: int, high: int | None) -> str:
    return str(low) if low == high else f"{low}+" if high is None else f"{low}–{high}"


def loyalty(asked: Asked) -> Answer:
    """The share of plays of artists known from before their year, over the years."""
    rows = asked.history.rows(_KNOWN_BY_YEAR)[1:]
    whole = [row for row in rows if row["listens"] >= 100]
    if not whole:
        return needs("It takes a second year with a hundred plays.")
    last = whole[-1]
    known = sum(row["known"] for row in whole) / sum(row["listens"] for row in whole)
    lean = "You are loyal" if known > 0.6 else "You keep moving" if known < 0.4 else "Half and half"
    shares = [row["known"] / row["listens"] for row in whole]
    return Answer(
        f"{lean}: {percent(known)} of your plays are of artists you knew from an earlier year. "
        f"In {last['year']} it was {percent(last['known'] / last['listens'])}.",
        Sure(
            n=f"{counted(sum(row['listens'] for row in whole), 'play')} in {counted(len(whole), 'year')}.",
            interval=f"From year to year it ranged from {percent(min(shares))} to {percent(max(shares))}.",
            how="The first year is left out, as everything in it is new; later years have more to know. What you heard "
            "before the history began cannot be known.",
        ),
        {
            "kind": "years",
            "rows": [
                {"year": row["year"], "known": row["known"], "new": row["listens"] - row["known"]} for row in rows
            ],
        },
    )


def traits(asked: Asked) -> Answer:
    """Five traits beside other listeners, and the most pronounced."""
    columns = [f"{name}{end}" for name in TRAITS for end in ("", "_low", "_high", "_rank")]
    more = ("archetype", "compared_with", "compared_listeners", "months_compared")
    row = next(iter(asked.tables.rows("behavioral_segments", [*more, *columns])), None)
    if row is None or row["archetype"] is None:
        return needs("It takes ten months with fifty plays or more.")
    ranked = [name for name in TRAITS if row[f"{name}_rank"] is not None]
    name = row["archetype"]
    them = (
        f"the {counted(row['compared_listeners'], 'listener')} of this home"
        if row["compared_with"] == "household"
        else f"{counted(row['compared_listeners'], 'simulated listener')}"
    )
    return Answer(
        "Nothing about you is far from the middle."
        if name == "balanced"
        else f"{name.capitalize()}: that is what sets you apart.",
        Sure(
            n=f"The last {counted(row['months_compared'], 'whole month')} with music.",
            interval=" ".join(filter(None, (_trait_interval(row, name) for name in ranked))),
            baseline=f"Compared with {them}"
            + ("." if row["compared_with"] == "household" else ", which shows the direction but is no survey."),
            how="A dot is your place among them. A trait has a name where it is in the top or bottom fifth and its "
            "interval leaves out their middle.",
        ),
        {"kind": "traits", "rows": [_trait(row, name) for name in ranked]},
    )


def _trait(row: Row, name: str) -> dict[str, Any]:
    less, more, measured, unit = TRAITS[name]
    is_named = any(word in row["archetype"].split(" and ") for word in (less, more))
    label = f"{row[name]:.{0 if unit else 1}f} {unit} {measured}".replace("  ", " ")
    return {"less": less, "more": more, "rank": row[f"{name}_rank"], "is_named": is_named, "label": label}


def _trait_interval(row: Row, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    _, more, _, unit = TRAITS[name]
    digits = 0 if unit else 1
    return "" if low is None else f"{more.capitalize()}: {low:.{digits}f} to {high:.{digits}f} {unit}".strip() + "."


_OF_PATTERN = ("pattern_type", "pattern", "occurrences", "expected_occurrences", "lift", "lift_low", "lift_high",
               "units", "p_corrected", "verdict", "pattern_days")  # fmt: skip


def order(asked: Asked) -> Answer:
    """Which artist follows which more often than by chance."""
    rows = [row for row in asked.tables.rows("sequential_patterns", _OF_PATTERN) if row["pattern_type"] == "artist_2"]
    tested = [row for row in rows if row["verdict"] != "insufficient"]
    if not tested:
        return needs("It takes pairs of artists that come together in ten sessions or more.")
    found = sorted((row for row in tested if row["verdict"] in FINDINGS), key=lambda row: row["p_corrected"])
    shown = found or sorted(tested, key=lambda row: -row["occurrences"])
    return Answer(
        _order(found)
        if found
        else "Nothing that shows: no artist follows another more often than in a shuffled order.",
        Sure(
            n=f"{counted(len(tested), 'pair')} of artists, each in ten sessions or more.",
            interval="; ".join(
                f"{_pair(row)}: {row['lift_low']:.1f} to {row['lift_high']:.1f} times as often as by chance"
                for row in found[:3]
                if row["lift_low"] is not None and row["lift_high"] is not None
            ),
            baseline="The same sessions with their artists in random order.",
            how="Allowing for so many pairs looked at. A pair may be real and still be the order of a playlist.",
        ),
        {"kind": "pairs", "rows": [_times(row) for row in shown[:_MOST_PAIRS]]},
    )


def _order(found: list[dict[str, Any]]) -> str:
    first = found[0]
    how = "far more often" if first["lift"] > 1 else "far less often"
    more = f" {len(found) - 1} more such pairs are beneath." if len(found) > 1 else ""
    return (
        f"{_pair(first)}: {counted(first['occurrences'], 'time')}, {how} than in a shuffled order "
        f"({first['expected_occurrences']:.0f}).{more}"
    )


def _pair(row: Row) -> str:
    first, _, second = row["pattern"].partition(" → ")
    return f"After {first} comes {second}"


def _times(row: Row) -> dict[str, Any]:
    first, _, second = row["pattern"].partition(" → ")
    return {
        "first": first,
        "second": second,
        "times": row["occurrences"],
        "expected": round(row["expected_occurrences"], 1),
        "is_finding": row["verdict"] in FINDINGS,
    }


_OF_KIND = ("persona", "persona_name", "evidence", "tracks_share_pct", "sample_share_pct", "tracks", "k", "silhouette",
            "null_silhouette", "stability_ari", "is_separate", "measured_tracks", "measured_share_pct",
            *(f"centroid_{name}" for name in FEATURES))  # fmt: skip
_PROFILE = ("energy", "valence", "danceability", "acousticness", "instrumentalness")


def kinds(asked: Asked) -> Answer:
    """Whether the music falls into kinds that stand apart; the only card that counts them."""
    rows = sorted(asked.tables.rows("mood_state_clusters", _OF_KIND), key=lambda row: -(row["tracks_share_pct"] or 0))
    if not rows or rows[0]["evidence"] == "insufficient":
        return needs("It takes the sound of a hundred tracks or so: import or measure audio features.")
    first = rows[0]
    tracks = counted(first["measured_tracks"], "track")
    sure = Sure(
        n=f"{tracks} with a known sound, {first['measured_share_pct']:.1f} % of your plays.",
        interval=_stability(first),
        baseline="" if first["silhouette"] is None else "The same tracks with their qualities shuffled among them: "
        f"clearness {first['null_silhouette']:.2f}, yours {first['silhouette']:.2f} (silhouette).",
        how="Kinds are counted here only. The forecast of the next track divides your music, too, but only to reckon "
        "with; its parts need not stand apart.",
    )  # fmt: skip
    if first["evidence"] != "stable":
        return Answer("No separate kinds: your music shades from one sound into the next.", sure)
    names = listed([f"{row['persona_name']} ({row['tracks_share_pct']:.0f} %)" for row in rows])
    ends = "" if first["is_separate"] else " They are two ends of one scale."
    profiles = [
        {
            "label": row["persona_name"],
            "share": row["tracks_share_pct"],
            "levels": [
                {"label": SOUNDS[name], "value": row[f"centroid_{name}"]}
                for name in _PROFILE
                if row[f"centroid_{name}"] is not None
            ],
        }
        for row in rows
    ]
    count = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}.get(len(rows), str(len(rows)))
    return Answer(f"{count} kinds of music: {names}.{ends}", sure, {"kind": "profiles", "rows": profiles})


def _stability(first: Row) -> str:
    if first["stability_ari"] is None:
        return ""
    return f"With other artists drawn, the groups agree by {first['stability_ari']:.2f} of 1 (Rand index)."


def moods(asked: Asked) -> Answer:
    """Which moods the tracks with a known sound have, by plays."""
    rows = asked.tables.rows("mood_state_clusters", ("measured_share_pct", "measured_tracks"))
    heard = asked.tables.rows("top_tracks_by_mood", ("mood", "listens", "share_pct"))
    by_mood = Counter[str]()
    for row in heard:
        # Of the whole mood, from any of its tracks: a track's plays are its share of them.
        if row["share_pct"]:
            by_mood[row["mood"]] = max(by_mood[row["mood"]], round(100 * row["listens"] / row["share_pct"]))
    total = by_mood.total()
    if total < 100:
        return needs("It takes the sound of the tracks: import or measure audio features.")
    first, n = by_mood.most_common(1)[0]
    known = f" ({rows[0]['measured_share_pct']:.1f} % of your plays)" if rows else ""
    return Answer(
        f"Mostly {MOODS[first]}: {percent(n / total)} of the plays whose sound is known.",
        Sure(
            n=f"{counted(total, 'play')} with a known sound{known}.",
            how="A mood is where a track lies between sad and happy, calm and energetic. It is about the music, not "
            "about you.",
        ),
        {
            "kind": "bars",
            "unit": "%",
            "rows": [{"label": MOODS[mood], "value": round(100 * n / total, 1)} for mood, n in by_mood.most_common()],
        },
    )


CARDS = [
    Card("clock", GROUP, "When in the day do I listen?", clock),
    Card("sessions", GROUP, "How long do I keep going?", sessions),
    Card("loyalty", GROUP, "Do I stay with my artists?", loyalty),
    Card("traits", GROUP, "How do I listen, beside others?", traits),
    Card("order", GROUP, "What do I play after what?", order),
    Card("moods", GROUP, "Which moods does my music have?", moods),
    Card("kinds", GROUP, "Which kinds of music do I keep apart?", kinds),
]

_HOURS = "SELECT hour, count(*) AS listens FROM heard GROUP BY hour"
_SHARE = """
SELECT sum(within) AS within, sum(total) AS total, count(*) AS days, sum(within * within) AS within2,
    sum(within * total) AS both, sum(total * total) AS total2
FROM (SELECT count(*) FILTER (hour >= $1 AND hour < $2)::DOUBLE AS within, count(*)::DOUBLE AS total
      FROM heard GROUP BY day)
"""
_SIZED = "(SELECT session_at, min(day) AS day, count(*) AS listens FROM heard GROUP BY session_at)"
_SESSIONS = f"""
SELECT count(*) AS sessions, median(listens) AS middle, quantile_cont(listens, .25) AS low,
    quantile_cont(listens, .75) AS high FROM {_SIZED}
"""
_LONGEST = f"SELECT day, listens FROM {_SIZED} ORDER BY listens DESC, day LIMIT 1"
_OF_SIZE = f"SELECT listens, count(*) AS sessions FROM {_SIZED} GROUP BY listens"
_KNOWN_BY_YEAR = """
SELECT year(day) AS year, count(*) AS listens, count(*) FILTER (year(first_day) < year(day)) AS known
FROM heard JOIN artists USING (artist_id) GROUP BY 1 ORDER BY 1
"""
