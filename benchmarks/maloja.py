"""Imports one Last.fm file with Maloja and with tonearm, in one run, each from command start to exit.

Maloja (PyPI: malojaserver) goes into a virtual environment of its own in a temporary folder; installing it is
not timed, and each program is started once before, so that neither pays for compiling its modules.

    python benchmarks/maloja.py --json
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import venv
from contextlib import closing
from pathlib import Path
from typing import Any

from measure import Measured, finish, measure, note, tonearm

HISTORY = Path("../shared/data/histories/lastfm_to_csv_headerless.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--file", type=Path, default=HISTORY, help="as lastfm-to-csv writes it")
    parser.add_argument("--maloja", type=Path, help="the maloja command, if it is installed already")
    parser.add_argument("--repeat", type=int, default=3, help="runs of tonearm, of which the median counts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.file.is_file():
        sys.exit(f"{options.file} is not there; name a Last.fm file with --file")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        ours = [_tonearm(options.file, folder / f"home-{n}") for n in range(options.repeat)]
        theirs = _maloja(options.file, options.maloja or _install(folder / "venv"), folder)
    finish(_figures(options.file, theirs, ours), options.json)


def _figures(file: Path, theirs: dict[str, Any], ours: list[dict[str, Any]]) -> dict[str, Any]:
    import_s = statistics.median(one["import_s"] for one in ours)
    build_s = statistics.median(one["build_s"] for one in ours)
    return {
        "file_lines": sum(1 for _ in file.open("rb")),
        "maloja_s": theirs["seconds"],
        "maloja_peak_mb": theirs["peak_mb"],
        "maloja_kept": theirs["kept"],
        "tonearm_import_s": import_s,
        "tonearm_build_s": build_s,
        "tonearm_peak_mb": max(one["peak_mb"] for one in ours),
        "tonearm_read": ours[0]["read"],
        "tonearm_kept": ours[0]["kept"],
        "tonearm_duplicates": ours[0]["duplicates"],
        "tonearm_rejected": ours[0]["rejected"],
        "import_is_1_over": theirs["seconds"] / import_s,
        "import_and_build_is_1_over": theirs["seconds"] / (import_s + build_s),
    }


def _tonearm(file: Path, home: Path) -> dict[str, Any]:
    measure([Path(sys.executable).with_name("tonearm"), "--help"])
    note("tonearm import and build")
    report, imported = tonearm(home, "import", file, "--listener", "benchmark", "--timezone", "UTC")
    _, built = tonearm(home, "build")
    return {
        "import_s": imported.seconds,
        "build_s": built.seconds,
        "peak_mb": max(imported.peak_mb, built.peak_mb),
        **{name: report[name] for name in ("read", "kept", "duplicates", "rejected")},
    }


def _install(folder: Path) -> Path:
    """Maloja in a new virtual environment; its command."""
    note("installing malojaserver")
    venv.create(folder, with_pip=True)
    install = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "malojaserver"]
    subprocess.run(install, check=True, stdout=sys.stderr)
    return folder / "bin" / "maloja"


def _maloja(file: Path, command: Path, folder: Path) -> dict[str, Any]:
    warm_up = folder / "first.csv"
    warm_up.write_text("Artist,Album,Track,20 Nov 2020 09:35\n", encoding="utf-8")
    _maloja_import(warm_up, command, folder / "maloja-first")
    # The name decides how Maloja reads a file.
    copied = folder / "history.csv"
    shutil.copyfile(file, copied)
    note("maloja import (about two minutes)")
    return _maloja_import(copied, command, folder / "maloja-data")


def _maloja_import(file: Path, command: Path, data: Path) -> dict[str, Any]:
    data.mkdir()
    environment = {"MALOJA_DATA_DIRECTORY": str(data), "MALOJA_SKIP_SETUP": "yes"}
    # Its exit code says nothing: what it kept does.
    taken: Measured = measure([command, "import", file], environment, may_fail=True)
    with closing(sqlite3.connect(data / "malojadb.sqlite")) as database:
        (kept,) = database.execute("SELECT count(*) FROM scrobbles").fetchone()
    if not kept:
        sys.exit(f"maloja imported nothing:\n{taken.output[-2000:]}")
    return {"seconds": taken.seconds, "peak_mb": taken.peak_mb, "kept": kept}


if __name__ == "__main__":
    main()
