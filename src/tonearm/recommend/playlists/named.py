"""The playlists by name: who is eligible for each, in which order, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tonearm.columns import MOODS, PLAYLISTS
from tonearm.errors import UnknownName
from tonearm.gold.prescriptive.flow import short_path
from tonearm.read.playlists import Playlist
from tonearm.recommend.again.listening import USUAL_S, Known, Moment
from tonearm.recommend.playlists.turns import Turns
from tonearm.silver.names import BEYOND_SONG

if TYPE_CHECKING:
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]
    Row = dict[str, Any]

Novelty = Literal["easy", "medium", "hard"]
NOVELTY: Mapping[Novelty, float] = {"easy": 0.0, "medium": 0.3, "hard": 0.75}
"""Where in the order from best known to least known a playlist takes its songs: at the top, further down, or far."""
SAME_ARTIST = 10.0
"""What it costs to stay with an artist: more than any step."""
TRACKS, MOST_TRACKS, PER_ARTIST = 25, 200, 2
FEWEST = 5
"""Tracks below which a playlist says what it lacks, and more than two of an artist are allowed if that helps."""
LOVED_SESSIONS = 3
"""Sessions in which a song was heard and not skipped from which it counts as loved."""
SILENT_D, LONG_SILENT_D = 60, 365
PEAK_LISTENS = 5
"""Listens in one year from which a song was once loved."""
_FEW_DAYS = 31
_SHORT = 0.9
"""Share of the minutes asked for below which a playlist says why it is shorter."""
WORN = 10
_FLOW_TRACKS, _FLOW_UNKNOWN = 40, 0.2
"""Listens in 30 days beyond which a song is weighted down."""


@dataclass(frozen=True)
class Hidden:
    """What the listener does not want to see."""

    artists: Collection[int] = frozenset()
    songs: Collection[tuple[int, str]] = frozenset()
    """Artist and title of each, as :func:`song_of` has it."""

    def hides(self, row: Row) -> bool:
        """Whether a song or its artist is hidden, in whatever version."""
        return row["artist_id"] in self.artists or song_of(row) in self.songs


def song_of(row: Row) -> tuple[int, str]:
    """What the versions of a song have in common: the artist, and the title without what makes it a version."""
    title = (row["track_name"] or "").lower()
    return row["artist_id"], re.sub(BEYOND_SONG, "", title) or title


NOTHING = Hidden()


@dataclass
class Named(Playlist):
    """A playlist of one day or week, with what should be known about it."""

    on: date = date.min
    """The listener's local date that it is for."""
    minutes: float = 0.0
    """How long it is, by known lengths, and the listener's usual one where none is known."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Kind:
    """A playlist of songs that the listener knows."""

    title: str
    turns: Turns
    is_eligible: Callable[[Row], bool]
    weight: Callable[[Row], float]
    """The higher, the better known or loved."""
    because: Callable[[Row], str]
    needs: str
    """What has to be in a history for it, in words."""
    may_repeat_artists: bool = True
    """Whether more than two of an artist are allowed where there would be fewer than :data:`FEWEST` tracks."""


def _liking(row: Row) -> float:
    """How present a song is in memory, less where it is worn; as in the playlists by aim."""
    return float(np.log1p(row["activation"]) / max(row["lately"] / WORN, 1.0))


def _times(row: Row) -> str:
    if row["listens"] == 1:
        return "Heard once"
    sessions = "one session" if row["sessions"] <= 1 else f"{row['sessions']:,} sessions"
    return f"Heard {row['listens']:,} times in {sessions}"


def _last(row: Row) -> str:
    """When a song was last heard: in days while they are few, then the month."""
    days = row["silent_d"]
    if days <= 0:
        return "last today"
    if days == 1:
        return "last yesterday"
    return f"last {days} days ago" if days <= _FEW_DAYS else f"last in {row['last_date']:%B %Y}"


def times_and_last(row: Row) -> str:
    """How often a song was heard and when last, in words."""
    return f"{_times(row)}, {_last(row)}"


def _once(row: Row) -> str:
    more = "" if row["listens"] == row["peak_listens"] else f", {row['listens']:,} times in all"
    return f"Heard {row['peak_listens']:,} times in {row['peak_year']}{more}; silent since {row['last_date']:%B %Y}"


WEEKLY = Turns(period_d=7, periods=4, gap=3)
DAILY = Turns(period_d=1, periods=7, gap=4)
KINDS: Mapping[str, Kind] = {
    "weekly-jams": Kind(
        "Weekly jams",
        WEEKLY,
        lambda row: row["sessions"] >= LOVED_SESSIONS and row["silent_d"] >= SILENT_D,
        _liking,
        times_and_last,
        f"songs heard in {LOVED_SESSIONS} sessions or more, and not in the last {SILENT_D} days",
        may_repeat_artists=False,
    ),
    "daily": Kind(
        "Daily",
        DAILY,
        lambda row: row["sessions"] >= 2 and row["silent_d"] >= 1,
        _liking,
        times_and_last,
        "songs heard in two sessions or more, and not today",
    ),
    "rediscover": Kind(
        "Rediscover",
        WEEKLY,
        lambda row: (
            row["peak_listens"] >= PEAK_LISTENS
            and row["sessions"] >= LOVED_SESSIONS
            and row["silent_d"] >= LONG_SILENT_D
        ),
        lambda row: float(np.log1p(row["sessions"])),
        _once,
        f"songs heard {PEAK_LISTENS} times in a year, and not in the last {LONG_SILENT_D} days",
    ),
}
EXPLORATION = "weekly-exploration"
NAMES = ("weekly-jams", EXPLORATION, "daily", "rediscover")

RULES: Mapping[str, str] = {
    **{
        kind.title: f"Made of {kind.needs}: those whose turn it is in a cycle of {kind.turns.periods} "
        f"{'days' if kind.turns.period_d == 1 else 'weeks'}, in order of how present they are in memory."
        for kind in KINDS.values()
    },
    "Weekly exploration": "Made of tracks you never heard, in the recommender's order: those whose turn it is in a "
    "cycle of 4 weeks.",
    "mood": "Made of what suits by its audio features, in order of how present it is in memory.",
}
"""How the tracks of each playlist are chosen, in a sentence."""


def playlist_of(name: str) -> str:
    """The canonical name of a playlist, whatever its case and with spaces or dashes; raises UnknownName."""
    found = "-".join(name.replace("-", " ").casefold().split())
    if found not in NAMES:
        aims = f"; for {', '.join(PLAYLISTS)} use --mood"
        raise UnknownName("playlist", name, NAMES, hint=f"there are {', '.join(NAMES)}{aims}")
    return found


def of_known(
    name: str,
    known: Known,
    novelty: Novelty = "easy",
    hidden: Hidden = NOTHING,
    tracks: int = TRACKS,
    minutes: float | None = None,
    on: date | None = None,
) -> Named:
    """The playlist ``name`` of songs that the listener knows, for the day or week of ``on``, by default today.

    The same arguments give the same playlist. At most two tracks by an artist, none hidden, no song in two versions.
    ``minutes`` is how long it should be, instead of the number of ``tracks``.
    """
    kind, on = KINDS[name], on or known.moment.today
    rows = [row for row in known.songs if kind.is_eligible(row) and not hidden.hides(row)]
    numbers = np.array([row["versions"][0] for row in rows], dtype=np.int64)
    due = kind.turns.due(numbers, on, f"{known.moment.listener}|{name}") if rows else np.zeros(0, bool)
    order = by_novelty(np.array([kind.weight(row) for row in rows]), novelty)
    waiting = [rows[place] for place in order.tolist() if due[place]]
    chosen = filled(waiting, tracks, minutes, known.moment.usual_s, PER_ARTIST)
    notes = []
    if len(chosen) < min(FEWEST, len(waiting)) and kind.may_repeat_artists:
        chosen = filled(waiting, tracks, minutes, known.moment.usual_s, len(waiting))
        notes.append("more than two tracks by an artist, since there are too few artists")
    if minutes is None and len(chosen) < min(tracks, FEWEST):
        notes.append(_lacking(name, kind, rows, chosen))
    return _named(kind.title, known, chosen, [kind.because(row) for row in chosen], "heard", on, notes)


def _lacking(name: str, kind: Kind, rows: list[Row], chosen: list[Row]) -> str:
    artists = len({row["artist_id"] for row in rows})
    found = f"{len(rows):,} such songs by {artists:,} artists, of which {len(chosen)} are due"
    cap = "" if kind.may_repeat_artists else f"; at most {PER_ARTIST} by an artist"
    return f"{name} is made of {kind.needs}{cap}; there are {found}: it fills as the history grows"


def of_mood(
    mood: str,
    known: Known,
    novelty: Novelty = "easy",
    hidden: Hidden = NOTHING,
    minutes: float = 60.0,
    on: date | None = None,
) -> Named:
    """Known songs of a mood, as long as ``minutes``: those whose turn it is first, then the others.

    Moods are those of the songs' audio features; a song without them has none. Raises UnknownName for another mood.
    """
    name, on = mood_of(mood), on or known.moment.today
    rows = [row for row in known.songs if row["mood"] == name and not hidden.hides(row)]
    numbers = np.array([row["versions"][0] for row in rows], dtype=np.int64)
    due = DAILY.due(numbers, on, f"{known.moment.listener}|{name}") if rows else np.zeros(0, bool)
    order = by_novelty(np.array([_liking(row) for row in rows]), novelty)
    order = order[np.argsort(~due[order], kind="stable")]
    chosen = filled((rows[place] for place in order.tolist()), MOST_TRACKS, minutes, known.moment.usual_s, PER_ARTIST)
    found = _named(name, known, chosen, [_sounding(row) for row in chosen], "heard", on, [])
    if found.minutes < minutes * _SHORT:
        found.notes.append(
            f"{found.minutes:.0f} of {minutes:.0f} min: {len(rows):,} songs you know are known to be {name}, at most "
            f"{PER_ARTIST} by an artist; a catalogue (`tonearm import CATALOGUE.csv`, then `tonearm build`) knows more"
        )
    return found


def mood_of(mood: str) -> str:
    """The canonical name of a mood, whatever its case and with spaces or dashes; raises UnknownName."""
    known = {name.casefold(): name for name in MOODS}
    found = known.get("_".join(mood.replace("-", " ").replace("_", " ").casefold().split()))
    if found is None:
        names = (*MOODS, *PLAYLISTS)
        raise UnknownName("mood", mood, names, hint=f"there are {', '.join(names)}")
    return found


def _sounding(row: Row) -> str:
    estimated = {"artist": ", as its artist usually sounds", "imputed": ", estimated"}.get(row["feature_source"], "")
    return f"{times_and_last(row)}; valence {row['valence']:.2f}, energy {row['energy']:.2f}{estimated}"


def of_aim(one: Playlist, known: Known, hidden: Hidden, minutes: float) -> Named:
    """The playlist of an aim, cut to ``minutes`` in its own order, without what is hidden."""
    rows = [row for row in one.tracks if not hidden.hides(row)]
    chosen = filled(rows, MOST_TRACKS, minutes, known.moment.usual_s, PER_ARTIST)
    total = sum(length(row, known.moment.usual_s) for row in chosen) / 60.0
    listed = [{**row, "position": position} for position, row in enumerate(chosen, 1)]
    notes = [f"{total:.0f} of {minutes:.0f} min: no more tracks suit"] if total < minutes * _SHORT else []
    return Named(one.listener, one.playlist, listed, known.moment.today, round(total, 1), notes)


def by_novelty(weights: Numbers, novelty: Novelty) -> npt.NDArray[np.int64]:
    """Places of the songs, those first that are as well known as the setting wants; ties in the given order."""
    best_first = np.argsort(-weights, kind="stable")
    share = np.empty(len(weights))
    share[best_first] = np.arange(len(weights)) / max(len(weights), 1)
    return np.argsort(np.abs(share - NOVELTY[novelty]), kind="stable")


def due_for_exploration(tracks: npt.NDArray[np.int64], listener: str, on: date) -> Flags:
    """(n,) which tracks may be on the exploration of the week of ``on``."""
    return WEEKLY.due(tracks, on, f"{listener}|{EXPLORATION}")


def of_unheard(
    ranking: Iterable[Row],
    heard: Collection[int],
    known: Known,
    novelty: Novelty = "easy",
    hidden: Hidden = NOTHING,
    tracks: int = TRACKS,
    minutes: float | None = None,
    on: date | None = None,
) -> Named:
    """Weekly exploration: tracks that the listener never heard, from a ``ranking`` of unheard tracks, best first.

    A row of the ranking has the columns of a track (``track_id``, ``artist_id``, ``artist_name``, ``track_name``,
    ``spotify_id``, ``duration_s``, ``genre``), ``because``, and ``artist_listens``, how often its artist was heard.
    ``heard`` are the ids of tracks that were heard, which are left out should the ranking have them.
    *easy* begins with artists the listener knows, *medium* keeps the ranking's order, *hard* has new artists only.
    """
    on = on or known.moment.today
    rows = [row for row in ranking if row["track_id"] not in heard and not hidden.hides(row)]
    if novelty == "hard":
        rows = [row for row in rows if not row["artist_listens"]]
    elif novelty == "easy":
        rows.sort(key=lambda row: not row["artist_listens"])
    numbers = np.array([row["track_id"] for row in rows], dtype=np.int64)
    due = due_for_exploration(numbers, known.moment.listener, on)
    waiting = [row for row, is_due in zip(rows, due.tolist(), strict=True) if is_due]
    chosen = filled(waiting, tracks, minutes, known.moment.usual_s, PER_ARTIST)
    lacking = (
        f"only {len(chosen)} unheard tracks are due: a larger catalogue (`tonearm import CATALOGUE.csv`, then "
        "`tonearm build`) brings more"
    )
    notes = [lacking] if minutes is None and len(chosen) < min(tracks, FEWEST) else []
    because = [row["because"] for row in chosen]
    return _named("Weekly exploration", known, chosen, because, "unheard", on, notes)


def filled(rows: Iterable[Row], tracks: int, minutes: float | None, usual_s: float, per_artist: int) -> list[Row]:
    """The first of ``rows`` that are as many or as long as wanted, each song once, few of an artist."""
    chosen: list[Row] = []
    of_artist: Counter[int] = Counter()
    taken: set[tuple[int, str]] = set()
    left_s = None if minutes is None else minutes * 60.0
    for row in rows:
        song = (row["artist_id"], (row["track_name"] or "").casefold())
        if of_artist[row["artist_id"]] >= per_artist or song in taken:
            continue
        if len(chosen) >= (MOST_TRACKS if left_s is not None else tracks) or (left_s is not None and left_s <= 0):
            break
        length_s = length(row, usual_s)
        if left_s is not None:
            # The last track may go over by less than it would fall short without it.
            if length_s / 2 > left_s:
                break
            left_s -= length_s
        chosen.append(row)
        of_artist[row["artist_id"]] += 1
        taken.add(song)
    return chosen


def length(row: Row, usual_s: float = USUAL_S) -> float:
    """Length of a track in seconds, the listener's usual one where it is not known."""
    return float(row["duration_s"] or usual_s)


