"""The registry: versions of models with what was measured of them, and which one is served.

A version is a folder of files that run no code when they are read (skops, JSON, a library's own format) and a
manifest with the hash of each. MLflow keeps it as a ``pyfunc`` whose loader is :mod:`tonearm.models.served`, so
``mlflow.pyfunc.load_model("models:/NAME@production")`` works wherever tonearm is installed. MLflow takes two seconds to
load, which predicting from remembered versions does without: it is opened by :mod:`tonearm.models.lifecycle.tracking`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tonearm.errors import NotRegistered, UsageError
from tonearm.models import served
from tonearm.models.lifecycle.tracking import (
    SQLITE,
    client_of,
    client_of_file,
    move_addresses,
    plainly,
    quiet,
    speaking_to,
)
from tonearm.models.listing import REGISTRY

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from tonearm.models.evaluate import Measured
    from tonearm.models.model import Candidate, Fitted, Model
    from tonearm.models.served import Served
    from tonearm.settings import Settings

STAGING, PRODUCTION = "staging", "production"
ALIASES = (STAGING, PRODUCTION)
_LONGEST_LINE = 250
_LONGEST_REASON = 2000
_SEPARATOR = ","
_LOADER = "tonearm.models.served"
_LOGGED = "models:/"


class Version(msgspec.Struct, kw_only=True, frozen=True):
    """One version of a model, as the registry knows it."""

    model: str
    version: int
    trained_at: datetime
    aliases: tuple[str, ...] = ()
    data_version: str = ""
    """Versions of the tables it learned from."""
    split_hash: str = ""
    """Hash of which rows were held out, with what they were."""
    rows: int = 0
    """Rows it learned from."""
    passed: tuple[str, ...] = ()
    """Targets in which it beat its baseline."""
    serves: tuple[str, ...] = ()
    """Targets that it answers; what is in none is answered by the baseline."""
    is_by_hand: bool = False
    """Whether a person decided that it is served."""
    decision: str = ""
    """Why it is served or not, in words; a person's reason where a person decided."""
    layout: int = 1
    """Number of the layout of its files; another one than ``served.FORMAT`` cannot be loaded."""
    sha256: str = ""
    """Hash of its files."""
    source: str = ""
    """Where its files are."""
    run: str = ""
    """MLflow's id of the run that trained it."""


class Remembered(msgspec.Struct):
    """Versions of models as they were when the database had this stamp."""

    stamp: str | None
    versions: dict[str, list[Version]] = {}


