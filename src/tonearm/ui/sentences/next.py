"""Sentences of the page What next, from the predictive tables; true whatever the rows hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tonearm.documents.words import SOUNDS, counted, listed
from tonearm.models.evaluate import LOWER_IS_BETTER
from tonearm.models.needs import needs
from tonearm.models.trial.summary import Trial, Trials
from tonearm.ui.frame import plain
from tonearm.ui.section import Row


@dataclass(frozen=True)
class About:
    """A model in words."""

    predicts: str
    baseline: str
    """What the model has to beat, and what is used where it does not."""
    unit: str
    """What one row of its test is called."""


MODELS = {
    "session_start": About("when you listen", "how often you start at that hour", "hour"),
    "next_mood": About("the next track's sound", "how often you hear each group of sound at all", "track"),
    "energy_forecast": About("the coming week's sound", "your mean, or that of the hour", "hour"),
    "breakout": About("which artist becomes yours", "a simple rule, how near each is to it already", "forecast"),
    "mood": About("a track's mood", "a straight line through its other measured sound", "track"),
    "popularity": About("whether a track is popular", "the rate of its genre and year", "track"),
    "imputation": About("sound nobody measured", "the artist's mean", "track"),
}
_OF_SOUND = ("imputation", "mood", "energy_forecast")
_PARTS = {
    ("session_start", "session_start_day_ahead"): "a day ahead",
    ("session_start", "session_start_hour_ahead"): "an hour ahead",
    ("imputation", "mood"): "mood",
    ("mood", "mood"): "which of five",
}
METRICS = {
    "log_loss": (
        "surprise",
        "How surprised the forecast was by what happened (log loss): 0 is never, lower is better.",
    ),
    "rmse": ("typical error", "Root mean square error, large misses counting most: 0 is none, lower is better."),
    "mae": ("mean error", "How far off it is on average: 0 is not at all, lower is better."),
    "r2": ("explained", "The share of the differences that it explains (R²): 1 is all, below 0 worse than a mean."),
    "average_precision": (
        "precision",
        "How near the top of its list those are that came true (average precision): 1 is all on top, higher is better.",
    ),
    "brier": ("squared error", "Mean squared error of the probabilities (Brier score): 0 is none, lower is better."),
    "roc_auc": (
        "ranking",
        "How often something that happened was rated likelier than something that did not (ROC AUC): 0.5 is chance.",
    ),
}
_ENDS = {"energy": ("calmest", "most energetic"), "valence": ("least positive", "most positive")}
ALIKE = 0.05
"""Expected values closer than this count as the same: nobody would hear the difference."""
NOTHING = (
    "**No forecasts yet**: no model has been trained. Once they are, this page forecasts when you will listen next, "
    "what it will sound like and which artist will become one of yours, and shows how far to trust it: a model that "
    "does not beat a simple rule is not used. `tonearm run` trains them the first time, `tonearm train` at any time; "
    "both report where there is too little data."
)


def session_starts(found: Sequence[Row], metrics: Sequence[Row]) -> str:
    """The likeliest of the coming 24 hours, and the next one."""
    day = day_ahead(found)
    if not day:
        return missing("session_start", metrics)
    likeliest = max(day, key=lambda row: row["probability_pct"])
    rare = " No hour is more likely than not." if likeliest["probability_pct"] <= 50 else ""
    expected = sum(row["probability_pct"] for row in day) / 100
    soon = [
        f"In the very next hour: {chance(row['probability_pct'])}, given everything heard before it."
        for row in found
        if row["horizon"] == "hour_ahead"
    ]
    parts = (
        f"**Most likely {likeliest['day_name']} at {_hour(likeliest)}**: {chance(likeliest['probability_pct'])} that a "
        f"session starts, {_beside(likeliest)}.{rare} Of the {len(day)} hours from {moment(day[0])} on, a session is "
        f"expected to start in {expected:.1f}.",
        *soon,
        source_of_forecast(day, metrics, "session_start_day_ahead"),
    )
    return " ".join(parts)


def day_ahead(found: Sequence[Row]) -> list[Row]:
    """The hours forecast a day ahead, in order."""
    hours = (row for row in found if row["horizon"] == "day_ahead")
    return sorted(hours, key=lambda row: row["predicted_for_at"])


def next_group(found: Sequence[Row], metrics: Sequence[Row]) -> str:
    """The likeliest group of sound for the next track.

    Groups that a forecast cuts a listener's music into are not personas, which have to stand apart from one another.
    """
    if not found:
        return missing("next_mood", metrics)
    best = max(found, key=lambda row: row["probability_pct"])
    group, groups = plain(best["music_group"]).capitalize(), counted(len(found), "group")
    return (
        f"**{group}**, if your last session goes on: {chance(best['probability_pct'])} for the next track, "
        f"{_beside(best)}, among the {groups} that the forecast divides your music into by its sound. "
        f"{source_of_forecast(found, metrics)}"
    )


def week(found: Sequence[Row], feature: str, metrics: Sequence[Row]) -> str:
    """How far the coming week's hours differ in ``feature``, and how far off a single hour may be."""
    if not found:
        return missing("energy_forecast", metrics)
    least, most = (end(found, key=lambda row: row[f"expected_{feature}"]) for end in (min, max))
    low, high = least[f"expected_{feature}"], most[f"expected_{feature}"]
    values = f"about {low:.2f}" if is_flat(found, feature) else f"between {low:.2f} and {high:.2f}"
    between = f"{SOUNDS[feature]} {values} of 1 in the week from {moment(found[0])} on"
    ends = _ENDS[feature]
    answer = (
        f"**About the same at every hour**: {between}, if you listen."
        if high - low < ALIKE
        else f"**{ends[0].capitalize()} {least['day_name']} at {_hour(least)}, {ends[1]} {most['day_name']} at "
        f"{_hour(most)}**: {between}, if you listen."
    )
    return f"{answer} {_off(found, feature, high - low)}{source_of_forecast(found, metrics, feature)}"


