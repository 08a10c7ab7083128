"""``tonearm train``, ``tonearm predict`` and ``tonearm models``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonearm.cli.command import SEED, Context, command, progress, with_options
from tonearm.errors import NotRegistered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tonearm.models.lifecycle.registry import Registry, Version
    from tonearm.models.lifecycle.training import TrainReport

_SHOWN_RECORDS = 20


@command(
    epilog="""\b
Examples:
  tonearm train
  tonearm train breakout session_start
  tonearm train popularity --json
"""
)
@click.argument("names", nargs=-1, metavar="[MODEL]…")
@click.option("--seed", type=SEED, default=1, show_default=True, help="Of everything that is drawn by chance.")
def train(context: Context, names: tuple[str, ...], seed: int) -> None:
    """Train the models: all, or those named; each is served only if it beats its baseline.

    What a model learned is tested on rows that it did not learn from, beside a named baseline fitted on the same
    rows. A model with too little to learn from reports what it needs.
    """
    reports = train_with_progress(context, names, seed)
    context.counts = {"models_trained": len(reports)}
    if context.as_json:
        context.answer({"models": reports})
    else:
        show_training(context, reports)
        if any(report.version for report in reports):
            context.say(_NEXT)


_NEXT = "next: `tonearm build` brings the tables that are made from it up to date"


def train_with_progress(context: Context, names: Sequence[str] = (), seed: int = 1) -> list[TrainReport]:
    """Train while a person sees how far it is."""
    from tonearm.models.lifecycle.training import train as run_training

    with progress(context) as shown:
        task = shown.add_task("training", count="") if shown else None

        def show_progress(name: str, done: int, total: int) -> None:
            if shown and task is not None:
                shown.update(task, description=name, completed=done, total=total, count=f"{done} of {total} models")

        return run_training(context.settings, names, seed, progress=show_progress, waiting=context.note)


_STATUS = {"served": "served", "baseline": "baseline served", "not_enough_data": "not enough data"}


def show_training(context: Context, reports: Sequence[TrainReport]) -> None:
    """Print what training did with each model."""
    rows = [
        (r.model, _STATUS[r.status], r.version, r.rows or None, r.scores or None, f"{r.seconds:.1f}", r.message)
        for r in reports
    ]
    context.grid("", ("model", "", "version", "rows", "scores", "s", "why"), rows, "llrrrrl")


@command(
    epilog="""\b
Examples:
  tonearm predict popularity --input tracks.json
  tonearm predict spotify_classifier --input tracks.csv --json
  echo '[{"plays_t": 12, "share_t": 0.004}]' > artists.json && tonearm predict breakout --input artists.json
"""
)
@click.argument("name", metavar="MODEL")
@click.option("--input", "path", required=True, type=click.Path(path_type=Path), help="JSON, JSON lines, CSV, Parquet.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Probability from which on the answer is yes; popularity and breakout have one.",
)
def predict(context: Context, name: str, path: Path, threshold: float | None) -> None:
    """Predict the records of a file with MODEL, one row for each; what a record lacks is missing."""
    from tonearm.models import find
    from tonearm.models.lifecycle.predicting import predict as ask
    from tonearm.models.lifecycle.predicting import read_records
    from tonearm.models.model import targets_of

    records = read_records(path)
    answers, version = ask(context.settings, name, records, threshold, context.note)
    rows = _plain_rows(answers)
    targets = targets_of(find(name))
    served_by = {target: "model" if target in version.serves else "baseline" for target in targets}
    if context.as_json:
        named = {"model": version.model, "version": version.version}
        context.answer({**named, "served_by": served_by, "predictions": rows})
        return
    context.grid("", list(answers.columns), [list(row.values()) for row in rows[:_SHOWN_RECORDS]])
    if len(rows) > _SHOWN_RECORDS:
        context.note(f"{len(rows) - _SHOWN_RECORDS:,} more; --json has all")
    by_baseline = [target for target in targets if served_by[target] == "baseline"]
    if by_baseline:
        which = f"version {version.version} of {version.model}"
        context.note(f"{', '.join(by_baseline)}: answered by the baseline; {which}: {version.decision}")


def _plain_rows(answers: Any) -> list[dict[str, Any]]:
    """Rows of plain values, null where there is no number."""
    return [
        {str(k): None if isinstance(v, float) and v != v else v for k, v in row.items()}
        for row in answers.to_dict("records")
    ]


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  tonearm models
  tonearm models show breakout
  tonearm models compare breakout 2 3
  tonearm models promote breakout 2 production --reason "better on my own list"
  tonearm models rollback breakout --reason "too many alerts"
  tonearm models drift
  tonearm models trial
  tonearm models ui
""",
)
@with_options
def models(context: Context) -> None:
    """List the models: which version is served, and how it stands beside its baseline."""
    if click.get_current_context().invoked_subcommand is None:
        _list(context)


@models.command("list")
@with_options
def list_(context: Context) -> None:
    """The same as `tonearm models`."""
    _list(context)


