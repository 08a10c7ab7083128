"""MLflow as a home has it: its database, its client, what it says on the way, and its errors in plain words.

MLflow takes two seconds to load and reads its variables then, so each function loads it when it is called.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tonearm.errors import RegistryUnreachable

if TYPE_CHECKING:
    from mlflow import MlflowClient

SQLITE = "sqlite:///"
_LONGEST = 250


def _set_variables() -> None:
    """What is trained is nobody else's business, and a registry without a network should not wait for one."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


def client_of(uri: str) -> MlflowClient:
    """MLflow's client of a registry; raises RegistryUnreachable where it does not answer."""
    _set_variables()
    with quiet(), plainly(uri):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_registered_models(max_results=1)
    return client


def client_of_file(file: Path) -> MlflowClient:
    """The client of a database of the home.

    MLflow makes the tables one by one and does not go on where it was killed: so they are made in a file beside, which
    takes the place of the database when it is done. One that was left half made is made anew, as it holds nothing.
    """
    if file.exists() and not _is_half_made(file):
        return client_of(f"{SQLITE}{file}")
    beside = file.with_name(f"{file.name}.new")
    file.parent.mkdir(parents=True, exist_ok=True)
    for left in file.parent.glob(f"{beside.name}*"):
        left.unlink()
    _make_tables(f"{SQLITE}{beside}")
    beside.replace(file)
    return client_of(f"{SQLITE}{file}")


_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
"""Where MLflow writes down whole addresses of files."""


def move_addresses(file: Path, artefacts: Path) -> None:
    """Put addresses of files right in the database of a home that was moved or restored elsewhere.

    MLflow keeps whole addresses, so that it would look where the home once was.
    """
    if not file.is_file():
        return
    # Who may not write here can still read, and MLflow's own database is none before its tables are made.
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(file)) as database, database:
        experiments = database.execute("SELECT name, artifact_location FROM experiments").fetchall()
        ends = [(str(where), f"/{artefacts.name}/{quote(str(name))}") for name, where in experiments]
        before = {where.removesuffix(end) + f"/{artefacts.name}" for where, end in ends if where.endswith(end)}
        for old in before - {artefacts.as_uri()}:
            for table, column in _ADDRESSES:
                moved = f"? || substr({column}, {len(old) + 1})"
                within = f"substr({column}, 1, {len(old) + 1}) = ?"
                database.execute(
                    f"UPDATE {table} SET {column} = {moved} WHERE {within}", (artefacts.as_uri(), old + "/")
                )


def _make_tables(uri: str) -> None:
    _set_variables()
    from mlflow.store.db import utils

    with quiet(), plainly(uri):
        engine = utils.create_sqlalchemy_engine(uri)  # type: ignore[no-untyped-call]
        utils._initialize_tables(engine)  # type: ignore[no-untyped-call]
        engine.dispose()


def _is_half_made(file: Path) -> bool:
    """Whether the tables of a database are not those of today's MLflow, and nothing was ever registered or trained."""
    _set_variables()
    from mlflow.store.db import utils

    # Read without MLflow, which would hold on to the file that is to be replaced.
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(file)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

        def first(table: str, what: str = "1") -> object:
            return database.execute(f"SELECT {what} FROM {table} LIMIT 1").fetchone() if table in tables else None

        made_by = first("alembic_version", "version_num")
        is_current = made_by == (utils._get_latest_schema_revision(),)  # type: ignore[no-untyped-call]
        return not is_current and not first("registered_models") and not first("runs")
    return False


@contextmanager
def speaking_to(uri: str) -> Iterator[Any]:
    """MLflow, whose functions that take no client speak to the registry at ``uri``.

    It informs other processes by a variable, which is also a setting of ours: that is put back.
    """
    import mlflow

    variable = "MLFLOW_TRACKING_URI"
    before = os.environ.get(variable)
    mlflow.set_tracking_uri(uri)
    try:
        yield mlflow
    finally:
        os.environ.pop(variable, None)
        if before is not None:
            os.environ[variable] = before


@contextmanager
def quiet() -> Iterator[None]:
    """Keep MLflow's remarks on what goes well to itself."""
    names = ("mlflow", "alembic", "mlflow.store.db.utils")
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def plainly(uri: str) -> Iterator[None]:
    """Turn MLflow's errors about a registry that does not answer into a sentence."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, RequestException) as error:
        reason = " ".join(shown(str(error)).split())[:_LONGEST]
        raise RegistryUnreachable(f"the model registry at {shown(uri)} cannot be used: {reason}") from error


def shown(text: str) -> str:
    """A text without the names and passwords in its addresses."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)
