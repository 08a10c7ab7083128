"""What is imported is declared, in the extra of the room that imports it, and what is declared is needed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from tonearm.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tonearm"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

EXTRAS = {
    "models": "models",
    "recommend/collaborative/spark_als.py": "spark",
    "recommend": "models",
    "lab": "lab",
    "api/serve.py": "lab",
    "api/predicting.py": "models",
    "store/database.py": "postgres",
    "pulls/spotify.py": "spotify",
    "pictures/png.py": "pictures",
    "engine/spark.py": "spark",
    "engine/trino.py": "trino",
}
"""Which rooms and modules may import what an extra brings; all others are limited to the base.
The first that fits holds."""

Command = Callable[..., subprocess.CompletedProcess[str]]

BROUGHT_BY = packages_distributions()
"""Distributions of each top-level module that is installed."""

NOT_IMPORTED = {
    "psycopg": "SQLAlchemy imports it for an address of PostgreSQL",
    "delta-spark": "Spark loads it by name",
    "packaging": "Ibis imports it to write DuckDB's SQL, and declares it for its own extra only",
    "pyarrow-hotfix": "Ibis imports it to read Arrow, and declares it for its own extra only",
    "python-multipart": "FastAPI reads uploads with it",
    "tzdata": "the zones, where the system has none",
}
"""What is declared without being imported by tonearm, and why."""


def normal(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(extra: str = "") -> set[str]:
    """Distributions of the base or of an extra, and of the extras that it includes."""
    requirements = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    found = set()
    for requirement in requirements:
        if included := re.fullmatch(r"tonearm\[(.*)\]", requirement):
            found |= {name for each in included[1].split(",") for name in declared(each)}
        else:
            found.add(normal(re.split(r"[\[<>=~! ]", requirement)[0]))
    return found


def needed(distribution: str) -> set[str]:
    """What a distribution needs without any extra of its own."""
    wanted = [requirement for requirement in requires(distribution) or [] if "extra ==" not in requirement]
    return {normal(re.split(r"[\[<>=~!; (]", requirement)[0]) for requirement in wanted}


@lru_cache
def imports() -> dict[Path, set[str]]:
    """Every file of the package and the top-level modules it imports that are neither Python's nor ours."""
    return {path: set(imported(path)) for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        yield from {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"tonearm"}


def distributions(module: str) -> set[str]:
    """What brings ``module``; a module that is not installed goes by its own name."""
    return {normal(name) for name in BROUGHT_BY.get(module, [module])}


def allowed(path: Path) -> set[str]:
    place = path.relative_to(PACKAGE).as_posix()
    extra = next((extra for room, extra in EXTRAS.items() if place == room or place.startswith(f"{room}/")), "")
    return declared() | (declared(extra) if extra else set())


def test_every_import_is_declared_where_it_is_needed() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {module}"
        for path, modules in imports().items()
        for module in modules
        if not distributions(module) & allowed(path)
    ]
    assert wrong == []


@pytest.mark.parametrize("extra", ["", "models", "lab", "postgres", "spotify", "pictures", "trino", "spark"])
def test_everything_declared_is_needed(extra: str) -> None:
    used = {name for modules in imports().values() for module in modules for name in distributions(module)}
    assert declared(extra) - used - set(NOT_IMPORTED) == set()


def test_all_is_everything_but_spark_and_mlflow_s_interface() -> None:
    parts = set(PROJECT["optional-dependencies"]) - {"all", "spark", "mlflow", "dev"}
    assert declared("all") == set().union(*map(declared, parts))


BASE_ONLY = """
import sys
from importlib.machinery import PathFinder

class BaseFinder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {hidden} else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = BaseFinder
from tonearm.cli import main
main(sys.argv[1:], prog_name="tonearm")
"""


@pytest.fixture
def light(settings: Settings) -> Command:
    """Runs a command as where nothing but the base is installed."""
    extra = declared("all") | declared("spark")
    base = declared() | {name for distribution in declared() for name in needed(distribution)}
    hidden = sorted(module for module, names in BROUGHT_BY.items() if {*map(normal, names)} <= extra - base)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", BASE_ONLY.format(hidden=hidden), "--home", str(settings.home), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def test_the_base_imports_builds_and_shows(light: Command, lastfm: Callable[..., Path]) -> None:
    file = lastfm([("Can", "Tago Mago", "Halleluhwah", "20 Nov 2020 09:35")])
    for arguments in (["import", str(file)], ["build", "sessions"], ["show", "sessions"], ["doctor"]):
        done = light(*arguments)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_run_of_the_base_says_that_it_predicts_nothing(light: Command) -> None:
    done = light("run")
    assert done.returncode == 0, done.stderr
    assert "nothing is predicted" in done.stderr


@pytest.mark.parametrize(
    ("command", "extra"), [("train", "models"), ("models", "models"), ("serve", "lab"), ("lab", "lab")]
)
def test_what_an_extra_brings_is_named_where_it_is_missing(light: Command, command: str, extra: str) -> None:
    done = light(command)
    assert done.returncode == 7
    (sentence,) = done.stderr.splitlines()
    assert sentence.endswith(f"not installed: pip install 'tonearm[{extra}]'")