def is_flat(found: Sequence[Row], feature: str) -> bool:
    """Whether all hours are expected to be the same to two digits, so that there is nothing to draw."""
    return len({round(row[f"expected_{feature}"], 2) for row in found}) == 1


def _off(found: Sequence[Row], feature: str, apart: float) -> str:
    low, high = f"expected_{feature}_low", f"expected_{feature}_high"
    widths = [row[high] - row[low] for row in found if row[low] is not None and row[high] is not None]
    if not widths:
        return ""
    width = sum(widths) / len(widths)
    more = ", more than the hours differ" if width / 2 > apart else ""
    return f"A single hour may be about {width / 2:.2f} off either way (90 % interval){more}. "


def breakouts(found: Sequence[Row], metrics: Sequence[Row]) -> str:
    """The likeliest artist, and how many of the first ten are expected to make it."""
    if not found:
        return missing("breakout", metrics)
    first, ten = found[0], found[:10]
    hits = sum(row["probability_pct"] for row in ten) / 100
    certain = "" if first["probability_pct"] > 50 else ", and even the first is more likely not to"
    name, until = plain(first["artist_name"]), f"the two months from {first['predicted_for_at']:%B %Y} on"
    return (
        f"**{name}** is the likeliest, with {chance(first['probability_pct'])}. Of the {len(ten)} likeliest about "
        f"{hits:.1f} will{certain}. It takes 20 listens, or 1 % of a month's, in one of {until}. "
        f"{source_of_forecast(found, metrics)}"
    )


def came_true(found: Sequence[Row], metrics: Sequence[Row]) -> str:
    """How many of the latest measured listens lie in the interval predicted without them."""
    known = checked(found)
    if not known:
        return missing("mood", metrics)
    n = len(known)
    # Of one track all listens have the same two numbers.
    tracks = len({(row["expected_valence"], row["actual_valence"]) for row in known})
    sides = ("expected_valence", "baseline_valence")
    off, usual = (sum(abs(row[of] - row["actual_valence"]) for row in known) / n for of in sides)
    whose = f"your latest {counted(n, 'measured listen')} ({counted(tracks, 'track')})"
    banded = [row for row in known if is_inside(row) is not None]
    share = 100 * sum(bool(is_inside(row)) for row in banded) / len(banded) if banded else 0
    answer = (
        f"**For {share:.0f} %** of {whose} the measured value lies in the interval that should hold 90 %. On average "
        f"it is {off:.2f} off, {MODELS['mood'].baseline} {usual:.2f}."
        if banded
        else f"**Within {off:.2f}** on average, for {whose}."
    )
    return f"{answer} {source_of_forecast(known, metrics)}"


def checked(found: Sequence[Row]) -> list[Row]:
    """Listens with both a prediction and a measured value."""
    return [row for row in found if row["slot"] == "listen" and row["actual_valence"] is not None]


def is_inside(row: Row) -> bool | None:
    """Whether what was measured lies in the interval; None where there is none."""
    low, high = row["expected_valence_low"], row["expected_valence_high"]
    return None if low is None or high is None else bool(low <= row["actual_valence"] <= high)


