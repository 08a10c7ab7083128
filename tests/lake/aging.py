"""Time that passes for a lake: its commits and files get the age that they would have."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

_COMMITTED = re.compile(r'"commitInfo":\{"timestamp":\d+')


class Aging:
    """Lets what is written to a lake be of other times than now."""

    def __init__(self, lake: str) -> None:
        """Begin with what is there."""
        self.lake, self._aged = Path(lake), set[Path]()

    def __call__(self, at: datetime) -> None:
        """Have everything that was written since the last call be of ``at``."""
        new = {path for path in self.lake.rglob("*") if path.is_file()} - self._aged
        for path in new:
            if path.parent.name == "_delta_log" and path.suffix == ".json":
                text = path.read_text(encoding="utf-8")
                path.write_text(_COMMITTED.sub(f'"commitInfo":{{"timestamp":{int(at.timestamp() * 1000)}', text))
            os.utime(path, (at.timestamp(), at.timestamp()))
        self._aged |= new


def size(folder: str | Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
