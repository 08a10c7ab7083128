"""``/recommend``, ``/search`` and ``/listeners/{name}/feedback``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import chain
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from tonearm.api.answers import Answer as Model
from tonearm.api.auth import Caller, CallerDep, open_to
from tonearm.api.deps import ListenerInPath, RecommendingDep, StoreDep
from tonearm.api.recommending import Recommending, Remembered
from tonearm.errors import UsageError
from tonearm.read.songs import in_lake
from tonearm.recommend.answers.loved import opinions_of
from tonearm.recommend.answers.recommended import Answer
from tonearm.recommend.answers.request import MOST_NAMES, OPEN, Range, Request, check, parse_range
from tonearm.recommend.answers.search import LONGEST_QUERY, Found
from tonearm.store import Store
from tonearm.store.feedback import Feedback, Kind, Subject, feedback_of, give_feedback, take_back
from tonearm.store.playlists import Playlist, playlist, playlists_of

router = APIRouter(tags=["recommend"])
_remembered = APIRouter(tags=["recommend"], route_class=Remembered)

Name = Annotated[str, Field(max_length=LONGEST_QUERY)]
Names = Annotated[list[Name], Field(max_length=MOST_NAMES)]
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_RANGE = Field(default=None, max_length=40, examples=["90-120"])


class Wishes(BaseModel):
    """Which tracks, how many and how varied."""

    # These fields are parameters of a query, too, which FastAPI describes by what pydantic knows of them.
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    k: int = 20
    """How many tracks, 1 to 500."""
    genres: Names = []
    """Genres or subgenres, any of them."""
    moods: Names = []
    """Moods, or words of their names such as `happy`, any of them."""
    tempo: str | None = _RANGE
    """Beats per minute, such as `90-120`."""
    year: str | None = _RANGE
    """Years of release, such as `1990-1999`, `1990-` or `-1999`."""
    popularity: str | None = _RANGE
    """Popularity, 0–100."""
    duration_s: str | None = _RANGE
    """Length in seconds."""
    explicit: bool | None = None
    """False for none that are explicit, true for these alone."""
    not_artists: Names = []
    """Artists to leave out, by id or name."""
    seen: Names = []
    """Tracks that are not to come again, by id or name."""
    diversity: float = Field(default=0.3, ge=0, le=1)
    """0 for the best tracks, 1 for the most varied."""
    novelty: float = Field(default=0.0, ge=0, le=1)
    """0 for the best tracks, 1 for the least known of those that suit."""
    per_artist: int = Field(default=2, ge=1, le=500)
    """Most tracks by one artist."""
    relax: bool = True
    """Whether filters give way, in a stated order, when too few tracks meet all."""
    explained: bool = True
    """Whether the tracks, the first 50 of them, come with their reasons."""


class SongWishes(Wishes):
    """The same for what goes with a track."""

    listener: Name | None = None
    """Whose feedback counts: nothing that they hid or disliked comes."""
    unheard: bool = False
    """Only what the listener has not heard."""


class UserWishes(Wishes):
    """For whom: a listener, or whoever likes some tracks; and the same wishes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"listener": "Ada", "k": 10, "tempo": "90-120", "year": "1990-"}]}
    )

    listener: Name | None = None
    """A known listener."""
    liked: Names = []
    """Tracks to recommend from, by id, Spotify id or name; beside what the listener heard, or alone."""
    disliked: Names = []
    """Tracks to stay away from."""
    unheard: bool = True
    """Only what the listener has not heard."""
    new_artists: bool = False
    """Only artists of whom the listener has heard nothing."""
    playlists: bool = False
    """Whether the tracks of the listener's own playlists count as liked, too: the newest of them."""
    day: date | None = None
    """The day whose order of near-equal tracks is taken; today's if none is given."""


class PlaylistWishes(Wishes):
    """A playlist and how it should go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tracks": ["Air - Sexy Boy"], "k": 10}]})

    playlist: str | None = Field(default=None, max_length=64)
    """Id of a listener's own playlist."""
    tracks: Names = []
    """Its tracks so far, by id, Spotify id or name; beside those of ``playlist``, or alone."""


