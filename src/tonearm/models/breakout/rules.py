"""The rules of a breakout: what core is, how far ahead is predicted, and for which artists."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import yaml

from tonearm.errors import InputError
from tonearm.models.breakout.artist_history import History, highest, proximity, soon

if TYPE_CHECKING:
    import numpy.typing as npt

    Cells = npt.NDArray[np.bool_]

SHIPPED = Path(__file__).with_name("rules.yaml")


class Core(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An artist is core in a month with so many listens, or such a share of the month's listens."""

    plays_min: float = 20
    share_min: float = 0.01


class Eligibility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which artists are predicted in a month."""

    plays_min: float = 0
    heard_within_months: int = 3
    first_seen_within_months: int | None = None
    not_core_within_months: int = 3
    not_among_most_heard: int = 0


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of ``rules.yaml``; what each number means stands there."""

    core: Core
    horizon_months: int
    cold_start_months: int
    alerts_per_month: int
    eligibility: dict[str, Eligibility]
    """By name; the first is served."""


def read_rules(path: Path = SHIPPED) -> Rules:
    """The rules of a YAML file; raises InputError where it is missing or of another shape."""
    try:
        return as_rules(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise InputError(f"{path} cannot be read as rules of a breakout: {error}; see {SHIPPED.name}") from error


def as_rules(value: Any) -> Rules:
    """Rules out of plain dictionaries; raises msgspec.ValidationError."""
    return msgspec.convert(value, Rules)


@dataclass(frozen=True)
class Labelled:
    """A history under the rules: how near to core each artist-month is, which are predicted, and what came."""

    history: History
    rules: Rules

    @cached_property
    def near(self) -> npt.NDArray[np.float64]:
        """1 and more is core."""
        return proximity(self.history, self.rules.core.plays_min, self.rules.core.share_min)

    def breaks_out(self) -> Cells:
        """Whether the artist is core within the horizon."""
        return soon(self.near >= 1, self.rules.horizon_months)

    def is_known(self) -> Cells:
        """Whether the history goes on long enough to know."""
        months = self.near.shape[1]
        return np.broadcast_to(np.arange(months) < months - self.rules.horizon_months, self.near.shape)

    def is_eligible(self, eligibility: Eligibility) -> Cells:
        """Which artist-months are predicted."""
        listens, age = self.history.listens, self.history.age
        found = (highest(listens, eligibility.heard_within_months) > 0) & (listens >= eligibility.plays_min)
        found &= highest(self.near, eligibility.not_core_within_months) < 1
        found &= np.arange(listens.shape[1]) >= self.rules.cold_start_months
        found &= self.history.place >= eligibility.not_among_most_heard
        if eligibility.first_seen_within_months is not None:
            found &= age <= eligibility.first_seen_within_months
        return np.asarray(found)
