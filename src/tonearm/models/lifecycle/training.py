"""Training: examples from the lake, held-out predictions beside the baseline's, a new version, promotion."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pandas as pd
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits

from tonearm.bronze import EVALUATIONS
from tonearm.errors import NotEnoughData
from tonearm.home.lock import writing
from tonearm.lake import Lake, open_lake
from tonearm.models import chosen, find
from tonearm.models.evaluate import Measured, measure
from tonearm.models.lifecycle.drift import write_watched
from tonearm.models.lifecycle.plots import plots
from tonearm.models.lifecycle.registry import PRODUCTION, Registry, Version, joined, open_registry
from tonearm.models.lifecycle.scoring import as_arrow, as_of_listens, read, write_scores
from tonearm.models.model import SEED, Decision, Model, target_of, targets_of
from tonearm.settings import Settings

if TYPE_CHECKING:
    from tonearm.models.model import HeldOut

Status = Literal["served", "baseline", "not_enough_data"]
Progress = Callable[[str, int, int], None]


class TrainReport(msgspec.Struct, kw_only=True):
    """What training did with one model."""

    model: str
    status: Status
    """served: the model is used for some target; baseline: it beat its baseline in none, which is used in its place."""
    message: str
    """Why, in words; of ``not_enough_data`` what there is and what is needed."""
    version: int | None = None
    serves: tuple[str, ...] = ()
    """Targets that are answered by a version of the model, and not by its baseline."""
    rows: int = 0
    scores: int = 0
    """Rows written to ``model_scores``."""
    measured: list[Measured] = []
    seconds: float = 0.0


def train(
    settings: Settings,
    names: Iterable[str] = (),
    seed: int = SEED,
    progress: Progress | None = None,
    waiting: Callable[[str], None] | None = None,
) -> list[TrainReport]:
    """Train the named models (all by default) on what the lake holds, and score with what is served then.

    Interrupted, it has kept the models that were done. Raises UnknownName, HomeBusy and RegistryUnreachable.
    """
    todo = chosen(names, train_on_spotify_api=settings.train_on_spotify_api)
    lake, registry = open_lake(settings.lake), open_registry(settings)
    reports = []
    with writing(settings, waiting), _one_thread():
        for done, model in enumerate(todo):
            if progress:
                progress(model.name, done, len(todo))
            reports.append(_trained(settings, lake, registry, model, seed))
        if progress:
            progress("", len(todo), len(todo))
    return reports


def _one_thread() -> AbstractContextManager[object]:
    """Keeps the libraries of linear algebra to one thread.

    Our matrices are so small that a second thread mostly waits for the first, and waits by spinning: of two models the
    training took several times the CPU. With one, sums do not depend on the machine either.
    """
    # Only libraries that are loaded already are limited.
    return threadpool_limits(1)  # type: ignore[no-any-return]


def _trained(settings: Settings, lake: Lake, registry: Registry, model: Model, seed: int) -> TrainReport:
    began = perf_counter()
    tables = read(lake, model.inputs, settings)
    as_of = as_of_listens(lake)
    try:
        examples = model.examples(tables, as_of)
    except NotEnoughData as error:
        return TrainReport(
            model=model.name, status="not_enough_data", message=str(error), seconds=perf_counter() - began
        )
    held = model.held_out(examples, seed)
    measured = [one for part in held for one in measure(part, seed)]
    deciding = decisive(model, measured)
    passed = tuple(one.target for one in deciding if one.is_better)
    about = {
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data_version": data_version(lake, model.inputs),
        "split_hash": split_hash(held),
        "rows": len(examples),
        "passed": joined(passed),
        "decision": in_words(model, deciding),
        "as_of": as_of.isoformat(timespec="seconds"),
        "seed": seed,
    }
    fitted = model.fit(examples, seed)
    watch = partial(write_watched, examples=examples, as_of=as_of)
    version = registry.register(model, fitted, measured, about, _plots(held), watch)
    version = decide(registry, version)
    served = registry.in_use(model.registered) or version
    _keep_evaluations(lake, model, version, measured, deciding)
    _mark_served(lake, model, served)
    serving = fitted if served.version == version.version else registry.load(model, served)
    scores = write_scores(lake, model, serving, served, tables, as_of)
    return TrainReport(
        model=model.name,
        status="served" if served.serves else "baseline",
        message=str(about["decision"]),
        version=version.version,
        serves=served.serves,
        rows=len(examples),
        scores=scores,
        measured=measured,
        seconds=perf_counter() - began,
    )


def decide(registry: Registry, version: Version) -> Version:
    """Serve the targets in which a new ``version`` beat its baseline, and none by the version served before.

    What was learned and tested on the newest rows says how good the model is today: an older version was measured on
    fewer. Only what a person promoted stays, until a version passes in all that it serves.
    """
    served = registry.production(version.model)
    if served is not None and served.is_by_hand and not set(served.serves) <= set(version.passed):
        return version
    if version.passed:
        return registry.promote(version.model, version.version, PRODUCTION, version.decision, version.passed)
    if served is not None:
        registry.retire(served, version, f"retired by version {version.version}: {version.decision}")
    return registry.version(version.model, version.version)


def decisive(model: Model, measured: list[Measured]) -> list[Measured]:
    """What decides on each target: its metric over everybody, in the protocol of real use or that which comes first.

    A target that was not measured so is left out, and not served.
    """
    found = [next((one for one in measured if _is_of(decision, one)), None) for decision in model.decides]
    return [one for one in found if one is not None]


def _is_of(decision: Decision, one: Measured) -> bool:
    is_same = (one.target, one.metric, one.listener) == (decision.target, decision.metric, None)
    return is_same and decision.protocol in ("", one.protocol)


def in_words(model: Model, deciding: list[Measured]) -> str:
    """Why each target of the model is served or not."""
    if len(model.decides) == 1:
        return "; ".join(_in_words(one, f" of {model.baseline}") for one in deciding)
    return "; ".join(f"{one.target}: {_in_words(one)}" for one in deciding) + f" (against {model.baseline})"


def _in_words(deciding: Measured, of_what: str = "") -> str:
    name = f"{deciding.metric} {_short(deciding.value)} against {_short(deciding.baseline_value)}{of_what}"
    if deciding.gain_low is None or deciding.gain_high is None:
        return f"{name} (n {deciding.n:,}): too few blocks to know whether it is better"
    gain = f"gain {_short(deciding.gain)} [{_short(deciding.gain_low)}, {_short(deciding.gain_high)}]"
    verdict = "better" if deciding.is_better else "worse" if deciding.is_worse else "not shown to be better"
    return f"{name}, {gain}, n {deciding.n:,}: {verdict}"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def data_version(lake: Lake, names: Iterable[str]) -> str:
    """The version of each table, as it can be read again by time travel."""
    return " ".join(f"{name}@{lake.version(name)}" for name in names if lake.has(name))


def split_hash(held: list[HeldOut]) -> str:
    """Hash of which rows were held out and what they were: two versions with the same were tested alike."""
    total = hashlib.sha256()
    for part in held:
        total.update(f"{part.target} {part.protocol} {len(part.actual)}".encode())
        total.update(part.actual.astype(float).tobytes())
        total.update("\n".join(part.block.astype(str)).encode())
    return total.hexdigest()[:16]


def serve(settings: Settings, name: str, which: str, alias: str, reason: str) -> Version:
    """Promote a version because a person decided so, in all its targets, and write what is served from now on."""
    model, registry = find(name), open_registry(settings)
    with writing(settings):
        version = registry.promote(
            model.registered, which, alias, f"by hand: {reason}", targets_of(model), is_by_hand=True
        )
        _answer_from_now_on(settings, registry, model)
    return version


def roll_back(settings: Settings, name: str, reason: str) -> Version:
    """Serve again what was served before."""
    model, registry = find(name), open_registry(settings)
    with writing(settings):
        version = registry.rollback(model.registered, f"by hand: {reason}", targets_of(model))
        _answer_from_now_on(settings, registry, model)
    return version


def _answer_from_now_on(settings: Settings, registry: Registry, model: Model) -> None:
    lake = open_lake(settings.lake)
    served = registry.production(model.registered)
    if served is None:
        return
    _mark_served(lake, model, served)
    tables = read(lake, model.inputs, settings)
    write_scores(lake, model, registry.load(model, served), served, tables, as_of_listens(lake))


def _mark_served(lake: Lake, model: Model, served: Version) -> None:
    """Mark in ``model_evaluations`` which version answers which target now."""
    if not lake.has(EVALUATIONS):
        return
    of_model = pc.field("model") == model.name
    names = pc.unique(lake.dataset(EVALUATIONS).to_table(["target"], filter=of_model)["target"]).to_pylist()
    theirs = ", ".join(f"'{name}'" for name in names if target_of(model, name) in served.serves)
    now = f"model_version = {served.version} AND target IN ({theirs})" if theirs else "false"
    lake.update(EVALUATIONS, f"model = '{model.name}'", {"is_served": now}, {})


def evaluations(settings: Settings, name: str, version: int) -> list[dict[str, Any]]:
    """How a version of the model ``name`` was measured: rows of ``model_evaluations``."""
    lake = open_lake(settings.lake)
    if not lake.has(EVALUATIONS):
        return []
    wanted = (pc.field("model") == name) & (pc.field("model_version") == version)
    rows: list[dict[str, Any]] = lake.dataset(EVALUATIONS).to_table(filter=wanted).to_pylist()
    return rows


def _keep_evaluations(
    lake: Lake, model: Model, version: Version, measured: list[Measured], deciding: list[Measured]
) -> None:
    of_deciding = {id(one) for one in deciding}
    rows = pd.DataFrame([_evaluation(model, version, one, id(one) in of_deciding) for one in measured])
    lake.append(EVALUATIONS, as_arrow(EVALUATIONS, rows), {})


def _evaluation(model: Model, version: Version, one: Measured, is_deciding: bool) -> dict[str, Any]:
    return {
        "listener": one.listener,
        "model": model.name,
        "model_version": version.version,
        "is_served": target_of(model, one.target) in version.serves,
        "target": one.target,
        "protocol": one.protocol,
        "metric": one.metric,
        "is_deciding": is_deciding,
        "value": one.value,
        "value_low": one.low,
        "value_high": one.high,
        "rows": one.n,
        "baseline_name": model.baseline,
        "baseline_value": one.baseline_value,
        "gain": one.gain,
        "gain_low": one.gain_low,
        "gain_high": one.gain_high,
        "is_better": one.is_better,
        "trained_at": version.trained_at,
        "data_version": version.data_version,
    }


def _plots(held: list[HeldOut]) -> Mapping[str, Any]:
    return {f"{part.target}-{i}-{name}": figure for i, part in enumerate(held) for name, figure in plots(part).items()}