def believe(found: Sequence[Row]) -> str:
    """How many models are shown to be better than their baseline, and where the baseline is used instead."""
    rows = deciding(found)
    if not rows:
        return "**Not known yet**: no model has been tested. `tonearm run` trains and tests them."
    better = [row for row in rows if row["is_better"]]
    instead = [predicted(row) for row in rows if not row["is_served"]]
    rest = f" The baseline is used for {listed(instead)}." if instead else ""
    shown = "is shown" if len(better) == 1 else "are shown"
    return (
        f"**{len(better)} of {counted(len(rows), 'prediction')}** {shown} to be better than a simple baseline, "
        f"on data that the models had not learned from.{rest}"
    )


def on_trial(found: Trials) -> str:
    """How many forecasts have been scored, and what that shows of each model."""
    if not found.trials and found.next_due_at is None:
        return (
            "**Nothing to check yet.** Each `tonearm run` keeps the forecasts of what is to come, and a later one "
            "compares them with what you heard. A history that has ended brings no listens to compare with."
        )
    if not found.trials:
        due = found.next_due_at
        assert due is not None
        return (
            f"**None checked yet**: {counted(found.open, 'forecast')} kept. "
            f"The first is due on {due:%d %B %Y at %H:%M} UTC, and is checked by the first run after a later listen."
        )
    scored = sum(one.n for one in found.trials)
    return f"**{counted(scored, 'forecast')}** made before the fact could be compared with what you heard since."


def trial_line(one: Trial) -> str:
    """One trial: what was expected and what happened, and whether it was nearer than the baseline."""
    name = _PARTS.get((one.model, one.target)) or (SOUNDS.get(one.target) if one.model in _OF_SOUND else "")
    predicts = MODELS[one.model].predicts if one.model in MODELS else one.model.replace("_", " ")
    begun = f"**{_begun(predicts)}{f' ({name})' if name else ''}**, version {one.version}"
    return f"{begun}: {_came_true(one)}; {_beside_baseline(one)}."


def _came_true(one: Trial) -> str:
    if one.brier is None:
        return f"of {counted(one.n, 'hour')}, {one.predicted:.2f} was expected on average and {one.happened:.2f} heard"
    expected, happened = one.predicted * one.n, round(one.happened * one.n)
    return f"of {counted(one.n, 'forecast')}, {expected:.0f} were expected to come true and {happened:,} did"


def _beside_baseline(one: Trial) -> str:
    if one.served_by == "baseline":
        return "all by the baseline"
    if one.gain is None:
        return "the baseline had none"
    weeks = f"nearer than the baseline in {one.weeks_won} of {counted(len(one.weeks), 'week')}"
    if one.gain_low is None or one.gain_high is None:
        return f"{weeks}, too few days to tell"
    shown = "better" if one.gain_low > 0 else "worse" if one.gain_high < 0 else "not shown to be better"
    return f"{weeks}, {shown} over all (gain {_number(one.gain)}, {_number(one.gain_low)} to {_number(one.gain_high)})"


def deciding(metrics: Sequence[Row]) -> list[Row]:
    """For each target of each model, the metric that decided whether its version or the baseline is used."""
    found: dict[tuple[str, str], Row] = {}
    for row in (row for row in metrics if row["is_deciding"]):
        of = (row["model"], row["target"])
        kept = found.get(of)
        if kept is None or (row["is_served"], row["model_version"]) > (kept["is_served"], kept["model_version"]):
            found[of] = row
    order = list(MODELS)
    return sorted(found.values(), key=lambda row: order.index(row["model"]) if row["model"] in order else 99)


def tested(metrics: Sequence[Row], model: str, target: str = "") -> Row | None:
    """The test result of the version in use: on the listener's own rows, else on everybody's."""
    of_model = [row for row in deciding(metrics) if row["model"] == model]
    decided = next((row for row in of_model if row["target"] == target), next(iter(of_model), None))
    if decided is None:
        return None
    same = [
        row
        for row in metrics
        if (row["model"], row["model_version"], row["metric"]) == (model, decided["model_version"], decided["metric"])
        and row["target"] == (target or decided["target"])
    ]
    # Another target is tested in a way of its own.
    alike = [row for row in same if row["protocol"] == decided["protocol"]] or same
    own = [row for row in alike if row["scope"] == "listener"]
    return next(iter([*own, *alike]), None)


def source_of_forecast(found: Sequence[Row], metrics: Sequence[Row], target: str = "") -> str:
    """Whether the forecast is the model's or the baseline's, and how the model did when it was tested."""
    usual, row = MODELS[found[0]["model"]].baseline, tested(metrics, found[0]["model"], target)
    if found[0]["served_by"] == "baseline":
        how = f"the model was {verdict(row)} ({_n(row)})" if row else "the model did not beat it"
        return f"Shown is {usual}: {how}."
    if is_usual(found):
        return f"Shown for you is {usual}, not the model's forecast."
    if row is None:
        return "This is the model's forecast."
    if not row["is_better"] or (gain := _skill(row)) is None:
        return f"This is the model's forecast, though it is {verdict(row)} than {usual} ({_n(row)})."
    return f"This is the model's forecast: on {_n(row)} it came {gain} closer to a perfect one than {usual}."


