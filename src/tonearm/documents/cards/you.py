"""What kind of listener somebody is: their clock, sessions, loyalty, traits, order, and kinds of music."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import Any

from tonearm.columns import FEATURES, PARTS_OF_DAY
from tonearm.documents.cards.card import FINDINGS, Answer, Asked, Card, Row, Sure, Z, needs
from tonearm.documents.sentences import artist, at, counted, listed, number, percent, signed
from tonearm.documents.words import ADJECTIVES, MOODS, SOUNDS, WHEN

GROUP = "What kind of listener am I?"
_PARTS = {WHEN[part]: range(6 * place, 6 * place + 6) for place, part in enumerate(PARTS_OF_DAY)}
"""The hours of each part of the day."""
_SIZES = ((1, 1), (2, 4), (5, 9), (10, 19), (20, 49), (50, None))
TRAITS = {
    "exploring_pct": ("repeating", "exploring", "of plays are of tracks new in half a year", "%"),
    "after_dark_pct": ("by day", "after dark", "of plays are from 18:00 to 6:00", "%"),
    "bursts_pct": ("steady", "in bursts", "of a month's plays fall on its three busiest days", "%"),
    "eclectic_bits": ("focused", "eclectic", "like {} artists taking turns", ""),
    "loyal_pct": ("drifting", "loyal", "of an artist's share stays from month to month", "%"),
}
"""Each trait's two ends, what is measured, and its unit."""
_HABITS = {
    "repeating": "return to tracks you know",
    "exploring": "play tracks that are new to you",
    "by day": "listen by day",
    "after dark": "listen after dark",
    "steady": "listen at a steady pace",
    "in bursts": "listen in bursts",
    "focused": "keep to a few artists",
    "eclectic": "spread your plays over many artists",
    "drifting": "change your favourite artists from month to month",
    "loyal": "keep your favourite artists from month to month",
}
"""Each end of a trait as what somebody does."""
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
        f"Most of all {part}: {percent(share)} of your plays fall between {_between(_PARTS[part])}. "
        f"Your busiest hour is {at(busiest)} to {at(busiest + 1)}.",
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


def _between(hours: range) -> str:
    first, after = ("midnight" if hour % 24 == 0 else at(hour) for hour in (hours.start, hours.stop))
    return f"{first} and {after}"


def _share_of_hours(asked: Asked, part: str) -> tuple[float, float, float, int]:
    """The share of a part of the day with the interval of a ratio of sums over days (Cochran 1977, 2.11)."""
    hours = _PARTS[part]
    row = asked.history.row(_SHARE, hours.start, hours.stop) or {}
    share, days = row["within"] / row["total"], row["days"]
    squares = row["within2"] - 2 * share * row["both"] + share**2 * row["total2"]
    error = sqrt(max(squares, 0) * days / (days - 1)) / row["total"] if days > 1 else 0.0
    return share, max(share - Z * error, 0), min(share + Z * error, 1), days


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
            interval=f"The middle half of them has {number(row['low'])} to {number(row['high'])} plays.",
            how="A session ends after more than 30 minutes without a play. A skipped track counts as a play.",
        ),
        {"kind": "columns", "rows": rows, "unit": "sessions", "axis": "plays in a session"},
        [{"day": longest["day"], "text": "The longest session"}],
    )


def _size(low: int, high: int | None) -> str:
    return str(low) if low == high else f"{low}+" if high is None else f"{low}–{high}"


