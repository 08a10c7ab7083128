"""Answers to requests: tracks with their reasons for a listener, a track, a list of tracks, a sound or a household."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from tonearm.columns import COLUMNS
from tonearm.errors import UnknownName, UsageError
from tonearm.recommend.answers.blend import blend as blended
from tonearm.recommend.answers.choose import choose
from tonearm.recommend.answers.feedback import Opinions, counting, opinions, pushed
from tonearm.recommend.answers.recommended import Answer, Recommended
from tonearm.recommend.answers.request import Request, check
from tonearm.recommend.content import GENRE, SOUND
from tonearm.recommend.explain import Reason, in_words
from tonearm.recommend.signals import NAMES, scaled

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.answers.choose import Choice, Numbers
    from tonearm.recommend.answers.request import Mask
    from tonearm.recommend.home import Home
    from tonearm.store.feedback import Feedback

    Places = npt.NDArray[np.int64]
    Explain = Callable[[int], list[Reason]]

RADIO_BLOCK = 20
"""Tracks of a radio between which no artist comes twice."""
POPULAR = "nothing is known of this taste yet, so these are what most people like"
BEYOND = "nothing that was heard is like anything in the catalogue, so these are what most people like"
UNHEARD_OF = "nothing is known of how that track sounds or who else plays it, so these are what most people like"
_NAMED = 2
"""Tracks that a title names."""
REST = "not close to anything that was heard"
PUSHED = "like what was disliked or skipped"

MOST_EXPLAINED = 50
"""Tracks of an answer that come with reasons: each takes as long to explain as all take to be found."""
BY_SESSIONS = "no catalogue lists {}: these go by what was heard in the same sessions, which are counted here"
_ROUNDING = 1e-9
"""A score may differ by so much without meaning it."""

FEW_TRACKS = 5
"""Tracks of a history below which it is taken as a list of tracks to go with, and not yet as a taste."""

_AS: Mapping[str, type] = {
    **dict.fromkeys(("artist_name", "track_name", "album_name", "genre", "subgenre", "mood", "spotify_id"), str),
    **dict.fromkeys(("tempo", "duration_s"), float),
    **dict.fromkeys(("track_id", "artist_id", "year", "popularity"), int),
    "is_explicit": bool,
}
"""What an item's columns are in an answer."""


@dataclass(frozen=True)
class _Asked:
    """Scores for somebody, what they know and refuse, and how a score is explained."""

    scores: Numbers
    heard: Mask
    never: Mask
    explain: Explain
    note: str = ""
    """Why the tracks are not personal, where they are not."""
    basis: str = ""
    """What they go by, where that is not what was asked about."""
    listens: npt.NDArray[np.int64] | None = None
    """(items,) how often the listener heard each; None where what is asked about is a choice of tracks."""
    pushed: Numbers | None = None
    """(items,) how far each fell by feedback, 0 or less; part of the scores. None without feedback."""
    target: str = "listener"
    """Whose weights the scores are by: ``song`` or ``listener``."""


def for_listener(home: Home, listener: str, request: Request, given: Iterable[Feedback], now: datetime) -> Answer:
    """What to hear next for a listener, whose likes, dislikes and skips count (``given``, at ``now``).

    A listener with feedback and no listens is answered by their likes. Raises UsageError and UnknownName as
    :func:`tonearm.recommend.answers.choose.choose` does.
    """
    asked = _of_listener(home, listener, request, opinions(given, home.items, now))
    return _answer(home, f"for {listener}", asked, request)


def for_tracks(home: Home, request: Request) -> Answer:
    """What goes with the tracks ``request.liked`` and not with ``request.disliked``: how a playlist goes on."""
    nobody = opinions((), home.items, datetime.now(UTC))
    nothing, none = np.zeros(len(home.items)), np.zeros(len(home.items), bool)
    names = [_name(home, place) for place in home.places(list(request.liked[:_NAMED]))]
    names += [f"{len(request.liked) - _NAMED} more"] if len(request.liked) > _NAMED else []
    asked = _by_history(home, nothing, none, request, nobody)
    return _answer(home, f"like {_listed(names or ['nothing yet'])}", asked, request)


def for_track(
    home: Home, track_id: int, request: Request, heard: Mask | None = None, never: Mask | None = None
) -> Answer:
    """What goes with one track. ``heard`` and ``never`` (items,) are what the listener knows and refuses."""
    place = int(home.places(track_id)[0])
    none = np.zeros(len(home.items), bool)
    history, target = home.around(place)
    scores, of_nothing = home.scores(history, target), home.scores(np.zeros(len(history)), target)
    # How a track goes with itself says nothing.
    scores[place] = of_nothing[place]
    note = "" if _says_something(scores, of_nothing) else UNHEARD_OF
    is_alone = target == "song"
    # It was not heard together with itself.
    together = np.where(np.arange(len(history)) == place, 0, history).astype(np.int64)
    asked = _Asked(
        _popular(home) if note else np.where(scores > of_nothing + _ROUNDING, scores, np.nan),
        none if heard is None else heard,
        none if never is None else never,
        lambda other: home.explain(history, other, target),
        note,
        "" if is_alone else BY_SESSIONS.format(home.items.artist_name.iloc[place]),
        None if is_alone else together,
        target=target,
    )
    request = replace(request, seen=(*request.seen, track_id))
    return _answer(home, f"like {_name(home, place)}", asked, request)


