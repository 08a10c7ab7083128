"""Clues to the next track's group: one for each kind of memory of the listens before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.models.listeners import Ints, Numbers

CLUES = ("hours", "session", "session_near", "company", "after_near", "track", "artist", "hour")
"""What followed the same group and what was heard in the last days say nothing more: the others lean on them."""
HOURS_HALF_LIFE_H, DAYS_HALF_LIFE_H = 6.0, 48.0
COMPANY_LISTENS = 6
COMPANY_KEEPS = 0.8
COMPANY_COUNTS, COMPANY_PRIOR = 3.0, 6.0
"""For how many listens the company of a track in one session counts, and the prior beside it."""
PRIOR = {"recent": 2.0, "session": 4.0, "after": 6.0, "near": 20.0, "track": 2.0, "artist": 4.0, "hour": 10.0}
"""Listens' worth of the shares of all groups with which each memory begins; the more parts it has, the more."""


@dataclass(frozen=True)
class Heard:
    """A listener's listens in order of time."""

    session: Ints
    at_h: Numbers
    """Hours since the first."""
    hour_of_day: Ints
    """Local; -1 where it is not known."""
    track: Ints
    artist: Ints
    mood: Ints
    """Number of the group; -1 where it is not known, and nothing is counted."""
    near: Numbers
    """(n, groups) how much the track is of each group; zero where it is not known."""

    @property
    def is_first(self) -> npt.NDArray[np.bool_]:
        """Whether the listen is its session's first."""
        return np.asarray(np.r_[True, self.session[1:] != self.session[:-1]])

    def part(self, rows: slice) -> Heard:
        """Some of the rows."""
        return replace(self, **{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    def with_one_more(self) -> Heard:
        """One more listen of the last session, of which nothing is known."""
        last = {name: getattr(self, name)[-1:] for name in self.__dataclass_fields__}
        last |= {"mood": np.array([-1]), "near": np.zeros_like(self.near[-1:])}
        return replace(self, **{name: np.concatenate([getattr(self, name), last[name]]) for name in last})


@dataclass(frozen=True)
class Past:
    """Counts of what was heard before the first listen."""

    mood: Numbers
    """(groups,)"""
    after: Numbers
    after_near: Numbers
    """(groups, groups) what came after a listen of each group within a session."""
    by_hour: Numbers
    """(24, groups)"""

    @classmethod
    def nothing(cls, groups: int) -> Past:
        """No listens."""
        return cls(np.zeros(groups), np.zeros((groups, groups)), np.zeros((groups, groups)), np.zeros((24, groups)))

    @classmethod
    def of(cls, heard: Heard, groups: int) -> Past:
        """All of ``heard``."""
        happened, follows = _happened(heard, groups), np.flatnonzero(~heard.is_first)
        by_hour = np.zeros((24, groups))
        np.add.at(by_hour, heard.hour_of_day, happened)
        after = happened[follows - 1].T @ happened[follows]
        return cls(happened.sum(axis=0), after, heard.near[follows - 1].T @ happened[follows], by_hour)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return {name: getattr(self, name).tolist() for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Past:
        """What :meth:`as_json` gave."""
        return cls(**{name: np.array(found[name], dtype=float) for name in cls.__dataclass_fields__})


def clues(heard: Heard, past: Past) -> tuple[Numbers, Numbers]:
    """For each listen (n, clues, groups) how its clues change the log shares, and (n, groups) the shares.

    Each by the listens before it alone.
    """
    groups = len(past.mood)
    happened = _happened(heard, groups)
    shares = _share(_before(np.cumsum(happened, axis=0)) + past.mood + 1)
    found = _memories(heard, happened, shares) | _followers(heard, happened, shares, past)
    return np.stack([np.log(found[name]) - np.log(shares) for name in CLUES], axis=1), shares


def _happened(heard: Heard, groups: int) -> Numbers:
    """(n, groups) 1 for the group heard; nowhere 1 where it is not known."""
    return np.asarray(np.eye(groups)[np.maximum(heard.mood, 0)] * (heard.mood >= 0)[:, None])


def _share(counts: Numbers) -> Numbers:
    shares: Numbers = counts / counts.sum(axis=-1, keepdims=True)
    return shares


def _leaning(counts: Numbers, towards: Numbers, prior: float) -> Numbers:
    """Shares of ``counts`` to which ``towards`` was added as if it had been heard ``prior`` times."""
    return _share(counts + prior * towards)


def _before(values: Numbers) -> Numbers:
    """Each row's predecessor; zero for the first."""
    return np.concatenate([np.zeros_like(values[:1]), values[:-1]])


def _memories(heard: Heard, happened: Numbers, shares: Numbers) -> dict[str, Numbers]:
    """What was heard lately, in this session, and at this hour."""
    hours, days = (
        _leaning(_faded(happened, heard.at_h, half_life), shares, PRIOR["recent"])
        for half_life in (HOURS_HALF_LIFE_H, DAYS_HALF_LIFE_H)
    )
    session, near = (_sums(values, heard.session) for values in (happened, heard.near))
    return {
        "hours": hours,
        "session": _leaning(session, days, PRIOR["session"]),
        "session_near": _leaning(near, days, PRIOR["session"]),
        "company": _leaning(_company(heard, happened), days, COMPANY_PRIOR),
    }


def _followers(heard: Heard, happened: Numbers, shares: Numbers, past: Past) -> dict[str, Numbers]:
    """What used to follow the last listen's group, track and artist, and to be heard at this hour."""
    goes_on = ~heard.is_first
    last = np.where(goes_on, np.r_[-1, heard.mood[:-1]], -1)
    counts = _sums(happened, last) + np.where((last >= 0)[:, None], past.after[last], 0.0)
    after = np.where((last >= 0)[:, None], _leaning(counts, shares, PRIOR["after"]), shares)
    found = {"after_near": _after_near(heard, happened, shares, past, goes_on)}
    for name, of in (("track", heard.track), ("artist", heard.artist)):
        before = np.where(goes_on, np.r_[-1, of[:-1]], -1)
        known = np.where((before >= 0)[:, None], _sums(happened, before), 0.0)
        found[name] = _leaning(known, after, PRIOR[name])
    return found | {"hour": _leaning(_at_hour(heard, happened, past), shares, PRIOR["hour"])}


def _after_near(
    heard: Heard, happened: Numbers, shares: Numbers, past: Past, goes_on: npt.NDArray[np.bool_]
) -> Numbers:
    """What used to follow tracks that were as much of each group as the last one."""
    last = np.where(goes_on[:, None], _before(heard.near), 0.0)
    pairs = last[:, :, None] * happened[:, None, :]
    seen = _before(np.cumsum(pairs, axis=0)) + past.after_near
    follows = seen / np.maximum(seen.sum(axis=2, keepdims=True), 1.0)
    follows_near = np.einsum("ni,nij->nj", last, follows)
    return _leaning(follows_near * seen.sum(axis=(1, 2))[:, None], shares, PRIOR["near"])


def _at_hour(heard: Heard, happened: Numbers, past: Past) -> Numbers:
    """Counts at the same hour of the day, those of the hours beside it by half."""
    hour, row = heard.hour_of_day, np.arange(len(happened))
    at_hour = np.zeros((len(happened), *past.by_hour.shape))
    at_hour[row, hour] = happened * (hour >= 0)[:, None]
    counts = _before(np.cumsum(at_hour, axis=0)) + past.by_hour
    found = sum(weight * counts[row, (hour + apart) % 24] for apart, weight in ((-1, 0.5), (0, 1.0), (1, 0.5)))
    return np.where((hour >= 0)[:, None], found, 0.0)


def _sums(values: Numbers, group: Ints) -> Numbers:
    """Sums over the earlier rows of each row's group."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    total = _before(np.cumsum(values[order], axis=0))
    found = np.empty_like(total)
    found[order] = total - total[np.searchsorted(ordered, ordered)]
    return found


def _faded(values: Numbers, at_h: Numbers, half_life_h: float) -> Numbers:
    """Sums over the earlier rows, which fade with the hours."""
    keeps = 0.5 ** (np.diff(at_h, prepend=at_h[:1]) / half_life_h)
    found = np.zeros_like(values)
    for row in range(1, len(values)):
        found[row] = (found[row - 1] + values[row - 1]) * keeps[row]
    return found


def _company(heard: Heard, happened: Numbers) -> Numbers:
    """What was heard in earlier sessions in which this session's last tracks were heard, too."""
    total = np.zeros((int(heard.session.max()) + 1, happened.shape[1]))
    np.add.at(total, heard.session, happened)
    company = COMPANY_COUNTS * total / np.maximum(total.sum(axis=1, keepdims=True), 1)
    pair = heard.track * (int(heard.session.max()) + 1) + heard.session
    once = np.unique(pair, return_index=True)[1]
    is_once = np.zeros(len(pair), dtype=bool)
    is_once[once] = True
    # Of the sessions before this one: where a track comes again within a session, its first listen there counts.
    known = _sums(company[heard.session] * is_once[:, None], heard.track)[_first_of(pair)]
    found = np.zeros_like(happened)
    for back in range(1, min(COMPANY_LISTENS, len(known) - 1) + 1):
        is_same = heard.session[back:] == heard.session[:-back]
        found[back:] += np.where(is_same[:, None], known[:-back], 0.0) * COMPANY_KEEPS ** (back - 1)
    return found


def _first_of(group: Ints) -> Ints:
    """For each row the first one of its group."""
    _, first, of = np.unique(group, return_index=True, return_inverse=True)
    return np.asarray(first[of], dtype=np.int64)
