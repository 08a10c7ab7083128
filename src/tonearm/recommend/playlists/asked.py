"""Playlists as they are asked for: read from the home, without what the listener hid."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from tonearm.columns import PLAYLISTS
from tonearm.errors import ExtraMissing, UsageError
from tonearm.lake import open_lake
from tonearm.read.playlists import playlist, playlist_name
from tonearm.recommend.again.listening import Known, listening
from tonearm.recommend.answers.loved import opinions_of
from tonearm.recommend.answers.search import read_names
from tonearm.recommend.playlists.named import (
    EXPLORATION,
    NOTHING,
    TRACKS,
    Hidden,
    Named,
    Novelty,
    due_for_exploration,
    of_aim,
    of_known,
    of_mood,
    of_unheard,
    playlist_of,
    song_of,
)
from tonearm.store import open_store

if TYPE_CHECKING:
    from tonearm.settings import Settings
    from tonearm.store.feedback import Feedback

SPARE = 10
"""Unheard tracks that are asked for beyond those wanted; more would take longer to explain."""
UNTRAINED = "the recommender was never trained, so popularity says most: `tonearm train recommender`"
SHORTEST_S = 150.0
"""Seconds per track, from which it is computed how many fill the minutes asked for."""
DIAL: Mapping[Novelty, float] = {"easy": 0.0, "medium": 0.5, "hard": 1.0}
"""The recommender's own dial of novelty for each setting."""
MOOD_MINUTES, MOST_MINUTES = 60.0, 24 * 60.0


@dataclass(frozen=True)
class Wish:
    """What a playlist should be like."""

    novelty: Novelty = "easy"
    tracks: int = TRACKS
    minutes: float | None = None
    """How long; None for the number of ``tracks``, and for an hour of a mood."""
    on: date | None = None
    """The local day that it is for; None for today, or the last day of a history that has ended."""


ANY = Wish()


def named_playlist(settings: Settings, name: str, listener: str | None = None, wish: Wish = ANY) -> Named:
    """Weekly jams, weekly exploration, daily or rediscover of a listener, who may be left out if there is one only.

    Raises UnknownName for another playlist or listener, UsageError for a length that no playlist has and where nothing
    was heard yet, ExtraMissing where exploration's recommender is not installed.
    """
    name = playlist_of(name)
    check_minutes(wish.minutes)
    with listening(settings, listener, _end_of(wish.on), zone_less=True) as own:
        known = Known(own.moment, own.songs())
        heard = own.heard() if name == EXPLORATION else set()
        by_artist = own.by_artist() if name == EXPLORATION else {}
    who = known.moment.listener
    given = feedback(settings, who)
    if name != EXPLORATION:
        return of_known(name, known, wish.novelty, hidden_by(settings, given), wish.tracks, wish.minutes, wish.on)
    ranking, note = unheard(settings, known, given, by_artist, wish)
    hidden = hidden_by(settings, given)
    found = of_unheard(ranking, heard, known, wish.novelty, hidden, wish.tracks, wish.minutes, wish.on)
    return replace(found, notes=[*found.notes, note]) if note else found


def mood_playlist(settings: Settings, mood: str, listener: str | None = None, wish: Wish = ANY) -> Named:
    """Known songs of a mood, or the playlist of an aim (Focus, Relaxation, Energy, Mood lift).

    Raises as :func:`named_playlist` does.
    """
    minutes = MOOD_MINUTES if wish.minutes is None else wish.minutes
    check_minutes(minutes)
    is_aim = " ".join(mood.split()).casefold() in {name.casefold() for name in PLAYLISTS}
    if is_aim and (wish.on or wish.novelty != "easy"):
        raise UsageError(f"{mood} is made once for a build of the tables; leave out --day and --novelty")
    with listening(settings, listener, _end_of(wish.on), zone_less=True) as own:
        known = Known(own.moment, own.songs())
    who = known.moment.listener
    hidden = hidden_of(settings, who)
    if is_aim:
        return of_aim(playlist(settings, who, playlist_name(mood)), known, hidden, minutes)
    return of_mood(mood, known, wish.novelty, hidden, minutes, wish.on)


def _end_of(day: date | None) -> datetime | None:
    """The last second of a local day, as if the listener lived at UTC; None for now."""
    return None if day is None else datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)


def check_minutes(minutes: float | None) -> None:
    """Raise UsageError for a length that no playlist has."""
    if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
        raise UsageError(f"a playlist has 1 to {MOST_MINUTES:,.0f} minutes and not {minutes:g}")


def feedback(settings: Settings, listener: str) -> list[Feedback]:
    """What the listener gave, here and in their players; none where there is no store."""
    with closing(open_store(settings)) as store:
        return [] if store.is_missing else opinions_of(store, listener, lambda: read_names(settings))


def hidden_of(settings: Settings, listener: str) -> Hidden:
    """What the listener hid or disliked."""
    return hidden_by(settings, feedback(settings, listener))


def hidden_by(settings: Settings, given: list[Feedback]) -> Hidden:
    """What was hidden or disliked, each song in all its versions."""
    refused = [one for one in given if one.kind in ("hide", "dislike")]
    if not refused:
        return NOTHING
    artists, tracks = ({one.subject_id for one in refused if one.subject == kind} for kind in ("artist", "track"))
    named = open_lake(settings.lake).dataset("tracks").to_table(columns=["track_id", "artist_id", "track_name"])
    return Hidden(artists, {song_of(row) for row in named.to_pylist() if row["track_id"] in tracks})


def unheard(
    settings: Settings, known: Known, given: list[Feedback], by_artist: dict[int, int], wish: Wish
) -> tuple[list[dict[str, Any]], str]:
    """Unheard tracks that are due, best first, by the home's recommender, and what to know about that.

    ``by_artist`` are the listens of each artist.
    """
    try:
        from tonearm.recommend.answers.answering import for_listener
        from tonearm.recommend.answers.request import MOST, Request
        from tonearm.recommend.home import open_home
    except ImportError as error:
        raise ExtraMissing("the recommender of unheard tracks is", "models") from error
    home, who = open_home(settings), known.moment.listener
    tracks = home.items.track_id.to_numpy()
    is_out = ~due_for_exploration(tracks, who, wish.on or known.moment.today)
    if wish.novelty == "hard":
        is_out |= home.items.artist_id.isin(list(by_artist)).to_numpy()
    wanted = wish.tracks if wish.minutes is None else int(wish.minutes * 60 / SHORTEST_S) + 1
    asked = Request(
        k=min(wanted + SPARE, MOST),
        unheard=True,
        seen=tuple(tracks[is_out].tolist()),
        novelty=DIAL[wish.novelty],
    )
    answer = for_listener(home, who, asked, given, datetime.now(UTC))
    names = ("track_id", "artist_id", "artist_name", "track_name", "spotify_id", "genre", "duration_s", "because")
    rows = [
        {**{name: getattr(track, name) for name in names}, "artist_listens": by_artist.get(track.artist_id, 0)}
        for track in answer.tracks
    ]
    return rows, answer.note or (UNTRAINED if answer.version is None else "")
