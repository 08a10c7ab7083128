"""Superset with tonearm's dashboards: brings its database up to date, makes the administrator, loads the dashboards
and serves them. docs/superset.md lists the variables.
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ADMIN = "admin"
PASSWORD_LENGTH = 12
os.environ.setdefault("SUPERSET_CONFIG_PATH", str(FOLDER / "superset_config.py"))
# Superset's package reports that it was started unless this is false.
os.environ.setdefault("SCARF_ANALYTICS", "false")


def check_database() -> None:
    """End the program with a sentence where the metadata's database does not answer."""
    from sqlalchemy import create_engine
    from sqlalchemy.engine.url import make_url
    from sqlalchemy.exc import SQLAlchemyError

    address = make_url(os.environ.get("SUPERSET_DATABASE_URI", ""))
    try:
        create_engine(address).connect().close()
    except SQLAlchemyError as problem:
        reason = str(getattr(problem, "orig", problem)).strip().partition("\n")[0]
        sys.exit(
            f"superset: the database {address.render_as_string(hide_password=True)} does not answer: {reason}"
            "\nIs it up, and does PGPASSWORD have the password of its user?"
        )


def chosen_password() -> str | None:
    """The administrator's password from the environment, None without one; a weak one ends the program."""
    given = os.environ.pop("SUPERSET_ADMIN_PASSWORD", "")
    if given and (len(given) < PASSWORD_LENGTH or len(set(given)) < PASSWORD_LENGTH // 2):
        sys.exit(f"superset: SUPERSET_ADMIN_PASSWORD needs {PASSWORD_LENGTH} characters or more, and not all alike")
    return given or None


def make_admin(given: str | None) -> None:
    """Make the administrator if there is none; a random password is printed, to be changed at the first login."""
    from superset import security_manager

    if security_manager.find_user(username=ADMIN):
        return
    password = given or secrets.token_urlsafe(18)
    role = security_manager.find_role("Admin")
    if not security_manager.add_user(ADMIN, "tonearm", ADMIN, "admin@localhost", role, password):
        sys.exit("superset: the administrator could not be made; the log above says why")
    if not given:
        print(
            f"superset: log in as {ADMIN} with the password {password} and change it, since logs are kept", flush=True
        )


def prepare() -> None:
    """Migrations, roles, administrator and dashboards."""
    import flask_migrate
    from load import NotLoadedError, load
    from superset.app import create_app
    from superset.extensions import appbuilder

    password = chosen_password()
    with create_app().app_context():
        flask_migrate.upgrade()
        appbuilder.add_permissions(update_perms=True)
        appbuilder.sm.sync_role_definitions()
        make_admin(password)
        try:
            counts = load(FOLDER, ADMIN)
            print("superset:", ", ".join(f"{number} {what}" for what, number in counts.items()), flush=True)
        except NotLoadedError as problem:
            print(f"superset: the dashboards are as they were. {problem}", file=sys.stderr, flush=True)


def main() -> None:
    """Prepare, then become the server."""
    import runpy

    runpy.run_path(os.environ["SUPERSET_CONFIG_PATH"])
    check_database()
    logging.disable(logging.WARNING)
    prepare()
    server = [sys.executable, "-m", "gunicorn", "--bind", os.environ.get("SUPERSET_BIND", "127.0.0.1:8088")]
    server += ["--workers", "1", "--worker-class", "gthread", "--threads", "6", "--timeout", "120"]
    os.execv(sys.executable, [*server, "superset.app:create_app()"])


if __name__ == "__main__":
    main()
