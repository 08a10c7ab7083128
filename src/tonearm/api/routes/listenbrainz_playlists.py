"""``/1/…/playlists``: a listener's own playlists, and those that tonearm makes for them, as players fetch them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tonearm.api.deps import RecommendingDep, SettingsDep, StoreDep
from tonearm.api.listenbrainz import (
    NO_DATA,
    ReaderDep,
    UserInPath,
    begin_of,
    get,
    jspf,
    local_today,
    playlist_mbid,
)
from tonearm.api.reading import Reading, ReadingDep
from tonearm.api.routes.listenbrainz_read import MOST_ITEMS, USUAL_ITEMS, Count, Offset
from tonearm.errors import ExtraMissing, UnknownName, UsageError
from tonearm.recommend.answers.loved import opinions_of
from tonearm.recommend.answers.request import MOST
from tonearm.recommend.answers.request import Request as Wanted
from tonearm.recommend.playlists.asked import Wish, named_playlist
from tonearm.recommend.playlists.named import KINDS, NAMES, RULES, WEEKLY, Named
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.feedback import feedback_of
from tonearm.store.loves import loves
from tonearm.store.playlists import Playlist, count_playlists, listed_playlists, playlist

router = APIRouter(tags=["listenbrainz"])

_SOURCE_PATCHES = {"daily": "daily-jams"}
"""What ListenBrainz calls our playlists, where it is not the same."""


@dataclass(frozen=True)
class _Making:
    """What playlists are made from, for one request."""

    settings: Settings
    store: Store
    reading: Reading
    base: str
    """The server's address, with a slash at the end."""
    now: datetime
    made_from: tuple[int | None, ...]
    """Versions of what recommendations depend on."""

    def named(self, listener: str, name: str, on: date | None = None) -> Named | None:
        """The playlist of a day or its week, by default the current one; None where there are too few tracks."""
        given = [*feedback_of(self.store, listener), *loves(self.store, listener)]
        state = on or local_today(self.store, listener, self.now), hash(tuple(given)), self.made_from
        return self.reading.answer((name, listener, on), lambda: self._made(listener, name, on), state)

    def _made(self, listener: str, name: str, on: date | None) -> Named | None:
        try:
            found = named_playlist(self.settings, name, listener, Wish(on=on))
        except (UsageError, ExtraMissing):
            # Nothing was heard yet, or exploration's recommender is not installed.
            return None
        return found if found.tracks else None

    def document(self, name: str, found: Named, with_tracks: bool) -> dict[str, Any]:
        """The playlist as JSPF, dated by the first day of its period."""
        first = begin_of(first_day(name, found.on))
        return jspf(
            mbid=playlist_mbid(found.listener, name, first.date()),
            base=self.base,
            title=f"{found.playlist}, {'week of ' if period_d(name) > 1 else ''}{first:%d %B %Y}",
            listener=found.listener,
            created=first,
            updated=first,
            tracks=found.tracks if with_tracks else (),
            annotation=RULES[found.playlist],
            source_patch=_SOURCE_PATCHES.get(name, name),
        )

    def own(self, found: Playlist, with_tracks: bool) -> dict[str, Any]:
        """A playlist of the store as JSPF."""
        assert found.id is not None
        created = found.created_at or self.now
        tracks = [vars(track) for track in found.tracks] if with_tracks else ()
        return jspf(
            mbid=found.id,
            base=self.base,
            title=found.title,
            listener=found.listener,
            creator=found.listener,
            created=created,
            updated=found.updated_at or created,
            tracks=tracks,
            annotation=found.description,
            is_public=found.is_public,
        )

    def days_of(self, listener: str) -> Iterator[date]:
        """Local days whose playlists a client may still ask for, newest first."""
        today = local_today(self.store, listener, self.now)
        yield from (today - timedelta(days=n) for n in range(2 * WEEKLY.period_d))
        if ends := self.reading.plays.ends(self.store, listener):
            # Of a history that has ended, the playlists are those of its end.
            yield local_today(self.store, listener, ends[1])


def _making(
    request: Request, settings: SettingsDep, store: StoreDep, reading: ReadingDep, recommending: RecommendingDep
) -> _Making:
    return _Making(settings, store, reading, str(request.base_url), datetime.now(UTC), recommending.versions())


MakingDep = Annotated[_Making, Depends(_making)]


def period_d(name: str) -> int:
    """Days for which a playlist stays the same."""
    return KINDS[name].turns.period_d if name in KINDS else WEEKLY.period_d


def first_day(name: str, on: date) -> date:
    """The first day of the playlist's period that ``on`` is in; weeks begin on Monday."""
    return on - timedelta(days=(on.toordinal() - 1) % period_d(name))


