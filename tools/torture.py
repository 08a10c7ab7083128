"""Torture: mutated inputs, then killed commands, for so many minutes; fails where anything is not as it must be.

python -m tools.torture --minutes 3
python -m tools.torture --inputs 1000000 --minutes 600 --seeds FOLDER
python -m tools.torture --kills-only --minutes 60
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tonearm.settings import load_settings
from tools.fuzzing import fuzz
from tools.killing import torture

_SHARE = 0.3
"""Share of the minutes for inputs, of which many fit into a minute."""


def main() -> None:
    """Torture, and print how often what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--inputs", type=int, default=10**9, help="Most mutated inputs.")
    parser.add_argument("--seeds", type=Path, help="Folder of more files to mutate.")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--inputs-only", action="store_true")
    parser.add_argument("--kills-only", action="store_true")
    parser.add_argument("--folder", type=Path, help="Where to work; what fails stays there.")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="torture-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"seed {asked.seed}, in {folder}", flush=True)
    if not asked.kills_only:
        share = 1.0 if asked.inputs_only else _SHARE
        settings = load_settings(folder / "fuzzed" / "home", environ={})
        settings.home.parent.mkdir(exist_ok=True)
        found = fuzz(asked.inputs, settings, asked.seeds, asked.seed, _after(share * asked.minutes))
        _print(found)
        if found["FAILED"]:
            sys.exit(f"{found['FAILED']} inputs failed; they are in {settings.home.parent / 'failed'}")
    if not asked.inputs_only:
        killed = folder / "killed"
        killed.mkdir(exist_ok=True)
        _print(torture(killed, asked.seed, _after((1.0 if asked.kills_only else 1 - _SHARE) * asked.minutes)))


class _after:
    """Whether so many minutes have passed."""

    def __init__(self, minutes: float) -> None:
        self.at = time.monotonic() + 60 * minutes

    def __call__(self) -> bool:
        return time.monotonic() > self.at


def _print(found: Counter[str]) -> None:
    for what, count in sorted(found.items()):
        print(f"{what:40} {count:,}", flush=True)


if __name__ == "__main__":
    main()
