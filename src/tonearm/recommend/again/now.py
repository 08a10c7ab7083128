"""What to hear again now: known songs by their activation, with the evidence for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from tonearm.errors import NotEnoughData
from tonearm.recommend.again import activation
from tonearm.recommend.again.blend import Blend
from tonearm.recommend.again.candidates import PARTS, Candidates, Opening, before_sessions, candidates
from tonearm.recommend.again.evidence import NEARBY_HOURS
from tonearm.recommend.again.history import History, history
from tonearm.recommend.again.listening import listening
from tonearm.recommend.playlists.named import NOTHING, Hidden, Named, filled, listed, times_and_last
from tonearm.silver.listens import SESSION_GAP_MIN

if TYPE_CHECKING:
    from tonearm.recommend.again.history import Numbers, Places
    from tonearm.recommend.again.listening import Listening, Moment
    from tonearm.settings import Settings

TITLE = "Hear again"
TRACKS, PER_ARTIST = 20, 3
LOOKED_AT = 500
"""Tracks of the highest activation among which songs are chosen; the rest are versions, skits and more of an artist."""
PUBLISHED: Mapping[str, float] = {"long_term": 1.0, "near": 1.0}
"""Base level and spreading with equal weights, as published, for a history too short to fit them."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "memory": ("long_term", "short_term", "sessions"),
    "hour": ("same_hour",),
    "session": ("after", "after_last", "after_pair", "near", "in_session", "just_heard"),
    "artist": ("artist_in_memory", "artist_now", "artist_in_session", "artist_stays", "artist_after"),
}
"""What the parts of the evidence are about."""
_OFTEN_AT_HOUR, _SHARE_AT_HOUR = 4, 0.6
_TOGETHER = 2


def hear_again(
    settings: Settings,
    listener: str | None = None,
    at: datetime | None = None,
    zone_less: bool = False,
    tracks: int = TRACKS,
    minutes: float | None = None,
    hidden_of: Callable[[Settings, str], Hidden] = lambda settings, listener: NOTHING,
) -> Named:
    """Songs that the listener knows and may want to hear at ``at``, best first; none that the session has played.

    ``hidden_of`` says what a listener does not want to see. Each track has ``score``, above the average of what was
    considered, and ``parts``, which add up to it: memory, hour, session and artist. Raises what
    :func:`tonearm.recommend.again.listening.listening` does.
    """
    with listening(settings, listener, at, zone_less) as own:
        past = history(own.history())
        playing = _playing(past, own.moment)
        blend, notes = _fitted(past, bool(len(playing)))
        found = _in_session(past) if len(playing) else _opening(past, own.moment)
        parts = _parts(found, blend)
        scores = parts.sum(axis=1)
        best = _best(past, found, scores, playing)
        rows = _songs(own, past, found.item[best])
    for row in rows:
        place = best[row.pop("place")]
        row["parts"] = {name: round(float(value), 2) for name, value in zip(GROUPS, parts[place], strict=True)}
        row["score"] = round(sum(row["parts"].values()), 2)
        row["because"] = _because(row, past, int(found.item[place]), playing, own.moment)
    hidden = hidden_of(settings, own.moment.listener)
    wanted = [row for row in rows if not hidden.hides(row)]
    chosen = filled(wanted, tracks, minutes, own.moment.usual_s, PER_ARTIST)
    order = list(range(len(chosen)))
    return listed(
        TITLE, own.moment, chosen, [row["because"] for row in chosen], "heard", own.moment.today, notes, order
    )


def _fitted(past: History, is_in_session: bool) -> tuple[Blend, list[str]]:
    try:
        return (activation.fit if is_in_session else activation.fit_opening)(past), []
    except NotEnoughData as error:
        weights = np.array([PUBLISHED.get(part, 0.0) for part in PARTS])
        return Blend(PARTS, weights, 0), [f"weights as published, not fitted to you: {error}"]


def _playing(past: History, moment: Moment) -> Places:
    """Items of the session that goes on at the moment; none where silence has ended it."""
    silence_s = moment.at.timestamp() - past.at_s[-1]
    if silence_s > timedelta(minutes=SESSION_GAP_MIN).total_seconds():
        return np.zeros(0, dtype=np.int64)
    return past.item[past.opening[-1] :]


def _in_session(past: History) -> Candidates:
    """Candidates after the last listen, whose session goes on."""
    last = len(past) - 1
    *_, found = candidates(past, int(past.opening[last]), len(past))
    return found.of(found.moment == last)


def _opening(past: History, moment: Moment) -> Candidates:
    (found,) = before_sessions(past, [Opening(len(past), moment.at.timestamp(), moment.hour)])
    return found


def _parts(found: Candidates, blend: Blend) -> Numbers:
    """(n, groups) what each group of evidence adds to a score, beside its average over all candidates."""
    single = blend.contributions(found.values)
    groups = [single[:, [PARTS.index(part) for part in parts]].sum(axis=1) for parts in GROUPS.values()]
    return np.asarray(np.stack([group - group.mean() for group in groups], axis=1))


def _best(past: History, found: Candidates, scores: Numbers, playing: Places) -> Places:
    """Places of the highest scores, best first, without what the session has played."""
    allowed = np.flatnonzero(~np.isin(found.item, playing))
    order = np.lexsort((past.ids[found.item[allowed]], -np.round(scores[allowed], 6)))
    return allowed[order[:LOOKED_AT]]


def _songs(own: Listening, past: History, items: Places) -> list[dict[str, Any]]:
    """The songs of the items, in their order, each once; ``place`` is that of its best version among the items."""
    place = {int(track): number for number, track in reversed(list(enumerate(past.ids[items].tolist())))}
    rows = own.songs(list(place))
    for row in rows:
        row["place"] = min(place[track] for track in row["versions"] if track in place)
    return sorted(rows, key=lambda row: row["place"])


def _because(row: dict[str, Any], past: History, item: int, playing: Places, moment: Moment) -> str:
    reasons = [times_and_last(row)]
    heard = past.item == item
    if together := _sessions_together(past, heard, playing):
        reasons.append(f"in {together} earlier sessions with what you are hearing")
    elif past.artist_of[item] in past.artist_of[playing]:
        reasons.append("by an artist you are hearing")
    elif len(playing) and max(row["parts"], key=row["parts"].__getitem__) == "artist":
        reasons.append("its artist goes with those you are hearing")
    apart = np.abs(past.hour[heard] - moment.hour)
    then = int((np.minimum(apart, 24 - apart) <= NEARBY_HOURS).sum())
    if then >= _OFTEN_AT_HOUR and then >= _SHARE_AT_HOUR * heard.sum():
        reasons.append(f"{then} of {int(heard.sum())} times around {moment.hour}:00")
    return "; ".join(reasons)


def _sessions_together(past: History, heard: Any, playing: Places) -> int:
    """Earlier sessions in which an item was heard with one of those ``playing``; 0 for fewer than two."""
    if not len(playing):
        return 0
    before = np.arange(len(past)) < past.opening[-1]
    sessions = np.intersect1d(past.session[heard & before], past.session[np.isin(past.item, playing) & before])
    return len(sessions) if len(sessions) >= _TOGETHER else 0
