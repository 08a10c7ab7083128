"""What comes next: whether new artists stay, when somebody will listen, how it will sound, and how sure that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from math import sqrt
from typing import TYPE_CHECKING, Any

from tonearm.documents.cards.card import Answer, Asked, Card, Row, Sure, Z, needs
from tonearm.documents.sentences import artist, at, counted, day, listed, month, number, percent, weekday

if TYPE_CHECKING:
    from tonearm.models.trial.summary import Trial

GROUP = "What comes next?"
_LATER_D = ((30, "a month"), (90, "three months"), (180, "half a year"), (365, "a year"), (730, "two years"))
NEW_WITHIN_D = 365
"""An artist first heard within so many days is new."""
_SHOWN, _FEW = 6, 50
_OF_METRIC = ("scope", "model", "target", "metric", "is_served", "is_deciding", "rows", "baseline_name",
              "baseline_value", "gain", "gain_low", "gain_high", "is_better", "model_version")  # fmt: skip
_RULES = {
    "session_start": "how often you start to listen at that hour",
    "next_mood": "how often you hear such music at all",
    "energy_forecast": "your usual sound, or that of the hour",
    "breakout": "how near each artist is to it already",
    "mood": "a straight line through the track's other qualities",
    "popularity": "the rate of the genre and year",
    "imputation": "the mean of the artist's other tracks",
}
"""The simple rule that each model has to beat."""
_BEST_IS_1 = frozenset({"average_precision", "mean_average_precision", "r2", "roc_auc"})
_PREDICTS = {
    "session_start": "when you listen",
    "next_mood": "the next track's sound",
    "energy_forecast": "the coming week's sound",
    "breakout": "which artist becomes yours",
    "mood": "a track's mood",
    "popularity": "whether a track is popular",
    "imputation": "sound that nobody measured",
    "recommender": "what you may like",
}


def newcomers(asked: Asked) -> Answer:
    """How many new artists are heard again after a while, and who of the last year's stayed."""
    history = asked.history
    if history.last_day is None:
        return needs("It takes a year of plays.")
    last = min(history.last_day, asked.as_of)
    found = {row["after_d"]: row for row in history.rows(_STAYED, last, list(dict(_LATER_D)))}
    rows = [
        {"label": name, "value": round(100 * found[days]["stayed"] / found[days]["met"], 1), **found[days]}
        for days, name in _LATER_D
        if days in found and found[days]["met"] >= _FEW
    ]
    if len(rows) < 2:
        return needs("It takes fifty artists first heard three months ago or earlier.")
    far = next((row for row in rows if row["label"] == "a year"), rows[-1])
    share, met = far["stayed"] / far["met"], far["met"]
    reach = Z * sqrt(share * (1 - share) / met)
    new = history.rows(_STAYERS, last - timedelta(days=NEW_WITHIN_D), _SHOWN)
    loyal = [row for row in new if row["months"] > 2]
    names = f" Of those you met in the last year, {artist(loyal[0])} came back most." if loyal else ""
    return Answer(
        f"Of a hundred artists you meet, you still play {number(100 * share)} {far['label']} later.{names}",
        Sure(
            n=f"{counted(met, 'artist')} that you met at least {far['label']} before the end of this history.",
            interval=f"{percent(share - reach)} to {percent(share + reach)} (95 % interval).",
            how="Still played means at least one more play after that time. The longer the time, the fewer artists you "
            "have known for it, and the earlier you met them.",
        ),
        {
            "kind": "bars",
            "unit": "% still played after",
            "rows": [{"label": f"After {r['label']}", "value": r["value"]} for r in rows],
        },
        [
            {"artist_id": row["artist_id"], "artist": row["artist"], "text": counted(row["months"], "month")}
            for row in loyal
        ],
    )


