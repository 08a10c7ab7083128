"""What tests of the container and cloud files share: the files, read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import fields

from tests.tools.test_docs import typed
from tonearm.api.routes.health import router
from tonearm.settings import Credentials, Settings

ROOT = Path(__file__).parents[2]

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

SETTINGS = {f"TONEARM_{field.name.upper()}" for field in fields(Settings)}
CREDENTIALS = {field.name.upper() for field in fields(Credentials)}
AWS = set(re.findall(r"\bAWS_\w+", (ROOT / "docs" / "spark.md").read_text()))
"""Names under which an object store's keys are documented."""
HEALTH = {str(getattr(route, "path", "")) for route in router.routes}
"""Paths that anybody may ask whether the server is well."""
PORT = 9696
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN$|API_KEY")
"""Names of variables that hold secrets."""


def documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def instructions(until: str = "FROM build AS build-spark") -> list[tuple[str, str]]:
    """The Dockerfile's instructions with what follows them, lines that go on joined, comments left out.

    By default those that make the server.
    """
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines).partition(until)[0])
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line]


def image_environment() -> dict[str, str]:
    """What the image's last stage sets."""
    words = [word for name, rest in instructions() if name == "ENV" for word in shlex.split(rest)]
    return dict(word.split("=", 1) for word in words)


def started(arguments: str) -> str:
    """The command line that ``start`` ends in."""
    last = (ROOT / "deploy" / "container" / "start").read_text().strip().splitlines()[-1]
    return last.removeprefix("exec ").replace('"$@"', arguments)


def check_command(words: Sequence[str]) -> None:
    """Fail unless a container's command is one of tonearm's that could be typed."""
    line = started(shlex.join(words[1:])) if words[0] == "start" else shlex.join(words)
    assert line.startswith("tonearm ")
    typed(line)
