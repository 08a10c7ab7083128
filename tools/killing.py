"""Commands that are killed at any moment: nothing is lost or doubled, and the next start continues."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tonearm.building.execute import build
from tonearm.errors import TonearmError
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import imports
from tonearm.lake import open_lake
from tonearm.settings import Settings, load_settings

LISTENS = ("listens",)
FIRST, SECOND = range(1, 20), range(15, 29)
"""Days of the two files, which overlap."""
A_DAY = 24
COUNTS = {0, A_DAY * len(FIRST), A_DAY * len(SECOND), A_DAY * 28}
"""Rows of `listens` that a reader may see: of none, one or both of the files."""
LONGEST_S = {"import": 3.0, "build": 4.0, "undo": 3.5, "run": 9.0, "backup": 2.0, "restore": 2.0, "train": 12.0}
SETTLED_EVERY = 6


class Wrong(Exception):
    """Something that must never be."""


class Torture:
    """A home, two files, and commands that are killed."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Make the files; the home is made by the commands."""
        self.folder, self.rng = folder, random.Random(seed)
        self.settings = load_settings(folder / "home", environ={})
        self.files = [self._file("first.csv", FIRST), self._file("second.csv", SECOND)]
        self.outcomes: Counter[str] = Counter()

    def _file(self, name: str, days: range) -> Path:
        path = self.folder / name
        rows = (
            f"Artist {day * hour % 7},Album,Track {day * hour % 31},{day:02} Nov 2020 {hour:02}:00\n"
            for day in days
            for hour in range(A_DAY)
        )
        path.write_text("".join(rows), encoding="utf-8")
        return path

    def once(self, what: str) -> None:
        """Begin a command, kill it at some moment, and look at what it left."""
        arguments = self._arguments(what)
        after_s = self.rng.uniform(0.2, LONGEST_S[what])
        with self._reading():
            ended = self._killed(after_s, self.settings, *arguments)
        self.outcomes[f"{what}: {'killed' if ended < 0 else 'done'}"] += 1
        if ended not in (0, 2, 3, 4, -signal.SIGKILL):
            raise Wrong(f"{what} ended with {ended}")
        self._adds_up(self.settings)
        getattr(self, f"_after_{what}", lambda: None)()

    def _arguments(self, what: str) -> list[str]:
        home = self.settings
        if what == "import":
            return ["import", str(self.rng.choice(self.files)), "--listener", "me", "--timezone", "UTC"]
        if what == "undo":
            known = [r.run for r in imports(home) if r.run and not r.undone_at]
            return ["imports", "undo", str(self.rng.choice(known or [1]))]
        if what == "run":
            home.inbox.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.rng.choice(self.files), home.inbox)
            return ["run"]
        if what == "backup":
            (self.folder / "backup.tar.gz").unlink(missing_ok=True)
            import_paths(home, [self.files[0]], "me", "UTC")
            return ["backup", str(self.folder / "backup.tar.gz")]
        if what == "restore":
            return ["restore", str(self._archive())]
        if what == "train":
            return ["train", "next_mood"]
        return ["build", *LISTENS]

    def _killed(self, after_s: float, settings: Settings, *arguments: str) -> int:
        home = self.folder / "restored" if arguments[0] == "restore" else settings.home
        command = [sys.executable, "-m", "tonearm", "--home", str(home), *arguments]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(after_s)
            process.kill()
            _, printed = process.communicate()
            if "Traceback" in printed:
                raise Wrong(printed)
            return int(process.returncode)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Read `listens` all the while: each time it is of the version before or after a commit."""
        over, seen = threading.Event(), set[int]()

        def read() -> None:
            while not over.is_set():
                with suppress(TonearmError, OSError):
                    lake = open_lake(self.settings.lake)
                    if lake.has("listens"):
                        seen.add(lake.dataset("listens").count_rows())
                time.sleep(0.02)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield
        finally:
            over.set()
            reader.join()
        if not seen <= COUNTS:
            raise Wrong(f"a reader saw {sorted(seen - COUNTS)} listens")
        self.outcomes["reads that saw a whole version"] += len(seen)

    def _adds_up(self, settings: Settings) -> None:
        for report in imports(settings):
            if report.read != report.kept + report.duplicates + report.rejected:
                raise Wrong(f"import {report.run} does not add up: {report}")

    def _after_backup(self) -> None:
        archive = self.folder / "backup.tar.gz"
        if archive.exists():
            with tarfile.open(archive) as tar:
                if "tonearm-home" not in tar.getnames():
                    raise Wrong("a backup is there, and not whole")

    def _archive(self) -> Path:
        archive = self.folder / "whole.tar.gz"
        if not archive.exists():
            self.settle()
            subprocess.run([sys.executable, "-m", "tonearm", "--home", str(self.settings.home), "backup", str(archive)],
                           check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        return archive

    def _after_restore(self) -> None:
        """There is no home or a whole one, and a retry makes it whole."""
        restored = load_settings(self.folder / "restored", environ={})
        if not restored.home.exists():
            subprocess.run([sys.executable, "-m", "tonearm", "--home", str(restored.home), "restore",
                            str(self._archive())], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        if open_lake(restored.lake).dataset("listens").count_rows() != max(COUNTS):
            raise Wrong("a restored home lacks listens")
        left = [path for path in self.folder.iterdir() if "restoring" in path.name]
        if left:
            raise Wrong(f"a killed restore left {left}")
        shutil.rmtree(restored.home)

    def _after_train(self) -> None:
        from tonearm.models.lifecycle.registry import open_registry

        # In another process, since MLflow remembers a database by its name.
        code = "import sys; from pathlib import Path; from tonearm.settings import load_settings; "
        code += "from tonearm.models.lifecycle.registry import open_registry; "
        code += "open_registry(load_settings(Path(sys.argv[1]), {})).client.search_registered_models()"
        if (self.settings.home / "models").exists():
            subprocess.run([sys.executable, "-c", code, str(self.settings.home)], check=True, capture_output=True)
        open_registry(self.settings).names()
        shutil.rmtree(self.settings.home / "models", ignore_errors=True)

    def settle(self) -> None:
        """Repeat every command to its end: the home is as one that was never disturbed."""
        for file in self.files:
            import_paths(self.settings, [file], "me", "UTC")
        if failed := build(self.settings, LISTENS).failed:
            raise Wrong(f"tables could not be built: {failed}")
        self._adds_up(self.settings)
        kept = sum(report.kept for report in imports(self.settings) if not report.undone_at)
        rows = open_lake(self.settings.lake).dataset("listens").count_rows()
        if not kept == rows == max(COUNTS):
            raise Wrong(f"{kept} kept and {rows} listens, instead of {max(COUNTS)}")
        self.outcomes["settled as if undisturbed"] += 1


def torture(
    folder: Path, seed: int, until: Callable[[], bool], kinds: tuple[str, ...] = tuple(LONGEST_S)
) -> Counter[str]:
    """Kill commands until ``until``; raises Wrong."""
    one = Torture(folder, seed)
    one.settle()
    number = 0
    while not until():
        number += 1
        one.once(one.rng.choice(kinds))
        if number % SETTLED_EVERY == 0:
            one.settle()
    one.settle()
    return one.outcomes
