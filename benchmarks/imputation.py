"""How well `imputation` estimates seven features of tracks that were never measured, and whether its intervals hold.

By track: a third of the tracks is hidden at a time. By artist: a fifth of the artists. Of the rest of an artist all is
hidden but one album. Without playlists the company that a track keeps is hidden, too; of most tracks that are heard
nothing but the names is known. Last, tracks of the catalogue that the listeners of the home heard are estimated as if
no catalogue listed them: from their names, the artist's other tracks and what else was heard in the same sessions.

    python benchmarks/imputation.py --home HOME --json
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from held_out import figures, run
from measure import note
from tonearm.models.imputation import ARTIST, COMPANY, TARGETS, FittedImputation, Imputation
from tonearm.models.model import HeldOut

METRICS = ("r2", "coverage_90", "log_loss")
SURE = 0.8
FEWEST = 50


def main() -> None:
    model = Imputation()
    run(__doc__, model, METRICS, model.held_out, lambda rows, seed, held: more(model, rows, seed, held))


def more(model: Imputation, rows: pd.DataFrame, seed: int, held: list[HeldOut]) -> dict[str, Any]:
    """Means over the seven features by protocol and stratum, and what is told of the moods."""
    fitted = model.fit(rows, seed)
    ways = model.protocols(rows, fitted.inputs(rows), seed)
    found: dict[str, Any] = {}
    for protocol, (evidence, _) in ways.items():
        own = {part.target: part for part in held if part.protocol == protocol}
        found |= means(protocol, [own[t] for t in TARGETS], model.stratum(evidence)) | sure(own["mood"])
    home = argparse.ArgumentParser()
    home.add_argument("--home", type=Path)
    options, _ = home.parse_known_args()
    return found | (in_sessions(fitted, rows, options.home, seed) if options.home else {})


def means(protocol: str, held: list[HeldOut], stratum: npt.NDArray[Any]) -> dict[str, Any]:
    """Of the seven: mean R², beside the baseline's, and the mean share within the interval, by stratum."""
    of_all = np.array([part.actual.var() for part in held])
    errors = {
        name: np.array([((getattr(part, name) - part.actual) ** 2).mean() for part in held])
        for name in ("predicted", "baseline")
    }
    found: dict[str, Any] = {f"mean r2, {protocol}": float((1 - errors["predicted"] / of_all).mean())}
    found[f"mean r2 of the baseline, {protocol}"] = float((1 - errors["baseline"] / of_all).mean())
    return found | covered(protocol, np.column_stack([_inside(part) for part in held]), stratum, held[0].block)


def _inside(held: HeldOut) -> npt.NDArray[np.bool_]:
    assert held.low is not None and held.high is not None
    return np.asarray((held.low <= held.actual) & (held.actual <= held.high))


def covered(
    name: str, inside: npt.NDArray[np.bool_], stratum: npt.NDArray[Any], artist: npt.NDArray[Any]
) -> dict[str, Any]:
    """The share of tracks within the 90 % interval, each artist counting alike or each track."""
    found: dict[str, Any] = {}
    for one in sorted(set(stratum.tolist())):
        rows = stratum == one
        if rows.sum() >= FEWEST:
            of_artist = pd.Series(inside[rows].mean(axis=1)).groupby(artist[rows]).mean()
            each = inside[rows].mean(axis=0)
            found[f"covered, {name}, {one}"] = float(each.mean())
            found[f"covered, {name}, {one}, by artist"] = float(of_artist.mean())
            found[f"covered, {name}, {one}, lowest and highest feature"] = f"{each.min():.3f} {each.max():.3f}"
            found[f"covered, {name}, {one}, n"] = int(rows.sum())
    return found


def sure(held: HeldOut) -> dict[str, Any]:
    """How often the likeliest mood is right where its probability is at least ``SURE``."""
    is_sure = held.predicted.max(axis=1) >= SURE
    right = held.predicted.argmax(axis=1) == held.actual
    return {
        f"mood right, {held.protocol}": float(right.mean()),
        f"mood right where sure, {held.protocol}": float(right[is_sure].mean()) if is_sure.any() else None,
        f"mood sure, {held.protocol}, n": int(is_sure.sum()),
    }


def in_sessions(fitted: FittedImputation, rows: pd.DataFrame, home: Path, seed: int) -> dict[str, Any]:
    """Heard tracks of the catalogue, estimated as if none listed them, by trees that saw none of the artist."""
    from tonearm.lake import open_lake
    from tonearm.models import catalogue
    from tonearm.models.lifecycle.scoring import read
    from tonearm.settings import load_settings

    settings = load_settings(home, {})
    tables = read(open_lake(settings.lake), fitted.settings.inputs, settings)
    now = datetime.now(UTC)
    heard = catalogue.heard(tables, now)
    heard = heard[heard.track_id.isin(rows.track_id)].reset_index(drop=True)
    if len(heard) < FEWEST:
        note("too few heard tracks are in the catalogue")
        return {}
    place = pd.Series(rows.index, index=rows.track_id)[heard.track_id].to_numpy()
    named = heard[["track_id", "artist_id", "artist_name", "track_name"]]
    known = fitted.settings.protocols(rows, fitted.inputs(rows), seed)["by track, 3 folds"][0].iloc[place]
    evidence = fitted.inputs(named).assign(**{c: known[c].to_numpy() for c in ARTIST})
    company = fitted.company(tables, named, now)
    found: dict[str, Any] = {}
    for name, seen in (("sessions", company), ("no company", company.assign(**dict.fromkeys(COMPANY, np.nan)))):
        asked = evidence.assign(**{c: seen[c].to_numpy(np.float32) for c in COMPANY})
        asked["company_tracks"] = asked.company_tracks.fillna(0.0)
        told = fitted.told(asked, rows.artist.to_numpy()[place])
        is_told = ~np.isnan(told["energy"].estimate)
        held = [
            HeldOut(
                *(t, name, "regression", rows[t].to_numpy(float)[place][is_told], told[t].estimate[is_told]),
                np.full(int(is_told.sum()), fitted.mean[j]),
                rows.artist.to_numpy()[place][is_told],
                low=told[t].low[is_told],
                high=told[t].high[is_told],
            )
            for j, t in enumerate(TARGETS)
        ]
        found |= means(f"heard, {name}", held, fitted.settings.stratum(asked)[is_told])
        found |= {k: v for k, v in figures(held, seed, ("r2",)).items() if k.endswith("r2")}
    return found


if __name__ == "__main__":
    main()
