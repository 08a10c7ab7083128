"""Which artist comes next? What follows what, against what is simply heard most, last or again.

Asked at each switch of artist within a session, in the last fifth of each listener's switches: is the next artist
among ten guesses? Every guess is made from what was heard before that switch alone. The weights of the sequence
model are chosen on the fifth before; the interval is that of 2,000 bootstraps of sessions.

    python benchmarks/sequences.py HOME --json
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from itertools import groupby, islice, pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from measure import finish, note
from tonearm.lake import open_lake
from tonearm.settings import load_settings

GUESSES = 10
LATELY_RUNS = 200
NEAR = 4
SEED = 20240101
BOOTSTRAPS = 2000
BASELINES = ("most_heard", "most_heard_lately", "last_heard", "heard_again")
"""Heard most ever, heard most in the last 200 runs, heard last, and heard in this session (then most lately)."""
PARTS = {
    "after": (0.0, 1.0, 3.0),
    "near": (0.0, 0.5, 1.5, 4.0),
    "lately": (0.3, 1.0),
    "again": (0.0, 0.1, 0.3),
    "ever": (0.1, 0.5),
}
"""The parts of the sequence model and the weights tried."""

Numbers = npt.NDArray[np.float64]
Runs = list[tuple[Any, str]]


class Heard:
    """What is known before a switch: counts of runs, and of what came after and near what."""

    def __init__(self) -> None:
        self.ever: Counter[str] = Counter()
        self.lately: Counter[str] = Counter()
        self.window: deque[str] = deque()
        self.last: dict[str, None] = {}
        self.after: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.near: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.session: list[str] = []

    def add(self, artist: str, is_new_session: bool) -> None:
        """One more run of an artist."""
        if is_new_session:
            self.session = []
        elif self.session:
            self.after[self.session[-1]][artist] += 1
        for earlier in set(self.session[-NEAR:]) - {artist}:
            self.near[earlier][artist] += 1
            self.near[artist][earlier] += 1
        self.session.append(artist)
        self.ever[artist] += 1
        self.lately[artist] += 1
        self.window.append(artist)
        if len(self.window) > LATELY_RUNS:
            self.lately[self.window.popleft()] -= 1
        self.last.pop(artist, None)
        self.last[artist] = None


def baselines(heard: Heard) -> dict[str, list[str]]:
    """Ten guesses of each baseline, the current artist left out."""
    current = heard.session[-1]
    again = Counter(heard.session)
    lists = {
        "most_heard": (a for a, _ in heard.ever.most_common(GUESSES + 1)),
        "most_heard_lately": (a for a, _ in heard.lately.most_common(GUESSES + 1)),
        "last_heard": reversed(heard.last),
        "heard_again": dict.fromkeys([*(a for a, _ in again.most_common()), *_top(heard.lately)]),
    }
    return {name: list(islice((a for a in artists if a != current), GUESSES)) for name, artists in lists.items()}


def _top(counts: Counter[str]) -> Iterator[str]:
    return (a for a, _ in counts.most_common(2 * GUESSES))


def sequence(heard: Heard, weights: Numbers) -> tuple[list[str], Numbers]:
    """Candidates, and their scores under each row of ``weights``, one for each of PARTS.

    What followed the current artist and what stood near those before it, backing off to what is heard lately and
    in all; each as shares of its counts, and the fewer there are, the less they weigh.
    """
    current = heard.session[-1]
    nearby: defaultdict[str, float] = defaultdict(float)
    for distance, artist in enumerate(dict.fromkeys(reversed(heard.session[-NEAR:]))):
        for other, count in heard.near[artist].most_common(50):
            nearby[other] += count / (1 + distance)
    again = Counter(set(heard.session[-10:]))
    parts: tuple[Mapping[str, float], ...] = (
        heard.after[current],
        nearby,
        heard.lately,
        again,
        dict(heard.ever.most_common(50)),
    )
    candidates = sorted(set().union(*parts) - {current})
    counts = np.asarray([[part.get(a, 0) for a in candidates] for part in parts], dtype=float)
    return candidates, weights @ (counts / (counts.sum(axis=1, keepdims=True) + 5))


def replay(runs: Runs, begin: float, end: float) -> Iterator[tuple[int, Heard, str]]:
    """Each switch between two shares of the switches: its session, what was heard before, and the artist it is to."""
    switches = sum(a[0] == b[0] for a, b in pairwise(runs))
    heard, seen, sessions, before = Heard(), 0, 0, None
    for session, artist in runs:
        is_new = session != before
        sessions += is_new
        if not is_new:
            if begin * switches <= seen < end * switches:
                yield sessions, heard, artist
            seen += 1
        heard.add(artist, is_new)
        before = session


def tuned(runs: Runs) -> Numbers:
    """The weights with the most hits in the fourth fifth of the switches, of which 1,000 are asked."""
    weights = np.asarray(list(product(*PARTS.values())))
    hits = np.zeros(len(weights))
    every = max(1, len(runs) // 5000)
    for k, (_, heard, artist) in enumerate(replay(runs, 0.6, 0.8)):
        if k % every == 0:
            candidates, scores = sequence(heard, weights)
            if artist in candidates:
                hits += (scores > scores[:, [candidates.index(artist)]]).sum(axis=1) < GUESSES
    return weights[[int(np.argmax(hits))]]


def measured(runs: Runs) -> dict[str, Any]:
    """Hit rates in the last fifth, and the ratio to the best baseline with its interval."""
    weights = tuned(runs)
    rows = []
    for session, heard, artist in replay(runs, 0.8, 1.0):
        candidates, scores = sequence(heard, weights)
        best_first = np.argsort(-scores[0], kind="stable")[:GUESSES]
        guesses = baselines(heard) | {"sequence": [candidates[k] for k in best_first]}
        rows.append([session, *(artist in guesses[name] for name in (*BASELINES, "sequence"))])
    asked = np.asarray(rows, dtype=float)
    rates = dict(zip((*BASELINES, "sequence"), asked[:, 1:].mean(axis=0).tolist(), strict=True))
    best = max(BASELINES, key=lambda name: rates[name])
    low, high = _interval(asked[:, 0], asked[:, 1 + BASELINES.index(best)], asked[:, -1])
    ratio = {"ratio": rates["sequence"] / rates[best], "ratio_low": low, "ratio_high": high}
    return {
        "switches": len(asked),
        **rates,
        "best_baseline": best,
        **ratio,
        **{f"weight_{part}": float(w) for part, w in zip(PARTS, weights[0], strict=True)},
    }


def _interval(session: Any, baseline: Any, model: Any) -> tuple[float, float]:
    """95 % interval of the ratio of hits: percentiles over bootstraps of whole sessions."""
    of = np.unique(session, return_inverse=True)[1]
    ours, theirs = np.bincount(of, model), np.bincount(of, baseline)
    drawn = np.random.default_rng(SEED).integers(0, len(ours), (BOOTSTRAPS, len(ours)))
    low, high = np.percentile(ours[drawn].sum(axis=1) / theirs[drawn].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)


def runs_by_listener(home: Path) -> Iterator[tuple[str, Runs]]:
    """Each listener's runs of one artist, with the session they are in, in the order heard."""
    lake = open_lake(load_settings(home, {}).lake)
    columns = ["listener", "session_started_at", "started_at", "listen_id", "artist_name"]
    table = lake.delta("listening_with_features").to_pyarrow_table(columns=columns)
    rows = table.sort_by([(c, "ascending") for c in columns[:4]]).to_pylist()
    for listener, own in groupby(rows, lambda row: row["listener"]):
        heard = [(row["session_started_at"], row["artist_name"] or "") for row in own]
        yield listener, [run for run, _ in groupby(heard)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path, help="a home whose tables are built")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for listener, runs in runs_by_listener(options.home):
        note(f"{listener}: {len(runs):,} runs")
        figures |= {f"{listener}_{name}": value for name, value in measured(runs).items()}
    finish(figures, options.json)


if __name__ == "__main__":
    main()