def next_session(asked: Asked) -> Answer:
    """When the next session is likeliest to start."""
    columns = ("horizon", "predicted_for_at", "predicted_for_local", "day_name", "hour_of_day", "probability_pct",
               "baseline_pct", "model", "served_by", "as_of_at")  # fmt: skip
    rows = [row for row in asked.tables.rows("session_start_forecasts", columns) if row["horizon"] == "day_ahead"]
    if not rows:
        return _missing(asked, "when you listen", "eight weeks of recent plays")
    rows.sort(key=lambda row: row["predicted_for_at"])
    likeliest = max(rows, key=lambda row: row["probability_pct"])
    first, hour = rows[0]["predicted_for_local"].date(), likeliest["hour_of_day"]
    if _is_stray(asked, first):
        return _missing(asked, "when you listen", "eight weeks of recent plays")
    if _is_over(asked, rows[-1]["predicted_for_local"].date()):
        return needs(_old(first))
    expected = sum(row["probability_pct"] for row in rows) / 100
    when = f"{weekday(likeliest['predicted_for_local'].weekday())} between {at(hour)} and {at(hour + 1)}"
    chance = f"{number(likeliest['probability_pct'])} in a hundred"
    return Answer(
        f"{asked.ended()}. In the day after it you would most likely have started on {when}: the chance was {chance}."
        if asked.has_ended
        else f"Most likely on {when}: the chance that you start then is {chance}.",
        _sure(asked, rows, "session_start", "session_start_day_ahead", f"The {counted(len(rows), 'hour')} from "
              f"{day(first)} on, in which {number(expected, 1)} sessions are expected in all.",
              "A session starts with the first play after half an hour without one."),
        {"kind": "chances", "rows": [
            {"hour": row["hour_of_day"], "value": round(row["probability_pct"], 1),
             "usual": None if row["baseline_pct"] is None else round(row["baseline_pct"], 1)} for row in rows]},
    )  # fmt: skip


def next_sound(asked: Asked) -> Answer:
    """What the next track sounds like; says nothing of kinds, which have a card of their own."""
    columns = ("music_group", "predicted_for_at", "probability_pct", "baseline_pct", "model", "served_by")
    rows = sorted(asked.tables.rows("next_mood_forecasts", columns), key=lambda row: -row["probability_pct"])
    if not rows:
        return _missing(asked, "the next track's sound", "the sound of a few hundred tracks")
    best = rows[0]
    if best["predicted_for_at"] and _is_stray(asked, best["predicted_for_at"].date()):
        return _missing(asked, "the next track's sound", "the sound of a few hundred tracks")
    other = None if best["baseline_pct"] is None else 100 - best["baseline_pct"]
    goes_on = "if the last session had gone on" if asked.has_ended else "if your last session goes on"
    return Answer(
        f"Something {best['music_group']}: the chance is {number(best['probability_pct'])} in a hundred, {goes_on}.",
        _sure(asked, rows, "next_mood", "next_mood", "The tracks of your last session.",
              f"The forecast divides the plays whose sound is known into {counted(len(rows), 'part')} of its own. They "
              "shade into each other, and need not be your kinds of music, though they may be called the same."),
        {"kind": "bars", "unit": "%", "rows": [
            _likely(best["music_group"], best["probability_pct"], best["baseline_pct"]),
            _likely("anything else", 100 - best["probability_pct"], other)]},
    )  # fmt: skip


def _likely(label: str, pct: float, usual: float | None) -> dict[str, Any]:
    return {"label": label, "value": round(pct, 1), "usual": None if usual is None else round(usual, 1)}


def breakouts(asked: Asked) -> Answer:
    """Which of the artists that are new may become one of the listener's own."""
    columns = ("rank", "artist_id", "artist_name", "predicted_for_at", "probability_pct", "baseline_pct", "listens",
               "months_heard", "first_heard_month", "model", "served_by")  # fmt: skip
    rows = sorted(asked.tables.rows("artist_breakouts", columns), key=lambda row: row["rank"])
    what = "which new artist becomes a regular"
    since = asked.as_of - timedelta(days=NEW_WITHIN_D)
    new = [row for row in rows if row["first_heard_month"] and row["first_heard_month"] >= since.replace(day=1)]
    if not rows or _is_stray(asked, rows[0]["predicted_for_at"].date()):
        return _missing(asked, what, "a year of recent plays")
    if not new:
        return needs("None of the artists you play more and more is new: it takes one first heard in the last year.")
    first, shown = new[0], new[:_SHOWN]
    more = " The odds are against it, as for most newcomers." if first["probability_pct"] < 50 else ""
    return Answer(
        f"{artist(first)}, with a chance of {number(first['probability_pct'])} in a hundred.{more}",
        _sure(asked, rows, "breakout", "core", f"{counted(len(new), 'artist')} first heard in the last year, of "
              f"{counted(len(rows), 'candidate')}.",
              "A regular has twenty plays, or 1 % of a month's, in one of the two months from "
              f"{month(first['predicted_for_at'])} on. That is far more than being played at all."),
        {"kind": "bars", "unit": "%", "rows": [
            {"label": row["artist_name"], "artist_id": row["artist_id"], "value": round(row["probability_pct"], 1),
             "usual": None if row["baseline_pct"] is None else round(row["baseline_pct"], 1)} for row in shown]},
    )  # fmt: skip