def in_flow(rows: Sequence[Row]) -> list[int]:
    """An order of small steps in energy, an artist not after itself; without features, just the latter.

    As in the playlists by aim. A long playlist is kept in its order, since every pair of tracks would be compared.
    """
    artists = [row["artist_id"] for row in rows]
    energy = np.array([np.nan if row.get("energy") is None else row["energy"] for row in rows])
    if not 2 < len(rows) <= _FLOW_TRACKS or np.isnan(energy).mean() > _FLOW_UNKNOWN:
        return apart(artists)
    steps = np.nan_to_num(np.abs(energy[:, None] - energy[None, :]))
    same = np.equal.outer(artists, artists)
    path: list[int] = short_path(np.zeros(len(rows)), steps + SAME_ARTIST * same).tolist()
    return path


def apart(artists: Sequence[int]) -> list[int]:
    """An order of the places in which an artist does not follow itself where that can be avoided.

    Whoever has the most tracks left comes next, unless that was the last one; otherwise the given order is kept.
    """
    left = list(range(len(artists)))
    counts = Counter(artists)
    order: list[int] = []
    while left:
        last = artists[order[-1]] if order else None
        crowded = max((counts[artists[place]], -place) for place in left)[0] * 2 > len(left)
        wanted = [place for place in left if artists[place] != last] or left
        following = max(wanted, key=lambda place: (counts[artists[place]], -place)) if crowded else wanted[0]
        left.remove(following)
        counts[artists[following]] -= 1
        order.append(following)
    return order