def for_sound(
    home: Home, features: Mapping[str, Any], request: Request, heard: Mask | None = None, never: Mask | None = None
) -> Answer:
    """What goes with a track outside the catalogue, by its features as :func:`sound` returns them."""
    none = np.zeros(len(home.items), bool)
    amounts = scaled(home.signals.of_features(features)) * home.weights["song"]

    def explain(place: int) -> list[Reason]:
        return [Reason(name, None, float(amount)) for name, amount in zip(NAMES, amounts[place], strict=True) if amount]

    known, refused = (none if one is None else one for one in (heard, never))
    asked = _Asked(amounts.sum(axis=1), known, refused, explain, target="song")
    return _answer(home, "like the sound described", asked, request)


def sound(home: Home, features: Mapping[str, Any]) -> dict[str, Any]:
    """Features of a track as numbers, and its genre; raises UnknownName, and UsageError for what none can be."""
    if not features:
        raise UsageError("what does it sound like? give at least one feature, such as energy=0.8")
    found: dict[str, Any] = {}
    for name, value in features.items():
        if name not in (*SOUND, *GENRE):
            raise UnknownName("feature", name, (*SOUND, *GENRE), hint=f"there are {', '.join((*SOUND, *GENRE))}")
        found[name] = _genre(home, name, value) if name in GENRE else _number(name, value)
    return found


def _genre(home: Home, name: str, value: Any) -> str:
    known = home.items[name].dropna().unique().tolist()
    if value not in known:
        raise UnknownName(name, str(value), known, hint="the catalogue has none of that name")
    return str(value)


def _number(name: str, value: Any) -> float:
    low, high = (1900, 2100) if name == "year" else (COLUMNS[name].low, COLUMNS[name].high)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not (low is None or high is None or low <= number <= high):
        raise UsageError(f"{name} is a number from {low:g} to {high:g}, and not {value}")
    return number


def for_household(home: Home, given: Mapping[str, Iterable[Feedback]], request: Request, now: datetime) -> Answer:
    """One list for several listeners (each with their feedback), which says whose taste each track serves.

    What one of them hides is left out for all; heard is what anybody has heard.
    """
    check(request)
    names = list(given)
    if len(names) < 2:
        raise UsageError("a blend is for two listeners or more; `tonearm recommend for` is for one")
    each = [_of_listener(home, name, request, opinions(given[name], home.items, now)) for name in names]
    heard = np.logical_or.reduce([one.heard for one in each])
    found = blended(
        np.array([one.scores for one in each]),
        home.items,
        request,
        heard=heard,
        excluded=np.logical_or.reduce([one.never for one in each]) | ~(home.is_offered | heard),
        vectors=home.signals.vectors,
    )
    serves = [tuple(names[i] for i in found.serves(n)) for n in range(len(found.choice.rows))]
    because = [f"for {_listed(whom)}" for whom in serves]
    tracks = _tracks(home, found.choice, heard, because)
    notes = [f"{name}: {one.note}" for name, one in zip(names, each, strict=True) if one.note]
    return Answer(
        title=f"for {_listed(names)}",
        tracks=tuple(replace(t, serves=whom) for t, whom in zip(tracks, serves, strict=True)),
        relaxed=found.choice.relaxed,
        fewer=found.choice.fewer,
        note="; ".join(notes),
        served_by=home.served_by["listener"],
        version=home.version,
        satisfaction={name: round(float(share), 3) for name, share in zip(names, found.satisfaction, strict=True)},
    )