def loyalty(asked: Asked) -> Answer:
    """The share of plays of artists known from before their year, over the years."""
    years = asked.history.rows(_KNOWN_BY_YEAR, asked.as_of)
    first = next((place for place, row in enumerate(years) if row["listens"] >= 100), len(years))
    rows = years[first + 1 :]
    whole = [row for row in rows if row["listens"] >= 100]
    if not whole:
        return needs("It takes a second year with a hundred plays.")
    last = whole[-1]
    known = sum(row["known"] for row in whole) / sum(row["listens"] for row in whole)
    lean = "Mostly" if known > 0.55 else "Less than half the time" if known < 0.45 else "Half the time"
    shares = [row["known"] / row["listens"] for row in whole]
    return Answer(
        f"{lean}: {percent(known)} of your plays are of artists you already played in an earlier year. "
        f"In {last['year']} it was {percent(last['known'] / last['listens'])}.",
        Sure(
            n=f"{counted(sum(row['listens'] for row in whole), 'play')} in {counted(len(whole), 'year')}.",
            interval=f"From year to year it ranged from {percent(min(shares))} to {percent(max(shares))}.",
            how="The first year is left out, because everything in it is new. What you heard before this history "
            "began is not known.",
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
        "Nothing much: you are near the middle of all five scales."
        if name == "balanced"
        else f"More than most, you {listed([_HABITS.get(word, word) for word in name.split(' and ')])}.",
        Sure(
            n=f"The last {counted(row['months_compared'], 'whole month')} with music.",
            interval=" ".join(filter(None, (_trait_interval(row, name) for name in ranked))),
            baseline=f"Compared with {them}"
            + ("." if row["compared_with"] == "household" else ", because no survey of real people is at hand."),
            how="A dot is your place among them. A trait counts where you are in the top or bottom fifth and the "
            "interval is clear of their middle.",
        ),
        {"kind": "traits", "rows": [_trait(row, name) for name in ranked]},
    )


def _trait(row: Row, name: str) -> dict[str, Any]:
    less, more, measured, unit = TRAITS[name]
    is_named = any(word in row["archetype"].split(" and ") for word in (less, more))
    label = f"{number(row[name])} {unit} {measured}" if unit else measured.format(number(_artists(row[name])))
    return {"less": less, "more": more, "rank": row[f"{name}_rank"], "is_named": is_named, "label": label}


def _trait_interval(row: Row, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    _, more, _, unit = TRAITS[name]
    if low is None:
        return ""
    if not unit:
        return f"{more.capitalize()}: {number(_artists(low))} to {number(_artists(high))} artists."
    return f"{more.capitalize()}: {number(low)} to {number(high)} {unit}."


def _artists(bits: float) -> int:
    """Entropy as the number of equally likely artists that would surprise as much."""
    return round(2**bits)


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
        _order(asked, found)
        if found
        else "In no fixed order: no artist follows another more often than in a shuffled session.",
        Sure(
            n=f"{counted(len(tested), 'pair')} of artists, each in ten sessions or more.",
            interval="; ".join(
                f"{_pair(asked, row)}: {number(row['lift_low'], 1)} to {number(row['lift_high'], 1)} times as often as "
                "by chance"
                for row in found[:3]
                if row["lift_low"] is not None and row["lift_high"] is not None
            ),
            baseline="The same sessions with their artists in random order.",
            how="The test allows for the number of pairs. Even a real pair may only be the order of a playlist.",
        ),
        {"kind": "pairs", "rows": _times(asked, shown[:_MOST_PAIRS])},
    )


def _order(asked: Asked, found: list[dict[str, Any]]) -> str:
    first, more = found[0], len(found) - 1
    rest = f" {counted(more, 'more pair')} {'is' if more == 1 else 'are'} out of the ordinary, too." if more else ""
    return (
        f"{_pair(asked, first)}: {counted(first['occurrences'], 'time')}, where shuffled sessions would have "
        f"about {number(first['expected_occurrences'])}.{rest}"
    )


def _pair(asked: Asked, row: Row) -> str:
    found = _times(asked, [row])[0]
    return f"After {artist(found['first'])} comes {artist(found['second'])}"


def _times(asked: Asked, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Pairs with the artists' ids, as far as their names are those of artists."""
    pairs = [row["pattern"].split(" → ", 1) for row in rows]
    names = [name for pair in pairs for name in pair]
    ids = {row["artist"]: row["artist_id"] for row in asked.history.rows(_IDS, names)}
    named = [[{"artist": name, "artist_id": ids.get(name)} for name in pair] for pair in pairs]
    return [
        {
            "first": first,
            "second": second,
            "times": row["occurrences"],
            "expected": round(row["expected_occurrences"], 1),
            "is_finding": row["verdict"] in FINDINGS,
        }
        for row, (first, second) in zip(rows, named, strict=True)
    ]


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
        n=f"{tracks} with a known sound, which make up {number(first['measured_share_pct'])} % of your plays.",
        interval=_stability(first),
        baseline=_clearness(first),
        how="The forecast of the next track divides your music, too, but into parts that need not stand apart.",
    )  # fmt: skip
    if first["evidence"] != "stable":
        return Answer("None clearly: the sounds of your music pass into one another without a gap.", sure)
    names = listed([f"{row['persona_name']} ({number(row['tracks_share_pct'])} % of the tracks)" for row in rows])
    ends = "" if first["is_separate"] else " They are the ends of one scale rather than separate groups."
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
    return (
        "Found again from other samples of your artists, the kinds were the same to "
        f"{number(first['stability_ari'], 2)}, where 1 is the very same and 0 is chance."
    )


def _clearness(first: Row) -> str:
    if first["silhouette"] is None or not first["null_silhouette"]:
        return ""
    times = first["silhouette"] / first["null_silhouette"]
    return (
        f"They stand apart {number(times, 1)} times as clearly as kinds of the same tracks with their sound shuffled."
    )


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
    known = f" ({number(rows[0]['measured_share_pct'])} % of all)" if rows else ""
    return Answer(
        f"Most often {MOODS[first]}: {percent(n / total)} of the plays whose sound is known.",
        Sure(
            n=f"{counted(total, 'play')} with a known sound{known}.",
            baseline=f"With five moods equally common, each would have {number(20)} %.",
            how="A track's mood is where it lies between sad and happy, and between calm and energetic. It is about "
            "the music, not about you.",
        ),
        {
            "kind": "bars",
            "unit": "%",
            "rows": [{"label": MOODS[mood], "value": round(100 * n / total, 1)} for mood, n in by_mood.most_common()],
        },
    )


_OF_PAIR = ("feature_a", "feature_b", "measured_tracks", "measured_artists", "spearman_r", "spearman_low",
            "spearman_high", "strength")  # fmt: skip
_CLEAR = ("strong", "moderate")
_MOST_QUALITIES = 8


def together(asked: Asked) -> Answer:
    """Which qualities of the sound go together in the listener's tracks."""
    rows = asked.tables.rows("feature_correlations", _OF_PAIR)
    tested = [row for row in rows if row["spearman_r"] is not None and row["strength"] != "insufficient"]
    if not tested:
        return needs("It takes the sound of tracks by ten artists: import or measure audio features.")
    tested.sort(key=lambda row: -abs(row["spearman_r"]))
    clear = [row for row in tested if row["strength"] in _CLEAR]
    tracks, artists = (max(row[f"measured_{what}"] for row in tested) for what in ("tracks", "artists"))
    return Answer(
        f"The {'; the '.join(_go_together(row) for row in clear[:2])}."
        if clear
        else "Nothing clearly: how a track scores in one quality says little about the others.",
        Sure(
            n=f"{counted(tracks, 'track')} by {counted(artists, 'artist')}.",
            interval="; ".join(_link(row) for row in (clear or tested)[:3]) + ".",
            baseline=f"{number(0)} is no connection, {number(1)} and {signed(-1, 0)} are perfect ones.",
            how="Counted in ranks, with each artist as a whole. Loud music counts as energetic partly because of how "
            "energy is measured.",
        ),
        {"kind": "findings", "axis": "against each other · together",
         "rows": [_connected(row) for row in tested[:_MOST_QUALITIES]]},
    )  # fmt: skip


def _go_together(row: Row) -> str:
    """ "more acoustic a track is, the calmer it is"."""
    more, other = ADJECTIVES[row["feature_a"]][1], ADJECTIVES[row["feature_b"]][row["spearman_r"] > 0]
    return f"{more} a track is, the {other} it is"


def _link(row: Row) -> str:
    ends = f"{signed(row['spearman_low'])} to {signed(row['spearman_high'])}"
    return f"{SOUNDS[row['feature_a']]} and {SOUNDS[row['feature_b']]}: {signed(row['spearman_r'])} ({ends})"


def _connected(row: Row) -> dict[str, Any]:
    r = row["spearman_r"]
    is_clear = row["strength"] in (*_CLEAR, "weak")
    return {
        "label": f"{SOUNDS[row['feature_a']]}, {SOUNDS[row['feature_b']]}",
        **{"value": r, "low": row["spearman_low"], "high": row["spearman_high"]},
        "verdict": ("higher" if r > 0 else "lower") if is_clear else "not_shown",
        "text": _link(row),
    }


_SIZE_OF_STEP = {"Stable": "keep the mood", "Minor_Shift": "change it a little", "Major_Shift": "jump"}
_OF_STEP = ("hour_of_day", "shift_size", "hour_shifts", "shift_share_pct", "shift_share_low_pct",
            "shift_share_high_pct")  # fmt: skip


def steps(asked: Asked) -> Answer:
    """How much the mood changes from a track to the next."""
    rows = asked.tables.rows("mood_shift_patterns", _OF_STEP)
    by_size = {row["shift_size"]: row for row in rows if row["hour_of_day"] is None}
    if not by_size or any(size not in by_size for size in _SIZE_OF_STEP):
        return needs("It takes tracks in a row whose sound is known: import or measure audio features.")
    jumps, shares = by_size["Major_Shift"], [(by_size[size], words) for size, words in _SIZE_OF_STEP.items()]
    named = [f"{number(row['shift_share_pct'])} {words}" for row, words in shares]
    return Answer(
        f"Of a hundred steps, {listed(named)}.",
        Sure(
            n=f"{counted(jumps['hour_shifts'], 'step')} between two different tracks, both with a known sound.",
            interval=""
            if jumps["shift_share_low_pct"] is None
            else f"Jumps: {number(jumps['shift_share_low_pct'])} to {number(jumps['shift_share_high_pct'])} % (95 % "
            "interval, whole sessions as units).",
            baseline=f"Of two tracks drawn from a large catalogue at random, {number(50)} % lie as far apart as a "
            f"jump, and {number(6)} % as near as tracks that keep the mood.",
            how="A step is how far two tracks lie apart between sad and happy, and between calm and energetic.",
        ),
        {"kind": "bars", "unit": "%", "rows": [
            {"label": words.capitalize(), "value": round(row["shift_share_pct"], 1)} for row, words in shares]},
    )  # fmt: skip


CARDS = [
    Card("clock", GROUP, "When in the day do I listen?", clock),
    Card("sessions", GROUP, "How long do I keep going?", sessions),
    Card("loyalty", GROUP, "Do I stay with my artists?", loyalty),
    Card("traits", GROUP, "What sets me apart from others?", traits),
    Card("order", GROUP, "What do I play after what?", order),
    Card("moods", GROUP, "Which moods does my music have?", moods),
    Card("kinds", GROUP, "Which kinds of music do I keep apart?", kinds),
    Card("together", GROUP, "What goes together in my music?", together),
    Card("steps", GROUP, "How far is it from one track to the next?", steps),
]

_IDS = """
SELECT artist, any_value(artist_id) AS artist_id FROM artists
WHERE artist IN (SELECT unnest($1::VARCHAR[])) GROUP BY 1
"""
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
FROM heard JOIN artists USING (artist_id) WHERE day <= $1 GROUP BY 1 ORDER BY 1
"""
