"""How often is a model served in a world without anything to learn, and how often where there is something?

Worlds are invented histories: in a null, what the model is to predict has nothing to do with what it may know (the
sound of a session with its hour or its week, a session's start with the clock, a track's kind with the one before). At
most 5 % of nulls may serve a target. Beside each null stand worlds with a pattern, which should be found. A household
is two listeners, one with a pattern and one without; what counts is which of the two is given the model. With
``--home``, the histories of a home are shuffled as well: sessions are dealt the sounds of others, and tracks are mixed.

    python benchmarks/nulls_of_models.py --worlds 100 --json
    python benchmarks/nulls_of_models.py --only energy --home HOME --json

A further model's worlds are further lines of ``worlds()``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from measure import finish, note
from tonearm.errors import NotEnoughData
from tonearm.lake import open_lake
from tonearm.models.energy_forecast import EnergyForecast
from tonearm.models.evaluate import measure
from tonearm.models.lifecycle.training import decisive
from tonearm.models.model import Model
from tonearm.models.next_mood import CLUSTERED, NextMood
from tonearm.models.session_start import SessionStart
from tonearm.settings import load_settings

BEGIN = pd.Timestamp("2020-01-06", tz="UTC")
AS_OF = datetime(2024, 1, 1, tzinfo=UTC)
EVENING = (17, 24)
SOUNDS = ("energy", "valence")

Tables = dict[str, pd.DataFrame]
Rng = np.random.Generator


@dataclass(frozen=True)
class World:
    """One kind of worlds, and the model that is tried in them."""

    name: str
    model: Model
    make: Callable[[Rng], Tables]
    is_household: bool = False
    """Whether ``ada`` has a pattern and ``bob`` has none, and what each is given is counted."""


def worlds() -> list[World]:
    """All kinds, nulls and those with a pattern."""
    energy, start, mood = EnergyForecast(), SessionStart(), NextMood(groups=(3,))
    return [
        World("energy null", energy, lambda rng: tables(heard(rng))),
        World("energy null, few hours", energy, lambda rng: tables(heard(rng, days=240, a_day=0.5))),
        World("energy brighter evenings", energy, lambda rng: tables(heard(rng, at_evening=0.15))),
        World("energy drifting months", energy, lambda rng: tables(heard(rng, drift=0.1))),
        World("energy drifting months, three years", energy, lambda rng: tables(heard(rng, days=1_100, drift=0.1))),
        World(
            "energy household",
            energy,
            lambda rng: tables(heard(rng, drift=0.1), heard(rng, "bob")),
            is_household=True,
        ),
        World("start null", start, lambda rng: tables(starts(rng))),
        World("start null, seldom", start, lambda rng: tables(starts(rng, a_day=0.5))),
        World("start habits", start, lambda rng: tables(starts(rng, habit=0.8))),
        World("start working days", start, lambda rng: tables(starts(rng, habit=0.8, at_weekends=0.2))),
        World(
            "start household",
            start,
            lambda rng: tables(starts(rng, habit=0.8, at_weekends=0.2), starts(rng, listener="bob")),
            is_household=True,
        ),
        World("mood null", mood, lambda rng: tables(tracks(rng))),
        World("mood tastes change", mood, lambda rng: tables(tracks(rng, changes=True))),
        World("mood kinds stay", mood, lambda rng: tables(tracks(rng, stays=0.5))),
        World(
            "mood household",
            mood,
            lambda rng: tables(tracks(rng, stays=0.5), tracks(rng, listener="bob")),
            is_household=True,
        ),
    ]


def tables(*histories: pd.DataFrame) -> Tables:
    return {"listening_with_features": pd.concat(histories, ignore_index=True)}


def heard(
    rng: Rng, listener: str = "ada", days: int = 420, a_day: float = 1.2, at_evening: float = 0.0, drift: float = 0.0
) -> pd.DataFrame:
    """Sessions of a few measured listens about one sound each, brighter ``at_evening``, by months that ``drift``."""
    sessions = rng.poisson(a_day * days)
    # Evenings are when most is heard, whether or not it sounds different.
    hour = np.where(rng.random(sessions) < 0.6, rng.integers(*EVENING, sessions), rng.integers(7, 24, sessions))
    minute = np.sort(rng.integers(0, days, sessions) * 1440 + hour * 60 + rng.integers(0, 60, sessions))
    session = np.repeat(np.arange(sessions), 1 + rng.poisson(2.0, sessions))
    place = np.arange(len(session)) - np.searchsorted(session, session)
    rows = listens(listener, minute[session] + 4 * place, minute[session])
    is_evening = rows["hour_of_day"].to_numpy() >= EVENING[0]
    month = minute[session] // (28 * 1440)
    for name in SOUNDS:
        level = 0.5 + rng.normal(0, 0.12, sessions)[session] + rng.normal(0, drift, month.max() + 1)[month]
        rows[name] = (level + at_evening * is_evening + rng.normal(0, 0.12, len(rows))).clip(0, 1)
    return rows


def starts(
    rng: Rng,
    days: int = 420,
    a_day: float = 2.0,
    habit: float = 0.0,
    at_weekends: float = 1.0,
    listener: str = "ada",
) -> pd.DataFrame:
    """Sessions of one listen: of each hour's chance, the share ``habit`` belongs to two hours a day."""
    of_hour = np.full(24, (1 - habit) * a_day / 24)
    of_hour[[8, 20]] += habit * a_day / 2 * 0.9
    chance = np.tile(np.minimum(of_hour, 0.95), (days, 1))
    chance[np.arange(days) % 7 >= 5] *= at_weekends
    minute = np.flatnonzero(rng.random(chance.size) < chance.ravel()) * 60
    minute = minute + rng.integers(0, 60, len(minute))
    return listens(listener, minute, minute)


