"""The one Settings object, and the only reader of the environment and of ``tonearm.toml``."""

from __future__ import annotations

import os
import tomllib
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from tonearm.errors import HomeUnusable, UsageError

PREFIX = "TONEARM_"

_OTHERS = {"MLFLOW_TRACKING_URI": "mlflow_tracking_uri", "ALLOW_SYNTHETIC": "allow_synthetic"}
"""Variables by which other programs name the same things."""
_NOT_IN_HOME = "%*[]="
"""Characters that Delta tables cannot have in their path, or that mean a partition there."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set.

    Each field is read, later ones winning, from its default, from ``tonearm.toml`` in the home folder and
    from the environment as ``TONEARM_`` and its name in capitals.
    """

    home: Path
    """Folder that holds the lake, the store and the inbox."""
    api_url: str = ""
    """Address of a running tonearm API; empty means in this process."""
    lake_uri: str = ""
    """Where the Delta tables lie if not in the home: another folder, seen from the home where it is not absolute,
    or an address such as ``s3://bucket/lake``."""
    memory_mb: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Megabytes the embedded engine may hold before it spills to disk; 0 means by the size of the history."""
    threads: Annotated[int, msgspec.Meta(ge=0, le=1024)] = 0
    """Threads of the embedded engine; 0 means one per core."""
    engine: Literal["duckdb", "spark"] = "duckdb"
    """What builds the tables: duckdb, in this process, or spark, which needs ``tonearm[spark]`` and a JDK."""
    spark_master: str = "local[*]"
    """Where Spark runs: ``local[*]`` is this machine, ``spark://host:7077`` a cluster that sees the same lake."""
    spark_jars: str = ""
    """Folder of Delta's jars for Spark; empty means those in Spark's own folder, else by Maven coordinates."""
    mlflow_tracking_uri: str = ""
    """MLflow's server or database for models; empty means a database in the home. Also read from the variable
    ``MLFLOW_TRACKING_URI``."""
    train_on_spotify_api: bool = False
    """Whether models may learn from what came through the Spotify Web API, whose developer terms forbid it."""
    allow_synthetic: bool = False
    """Whether tracks without features get invented ones, to try things out: no statistic and no model counts them.
    Also read from the variable ``ALLOW_SYNTHETIC``."""
    retrain: Literal["when_due", "never"] = "never"
    """Whether ``tonearm run`` trains a model again by itself when what it sees has drifted."""
    after_run: str = ""
    """Command that ``tonearm run`` starts once tables changed, such as one that publishes them; no shell reads it,
    and it is told the home by ``TONEARM_HOME``."""
    lock_wait_s: Annotated[float, msgspec.Meta(ge=0)] = 600.0
    """Seconds to wait for another writer before giving up."""
    max_entries: Annotated[int, msgspec.Meta(ge=1)] = 10_000
    """Files an archive may hold."""
    max_file_mb: Annotated[int, msgspec.Meta(ge=1)] = 32_768
    """Megabytes one file may have once unpacked."""
    max_ratio: Annotated[int, msgspec.Meta(ge=2)] = 200
    """How many times larger than packed an archive's entry may be (beyond the first 100 MB)."""
    max_record_kb: Annotated[int, msgspec.Meta(ge=1)] = 1024
    """Kilobytes one row of an input file may have."""

    @property
    def lake(self) -> str:
        """Folder of the Delta tables, or their address in an object store."""
        if "://" in self.lake_uri:
            return self.lake_uri
        # The same folder from wherever tonearm is started.
        return str(self.home / Path(self.lake_uri or "lake").expanduser())

    @property
    def inbox(self) -> Path:
        """Folder whose sub-folders, one per listener, ``tonearm run`` imports from."""
        return self.home / "inbox"

    @property
    def scratch(self) -> Path:
        """Folder for files that outlive no command."""
        return self.home / "scratch"

    @property
    def compiled(self) -> Path:
        """Folder of the tables' functions as SQL; may be deleted at any time."""
        return self.home / "compiled"

    @property
    def database(self) -> Path:
        """File of the transactional store."""
        return self.home / "tonearm.sqlite"


def default_home() -> Path:
    """The home folder this platform would use."""
    import platformdirs

    return platformdirs.user_data_path("tonearm", appauthor=False)


def load_settings(home: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings for ``home`` (else ``TONEARM_HOME``, else the platform's data folder).

    Raises UsageError naming the setting and where it was set, HomeUnusable for a path no lake can be at.
    """
    where = home or Path(environ.get(PREFIX + "HOME") or default_home())
    where = where.expanduser().absolute()
    _check_path(where)
    values = _from_file(where / "tonearm.toml") | _from_environment(environ)
    try:
        settings = msgspec.convert({**values, "home": str(where)}, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise UsageError(f"a setting in {where / 'tonearm.toml'} or the environment is wrong: {error}") from error
    if "://" not in settings.lake:
        _check_path(Path(settings.lake), "a lake", "lake_uri")
    return settings


def _check_path(path: Path, what: str = "a home", option: str = "--home") -> None:
    text = path.as_posix()
    unreadable = any(unicodedata.category(c) in {"Cc", "Cs"} for c in text)
    if unreadable or any(c in text for c in (*_NOT_IN_HOME, "\\")):
        shown = text.encode("utf-8", "backslashreplace").decode()
        raise HomeUnusable(
            f"{what} cannot be at {shown}: its path must be readable text without \\ {' '.join(_NOT_IN_HOME)}; "
            f"name another with {option}"
        )


def _decode(kind: type, value: object) -> object:
    return Path(str(value)) if kind is Path else value


def _from_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError:
        # The home itself is unreadable; the first real use of it says so with what to do.
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); move it away") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    names = {f.name for f in msgspec.structs.fields(Settings)} - {"home"}
    by_others: dict[str, object] = {name: environ[key] for key, name in _OTHERS.items() if environ.get(key)}
    return by_others | {n: environ[PREFIX + n.upper()] for n in names if environ.get(PREFIX + n.upper())}