def _list(context: Context) -> None:
    from tonearm.models.listing import standings

    rows: list[dict[str, Any]] = [
        {
            "model": one.model,
            "registered": one.registered,
            "versions": one.versions,
            "production": one.production,
            "serves": list(one.serves),
            "trained": f"{one.trained_at:%Y-%m-%d %H:%M}" if one.trained_at else None,
            "decision": one.decision,
        }
        for one in standings(_registry(context))
    ]
    if context.as_json:
        context.answer({"models": rows})
        return
    columns = ("model", "versions", "production", "serves", "trained", "decision")
    shown = [{**row, "serves": ", ".join(row["serves"])} for row in rows]
    context.grid("", columns, [[row[c] for c in columns] for row in shown], "lrrlll")
    if not any(row["versions"] for row in rows):
        context.say("no model has been trained yet: `tonearm train`")


@models.command(
    epilog="""\b
Examples:
  tonearm models show breakout
  tonearm models show breakout production
"""
)
@click.argument("name", metavar="MODEL")
@click.argument("which", metavar="[VERSION]", default="")
@with_options
def show(context: Context, name: str, which: str) -> None:
    """What is known of MODEL, or of one VERSION (a number, staging or production) and how it was measured."""
    from tonearm.models import find

    registry, model = _registry(context), find(name)
    versions = registry.versions(model.registered)
    newest = str(versions[0].version) if versions else "production"
    version = registry.version(model.registered, which or newest)
    measured = _evaluations(context, model.name, version.version)
    if context.as_json:
        context.answer({"version": version, "versions": versions, "measured": measured})
        return
    context.say(model.summary)
    rows = [
        (v.version, " ".join(v.aliases), ", ".join(v.serves), f"{v.trained_at:%Y-%m-%d %H:%M}", v.rows, v.decision)
        for v in versions
    ]
    context.grid("", ("version", "", "serves", "trained", "rows", "why"), rows, "rlllrl")
    context.say(f"version {version.version}, from {version.data_version}; split {version.split_hash}")
    _show_measured(context, measured)
    for limit in model.limits:
        context.say(f"  {limit}")


@models.command(
    epilog="""\b
Examples:
  tonearm models compare breakout 2 3
  tonearm models compare mood 1 production --json
"""
)
@click.argument("name", metavar="MODEL")
@click.argument("first")
@click.argument("second")
@with_options
def compare(context: Context, name: str, first: str, second: str) -> None:
    """How two versions of MODEL were measured, side by side; it is noted where they were tested on different rows."""
    from tonearm.models import find

    registry, model = _registry(context), find(name)
    versions = [registry.version(model.registered, which) for which in (first, second)]
    sides = [_by_metric(_evaluations(context, model.name, version.version)) for version in versions]
    alike = versions[0].split_hash == versions[1].split_hash
    rows = [
        {
            "target": key[0],
            "protocol": key[1],
            "metric": key[2],
            "first": sides[0].get(key),
            "second": sides[1].get(key),
        }
        for key in sorted(sides[0].keys() | sides[1].keys())
    ]
    if context.as_json:
        context.answer({"versions": versions, "same_rows": alike, "metrics": rows})
        return
    columns = ("target", "protocol", "metric", f"version {versions[0].version}", f"version {versions[1].version}")
    context.grid("", columns, [list(row.values()) for row in rows], "lllrr")
    if not alike:
        context.say("they were tested on different rows, so small differences say nothing")


@models.command(
    epilog="""\b
Examples:
  tonearm models promote breakout 2 production --reason "better on my own list"
"""
)
@click.argument("name", metavar="MODEL")
@click.argument("which", metavar="VERSION")
@click.argument("alias", type=click.Choice(["staging", "production"]))
@click.option("--reason", required=True, help="Why; it is kept with the version.")
@with_options
def promote(context: Context, name: str, which: str, alias: str, reason: str) -> None:
    """Let VERSION of MODEL be staging or production, whatever was measured; the reason is recorded."""
    from tonearm.models.lifecycle.training import serve

    _answer_version(context, serve(context.settings, name, which, alias, reason))


@models.command(
    epilog="""\b
Examples:
  tonearm models rollback breakout
  tonearm models rollback breakout --reason "too many alerts"
"""
)
@click.argument("name", metavar="MODEL")
@click.option("--reason", default="rolled back", show_default=True, help="Why; it is kept with the version.")
@with_options
def rollback(context: Context, name: str, reason: str) -> None:
    """Serve the version of MODEL again that was served before."""
    from tonearm.models.lifecycle.training import roll_back

    _answer_version(context, roll_back(context.settings, name, reason))