def tracks(
    rng: Rng, sessions: int = 120, stays: float = 0.0, changes: bool = False, listener: str = "ada"
) -> pd.DataFrame:
    """Sessions of ten tracks of three kinds, each of the kind before with the chance that it ``stays``, else by lot.

    With ``changes``, the lots of the first half and of the second are for other kinds.
    """
    share = np.tile([0.5, 0.3, 0.2], (sessions, 1))
    if changes:
        share[sessions // 2 :] = share[sessions // 2 :, ::-1]
    lot = (rng.random((sessions, 10, 1)) > share.cumsum(axis=1)[:, None]).sum(axis=2).clip(0, 2)
    kind = lot.copy()
    for place in range(1, kind.shape[1]):
        kind[:, place] = np.where(rng.random(sessions) < stays, kind[:, place - 1], lot[:, place])
    begin = np.arange(sessions) * 1440 + rng.integers(8, 22, sessions) * 60
    minute = (begin[:, None] + 4 * np.arange(10)).ravel()
    rows = listens(listener, minute, np.repeat(begin, 10))
    places = np.array([(0.1, 0.2, 0.2, 0.9, 0.0), (0.9, 0.8, 0.9, 0.0, 0.0), (0.5, 0.1, 0.1, 0.4, 0.9)])
    rows[list(CLUSTERED)] = places[kind.ravel()] + rng.normal(0, 0.05, (kind.size, len(CLUSTERED)))
    return rows.assign(track_id=rng.integers(0, 400, kind.size) * 3 + kind.ravel(), artist_id=kind.ravel())


def listens(listener: str, minute: Any, begins: Any) -> pd.DataFrame:
    """Rows of ``listening_with_features`` of a listener in UTC, at these minutes, of sessions that begin at those."""
    at, session = (BEGIN + pd.to_timedelta(np.asarray(values), unit="min") for values in (minute, begins))
    rows = pd.DataFrame({"listener": listener, "started_at": at, "session_started_at": session})
    local = rows["started_at"].dt.tz_localize(None)
    rows = rows.assign(listen_id=np.arange(len(rows)), started_at_local=local, hour_of_day=local.dt.hour)
    return rows.assign(feature_source="real", track_id=0, artist_id=0, **dict.fromkeys(CLUSTERED, 0.5))


def shuffled(home: Path) -> Iterator[World]:
    """Of each listener of a home: the sounds of sessions dealt anew, in their order within a session."""
    lake = open_lake(load_settings(home, {}).lake)
    rows = lake.dataset("listening_with_features").to_table().to_pandas()
    rows = rows[rows["feature_source"].isin(["real", "catalogue"])].sort_values(["listener", "started_at"])
    for name, own in rows.groupby("listener"):
        yield World(f"energy shuffled {name}", EnergyForecast(), lambda rng, own=own: tables(_dealt(rng, own)))
        yield World(f"mood shuffled {name}", NextMood(groups=(3,)), lambda rng, own=own: tables(_mixed(rng, own)))


def _dealt(rng: Rng, own: pd.DataFrame) -> pd.DataFrame:
    """Each session's sounds are those of another one, again from its beginning where that is shorter."""
    session = pd.factorize(own["session_started_at"])[0]
    first, length = np.searchsorted(session, np.arange(session.max() + 1)), np.bincount(session)
    other = rng.permutation(len(length))[session]
    source = first[other] + (np.arange(len(own)) - first[session]) % length[other]
    return own.assign(**{name: own[name].to_numpy()[source] for name in SOUNDS})


def _mixed(rng: Rng, own: pd.DataFrame) -> pd.DataFrame:
    columns = [*CLUSTERED, "track_id", "artist_id"]
    order = rng.permutation(len(own))
    return own.assign(**{name: own[name].to_numpy()[order] for name in columns})


def tried(world: World, seed: int) -> dict[str, bool]:
    """Whether each target is served in one world; in a household, whether each listener would be given the model."""
    model = world.model
    examples = model.examples(world.make(np.random.default_rng(seed)), AS_OF)
    if world.is_household:
        listeners = model.fit(examples, seed).listeners  # type: ignore[attr-defined]
        return {
            f"{name} {target}": by == "model" for name, own in listeners.items() for target, by in _gates(own).items()
        }
    measured = [one for held in model.held_out(examples, seed) for one in measure(held, seed) if not one.listener]
    return {one.target: one.is_better for one in decisive(model, measured)}


def _gates(own: dict[str, Any]) -> dict[str, str]:
    return {"": own["serves"]} if "serves" in own else {target: part["serves"] for target, part in own.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=20, help="of each kind")
    parser.add_argument("--only", default="", help="kinds whose name begins so")
    parser.add_argument("--home", type=Path, help="a home whose histories are shuffled, too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, Any] = {"worlds": options.worlds, "seed": options.seed}
    for world in [*worlds(), *(shuffled(options.home) if options.home else ())]:
        if not world.name.startswith(options.only):
            continue
        found: list[dict[str, bool]] = []
        for number in range(options.worlds):
            try:
                found.append(tried(world, options.seed * 100_000 + number))
            except NotEnoughData as error:
                note(f"{world.name}: {error}")
        for target in dict.fromkeys(name for one in found for name in one):
            served = [one[target] for one in found if target in one]
            figures[f"{world.name}: {target}"] = f"{sum(served)} of {len(served)}"
            note(f"{world.name}: {target} {sum(served)} of {len(served)}")
    finish(figures, options.json)


if __name__ == "__main__":
    main()
