"""What comes next: whether new artists stay, when somebody will listen, what it will sound like, and who will stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import sqrt
from typing import Any

from tonearm.documents.cards.card import Answer, Asked, Card, Row, Sure, needs, percent
from tonearm.documents.words import counted

GROUP = "What comes next?"
_LATER_D = ((30, "a month"), (90, "three months"), (180, "half a year"), (365, "a year"), (730, "two years"))
NEW_WITHIN_D = 365
"""An artist first heard within so many days is new."""
_SHOWN, _FEW = 6, 50
_Z = 1.96
_OF_METRIC = ("scope", "model", "target", "metric", "is_served", "is_deciding", "rows", "baseline_name", "gain",
              "gain_low", "gain_high", "is_better", "model_version")  # fmt: skip
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
    found = {row["after_d"]: row for row in history.rows(_STAYED, history.last_day, list(dict(_LATER_D)))}
    rows = [
        {"label": name, "value": round(100 * found[days]["stayed"] / found[days]["met"], 1), **found[days]}
        for days, name in _LATER_D
        if days in found and found[days]["met"] >= _FEW
    ]
    if len(rows) < 2:
        return needs("It takes fifty artists first heard three months ago or earlier.")
    far = next((row for row in rows if row["label"] == "a year"), rows[-1])
    share, met = far["stayed"] / far["met"], far["met"]
    reach = _Z * sqrt(share * (1 - share) / met)
    new = history.rows(_STAYERS, history.last_day - timedelta(days=NEW_WITHIN_D), _SHOWN)
    loyal = [row for row in new if row["months"] > 2]
    names = f" Of the last year's, {loyal[0]['artist']} came back most." if loyal else ""
    return Answer(
        f"Of a hundred artists you meet, you still play {round(100 * share)} {far['label']} later.{names}",
        Sure(
            n=f"{counted(met, 'artist')} that you met at least {far['label']} before the last play here.",
            interval=f"{percent(share - reach)} to {percent(share + reach)} (95 % interval).",
            how="Still played means at least one play after that time. For later times there are fewer artists, as "
            "they have to be known for longer; artists met early have had longer to come back, too.",
        ),
        {"kind": "bars", "unit": "% still played after", "rows": [{k: r[k] for k in ("label", "value")} for r in rows]},
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
    first = rows[0]["predicted_for_local"]
    since = f"In the day after {first:%-d %B %Y}, the end of this history" if asked.has_ended else "In the coming day"
    expected = sum(row["probability_pct"] for row in rows) / 100
    hour = likeliest["hour_of_day"]
    return Answer(
        f"{since} you most likely press play on {likeliest['day_name']} between {hour}:00 and {(hour + 1) % 24}:00: "
        f"{likeliest['probability_pct']:.0f} in a hundred.",
        _sure(asked, rows, "session_start", "session_start_day_ahead", f"{len(rows)} hours ahead; {expected:.1f} "
              "sessions are expected in them."),
        {"kind": "chances", "rows": [
            {"label": f"{row['hour_of_day']}:00", "hour": row["hour_of_day"], "value": round(row["probability_pct"], 1),
             "usual": None if row["baseline_pct"] is None else round(row["baseline_pct"], 1)} for row in rows]},
    )  # fmt: skip


def next_sound(asked: Asked) -> Answer:
    """What the next track sounds like; says nothing of kinds, which have a card of their own."""
    columns = ("music_group", "probability_pct", "baseline_pct", "model", "served_by")
    rows = sorted(asked.tables.rows("next_mood_forecasts", columns), key=lambda row: -row["probability_pct"])
    if not rows:
        return _missing(asked, "the next track's sound", "the sound of a few hundred tracks")
    best = rows[0]
    other = None if best["baseline_pct"] is None else 100 - best["baseline_pct"]
    usual = f", against {best['baseline_pct']:.0f} % on the whole" if best["baseline_pct"] is not None else ""
    return Answer(
        f"Something {best['music_group']}: {best['probability_pct']:.0f} % if "
        f"{'the last session had gone on' if asked.has_ended else 'your last session goes on'}{usual}.",
        _sure(asked, rows, "next_mood", "next_mood", "The last tracks you heard.",
              "To reckon, the forecast divides your music by its sound; these parts shade into each other and are not "
              "the kinds of music counted above."),
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
    since = asked.as_of - timedelta(days=NEW_WITHIN_D)
    new = [row for row in rows if row["first_heard_month"] and row["first_heard_month"] >= since.replace(day=1)]
    if not rows:
        return _missing(asked, "which new artist will stay", "a year of recent plays")
    if not new:
        return needs("None of the artists you are getting closer to is new: it takes one first heard in the last year.")
    first, shown = new[0], new[:_SHOWN]
    more = " The odds are against it, as with most newcomers." if first["probability_pct"] < 50 else ""
    return Answer(
        f"{first['artist_name'] or 'An unnamed artist'} is the likeliest of your new artists to stay: "
        f"{first['probability_pct']:.0f} in a hundred.{more}",
        _sure(asked, rows, "breakout", "core", f"{counted(len(new), 'artist')} first heard in the last year, of "
              f"{len(rows)} candidates.",
              "To stay means twenty plays, or 1 % of a month's, in one of the two months from "
              f"{first['predicted_for_at']:%B %Y} on."),
        {"kind": "bars", "unit": "%", "rows": [
            {"label": row["artist_name"], "artist_id": row["artist_id"], "value": round(row["probability_pct"], 1),
             "usual": None if row["baseline_pct"] is None else round(row["baseline_pct"], 1)} for row in shown]},
    )  # fmt: skip


def believe(asked: Asked) -> Answer:
    """How many predictions are better than a simple rule, on data they had not learned from."""
    rows = _deciding(asked.tables.rows("model_performance_metrics", _OF_METRIC))
    if not rows:
        return needs("No forecast has been tested yet: tonearm train makes and tests them.")
    better = [row for row in rows if row["is_better"]]
    names = [_PREDICTS.get(row["model"], row["model"].replace("_", " ")) for row in rows]
    labels = [f"{name}{_target(row)}" for name, row in zip(names, rows, strict=True)]
    all_of = "Yes" if len(better) == len(rows) else "Partly" if better else "No more than a simple rule"
    return Answer(
        f"{all_of}: {len(better)} of {counted(len(rows), 'prediction')} beat a simple rule in a test."
        + (" For the others you see what the simple rule says." if len(better) < len(rows) else ""),
        Sure(
            n="; ".join(f"{labels[i]}: {row['rows']:,}" for i, row in enumerate(rows) if row["rows"]) + ".",
            interval="; ".join(
                f"{labels[i]}: gain {row['gain']:.3f} ({row['gain_low']:.3f} to {row['gain_high']:.3f})"
                for i, row in enumerate(rows)
                if None not in (row["gain"], row["gain_low"], row["gain_high"])
            ),
            baseline="A simple rule for each, such as the rate of the hour or the artist's mean.",
            how="Tested on plays and artists that the model had not learned from. A gain is in the measure that "
            "decided; its interval resamples whole artists, sessions, days or months.",
        ),
        {"kind": "checks", "rows": [_check(name, rows, names) for name in dict.fromkeys(names)]},
    )


def _check(name: str, rows: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    """How a model did in all that it predicts."""
    own = [bool(row["is_better"]) for row, of in zip(rows, names, strict=True) if of == name]
    better = sum(own)
    text = "better" if all(own) else f"better in {better} of {len(own)}" if better else "no better"
    return {"label": name, "text": text, "is_better": better > 0}


_TARGETS = {"session_start_day_ahead": " a day ahead", "session_start_hour_ahead": " an hour ahead",
            "listener": " (from what you hear)", "song": " (from one song)"}  # fmt: skip


def _target(row: Row) -> str:
    if row["model"] in ("imputation", "mood", "energy_forecast"):
        return f" ({row['target']})"
    return _TARGETS.get(row["target"], "")


def _deciding(rows: Sequence[Row]) -> list[Row]:
    """Of each target of each model what decided, in the version that is used, else the newest."""
    found: dict[tuple[str, str], Row] = {}
    for row in (row for row in rows if row["is_deciding"]):
        kept = found.get((row["model"], row["target"]))
        if kept is None or (row["is_served"], row["model_version"]) > (kept["is_served"], kept["model_version"]):
            found[row["model"], row["target"]] = row
    order = list(_PREDICTS)
    return sorted(found.values(), key=lambda row: order.index(row["model"]) if row["model"] in order else 99)


def _sure(asked: Asked, rows: Sequence[Row], model: str, target: str, n: str, how: str = "") -> Sure:
    tested = [row for row in _deciding(asked.tables.rows("model_performance_metrics", _OF_METRIC))
              if row["model"] == model]  # fmt: skip
    test = next((row for row in tested if row["target"] == target), next(iter(tested), None))
    shown = "the forecast of a model" if rows[0]["served_by"] == "model" else "a simple rule"
    baseline = f"Shown is {shown}."
    if test is not None:
        beat = "beat" if test["is_better"] else "was not shown to beat"
        baseline += f" In a test on {test['rows']:,} cases the model {beat} the rule ({test['baseline_name']})."
    interval = (
        f"Gain over the rule {test['gain']:.3f} ({test['gain_low']:.3f} to {test['gain_high']:.3f}, 95 % interval)."
        if test is not None and None not in (test["gain"], test["gain_low"], test["gain_high"])
        else ""
    )
    return Sure(n=n, interval=interval, baseline=baseline, how=how)


def _missing(asked: Asked, what: str, takes: str) -> Answer:
    if asked.has_ended:
        return needs(f"This history ended on {asked.as_of:%-d %B %Y}; a forecast of {what} takes {takes}.")
    return needs(f"It takes {takes}, and a model trained on them (tonearm train).")


CARDS: list[Card] = [
    Card("newcomers", GROUP, "Do new artists stay with me?", newcomers),
    Card("next_session", GROUP, "When will I listen next?", next_session),
    Card("breakouts", GROUP, "Which new artist will stay?", breakouts),
    Card("next_sound", GROUP, "What will the next track sound like?", next_sound),
    Card("believe", GROUP, "Can I believe these forecasts?", believe),
]

_STAYED = """
SELECT after_d, count(*) AS met, count(*) FILTER (last_day >= first_day + after_d) AS stayed
FROM artists, (SELECT unnest($2::INTEGER[]) AS after_d) WHERE first_day + after_d <= $1::DATE GROUP BY after_d
"""
_STAYERS = """
SELECT artist_id, any_value(artists.artist) AS artist, count(DISTINCT date_trunc('month', day)) AS months,
    count(*) AS listens
FROM heard JOIN artists USING (artist_id) WHERE first_day > $1 GROUP BY artist_id
ORDER BY months DESC, listens DESC, artist LIMIT $2
"""