@models.command(
    epilog="""\b
Examples:
  tonearm models card mood
  tonearm models card mood > mood.md
"""
)
@click.argument("name", metavar="MODEL")
@with_options
def card(context: Context, name: str) -> None:
    """MODEL's card in Markdown: what it is for, how it was tested, how good it is, what it cannot do."""
    from tonearm.models import find
    from tonearm.models.lifecycle.cards import card as written

    model = find(name)
    version = _registry(context).in_use(model.registered)
    if version is None:
        raise NotRegistered(f"{model.name} has never been trained; `tonearm train {model.name}` does it")
    text = written(model, version, _evaluations(context, model.name, version.version))
    if context.as_json:
        context.answer({"card": text})
    else:
        context.document(text)


@models.command()
@with_options
def drift(context: Context) -> None:
    """How far what each model sees now has moved from what it learned, and whether a retrain is due."""
    from tonearm.models.lifecycle.drift import look

    found = look(context.settings)
    if context.as_json:
        context.answer({"drift": found})
        return
    rows = [
        (one.model, one.version, one.quantity, f"{one.drift:.2f}", one.rows, "train again" if one.is_due else "")
        for one in found
    ]
    context.grid("", ("model", "version", "quantity", "drift", "rows", ""), rows, "lrlrrl")
    if not found:
        context.say("no model has been trained yet: `tonearm train`")


@models.command(
    epilog="""\b
Examples:
  tonearm models trial
  tonearm models trial --listener ada --json
"""
)
@click.option("--listener", help="Whose forecasts; everybody's by default.")
@with_options
def trial(context: Context, listener: str | None) -> None:
    """How forecasts that were kept before the fact did, beside their baseline: calibration, wins and intervals."""
    from tonearm.models.trial.summary import trials

    with context.open_store() as store:
        found = trials(store, store.listener(listener).name if listener else None)
    if context.as_json:
        context.answer(found)
        return
    rows = [
        (
            *(one.model, one.version, one.target, one.served_by, one.n, one.metric),
            *(_decimals(one.loss), _decimals(one.baseline_loss), _span(one.gain_low, one.gain_high)),
            *(f"{one.predicted:.3f}", f"{one.happened:.3f}", f"{one.weeks_won} of {len(one.weeks)}"),
        )
        for one in found.trials
    ]
    columns = ("model", "version", "target", "by", "n", "metric", "loss", "baseline", "gain, 95 %")
    context.grid("", (*columns, "forecast", "happened", "weeks won"), rows, "lrllrlrrlrrr")
    if found.next_due_at:
        context.say(f"{found.open:,} forecasts are open; the first is due at {found.next_due_at:%Y-%m-%d %H:%M} UTC")
    elif not rows:
        context.say("no forecast has been kept yet: `tonearm run` keeps those that its models make of what is to come")


@models.command(
    epilog="""\b
Examples:
  tonearm models ui
  tonearm models ui --port 5001
"""
)
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Port of the interface.")
@with_options
def ui(context: Context, port: int) -> None:
    """MLflow's own interface over the registry, on this machine until Ctrl-C: runs, parameters, files, versions.

    It needs the extra `mlflow`. It has no login, and whoever opens it can also change and delete what it shows. Where
    the setting mlflow_tracking_uri names a server, that has the interface, and its address is printed.
    """
    from tonearm.api.serve import check_port
    from tonearm.models.lifecycle.interface import HOST, serve_interface, server_of

    def announce(url: str) -> None:
        if context.as_json:
            context.answer({"url": url})
        context.say(f"MLflow's interface is at {url}")

    server = server_of(context.settings)
    if server:
        announce(server)
        return
    check_port(HOST, port, "--port")
    serve_interface(context.settings, port, lambda: announce(f"http://{HOST}:{port}"))


def _answer_version(context: Context, version: Version) -> None:
    if context.as_json:
        context.answer({"version": version})
    else:
        context.say(f"{version.model} {version.version} is {', '.join(version.aliases)} now: {version.decision}")
        context.say(_NEXT)


def _registry(context: Context) -> Registry:
    from tonearm.models.lifecycle.registry import open_registry

    return open_registry(context.settings)


def _evaluations(context: Context, model: str, version: int) -> list[dict[str, Any]]:
    from tonearm.models.lifecycle.training import evaluations

    return evaluations(context.settings, model, version)


def _by_metric(rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], float | None]:
    return {(r["target"], r["protocol"], r["metric"]): r["value"] for r in rows if r["listener"] is None}


def _show_measured(context: Context, measured: list[dict[str, Any]]) -> None:
    rows = [
        (
            *(row["listener"] or "everybody", row["target"], row["protocol"], row["metric"], _decimals(row["value"])),
            *(_span(row["value_low"], row["value_high"]), row["rows"], _decimals(row["baseline_value"])),
            *(_span(row["gain_low"], row["gain_high"]), "better" if row["is_better"] else ""),
        )
        for row in measured
    ]
    columns = ("of", "target", "protocol", "metric", "value", "95 %", "n", "baseline", "gain, 95 %", "")
    context.grid("", columns, rows, "llllrlrrll")


def _decimals(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _span(low: float | None, high: float | None) -> str | None:
    return None if low is None or high is None else f"{low:.3f} … {high:.3f}"
