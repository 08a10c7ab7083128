"""Bring Superset up to date with this folder: what is new is added, what was changed here is changed, what is gone is
removed. What people made in Superset stays.

    SUPERSET_CONFIG_PATH=deploy/superset/superset_config.py python deploy/superset/load.py
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import bundle

FOLDER = Path(__file__).parent


class NotLoadedError(Exception):
    """Why nothing was imported."""


def columns(trino_uri: str, queries: dict[str, str]) -> dict[str, bundle.Columns]:
    """Names and types of each query's columns, as Trino has them. Raises :class:`NotLoadedError`."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from trino.exceptions import Error

    found: dict[str, bundle.Columns] = {}
    try:
        with create_engine(trino_uri).connect() as connection:
            for name, sql in queries.items():
                cursor = connection.connection.cursor()
                cursor.execute(f"SELECT * FROM ({sql}\n) LIMIT 0")
                cursor.fetchall()
                found[name] = [(column[0], column[1]) for column in cursor.description]
    except (SQLAlchemyError, Error, OSError) as problem:
        asked = f"queries/{name}.sql" if "name" in locals() else "a connection"
        raise NotLoadedError(
            f"Trino refused {asked}: {_first_line(problem)}. Is Trino up, and does it know the tables "
            "(tonearm publish trino)?"
        ) from problem
    return found


def load(folder: Path, user: str) -> dict[str, int]:
    """Import the folder as ``user`` within Superset's application; how many there are of each kind, and were removed.

    Raises :class:`NotLoadedError`, and then nothing is changed.
    """
    from flask import current_app
    from superset import security_manager
    from superset.commands.exceptions import CommandException
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    trino_uri = current_app.config["TRINO_URI"]
    files = bundle.files(folder, trino_uri, columns(trino_uri, bundle.queries(folder)))
    with override_user(security_manager.find_user(username=user)):
        try:
            ImportAssetsCommand(files).run()
        except CommandException as problem:
            details = getattr(problem, "normalized_messages", lambda: "")()
            raise NotLoadedError(f"Superset refused the bundle: {problem} {details}") from problem
        removed = _remove_what_is_gone(folder)
    kinds = {kind: len([path for path in files if path.startswith(kind)]) for kind in ("dashboards", "charts")}
    return {**kinds, "removed": removed}


def _remove_what_is_gone(folder: Path) -> int:
    """Remove what an earlier bundle brought and this one has not; a dataset stays while a chart is drawn from it."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    def gone(model: Any, kind: str, names: Any) -> list[Any]:
        here = {bundle.identity(kind, name) for name in names}
        return [one for one in db.session.query(model).filter_by(external_url=bundle.OURS) if str(one.uuid) not in here]

    removed = gone(Dashboard, "dashboard", bundle.dashboards(folder)) + gone(Slice, "chart", bundle.charts(folder))
    for one in removed:
        db.session.delete(one)
    db.session.flush()
    for dataset in gone(SqlaTable, "dataset", bundle.queries(folder)):
        if not db.session.query(Slice).filter_by(datasource_type="table", datasource_id=dataset.id).count():
            db.session.delete(dataset)
            removed.append(dataset)
    db.session.commit()
    return len(removed)


def _first_line(problem: BaseException) -> str:
    return str(getattr(problem, "message", None) or problem).partition("\n")[0].rstrip(".")


def main() -> None:
    """Load the folder and say what there is now."""
    from superset.app import create_app

    logging.disable(logging.WARNING)
    with create_app().app_context():
        try:
            counts = load(FOLDER, "admin")
        except NotLoadedError as problem:
            sys.exit(f"superset: {problem}")
    print(", ".join(f"{number} {what}" for what, number in counts.items()))


if __name__ == "__main__":
    main()