class Registry:
    """Models and their versions. ``uri`` is MLflow's: a database of the home by default, or a server."""

    def __init__(self, uri: str, artefacts: Path) -> None:
        """Nothing is opened before it is needed."""
        self.uri, self.artefacts = uri, artefacts
        self._copies: dict[str, Path] = {}

    @property
    def client(self) -> MlflowClient:
        """MLflow's own client; opened once, and a database of the home is made by it.

        Where the home was moved, its database is brought up to date first.
        """
        if not hasattr(self, "_client"):
            file = self._file()
            if file is not None and file.parent == self.artefacts.parent:
                move_addresses(file, self.artefacts)
            self._client = client_of(self.uri) if file is None else client_of_file(file)
        return self._client

    def _file(self) -> Path | None:
        """The database's file; None for a server."""
        return Path(self.uri.removeprefix(SQLITE)) if self.uri.startswith(SQLITE) else None

    def _is_missing(self) -> bool:
        """Whether nothing was ever registered, because the database is not there."""
        file = self._file()
        return file is not None and not file.exists()

    def register(
        self,
        model: Model,
        fitted: Fitted,
        measured: Iterable[Measured],
        about: Mapping[str, Any],
        plots: Mapping[str, Any] | None = None,
        beside: Callable[[Path], None] | None = None,
    ) -> Version:
        """Keep ``fitted`` as the newest version with alias ``staging``.

        ``about`` has the fields of :class:`Version`, ``passed`` by :func:`joined`; ``plots`` are figures by name;
        ``beside`` writes more files into the folder of the model's own.
        """
        with plainly(self.uri), tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "data"
            folder.mkdir()
            fitted.save(folder)
            if beside:
                beside(folder)
            sha256 = served.seal(folder, model.name)
            tags = {
                k: _line(v, _LONGEST_REASON) for k, v in {**about, "layout": served.FORMAT, "sha256": sha256}.items()
            }
            compared = getattr(fitted, "compared", ())
            run = self._logged(model, folder, list(measured), tags, plots or {}, compared)
        self.client.set_registered_model_alias(model.registered, STAGING, run)
        return self.version(model.registered, run)

    def _logged(
        self,
        model: Model,
        folder: Path,
        measured: list[Measured],
        tags: dict[str, str],
        plots: Mapping[str, Any],
        candidates: Iterable[Candidate],
    ) -> str:
        experiment = self._experiment(model.name)
        title = f"{model.name} {tags['trained_at'][:16]}"
        with speaking_to(self.uri) as mlflow, mlflow.start_run(experiment_id=experiment, run_name=title) as started:
            mlflow.log_params(_parameters(model))
            mlflow.log_metrics(_metrics(measured))
            mlflow.log_dict({"metrics": msgspec.to_builtins(measured)}, "metrics.json")
            for name, figure in plots.items():
                mlflow.log_figure(figure, f"plots/{name}.png")
            for candidate in candidates:
                _log_candidate(mlflow, experiment, candidate)
            found = mlflow.pyfunc.log_model(
                name="model",
                loader_module=_LOADER,
                data_path=str(folder),
                pip_requirements=["tonearm"],
                tags=tags,
                model_config={"sha256": tags["sha256"], "serves": _listed(tags.get("passed", ""))},
            )
            run = started.info.run_id
        with quiet():
            self._made(model.registered, model.summary)
            # A server refuses an address like models:/m-… without the id that is in it.
            version = self.client.create_model_version(
                model.registered,
                found.model_uri,
                run,
                tags={**tags, "run": run},
                description=model.summary,
                model_id=found.model_id,
            )
        return str(version.version)

    def _experiment(self, name: str) -> str:
        found = self.client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        local = "://" not in self.uri or self.uri.startswith("sqlite")
        where = (self.artefacts / name).as_uri() if local else None
        return str(self.client.create_experiment(name, artifact_location=where))

    def _made(self, registered: str, summary: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.get_registered_model(registered)
        except MlflowException:
            self.client.create_registered_model(registered, description=summary)

    def names(self) -> list[str]:
        """Registered models."""
        if self._is_missing():
            return []
        with plainly(self.uri):
            return sorted(m.name for m in self.client.search_registered_models())

    def versions(self, registered: str) -> list[Version]:
        """Versions of a model, newest first; none where it was never registered."""
        known = self._remembered()
        if registered not in known.versions:
            known.versions[registered] = self._asked(registered)
            self._remember(known)
        return known.versions[registered]

    def _remembered(self) -> Remembered:
        """What was asked since the database last changed: opening it through MLflow takes seconds."""
        stamp = self.stamp()
        try:
            known = msgspec.json.decode(self._memory().read_bytes(), type=Remembered)
        except (OSError, msgspec.DecodeError):
            return Remembered(stamp)
        return known if stamp is not None and known.stamp == stamp else Remembered(stamp)

    def _remember(self, known: Remembered) -> None:
        # Who may not write here can still read what is registered.
        if known.stamp is not None and known.stamp == self.stamp():
            with suppress(OSError):
                self._memory().write_bytes(msgspec.json.encode(known))

    def _memory(self) -> Path:
        return self.artefacts.with_name("versions.json")

    def stamp(self) -> str | None:
        """What changes with each commit to the home's own database; None for a server."""
        file = self._file()
        if file is None or not file.is_file():
            return None
        found = file.stat()
        return f"{file} {found.st_mtime_ns} {found.st_size}"

    def _asked(self, registered: str) -> list[Version]:
        if self._is_missing():
            return []
        with plainly(self.uri):
            found = self.client.search_model_versions(f"name='{registered}'")
            if not found:
                return []
            aliases = self.client.get_registered_model(registered).aliases
        versions = [_version(one, aliases) for one in found]
        return sorted(versions, key=lambda one: -one.version)

    def version(self, registered: str, which: str | int) -> Version:
        """The version with a number or an alias; raises NotRegistered, which names those that are there."""
        known = self.versions(registered)
        for one in known:
            if str(which) == str(one.version) or which in one.aliases:
                return one
        if not known:
            raise NotRegistered(f"{registered} has never been trained; `tonearm train {registered}` does it")
        there = ", ".join(" ".join([str(one.version), *one.aliases]) for one in reversed(known))
        raise NotRegistered(f"{registered} has no version '{which}'; there are: {there}")

    def production(self, registered: str) -> Version | None:
        """The version that serves any target, None where the baseline answers them all."""
        return next((one for one in self.versions(registered) if PRODUCTION in one.aliases), None)

    def in_use(self, registered: str) -> Version | None:
        """The version whose predictions are written: the one in production, else the newest, whose baseline is used.

        None where the model was never trained.
        """
        return self.production(registered) or next(iter(self.versions(registered)), None)

    def load(self, model: Model, version: Version) -> Fitted:
        """The version's model; raises ModelDamaged where its files are not what was registered."""
        return served.load(self.folder(version), model, version.sha256)

    def served(self, version: Version) -> Served:
        """The version as MLflow serves it (``pyfunc``), beneath MLflow's own checks of each request.

        Raises ModelDamaged where its files are not what was registered.
        """
        served.check(self.folder(version), version.sha256)
        with plainly(self.uri), quiet(), speaking_to(self.uri) as mlflow:
            loaded = mlflow.pyfunc.load_model(f"{_LOGGED}{version.model}/{version.version}")
        raw: Served = loaded.get_raw_model()
        return raw

    def folder(self, version: Version) -> Path:
        """The version's files; fetched first where the registry is a server."""
        if version.source.startswith(_LOGGED):
            # MLflow wrote down where the home was then; it may have been moved or restored.
            for own in self.artefacts.glob(f"*/models/{version.source.removeprefix(_LOGGED)}/artifacts"):
                return served.data_folder(own)
        with plainly(self.uri), speaking_to(self.uri) as mlflow:
            where = Path(mlflow.artifacts.download_artifacts(version.source))
        return served.data_folder(where)

    def plots(self, version: Version) -> list[Path]:
        """The pictures that were kept with a version."""
        # MLflow copies what it is asked for each time, even from the next folder.
        folder = next(self.artefacts.glob(f"*/{version.run}/artifacts/plots"), None)
        if folder is None and self._file() is not None:
            return []
        return sorted((folder or self._fetched(version)).glob("*.png"))

    def _fetched(self, version: Version) -> Path:
        """A copy of a version's pictures on a server, made once."""
        if version.run not in self._copies:
            with plainly(self.uri), speaking_to(self.uri) as mlflow:
                self._copies[version.run] = Path(mlflow.artifacts.download_artifacts(f"runs:/{version.run}/plots"))
        return self._copies[version.run]

    def promote(
        self,
        registered: str,
        which: str | int,
        alias: str,
        reason: str,
        serves: Collection[str] = (),
        is_by_hand: bool = False,
    ) -> Version:
        """Give a version an alias, and let it serve some targets if it is ``production``.

        The one that had the alias is remembered for :meth:`rollback`.
        """
        if alias not in ALIASES:
            raise UsageError(f"a version is promoted to staging or production, not to '{alias}'")
        chosen = self.version(registered, which)
        before = next((one for one in self.versions(registered) if alias in one.aliases), None)
        tags = {"decision": _line(reason, _LONGEST_REASON), f"{alias}_at": _now()}
        if alias == PRODUCTION:
            tags |= {"serves": joined(serves), "by_hand": str(is_by_hand)}
        if before is not None and before.version != chosen.version:
            tags[f"{alias}_before"] = str(before.version)
        with plainly(self.uri):
            self._tag(chosen, tags)
            self.client.set_registered_model_alias(registered, alias, str(chosen.version))
        return self.version(registered, chosen.version)

    def retire(self, served: Version, because_of: Version, reason: str) -> Version:
        """Let ``served`` serve nothing any more ``because_of`` a newer version; a rollback would bring it back."""
        with plainly(self.uri):
            self._tag(served, {"decision": _line(reason, _LONGEST_REASON)})
            self._tag(because_of, {f"{PRODUCTION}_before": str(served.version)})
            self.client.delete_registered_model_alias(served.model, PRODUCTION)
        return self.version(served.model, served.version)

    def _tag(self, version: Version, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self.client.set_model_version_tag(version.model, str(version.version), key, value)

    def rollback(self, registered: str, reason: str, targets: Collection[str] = ()) -> Version:
        """Serve what was served before: by the version in production before, or by the one that was retired.

        It serves what it served then, or all ``targets`` where that is not known. Raises NotRegistered where nothing
        was served before.
        """
        # Where nothing is served, the newest version that retired one says which.
        served = self.production(registered)
        newest = [served] if served else [self.version(registered, STAGING), *self.versions(registered)]
        before = next(filter(None, (self._tags(one).get(f"{PRODUCTION}_before") for one in newest)), None)
        if before is None:
            raise NotRegistered(f"{registered} has no version that was in production before {newest[0].version}")
        then = _listed(self._tags(self.version(registered, before)).get("serves", ""))
        return self.promote(registered, before, PRODUCTION, reason, then or targets, is_by_hand=True)

    def _tags(self, version: Version) -> Mapping[str, str]:
        with plainly(self.uri):
            found: Mapping[str, str] = self.client.get_model_version(version.model, str(version.version)).tags
        return found


def open_registry(settings: Settings) -> Registry:
    """The registry of a home, or the server that the settings name."""
    folder = settings.home / "models"
    uri = settings.mlflow_tracking_uri
    if not uri:
        uri = f"{SQLITE}{settings.home / REGISTRY}"
    return Registry(uri, folder / "artefacts")


def _log_candidate(mlflow: Any, experiment: str, candidate: Candidate) -> None:
    """A run within the run: what was compared, how good it was, and the pipeline, as files that run no code."""
    from mlflow import sklearn

    from tonearm.models.crossfit import TRUSTED

    with mlflow.start_run(experiment_id=experiment, run_name=candidate.name, nested=True):
        mlflow.log_params({name: _line(value) for name, value in candidate.settings.items()})
        mlflow.log_metrics(dict(candidate.metrics))
        sklearn.log_model(
            candidate.pipeline,
            name=candidate.name,
            serialization_format="skops",
            skops_trusted_types=list(TRUSTED),
            pip_requirements=["tonearm"],
            pyfunc_predict_fn="predict_proba",
        )


def _parameters(model: Model) -> dict[str, str]:
    return {name: _line(value) for name, value in vars(model).items()}


def _metrics(measured: list[Measured]) -> dict[str, float]:
    """What MLflow can plot: a number for each metric over everybody, with its interval."""
    found: dict[str, float] = {}
    for one in measured:
        if one.listener is None:
            name = f"{one.target}/{_plain(one.protocol)}/{one.metric}"
            for part in ("value", "low", "high", "baseline_value", "gain", "gain_low", "gain_high"):
                value = getattr(one, part)
                if value is not None and value == value:
                    found[name if part == "value" else f"{name}.{part}"] = value
    return found


def _plain(text: str) -> str:
    return "".join(c if c.isalnum() or c in " ._-" else "-" for c in text)


def _line(value: Any, longest: int = _LONGEST_LINE) -> str:
    return " ".join(str(value).split())[:longest]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def joined(targets: Iterable[str]) -> str:
    """Targets in one tag."""
    return _SEPARATOR.join(targets)


def _listed(tag: str) -> tuple[str, ...]:
    """What :func:`joined` made."""
    return tuple(filter(None, tag.split(_SEPARATOR)))


def _version(found: Any, aliases: Mapping[str, Any]) -> Version:
    tags = found.tags or {}
    aliases_of = tuple(sorted(a for a, v in aliases.items() if str(v) == str(found.version)))
    # What a version served is kept for a rollback.
    is_served = PRODUCTION in aliases_of
    return Version(
        model=found.name,
        version=int(found.version),
        trained_at=datetime.fromisoformat(tags.get("trained_at", "1970-01-01T00:00:00+00:00")),
        aliases=aliases_of,
        data_version=tags.get("data_version", ""),
        split_hash=tags.get("split_hash", ""),
        rows=int(tags.get("rows", 0)),
        passed=_listed(tags.get("passed", "")),
        serves=_listed(tags.get("serves", "")) if is_served else (),
        is_by_hand=is_served and tags.get("by_hand") == "True",
        decision=tags.get("decision", ""),
        layout=int(tags.get("layout", 1)),
        sha256=tags.get("sha256", ""),
        source=found.source,
        run=tags.get("run", ""),
    )