def believe(asked: Asked) -> Answer:
    """How many predictions are better than a simple rule, on data they had not learned from."""
    rows = _deciding(asked.tables.rows("model_performance_metrics", _OF_METRIC))
    if not rows:
        return needs("No forecast has been tested yet: run tonearm train, which makes and tests them.")
    better = [row for row in rows if row["is_better"]]
    names = [_PREDICTS.get(row["model"], row["model"].replace("_", " ")) for row in rows]
    sizes = [row["rows"] for row in rows if row["rows"]]
    return Answer(
        _verdict(len(better), len(rows)),
        Sure(
            n=f"{number(min(sizes))} to {number(max(sizes))} cases each." if sizes else "",
            interval=_all_closer(better),
            baseline="A simple rule for each, such as the rate of the hour or the artist's mean.",
            how="Tested on plays and artists that the model had not learned from. A forecast that is always right "
            "would be 100 % closer.",
        ),
        {"kind": "checks", "rows": [_check(name, rows, names) for name in dict.fromkeys(names)]},
    )


def _verdict(better: int, n: int) -> str:
    if not better:
        return (
            f"No more than a simple rule: none of {counted(n, 'prediction')} beat it in a test, and you see the rule."
        )
    how = "Yes" if better == n else "Partly"
    rest = " For the others you see what the simple rule predicts." if better < n else ""
    beat = "beats" if better == 1 else "beat"
    return f"{how}: {number(better)} of {counted(n, 'prediction')} {beat} a simple rule in a test.{rest}"