_TRACK = (
    *("track_id", "artist_id", "artist_name", "track_name", "spotify_id", "recording_mbid", "genre", "duration_s"),
    *("listens", "sessions", "last_heard_at"),
)


def _named(
    title: str, known: Known, rows: list[Row], because: list[str], kind: str, on: date, notes: list[str]
) -> Named:
    return listed(title, known.moment, rows, because, kind, on, notes, in_flow(rows))


def listed(
    title: str,
    moment: Moment,
    rows: list[Row],
    because: list[str],
    kind: str,
    on: date,
    notes: list[str],
    order: list[int],
) -> Named:
    """The playlist of ``rows`` in an ``order``, with its length and what should be known about it."""
    tracks = [
        {
            "position": position,
            **{name: rows[place].get(name) for name in _TRACK},
            **{name: rows[place][name] for name in ("score", "parts") if name in rows[place]},
            "kind": kind,
            "because": because[place],
        }
        for position, place in enumerate(order, 1)
    ]
    unknown = sum(row["duration_s"] is None for row in rows)
    total = sum(length(row, moment.usual_s) for row in rows) / 60.0
    if unknown:
        usual = f"taken as your usual {moment.usual_s / 60:.1f} min"
        notes = [*notes, f"{unknown} of {len(rows)} lengths are not known; {usual}"]
    if moment.has_ended:
        notes = [*notes, f"as of {moment.today:%Y-%m-%d}, when this history ends"]
    return Named(moment.listener, title, tracks, on, round(total, 1), notes)