def radio(ask: Callable[[Request], Answer], request: Request) -> Iterator[Recommended]:
    """Tracks without end and without repeats, until nothing is left that suits.

    ``ask`` is one of the answers of this module; what ``request.seen`` lists never comes. No artist comes twice in
    RADIO_BLOCK tracks while there are others, and no filter gives way while any track meets all.
    """
    played: list[Recommended] = []
    for block in count():
        seen = (*request.seen, *(track.track_id for track in played))
        recent = tuple(track.artist_id for track in played[1 - RADIO_BLOCK :])
        part = replace(request, k=RADIO_BLOCK, per_artist=1, seen=seen, seed=request.seed + block)
        tracks = _first_met(ask, part, recent)
        if not tracks:
            return
        # Half of them: the next ones need only stay clear of these artists.
        tracks = tracks[: RADIO_BLOCK // 2]
        played += tracks
        yield from tracks


def _first_met(ask: Callable[[Request], Answer], part: Request, recent: tuple[int, ...]) -> tuple[Recommended, ...]:
    """Tracks that meet all filters, of other artists than the recent ones if possible; else with filters relaxed."""
    apart = (*part.not_artists, *recent)
    last = replace(part, not_artists=apart) if recent else part
    strictly = (replace(one, is_relaxed=False) for one in (last, part))
    for one in dict.fromkeys((*strictly, last)):
        try:
            if tracks := ask(one).tracks:
                return tracks
        except UsageError:
            # Nothing meets what must not be relaxed; the last attempt says so.
            continue
    return ask(part).tracks if not recent else ()


def _of_listener(home: Home, listener: str, request: Request, own: Opinions) -> _Asked:
    if listener not in home.listeners:
        return _by_history(home, np.zeros(len(home.items)), np.zeros(len(home.items), bool), request, own)
    asked = _by_history(home, home.history(listener), home.has_heard(listener), request, own)
    return replace(asked, listens=home.listens(listener))


def _by_history(home: Home, history: Numbers, heard: Mask, request: Request, own: Opinions) -> _Asked:
    """By what was heard and what the request and the feedback like and dislike."""
    tracks = home.items["track_id"]
    for listed in (request.liked, request.disliked):
        home.places(list(listed))
    disliked = own.disliked | tracks.isin(request.disliked).to_numpy()
    own = replace(own, liked=own.liked | tracks.isin(request.liked).to_numpy(), disliked=disliked)
    history = counting(history, own, home.items)
    target = "song" if np.count_nonzero(history) < FEW_TRACKS else "listener"
    scores, plain = (home.scores(h, target) for h in (history, np.zeros(len(history))))
    note = "" if _says_something(scores, plain) else BEYOND if history.any() else POPULAR
    scores = _popular(home) if note else scores
    after = pushed(scores, own, home.signals.vectors, home.items["artist_id"])
    return _Asked(
        after,
        heard,
        own.never,
        lambda place: home.explain(history, place, target),
        note,
        pushed=after - scores,
        target=target,
    )


def _says_something(scores: Numbers, of_nothing: Numbers) -> bool:
    """Whether scores differ from those for nothing by more than a constant."""
    return not np.allclose(np.ptp(scores - of_nothing), 0.0) if len(scores) else False


def _popular(home: Home) -> Numbers:
    known: Numbers = home.items["popularity"].astype(float).fillna(0.0).to_numpy()
    return known


def _answer(home: Home, title: str, asked: _Asked, request: Request) -> Answer:
    never = asked.never | ~(home.is_offered | asked.heard)
    found = choose(asked.scores, home.items, request, heard=asked.heard, excluded=never, vectors=home.signals.vectors)
    is_explained = request.is_explained and not asked.note
    explained = found.rows[: MOST_EXPLAINED if is_explained else 0]
    why = [_adding_up(home, asked, int(place)) for place in explained] + [[]] * (len(found.rows) - len(explained))
    because = [_sentence(own) if n < len(explained) else asked.note for n, own in enumerate(why)]
    tracks = _tracks(home, found, asked.heard, because)
    tracks = [
        replace(track, score=round(float(asked.scores[place]), 4), why=tuple(own))
        for track, place, own in zip(tracks, found.rows, why, strict=True)
    ]
    return Answer(
        title=title,
        tracks=tuple(tracks),
        relaxed=found.relaxed,
        fewer=found.fewer,
        note=(asked.note or asked.basis) if tracks else "",
        served_by=home.served_by[asked.target],
        version=home.version,
    )


def _tracks(home: Home, found: Choice, heard: Mask, because: Iterable[str]) -> list[Recommended]:
    rows = home.items.iloc[found.rows][list(_AS)]
    artists = set(home.items.artist_id[heard])
    known: list[dict[str, Any]] = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return [
        Recommended(
            position=n,
            **_typed(row),
            is_heard=bool(heard[place]),
            is_artist_heard=row["artist_id"] in artists,
            score=None,
            because=reason,
            why=(),
            misses=misses,
            serves=(),
        )
        for n, (row, place, misses, reason) in enumerate(zip(known, found.rows, found.misses, because, strict=True), 1)
    ]


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if row[name] is None else kind(row[name]) for name, kind in _AS.items()}


def _adding_up(home: Home, asked: _Asked, place: int) -> list[tuple[str, float]]:
    """What the score of the item at ``place`` is the sum of, in words, largest first."""
    found = in_words(home.signals, home.items, place, asked.explain(place), asked.listens)
    fell = 0.0 if asked.pushed is None else float(asked.pushed[place])
    shown = [(what, round(amount, 4)) for what, amount in (*found, *([(PUSHED, fell)] if fell else []))]
    # What rounding leaves over goes to the largest, so that the parts are the score as it is shown.
    left = round(float(asked.scores[place]), 4) - sum(amount for _, amount in shown)
    return [(what, round(amount + (left if n == 0 else 0.0), 4)) for n, (what, amount) in enumerate(shown)]


def _sentence(why: list[tuple[str, float]]) -> str:
    """The two reasons that add most; REST where none does."""
    text = "; ".join(what for what, amount in why[:2] if amount > 0) or REST
    return text[:1].upper() + text[1:]


def _name(home: Home, place: int) -> str:
    row = home.items.iloc[place]
    return f"{row['artist_name']} – {row['track_name']}"


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