def _check(name: str, rows: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    """How a model did in all that it predicts."""
    own = [bool(row["is_better"]) for row, of in zip(rows, names, strict=True) if of == name]
    better = sum(own)
    text = "better" if all(own) else f"better in {number(better)} of {number(len(own))}" if better else "no better"
    return {"label": name, "text": text, "is_better": better > 0}


def _skill(row: Row) -> tuple[float, float, float] | None:
    """How much closer to a forecast that is always right a model came than its rule, in percent, with its interval.

    A skill score (Murphy 1988); None where it is not known.
    """
    if None in (row["gain"], row["gain_low"], row["gain_high"], row["baseline_value"]):
        return None
    way = abs((1.0 if row["metric"] in _BEST_IS_1 else 0.0) - row["baseline_value"])
    if not way:
        return None
    return 100 * row["gain"] / way, 100 * row["gain_low"] / way, 100 * row["gain_high"] / way


def _all_closer(better: Sequence[Row]) -> str:
    found = [skill for row in better if (skill := _skill(row))]
    if not found:
        return ""
    least, most = (number(end(share for share, _, _ in found), 1) for end in (min, max))
    return (
        f"Those that beat it came {least} to {most} % closer to being always right than their rules; all 95 % "
        "intervals are above 0."
    )


_TARGETS = {"session_start_day_ahead": " a day ahead", "session_start_hour_ahead": " an hour ahead",
            "listener": " (from what you hear)", "song": " (from one song)"}  # fmt: skip


def _deciding(rows: Sequence[Row]) -> list[Row]:
    """Of each target of each model what decided, in the version that is used, else the newest."""
    found: dict[tuple[str, str], Row] = {}
    for row in (row for row in rows if row["is_deciding"]):
        kept = found.get((row["model"], row["target"]))
        if kept is None or (row["is_served"], row["model_version"]) > (kept["is_served"], kept["model_version"]):
            found[row["model"], row["target"]] = row
    order = list(_PREDICTS)
    return sorted(found.values(), key=lambda row: order.index(row["model"]) if row["model"] in order else 99)


def _sure(
    asked: Asked, rows: Sequence[Row], model: str, target: str, n: str, how: str = "", interval: str = ""
) -> Sure:
    tested = [row for row in _deciding(asked.tables.rows("model_performance_metrics", _OF_METRIC))
              if row["model"] == model]  # fmt: skip
    test = next((row for row in tested if row["target"] == target), next(iter(tested), None))
    is_model = rows[0]["served_by"] == "model"
    rule = _RULES.get(model, "a simple rule")
    shown = "the forecast of a model" if is_model else f"a simple rule, {rule}"
    baseline = f"Shown is {shown}."
    if test is not None:
        against = f"the simple rule ({rule})" if is_model else "it"
        beat = f"beat {against}" if test["is_better"] else f"was not shown to be better than {against}"
        here = ", but not on your own plays" if test["is_better"] and not is_model else ""
        baseline += f" In a test on {counted(test['rows'], 'case')}, a model {beat}{here}."
    if test is not None and is_model and (skill := _skill(test)):
        share, low, high = (number(of, 1) for of in skill)
        gain = f"the model came {share} % closer to being always right than the rule ({low} to {high} %, 95 % interval)"
        interval = f"{interval} In the test, {gain}.".strip()
    return Sure(n=n, interval=interval, baseline=baseline, how=how)


def _is_stray(asked: Asked, first: date) -> bool:
    """Whether a forecast was made of plays after the end of a history that has ended."""
    return asked.has_ended and first > asked.as_of + timedelta(days=62)


def _is_over(asked: Asked, last: date) -> bool:
    """Whether a forecast is about days that have passed."""
    return not asked.has_ended and last < asked.as_of


def _old(first: date) -> str:
    return f"The last forecast was for the time from {day(first)} on, which is over: tonearm run makes a new one."


def _missing(asked: Asked, what: str, takes: str) -> Answer:
    if asked.has_ended:
        return needs(f"{asked.ended()}; a forecast of {what} takes {takes}.")
    return needs(f"It takes {takes}, and a model trained on them: run tonearm train.")


_ALIKE = 0.05
"""Expected values closer than this count as the same: nobody would hear the difference."""
_HEARD_HOUR = 10
"""Plays from which on an hour of the week counts as one at which somebody listens."""
_OF_WEEK = {"energy": ("Energy", "calmest", "most energetic"), "valence": ("Happiness", "saddest", "happiest")}


def week(asked: Asked) -> Answer:
    """How the hours of the coming week differ in energy and happiness, at which somebody usually listens."""
    shared = ("predicted_for_at", "model", "served_by")
    clock = ("predicted_for_local", "day_of_week", "hour_of_day")
    energy = asked.tables.rows("energy_forecasts", (*shared, *clock, *_ends("energy")))
    times = {row["predicted_for_at"]: {name: row[name] for name in clock} for row in energy}
    valence = [
        row | times[row["predicted_for_at"]]
        for row in asked.tables.rows("mood_predictions", (*shared, "slot", *_ends("valence")))
        if row["slot"] == "coming_hour" and row["predicted_for_at"] in times
    ]
    first = min((row["predicted_for_local"].date() for row in energy), default=None)
    if first is None or _is_stray(asked, first):
        return _missing(asked, "the coming week's sound", "some weeks of plays whose sound is known")
    if _is_over(asked, max(row["predicted_for_local"].date() for row in energy)):
        return needs(_old(first))
    usual = {(row["weekday"], row["hour"]) for row in asked.history.rows(_HEARD_HOURS, _HEARD_HOUR)}
    of = {"energy": _usual_hours(energy, usual), "valence": _usual_hours(valence, usual)}
    would = "would have been" if asked.has_ended else "will be"
    answers = [clause for feature, rows in of.items() if rows for clause in _of_week(rows, feature)]
    return Answer(
        f"If you listen, your music {would} {listed(answers)}.",
        _sure(
            asked,
            energy,
            "energy_forecast",
            "energy",
            f"{counted(len(of['energy']), 'hour')} of the week from {day(first)} on, those at which you often listen.",
            "Learned from tracks whose sound was measured.",
            _off(of["energy"]),
        ),
        {"kind": "week", "lists": [_drawn_week(rows, feature) for feature, rows in of.items() if rows]},
    )


def _ends(feature: str) -> tuple[str, ...]:
    return (*(f"expected_{feature}{end}" for end in ("", "_low", "_high")), f"baseline_{feature}")


def _usual_hours(rows: Sequence[Row], usual: set[tuple[int, int]]) -> list[Row]:
    """The hours at which the listener usually listens, else all, by time."""
    rows = sorted(rows, key=lambda row: row["predicted_for_at"])
    return [row for row in rows if (row["day_of_week"], row["hour_of_day"]) in usual] or list(rows)


def _of_week(rows: Sequence[Row], feature: str) -> list[str]:
    least, most = (end(rows, key=lambda row: row[f"expected_{feature}"]) for end in (min, max))
    _, less, more = _OF_WEEK[feature]
    if most[f"expected_{feature}"] - least[f"expected_{feature}"] < _ALIKE:
        return [f"about equally {'energetic' if feature == 'energy' else 'happy'} all week"]
    if _is_the_same_every_day(rows, feature):
        return [f"{less} around {at(least['hour_of_day'])}", f"{more} around {at(most['hour_of_day'])}"]
    return [f"{less} on {_moment(least)}", f"{more} on {_moment(most)}"]


def _is_the_same_every_day(rows: Sequence[Row], feature: str) -> bool:
    """Whether only the hour matters, as for a rule that knows no days."""
    by_hour: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        by_hour[row["hour_of_day"]].append(row[f"expected_{feature}"])
    return all(max(values) - min(values) < _ALIKE / 5 for values in by_hour.values())


def _moment(row: Row) -> str:
    return f"{weekday(row['day_of_week'])} at {at(row['hour_of_day'])}"


def _off(rows: Sequence[Row]) -> str:
    widths = [
        row["expected_energy_high"] - row["expected_energy_low"]
        for row in rows
        if row["expected_energy_low"] is not None and row["expected_energy_high"] is not None
    ]
    if not widths:
        return ""
    values = [row["expected_energy"] for row in rows]
    off, apart = sum(widths) / len(widths) / 2, max(values) - min(values)
    more = ", which is more than the hours differ" if off > apart else ""
    return f"On a scale of 0 to 1, the energy of a single hour may be off by {number(off, 2)} (90 % interval){more}."


def _drawn_week(rows: Sequence[Row], feature: str) -> dict[str, Any]:
    name, less, more = _OF_WEEK[feature]
    hours = [
        {
            **{"day": row["predicted_for_local"].date(), "hour": row["hour_of_day"]},
            "value": round(row[f"expected_{feature}"], 3),
            "usual": row[f"baseline_{feature}"] and round(row[f"baseline_{feature}"], 3),
        }
        for row in rows
    ]
    return {"name": name, "less": less, "more": more, "rows": hours}


def came_true(asked: Asked) -> Answer:
    """How the forecasts that were kept before the fact compare with what was played since."""
    kept = asked.trials
    scored = [one for one in kept.trials if one.brier is not None] if kept else []
    if not kept or not scored:
        return needs(_not_due(asked))
    n = sum(one.n for one in scored)
    expected, happened = (
        sum(one.predicted * one.n for one in scored),
        round(sum(one.happened * one.n for one in scored)),
    )
    judged = [one for one in scored if one.gain is not None and one.served_by == "model"]
    return Answer(
        f"Of {counted(n, 'forecast')} made before the fact, {number(expected)} were expected to come true and "
        f"{number(happened)} did.",
        Sure(
            n=f"{counted(n, 'forecast')} due from {day(min(one.first_due_at for one in scored))} to "
            f"{day(max(one.last_due_at for one in scored))}; {number(kept.open)} more are not due yet.",
            interval="; ".join(_trial(one) for one in judged),
            baseline="What the simple rule predicted at the same time.",
            how="A forecast is kept when it is made and never changed. Expecting the right number is not enough: the "
            "picture shows whether those with a higher chance came true more often.",
        ),
        {"kind": "bars", "unit": "% came true", "line": "what was expected", "rows": _calibration(scored)},
    )


def _calibration(scored: Sequence[Trial]) -> list[dict[str, Any]]:
    """Of forecasts with a similar chance, how many came true; ``usual`` is what was expected."""
    found = []
    for low in sorted({bin.low for one in scored for bin in one.bins}):
        bins = [bin for one in scored for bin in one.bins if bin.low == low]
        n = sum(bin.n for bin in bins)
        happened, expected = (sum(getattr(bin, of) * bin.n for bin in bins) / n for of in ("happened", "predicted"))
        label = f"{number(100 * low)} to {number(100 * bins[0].high)} % expected"
        found.append({"label": f"{label} ({number(n)})", "value": round(100 * happened, 1),
                      "usual": round(100 * expected, 1)})  # fmt: skip
    return found


def _trial(one: Trial) -> str:
    name = f"{_PREDICTS.get(one.model, one.model.replace('_', ' '))}{_TARGETS.get(one.target, '')}"
    if one.gain_low is None or one.gain_high is None:
        return f"{name}: too few days to compare with the rule"
    shown = "better than" if one.gain_low > 0 else "worse than" if one.gain_high < 0 else "not shown to differ from"
    return f"{name}: {shown} the rule"


def _not_due(asked: Asked) -> str:
    if asked.has_ended:
        return f"{asked.ended()}; a forecast is checked against what you play after it."
    if not asked.trials or not asked.trials.open or asked.trials.next_due_at is None:
        return "No forecast has been kept yet: tonearm run keeps them, and a later run checks them."
    return (
        f"{counted(asked.trials.open, 'forecast')} {'is' if asked.trials.open == 1 else 'are'} kept; the first run "
        f"after {day(asked.trials.next_due_at)} that finds new plays checks the first of them."
    )


def guessed(asked: Asked) -> Answer:
    """How near the predicted happiness of the latest tracks came to the measured one."""
    columns = ("slot", "expected_valence", "expected_valence_low", "expected_valence_high", "baseline_valence",
               "actual_valence", "model", "served_by")  # fmt: skip
    rows = [row for row in asked.tables.rows("mood_predictions", columns)
            if row["slot"] == "listen" and None not in (row["actual_valence"], row["baseline_valence"])]  # fmt: skip
    if not rows:
        return needs("It takes plays of tracks whose sound is known, and a model trained on them: run tonearm train.")
    own, rule = (sum(abs(row[of] - row["actual_valence"]) for row in rows) / len(rows)
                 for of in ("expected_valence", "baseline_valence"))  # fmt: skip
    banded = [
        row for row in rows if row["expected_valence_low"] is not None and row["expected_valence_high"] is not None
    ]
    inside = sum(row["expected_valence_low"] <= row["actual_valence"] <= row["expected_valence_high"] for row in banded)
    # All plays of one track have the same two numbers.
    tracks = len({(row["expected_valence"], row["actual_valence"]) for row in rows})
    how_far = f"{number(100 * own)} points of {number(100)}"
    return Answer(
        f"On average its guess is off by {how_far}"
        + (f", and that of a simple rule by {number(100 * rule)}." if rule != own else "."),
        Sure(
            n=f"Your latest {counted(len(rows), 'play')} of {counted(tracks, 'track')} whose sound was measured.",
            interval=f"{percent(inside / len(banded))} of its 90 % intervals held what was measured." if banded else "",
            baseline=f"The simple rule is {_RULES['mood']}.",
            how="Guessed from the track's other qualities, without learning from anything by the same artist.",
        ),
        {"kind": "bars", "unit": "%", "line": "the simple rule", "rows": [
            {"label": f"Within {number(points)} points", "value": _within(rows, "expected_valence", points),
             "usual": _within(rows, "baseline_valence", points)} for points in (5, 10, 20, 40)]},
    )  # fmt: skip


def _within(rows: Sequence[Row], of: str, points: int) -> float:
    """The share in percent of guesses that were not further off."""
    near: int = sum(abs(row[of] - row["actual_valence"]) <= points / 100 for row in rows)
    return round(100.0 * near / len(rows), 1)


CARDS: list[Card] = [
    Card("newcomers", GROUP, "Do new artists stay with me?", newcomers),
    Card("next_session", GROUP, "When will I listen next?", next_session),
    Card("breakouts", GROUP, "Which new artist will become a regular?", breakouts),
    Card("next_sound", GROUP, "What will the next track sound like?", next_sound),
    Card("week", GROUP, "How will the coming week sound?", week),
    Card("believe", GROUP, "Can I believe these forecasts?", believe),
    Card("came_true", GROUP, "Did earlier forecasts come true?", came_true),
    Card("guessed", GROUP, "Can a model guess how happy a track sounds?", guessed),
]

_STAYED = """
SELECT after_d, count(*) AS met, count(*) FILTER (last_day >= first_day + after_d) AS stayed
FROM artists, (SELECT unnest($2::INTEGER[]) AS after_d) WHERE first_day + after_d <= $1::DATE GROUP BY after_d
"""
_HEARD_HOURS = "SELECT weekday, hour FROM heard GROUP BY weekday, hour HAVING count(*) >= $1"
_STAYERS = """
SELECT artist_id, any_value(artists.artist) AS artist, count(DISTINCT date_trunc('month', day)) AS months,
    count(*) AS listens
FROM heard JOIN artists USING (artist_id) WHERE first_day > $1 GROUP BY artist_id
ORDER BY months DESC, listens DESC, artist LIMIT $2
"""