def is_usual(found: Sequence[Row]) -> bool:
    """Whether every number is the baseline's, even where the rows name the model."""
    names = [name for name in found[0] if name.startswith("baseline_")]
    forecast = {
        name: name.replace("baseline_pct", "probability_pct").replace("baseline_", "expected_") for name in names
    }
    return all(row[name] == row[forecast[name]] for row in found for name in names)


def verdict(row: Row) -> str:
    """How a model compares with its baseline."""
    if row["gain_low"] is None or row["gain_high"] is None:
        return "not shown to be better, with too little to test on"
    return "better" if row["is_better"] else "worse" if row["gain_high"] < 0 else "not shown to be better"


def skill(row: Row) -> tuple[float, float | None, float | None] | None:
    """The gain and its interval as a share of the way from the baseline to a forecast that is always right.

    One scale for all metrics (a skill score, Murphy 1988); None where there is no such way.
    """
    if row["gain"] is None or row["baseline_value"] is None:
        return None
    way = abs((0.0 if row["metric"] in LOWER_IS_BETTER else 1.0) - row["baseline_value"])
    if not way:
        return None
    low, high = (None if row[end] is None else row[end] / way for end in ("gain_low", "gain_high"))
    return row["gain"] / way, low, high


def _skill(row: Row) -> str | None:
    found = skill(row)
    if found is None or found[1] is None or found[2] is None:
        return None
    return f"{_percent(found[0])} ({_percent(found[1])} to {_percent(found[2])})"


def _percent(share: float) -> str:
    return f"{round(100 * share)} %".replace("-", "−")


def _n(row: Row) -> str:
    whose = " of yours" if row["scope"] == "listener" else ""
    return f"{counted(row['rows'], about(row).unit)}{whose}"


def about(row: Row) -> About:
    """A row's model in words; an unknown one by its own name."""
    name = row["model"]
    return MODELS.get(name) or About(name.replace("_", " "), row.get("baseline_name") or "its baseline", "row")


def predicted(row: Row) -> str:
    """What is predicted; of a model that predicts several things, which of them."""
    part = _PARTS.get((row["model"], row["target"])) or (SOUNDS.get(row["target"]) if row["model"] in _OF_SOUND else "")
    return f"{about(row).predicts} ({part})" if part else about(row).predicts


def line(row: Row) -> str:
    """A target's deciding metric with its interval, the baseline's, and which of them is used."""
    value, usual = _number(row["value"]), _number(row["baseline_value"])
    metric = METRICS.get(row["metric"], (row["metric"].replace("_", " "),))[0]
    measured = f"{metric.capitalize()} {value}{_interval(row, 'value')}, baseline {usual}"
    gain = f"gain {_number(row['gain'])}{_interval(row, 'gain')}"
    used = "the model is used" if row["is_served"] else "the baseline is used"
    stands = verdict(row)
    if row["is_served"] and not row["is_better"]:
        used += ", by choice"
    named = about(row)
    return f"**{_begun(predicted(row))}**: {stands}, {used}. {measured}; {gain}; n {counted(row['rows'], named.unit)}."


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _interval(row: Row, of: str) -> str:
    low, high = row[f"{of}_low"], row[f"{of}_high"]
    return "" if low is None or high is None else f" ({_number(low)} to {_number(high)})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


def missing(model: str, metrics: Sequence[Row]) -> str:
    """Why there is no forecast: the model was never trained, or there is too little data of this listener."""
    takes = f"**No forecast yet**: it takes {needs(model)}."
    if any(row["model"] == model for row in metrics):
        return f"{takes} The model was trained, but there is too little data of yours."
    return f"{takes} Train with `tonearm train`, which reports what is missing."


def chance(pct: float) -> str:
    """A probability; neither certain nor impossible where it is not."""
    if 0 < pct < 0.5:
        return "under 1 %"
    return "over 99 %" if 99.5 <= pct < 100 else f"{pct:.0f} %"


def moment(row: Row) -> str:
    """The local hour at which a row's begins: Fri 20 Nov 2020, 11 h."""
    at = row["predicted_for_local"]
    return f"{at:%a} {at.day} {at:%b %Y}, {at.hour} h"


def _hour(row: Row) -> str:
    return f"{row['hour_of_day']}–{row['hour_of_day'] + 1} h"


def _beside(row: Row) -> str:
    """The baseline's chance, to stand beside the forecast."""
    if row["probability_pct"] == row["baseline_pct"]:
        return "as usual"
    return f"usually {chance(row['baseline_pct'])}"
