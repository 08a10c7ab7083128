"""The doctor: what is installed, where the data is, what is missing and how to get it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import msgspec

from tonearm import __version__
from tonearm.engine.java import check_java, jars
from tonearm.errors import EngineMissing, HomeUnusable
from tonearm.home import MARKER
from tonearm.lake import open_lake
from tonearm.settings import Settings

_OPTIONAL = (
    ("skops", "models", "pip install 'tonearm[models]'; predictions need it"),
    ("streamlit", "lab", "pip install 'tonearm[lab]'; `tonearm serve` needs it"),
    ("playwright", "browser tests", "for developers: make install"),
)
_SPACE_WANTED = 2_000_000_000


class Finding(msgspec.Struct, frozen=True):
    """The result of one check."""

    what: str
    finding: str
    state: Literal["fine", "missing", "wrong"] = "fine"
    advice: str = ""


def examine(settings: Settings, *others: Callable[[Settings], Finding]) -> list[Finding]:
    """All checks, those of ``others`` too, failed ones first."""
    more = [check(settings) for check in others]
    found = [*_programs(), *_home(settings), *more, *_lake(settings), _spark(settings), *_optional()]
    return sorted(found, key=lambda f: f.state != "wrong")


def _programs() -> list[Finding]:
    parts = [f"{name} {version(name)}" for name in ("duckdb", "deltalake", "pyarrow", "ibis-framework")]
    return [
        Finding("tonearm", f"{__version__} on Python {platform.python_version()}, {os.cpu_count()} cores"),
        Finding("libraries", ", ".join(parts)),
    ]


def _home(settings: Settings) -> list[Finding]:
    home = settings.home
    if not home.exists():
        return [Finding("home", f"{home} does not exist yet", "missing", "the first `tonearm import` creates it")]
    if not home.is_dir():
        return [Finding("home", f"{home} is a file, not a folder", "wrong", "name another with --home")]
    if not os.access(home, os.W_OK):
        return [Finding("home", f"{home} cannot be written", "wrong", "allow it, or name another with --home")]
    if not (home / MARKER).exists():
        return [Finding("home", f"{home} is not a tonearm home yet", "missing", "the first import makes it one")]
    free = shutil.disk_usage(home).free
    space = Finding("disk", f"{free / 1e9:,.1f} GB free")
    if free < _SPACE_WANTED:
        space = Finding("disk", f"{free / 1e9:,.1f} GB free", "wrong", "free at least 2 GB")
    return [Finding("home", str(home)), space]


def _lake(settings: Settings) -> list[Finding]:
    try:
        return _data(settings)
    except HomeUnusable as error:
        return [Finding("lake", str(error), "wrong", "see the finding")]


def _data(settings: Settings) -> list[Finding]:
    lake = open_lake(settings.lake)
    names = lake.names()
    if "listening_history_bronze" not in names:
        return [Finding("listens", "none imported yet", "missing", "tonearm import PATH, or tonearm demo")]
    rows = lake.rows("listening_history_bronze")
    found = [Finding("bronze", f"{rows:,} rows of listening history")]
    if "kaggle_tracks_bronze" not in names:
        advice = "import a track catalogue (a Kaggle-style dataset.csv) for moods and audio features"
        found.append(Finding("catalogue", "none", "missing", advice))
    if "listens" in names:
        found.append(Finding("tables", f"{len(names)} in {settings.lake}, {lake.rows('listens'):,} listens"))
    else:
        found.append(Finding("tables", "none built yet", "missing", "tonearm build"))
    return found


def _spark(settings: Settings) -> Finding:
    """Whether `tonearm build --engine spark` would start; an error only if Spark is the configured engine."""
    what = "Spark engine"
    if importlib.util.find_spec("pyspark") is None:
        advice = "pip install 'tonearm[spark]'; needed only for more listens than one machine can handle"
        return Finding(what, "pyspark is not installed", "missing", advice)
    try:
        java, where = check_java(), jars(settings)
    except EngineMissing as error:
        return Finding(what, str(error), "wrong" if settings.engine == "spark" else "missing", "see docs/spark.md")
    delta = f"fetches {where['spark.jars.packages']}" if "spark.jars.packages" in where else "has Delta's jars"
    return Finding(what, f"pyspark {_version('pyspark')}, Java {java}, {delta}")


def _optional() -> list[Finding]:
    found = []
    for module, what, advice in _OPTIONAL:
        if importlib.util.find_spec(module) is None:
            found.append(Finding(what, f"{module} is not installed", "missing", advice))
        else:
            found.append(Finding(what, f"{module} {_version(module)}"))
    return found


def _version(module: str) -> str:
    try:
        return version(module)
    except PackageNotFoundError:
        return "of unknown version"