@get(router, "/1/user/{user_name}/playlists")
def own_playlists(
    making: MakingDep, listener: UserInPath, count: Count = USUAL_ITEMS, offset: Offset = 0
) -> dict[str, Any]:
    """The listener's own playlists, without their tracks."""
    count = min(count, MOST_ITEMS)
    found = listed_playlists(making.store, listener, count, offset)
    documents = [making.own(one, with_tracks=False) for one, _ in found]
    return _listed(documents, count_playlists(making.store, listener), count, offset)


@get(router, "/1/user/{user_name}/playlists/createdfor")
def created_for(
    making: MakingDep, listener: UserInPath, count: Count = USUAL_ITEMS, offset: Offset = 0
) -> dict[str, Any]:
    """The playlists that tonearm makes for the listener, of this day or week, without their tracks."""
    named = [(name, making.named(listener, name)) for name in NAMES]
    documents = [making.document(name, found, with_tracks=False) for name, found in named if found]
    return _listed(documents[offset : offset + count], len(documents), count, offset)


@get(router, "/1/user/{user_name}/playlists/collaborator")
def collaborations(listener: UserInPath, count: Count = USUAL_ITEMS, offset: Offset = 0) -> dict[str, Any]:
    """None: a playlist has one listener."""
    return _listed([], 0, count, offset)


@get(router, "/1/playlist/{mbid}")
def one_playlist(
    who: ReaderDep, making: MakingDep, mbid: Annotated[str, Path(description="A playlist's identifier ends with it.")]
) -> dict[str, Any]:
    """A playlist with its tracks: an own one, or one that tonearm makes of this or the last week."""
    try:
        wanted = str(UUID(mbid))
    except ValueError as error:
        raise UsageError(f"{mbid[:40]} is no playlist's id") from error
    try:
        stored = playlist(making.store, wanted)
    except UnknownName:
        return _made_for(who.only, making, wanted)
    if not stored.is_public:
        who.of(stored.listener)
    return making.own(stored, with_tracks=True)


def _made_for(only: str | None, making: _Making, mbid: str) -> dict[str, Any]:
    """The playlist that was made for the listener ``only``, or for anybody."""
    listeners = [one.name for one in making.store.listeners() if only is None or one.name == only]
    for listener in listeners:
        for day in making.days_of(listener):
            for name in NAMES:
                if playlist_mbid(listener, name, first_day(name, day)) == mbid:
                    found = _of_period(making, listener, name, day)
                    if found:
                        return making.document(name, found, with_tracks=True)
    raise HTTPException(404, f"cannot find playlist: {mbid}")


def _of_period(making: _Making, listener: str, name: str, day: date) -> Named | None:
    """The playlist of the period of ``day``: the current one as it was listed, or one of the past."""
    current = making.named(listener, name)
    if current is not None and first_day(name, current.on) == first_day(name, day):
        return current
    return making.named(listener, name, day)


def _listed(documents: list[dict[str, Any]], total: int, count: int, offset: int) -> dict[str, Any]:
    return {"playlists": documents, "playlist_count": total, "count": count, "offset": offset}


@get(
    router,
    "/1/cf/recommendation/user/{user_name}/recording",
    responses={NO_DATA: {"description": "No track with a known recording can be recommended."}},
    response_model=None,
)
def recommended_recordings(
    making: MakingDep,
    recommending: RecommendingDep,
    listener: UserInPath,
    count: Count = USUAL_ITEMS,
    offset: Offset = 0,
) -> dict[str, Any] | Response:
    """Recordings that the listener has not heard and may like, best first; tracks without an MBID are left out."""
    # pandas and scipy take a second to load.
    from tonearm.recommend.answers.answering import for_listener

    given = opinions_of(making.store, listener, recommending.names)

    def make() -> tuple[list[dict[str, Any]], int | None]:
        answer = for_listener(recommending.home(), listener, Wanted(k=MOST, unheard=True), given, making.now)
        mbids = making.reading.plays.recordings(track.track_id for track in answer.tracks)
        known = [track for track in answer.tracks if track.track_id in mbids]
        found = [
            {"recording_mbid": mbids[one.track_id], "score": one.score, "latest_listened_at": None} for one in known
        ]
        return found, answer.version

    try:
        state = hash(tuple(given)), making.made_from
        found, version = making.reading.answer(("recordings", listener), make, state)
    except (UsageError, ExtraMissing):
        return Response(status_code=NO_DATA)
    if not found:
        return Response(status_code=NO_DATA)
    shown = found[offset : offset + count]
    payload = {
        "mbids": shown,
        "entity": "recording",
        "type": "raw",
        "user_name": listener,
        "last_updated": int(making.now.timestamp()),
        "count": len(shown),
        "total_mbid_count": len(found),
        "offset": offset,
        "model_id": f"tonearm-{version}" if version else "tonearm-baseline",
        "model_url": making.base,
    }
    return {"payload": payload}
