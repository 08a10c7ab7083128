"""The cheap way to stay up to date: fifty new listens into a home whose models are trained.

A copy of HOME gets fifty more listens of a listener, by its inbox. Timed are the whole of ``tonearm run`` (import,
build, answer, drift, build what reads the answers) and, alone, the models' part: each loads and answers anew.

    python benchmarks/updating.py HOME --listener NAME --json
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from measure import finish, note, tonearm
from tonearm.lake import open_lake

NEW = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--listener", required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        home = Path(name) / "home"
        shutil.copytree(options.home, home)
        note("bringing the copy up to date")
        tonearm(home, "run")
        listens = open_lake(home / "lake").rows("listens")
        _put_into_inbox(home, options.listener)
        note("fifty listens more")
        report, taken = tonearm(home, "run")
        figures: dict[str, Any] = {"listens": listens, "new": open_lake(home / "lake").rows("listens") - listens}
        figures |= {
            "run_s": taken.seconds,
            "run_cpu_s": taken.cpu_s,
            "run_peak_mb": taken.peak_mb,
            "build_s": report["seconds"],
        }
        for one in report["models"]["scored"]:
            figures[f"{one['model']}_s"] = one["seconds"]
        figures["models_s"] = sum(one["seconds"] for one in report["models"]["scored"])
    finish(figures, options.json)


def _put_into_inbox(home: Path, listener: str) -> None:
    """A Last.fm file of the listener's last fifty tracks, heard again, one after the other, two hours later."""
    import pyarrow.compute as pc

    heard = (
        open_lake(home / "lake")
        .dataset("listening_with_features")
        .to_table(
            columns=["started_at", "artist_name", "track_name", "album_name"], filter=pc.field("listener") == listener
        )
    )
    last = heard.sort_by("started_at").slice(max(heard.num_rows - NEW, 0)).to_pylist()
    begin = last[-1]["started_at"] + timedelta(hours=2)
    folder = home / "inbox" / listener
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "new.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        for place, row in enumerate(last):
            at = begin + timedelta(minutes=4 * place)
            writer.writerow((row["artist_name"], row["album_name"] or "", row["track_name"], f"{at:%d %b %Y %H:%M}"))


if __name__ == "__main__":
    main()