class Opinion(Model):
    """What a listener thinks of a track or an artist."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "like", "name": "Air - Sexy Boy"}]})

    kind: Kind
    """like, dislike, skip or hide; an artist can be hidden."""
    subject: Subject = "track"
    name: Name
    """The track or artist, by id or name."""


class Gone(Model):
    """Feedback that was taken back."""

    entries: int


@_remembered.get("/recommend/song/{track_id}")
def recommend_song(
    asked: RecommendingDep, store: StoreDep, who: CallerDep, track_id: str, wishes: Annotated[SongWishes, Query()]
) -> Answer:
    """What goes with a track, given by its id, Spotify id or URI, `artist - title`, or title."""
    from tonearm.recommend.answers.answering import for_track
    from tonearm.recommend.answers.feedback import opinions

    named = who.of(wishes.listener)
    if wishes.unheard and named is None:
        raise UsageError("unheard by whom? name a listener")
    listener = None if named is None else store.listener(named).name
    request = _request(asked, wishes, unheard=wishes.unheard)
    track, home = asked.names().track(track_id[:LONGEST_QUERY]).id, asked.home()
    if listener is None:
        return for_track(home, track, request)
    never = opinions(opinions_of(store, listener, asked.names), home.items, datetime.now(UTC)).never
    heard = home.has_heard(listener) if listener in home.listeners else None
    return for_track(home, track, request, heard, never)


@router.post("/recommend/user/")
@router.post("/recommend/user", include_in_schema=False)
@open_to("read")
def recommend_user(asked: RecommendingDep, store: StoreDep, who: CallerDep, wishes: UserWishes) -> Answer:
    """What a listener may want to hear next, or whoever likes the tracks in `liked`."""
    from tonearm.recommend.answers.answering import for_listener, for_tracks

    named = wishes.listener if wishes.listener is None and wishes.liked else who.of(wishes.listener)
    if named is None and not wishes.liked:
        raise UsageError("for whom? name a listener, or tracks in liked")
    listener = None if named is None else store.listener(named).name
    own = _of_playlists(asked, playlists_of(store, listener)) if listener and wishes.playlists else ()
    request = _request(
        asked,
        wishes,
        day=wishes.day or datetime.now().date(),
        unheard=wishes.unheard and listener is not None,
        new_artists=wishes.new_artists,
        liked=_together(_tracks(asked, wishes.liked), own),
        disliked=_tracks(asked, wishes.disliked),
    )
    if listener is None:
        return for_tracks(asked.home(), request)
    given = opinions_of(store, listener, asked.names)
    return for_listener(asked.home(), listener, request, given, datetime.now(UTC))


@router.post("/recommend/playlist")
@open_to("read")
def recommend_playlist(asked: RecommendingDep, store: StoreDep, who: CallerDep, wishes: PlaylistWishes) -> Answer:
    """How a playlist may go on: tracks that go with those that it has."""
    from tonearm.recommend.answers.answering import for_tracks

    if wishes.playlist is None and not wishes.tracks:
        raise UsageError("which playlist? name its id in playlist, or its tracks in tracks")
    own = _of_playlists(asked, [_readable(store, who, wishes.playlist)]) if wishes.playlist else ()
    liked = _together(_tracks(asked, wishes.tracks), own)
    if not liked:
        raise UsageError("none of the playlist's tracks is in the lake, so nothing is known to go with them")
    return for_tracks(asked.home(), _request(asked, wishes, liked=liked))


@router.get("/search")
def search(
    asked: RecommendingDep,
    q: Annotated[str, Query(max_length=LONGEST_QUERY, description="A name; typing errors are forgiven.")],
    kind: Literal["track", "artist"] = "track",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 10,
) -> list[Found]:
    """Tracks or artists by name: the best match first, of equal ones the most heard."""
    names = asked.names()
    return names.artists(q, limit) if kind == "artist" else names.songs(q, limit)


@router.get("/listeners/{name}/feedback")
def list_feedback(store: StoreDep, listener: ListenerInPath) -> list[Feedback]:
    """What a listener thinks of tracks and artists, newest first."""
    return feedback_of(store, listener)


@router.post("/listeners/{name}/feedback")
@open_to("submit")
def post_feedback(asked: RecommendingDep, store: StoreDep, listener: ListenerInPath, opinion: Opinion) -> Feedback:
    """Give feedback, which changes the next recommendations; a new opinion on the same replaces the one before."""
    names = asked.names()
    found = names.artist(opinion.name) if opinion.subject == "artist" else names.track(opinion.name)
    given = Feedback(opinion.kind, found.kind, found.id, found.label, datetime.now(UTC))
    give_feedback(store, listener, given)
    return given


@router.delete("/listeners/{name}/feedback/{subject}/{subject_id}")
@open_to("submit")
def delete_feedback(store: StoreDep, listener: ListenerInPath, subject: Subject, subject_id: int) -> Gone:
    """Take back all feedback of a listener on a track or an artist."""
    return Gone(entries=take_back(store, listener, subject, subject_id) if abs(subject_id) < 2**63 else 0)


router.include_router(_remembered)


def _request(asked: Recommending, wishes: Wishes, **more: Any) -> Request:
    """The request that the wishes make; raises what is wrong with it before anything is read."""
    plain = Request(
        k=wishes.k,
        genres=tuple(wishes.genres),
        moods=tuple(wishes.moods),
        tempo=_range(wishes.tempo),
        year=_range(wishes.year),
        popularity=_range(wishes.popularity),
        duration_s=_range(wishes.duration_s),
        explicit=wishes.explicit,
        diversity=wishes.diversity,
        novelty=wishes.novelty,
        per_artist=wishes.per_artist,
        is_relaxed=wishes.relax,
        is_explained=wishes.explained,
    )
    check(plain)
    artists = tuple(asked.names().artist(text).id for text in wishes.not_artists)
    return replace(plain, not_artists=artists, seen=_tracks(asked, wishes.seen), **more)


def _range(text: str | None) -> Range:
    return parse_range(text) if text else OPEN


def _tracks(asked: Recommending, texts: list[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(asked.names().track(text).id for text in texts))


def _readable(store: Store, who: Caller, id: str) -> Playlist:
    found = playlist(store, id)
    if not found.is_public:
        who.of(found.listener)
    return found


def _of_playlists(asked: Recommending, found: Sequence[Playlist]) -> tuple[int, ...]:
    """The tracks of playlists that the recommender knows, those added last first."""
    tracks = [track for one in found for track in one.tracks]
    tracks.sort(key=lambda track: track.added_at or _LONG_AGO, reverse=True)
    return asked.known([track["track_id"] for track in in_lake(asked.settings, tracks) if track])


def _together(*given: tuple[int, ...]) -> tuple[int, ...]:
    """All of them once, as many as a request may name."""
    return tuple(dict.fromkeys(chain(*given)))[:MOST_NAMES]
