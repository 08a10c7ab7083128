"""Secrets of other services: tokens and session keys, in one file of the home for its owner alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

from filelock import FileLock

from tonearm.errors import HomeUnusable
from tonearm.home import make_home
from tonearm.settings import Settings

FILE = "secrets.json"


def secret(settings: Settings, name: str) -> str | None:
    """The secret called ``name``, such as ``relay/3``; None if there is none. Raises HomeUnusable."""
    return _read(settings.home / FILE).get(name)


def put_secret(settings: Settings, name: str, value: str | None) -> None:
    """Keep a secret, or with None forget it; atomically. Raises HomeUnusable."""
    make_home(settings)
    path = settings.home / FILE
    with FileLock(path.with_suffix(".lock")):
        known = {key: kept for key, kept in _read(path).items() if key != name}
        if value is not None:
            known[name] = value
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            json.dump(known, out)
            out.flush()
            os.fsync(out.fileno())
        new.replace(path)


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise HomeUnusable(f"{path} cannot be read ({error}); restore it, or remove it and connect again") from error
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
