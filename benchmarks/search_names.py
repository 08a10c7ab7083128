"""Search of names: how often a misspelt name finds its track or artist, and how long a search takes.

Tracks are drawn by chance from a home whose tables are built. Each is asked for by artist and title, with letters
dropped, doubled, replaced or swapped with the next one, and found when a track of the same artist and title is among
the first ones. Times are of one thread, after the first search; intervals are Wilson's of 95 %.

    python benchmarks/search_names.py HOME --json
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from measure import finish, note
from tonearm.models.model import SEED
from tonearm.recommend.answers.search import read_names
from tonearm.settings import load_settings
from tonearm.silver.names import artist_key, title_key

if TYPE_CHECKING:
    from tonearm.recommend.answers.search import Found, Names

LETTERS = "abcdefghijklmnopqrstuvwxyz"
FIRST = 5


def mistyped(text: str, errors: int, chance: random.Random) -> str:
    """``text`` with that many typing errors."""
    for _ in range(errors):
        at = chance.randrange(max(len(text) - 1, 1))
        change: Callable[[], str] = chance.choice(
            [
                lambda at=at, text=text: text[:at] + text[at + 1 :],
                lambda at=at, text=text: text[: at + 1] + text[at:],
                lambda at=at, text=text: text[:at] + chance.choice(LETTERS) + text[at + 1 :],
                lambda at=at, text=text: text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :],
            ]
        )
        text = change()
    return text


def shuffled(text: str, chance: random.Random) -> str:
    """The words of ``text`` in another order."""
    words = text.split()
    chance.shuffle(words)
    return " ".join(words)


def is_found(wanted: Found, answers: Sequence[Found]) -> bool:
    """Whether one of the answers has the artist and the title; the same names may have several ids."""
    return (artist_key(wanted.artist_name), title_key(wanted.track_name or "")) in {
        (artist_key(one.artist_name), title_key(one.track_name or "")) for one in answers
    }


def measured(names: Names, n: int, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    tracks = names.tracks
    named = [p for p in range(len(tracks["track_id"])) if tracks["artist_name"][p] and tracks["track_name"][p]]
    wanted = [names.track(str(tracks["track_id"][place])) for place in chance.sample(named, n)]
    kinds: dict[str, Callable[[str], str]] = {
        "exact": lambda text: text,
        "one_error": lambda text: mistyped(text, 1, chance),
        "two_errors": lambda text: mistyped(text, 2, chance),
        "shuffled_one_error": lambda text: mistyped(shuffled(text, chance), 1, chance),
        "first_two_thirds": lambda text: text[: max(len(text) * 2 // 3, 3)],
    }
    figures: dict[str, Any] = {"tracks": len(tracks["track_id"]), "n": n, "seed": seed}
    taken: list[float] = []
    for kind, change in kinds.items():
        note(kind)
        hits = np.zeros((2, n), bool)
        for i, one in enumerate(wanted):
            query = change(f"{one.artist_name} {one.track_name}")
            began = time.process_time()
            answers = names.songs(query, FIRST)
            taken.append(time.process_time() - began)
            hits[:, i] = is_found(one, answers[:1]), is_found(one, answers)
        for first, hit in zip((1, FIRST), hits, strict=True):
            figures |= {f"{kind}_found_in_{first}": float(hit.mean())} | _interval(f"{kind}_found_in_{first}", hit)
    ms = np.array(taken) * 1_000
    return figures | {f"cpu_ms_p{q}": float(np.percentile(ms, q)) for q in (50, 95, 99)}


def _interval(name: str, hit: np.ndarray) -> dict[str, float]:
    """Wilson's interval of a share."""
    n, share, z = len(hit), hit.mean(), 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return {f"{name}_low": float(middle - half), f"{name}_high": float(middle + half)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path, help="a home whose tables are built")
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    names = read_names(load_settings(options.home, {}))
    names.songs("a first search")
    finish(measured(names, options.n, options.seed), options.json)


if __name__ == "__main__":
    main()
