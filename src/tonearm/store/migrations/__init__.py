"""The store's schema: created in a new home, upgraded in an old one."""

from __future__ import annotations

from filelock import FileLock, Timeout
from sqlalchemy import Engine, inspect, text

from tonearm.errors import HomeBusy
from tonearm.home import make_home
from tonearm.settings import Settings
from tonearm.store.database import for_writing, plain_errors, where
from tonearm.store.models import HEAD, Base


def prepare(engine: Engine, settings: Settings, is_new: bool) -> None:
    """Create or upgrade the schema; raises HomeBusy when another process is still at it, and HomeUnusable."""
    make_home(settings)
    try:
        with FileLock(settings.home / "store.lock", timeout=settings.lock_wait_s), plain_errors(engine):
            # Another process may have created it meanwhile.
            if not (is_new and _created(engine)):
                # Alembic takes long to load and is needed for old stores only.
                from tonearm.store.migrations.upgrading import upgrade

                upgrade(engine)
    except Timeout as error:
        raise HomeBusy(f"another tonearm is preparing {where(engine)}; repeat the command") from error


def _created(engine: Engine) -> bool:
    """Create the newest schema in an empty database, marked as Alembic would; False when it is not empty."""
    with for_writing(engine).begin() as connection:
        if inspect(connection).get_table_names():
            return False
        Base.metadata.create_all(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
        return True
