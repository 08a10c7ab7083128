"""Alembic, run from within the package so that an installed tonearm can upgrade its store."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine

from tonearm.errors import HomeUnusable
from tonearm.store.database import for_writing, where


def config() -> Config:
    """Alembic's configuration, without a file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made


def upgrade(engine: Engine) -> None:
    """Upgrade the schema to the newest revision in one transaction; raises HomeUnusable if it is newer than that."""
    made = config()
    with for_writing(engine).begin() as connection:
        made.attributes["connection"] = connection
        try:
            command.upgrade(made, "head")
        except CommandError as error:
            raise HomeUnusable(
                f"{where(engine)} was made by a newer tonearm ({error}); install that version, or use another home"
            ) from error
