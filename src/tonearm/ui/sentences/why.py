"""Sentences of the page Why, from the diagnostic tables; true whatever the rows hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tonearm.columns import MOODS, PARTS_OF_DAY
from tonearm.documents.words import COMPARED, METRICS, SOUNDS, counted, hours, listed, signed
from tonearm.ui.frame import plain
from tonearm.ui.section import IMPORT_FEATURES, Row, known_of, of_how_many

NIGHT = range(6)
FINDINGS = ("higher", "lower")
FEW_STEPS = 30
"""Steps from one mood below which the shares of where they lead are anecdotes."""
_NAMED = 4
"""Findings that a sentence names before it counts the others."""
_STEPS = {"Stable": "tiny steps", "Minor_Shift": "moderate steps", "Major_Shift": "large steps"}
_MOVED = ("valence", "energy")


def no_features(listens: int) -> str:
    """The answer to any question about mood where no listen has features."""
    return f"**Not enough data**: none of your {counted(listens, 'listen')} has audio features yet. {IMPORT_FEATURES}"


def night(found: Sequence[Row], feature: str, whole: Row | None = None) -> str:
    """Whether the nights' music is less of ``feature``, or more, or whether there is too little data.

    ``found`` has the single hours, ``whole`` all the nights together (from part_of_day_drivers).
    """
    known, listens = known_of(found)
    if not known:
        return no_features(listens)
    tested = [row for row in found if row[f"verdict_{feature}"] != "insufficient"]
    at_night = _at_night(tested, feature, whole)
    parts = (at_night, _by_day(tested, feature), _all_day(found, feature), of_how_many(known, listens))
    return " ".join(filter(None, parts))


def _at_night(tested: Sequence[Row], feature: str, whole: Row | None) -> str:
    single = {word: _hours(tested, feature, verdict, NIGHT) for verdict, word in _verdicts(feature).items()}
    at = listed([f"{word} at {hours(found)}" for word, found in single.items() if found])
    if whole and whole["verdict"] in FINDINGS:
        word, nights = _verdicts(feature)[whole["verdict"]], counted(whole["units"], "night")
        more = f"Single hours are {at}." if at else "No single hour is so by itself."
        return (
            f"{_start(feature, whole['verdict'])}: your nights (0–6 h) are {word} than the rest of the day in the same "
            f"months, by {abs(whole['effect']):.2f} standard deviations ({nights}). {more}"
        )
    if at:
        verdict = "lower" if single[COMPARED[feature][0]] else "higher"
        rest = " The night as a whole is not shown to differ." if whole and whole["verdict"] == "not_shown" else ""
        return f"{_start(feature, verdict)}: your music is {at} than at other hours of the same months.{rest}"
    return _none_at_night(sum(row["hour_of_day"] in NIGHT for row in tested), feature, whole)


def _start(feature: str, verdict: str) -> str:
    """The question is whether it is sadder; of other features there is no other way round."""
    if feature != "valence":
        return "**It is more than noise**"
    return "**Yes, it is more than noise**" if verdict == "lower" else "**The other way round**"


def _none_at_night(asked: int, feature: str, whole: Row | None) -> str:
    less, more = COMPARED[feature]
    tried = [f"any of {counted(asked, 'tested hour')}"] if asked else []
    if whole and whole["verdict"] == "not_shown":
        tried.insert(0, f"the night as a whole ({counted(whole['units'], 'night')})")
    if not tried:
        return "**Not enough data**: no hour of the night (0–6 h) has ten sessions to compare."
    none = f"**It could be noise**: your music is not shown to be {less} or {more} in {' or in '.join(tried)}."
    least = whole and whole["detectable_difference"]
    return f"{none} A difference of {least:.2f} over the night would have been found." if least else none


def _verdicts(feature: str) -> dict[str, str]:
    return dict(zip(FINDINGS, reversed(COMPARED[feature]), strict=True))


def _by_day(tested: Sequence[Row], feature: str) -> str:
    found = {word: _hours(tested, feature, verdict, range(6, 24)) for verdict, word in _verdicts(feature).items()}
    text = listed([f"{word} at {hours(at)}" for word, at in found.items() if at])
    return f"By day it is {text}." if text else ""


def _hours(tested: Sequence[Row], feature: str, verdict: str, among: Iterable[int]) -> list[int]:
    return [
        row["hour_of_day"] for row in tested if row[f"verdict_{feature}"] == verdict and row["hour_of_day"] in among
    ]


def _all_day(found: Sequence[Row], feature: str) -> str:
    """The one test of the day as a whole, which sees what single hours are too few for."""
    p, r = found[0][f"day_p_corrected_{feature}"], found[0][f"day_r_{feature}"]
    if p is None:
        return ""
    if p >= 0.05:
        none = f"The day as a whole shows no curve beyond chance either (p = {p:.2f})."
        return "" if _any(found, feature) else none
    peak = found[0][f"day_peak_hour_{feature}"]
    most = COMPARED[feature][1].replace("happier", "happiest").replace("more ", "most ")
    when = "" if peak is None else f", {most} around {round(peak) % 24} o'clock"
    return f"The day as a whole has a curve{when} (r = {r:.2f}, where 0 is none and 1 perfect)."


def _any(found: Sequence[Row], feature: str) -> bool:
    return any(row[f"verdict_{feature}"] in FINDINGS for row in found)


def other_features(found: Sequence[Row], shown: str) -> str:
    """Which of the features that are not shown have findings at night or by day."""
    others = [f for f in COMPARED if f != shown]
    parts = [f"{SOUNDS[f]}: {_count(found, f)}" for f in others if any(r[f"compared_{f}"] for r in found)]
    return f"The others: {'; '.join(parts)}." if parts else ""


def _count(found: Sequence[Row], feature: str) -> str:
    verdicts = Counter(row[f"verdict_{feature}"] for row in found)
    findings = sum(verdicts[one] for one in FINDINGS)
    tested = counted(verdicts.total() - verdicts["insufficient"], "tested hour")
    return f"{counted(findings, 'finding') if findings else 'no findings'} in {tested}"


def weekend(found: Sequence[Row]) -> str:
    """In what the weekends differ from the days of the same weeks."""
    tested = [row for row in found if row["verdict"] != "insufficient"]
    if not tested:
        return (
            "**Not enough data**: it takes ten weeks with music on a weekend day and on another. Import more history."
        )
    findings = [row for row in tested if row["verdict"] in FINDINGS]
    if not findings:
        return (
            f"**Not shown**: in none of {counted(len(tested), 'measure')} do your weekends differ from the Mondays to "
            "Fridays of the same weeks by more than chance would make them."
        )
    findings.sort(key=lambda row: row["p_corrected"])
    parts = [f"{_step(r)} {METRICS[r['metric']].rstrip(' %,')}" for r in findings[:_NAMED]]
    return (
        f"**Yes, in {len(findings)} of {counted(len(tested), 'measure')}**: on a weekend day "
        f"{_and_more(parts, len(findings))}, against Monday to Friday of the same week."
    )


def _step(row: Row) -> str:
    unit = " points" if row["metric"].endswith("_pct") else ""
    return f"{signed(row['week_difference'], 1 if abs(row['week_difference']) >= 10 else 2)}{unit}"


def _and_more(parts: list[str], findings: int) -> str:
    rest = findings - len(parts)
    return listed([*parts, f"{rest} more"] if rest > 0 else parts)


def pairs(found: Sequence[Row]) -> str:
    """Which features go together most."""
    tested = [row for row in found if row["strength"] not in ("insufficient", "constant")]
    if not tested:
        tracks = max((row["measured_tracks"] for row in found), default=0)
        have = counted(tracks, "track of yours has", "tracks of yours have")
        return f"**Not enough data**: it takes ten artists with audio features; {have} them. {IMPORT_FEATURES}"
    strong = sorted(tested, key=lambda row: -abs(row["spearman_r"]))
    parts = {word: [_pair(row) for row in strong if row["strength"] == word] for word in ("strong", "moderate")}
    some = "; ".join(f"**{word}ly** {_and_more(one[:3], len(one))}" for word, one in parts.items() if one)
    tracks, artists = (max(row[c] for row in tested) for c in ("measured_tracks", "measured_artists"))
    basis = f"From {counted(tracks, 'track')} of {counted(artists, 'artist')}."
    if not some:
        return f"**Nothing goes together clearly** beyond weak links. {basis}"
    return f"Going together: {some}. {basis} Loud music counts as energetic partly because of how energy is measured."


def _pair(row: Row) -> str:
    return f"{SOUNDS[row['feature_a']]} and {SOUNDS[row['feature_b']]} ({signed(row['spearman_r'])})"


def drivers(found: Sequence[Row]) -> str:
    """What is particular to each part of the day, the most pronounced first."""
    tested = [row for row in found if row["verdict"] != "insufficient"]
    findings = [row for row in tested if row["verdict"] in FINDINGS]
    if not tested:
        return "**Not enough data**: it takes music in a part of ten days and in ten other parts. Import more history."
    if not findings:
        return (
            f"**Not shown**: of {counted(len(tested), 'comparison')} listed, none sets a part of your day apart by "
            "more than chance would."
        )
    parts = [f"**{part}s** have {_leading(findings, part)}" for part in PARTS_OF_DAY if _leading(findings, part)]
    return f"Your {'; your '.join(parts)}."


def _leading(findings: Sequence[Row], part: str) -> str:
    own = sorted((row for row in findings if row["part_of_day"] == part), key=lambda row: -abs(row["effect"]))
    words = [f"{'more' if row['effect'] > 0 else 'less'} {driver(row)}" for row in own[:3]]
    return _and_more(words, len(own))


def driver(row: Row) -> str:
    """What a row is about, as text for Markdown."""
    known = SOUNDS.get(row["driver"], row["driver"]) if row["driver_type"] == "feature" else row["driver"]
    return plain(known)


def shifts(found: Sequence[Row]) -> str:
    """How far the music moves from one track to the next, and whether anywhere in particular."""
    all_day = [row for row in found if row["hour_of_day"] is None]
    if not all_day:
        return (
            "**Not enough data**: it takes two tracks in a row with audio features, and there are none. "
            + IMPORT_FEATURES
        )
    share = {row["shift_size"]: row["shift_share_pct"] for row in all_day}
    return (
        f"Of {counted(all_day[0]['hour_shifts'], 'step')} from one track to the next "
        f"**{share['Major_Shift']:.0f} % were large**, {share['Minor_Shift']:.0f} % moderate, and "
        f"{share['Stable']:.0f} % hardly changed the mood. {_direction(all_day)} {_hours_that_lead(found)}".strip()
    )


def _direction(all_day: Sequence[Row]) -> str:
    tested = [(row, f) for row in all_day for f in _MOVED if row[f"{f}_change_verdict"] != "insufficient"]
    if not tested:
        return "Where they lead is not known: it takes ten sessions with steps of one size."
    parts = [f"{_STEPS[row['shift_size']]} lead to {_led(row, f)}" for row, f in _found(all_day)]
    if not parts:
        return "They lead nowhere in particular: over the day they raise or lower the mood no more than chance would."
    return f"Over the whole day, {listed(parts)}."


def _hours_that_lead(found: Sequence[Row]) -> str:
    hours = [row for row in found if row["hour_of_day"] is not None]
    parts = [f"{_led(row, f)} at {row['hour_of_day']}–{row['hour_of_day'] + 1} h" for row, f in _found(hours)]
    return f"By the hour: {_and_more(parts[:_NAMED], len(parts))}." if parts else ""


def _found(found: Sequence[Row]) -> list[tuple[Row, str]]:
    return [(row, f) for row in found for f in _MOVED if row[f"{f}_change_verdict"] in FINDINGS]


def _led(row: Row, feature: str) -> str:
    change = row[f"{feature}_change"]
    return f"{'more' if change > 0 else 'less'} {SOUNDS[feature]} ({signed(change)})"


def transitions(found: Sequence[Row]) -> dict[tuple[str, str], tuple[float, int]]:
    """Of each pair of moods the share of steps from the first that lead to the second, and how many begin there."""
    heard: Counter[tuple[str, str]] = Counter()
    begun: Counter[str] = Counter()
    for row in (row for row in found if row["hour_of_day"] is None):
        for before in MOODS:
            n = row[f"from_{before.lower()}_n"]
            begun[before] += n
            for after in MOODS:
                heard[before, after] += round((row[f"{before.lower()}_to_{after.lower()}_pct"] or 0) * n / 100)
    return {(a, b): (100 * heard[a, b] / begun[a] if begun[a] else 0.0, begun[a]) for a in MOODS for b in MOODS}
