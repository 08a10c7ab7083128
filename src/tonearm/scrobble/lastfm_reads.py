"""Answers of Last.fm's ``user.get…`` methods, which are at https://www.last.fm/api."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tonearm.scrobble.lastfm import BAD_PARAMETERS, Failure, Node
from tonearm.store.loves import names_key

if TYPE_CHECKING:
    from tonearm.read.tops import Entity, Ranked
    from tonearm.store.loves import Love

MOST_PER_PAGE = 1000
MOST_PAGES = 100_000
_PERIODS = {"7day": 7, "1month": 30, "3month": 91, "6month": 182, "12month": 365}
"""Days of each period; any other is all there is."""
_TOPS: dict[Entity, tuple[str, str]] = {
    "artists": ("topartists", "artist"),
    "releases": ("topalbums", "album"),
    "recordings": ("toptracks", "track"),
}


@dataclass(frozen=True)
class Page:
    """Which part of a long answer is asked for."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """How many come before it."""
        return (self.number - 1) * self.size

    def of(self, listener: str, total: int) -> dict[str, str]:
        """The attributes that say which part an answer is."""
        return {
            "user": listener,
            "page": str(self.number),
            "perPage": str(self.size),
            "totalPages": str(-(-total // self.size)),
            "total": str(total),
        }


def page(given: Mapping[str, str]) -> Page:
    """The page in ``page`` and ``limit``, 50 a page without; raises Failure for what is no number."""
    return Page(number(given, "page", 1, MOST_PAGES), number(given, "limit", 50, MOST_PER_PAGE))


def number(given: Mapping[str, str], name: str, otherwise: int, most: int) -> int:
    """A parameter from 1 to ``most``, which also stands for anything above it; raises Failure for no number."""
    text = given.get(name, "").strip()
    if text and not (text.isdecimal() and text.isascii() and len(text) < 16):
        raise Failure(BAD_PARAMETERS, f"{name} must be a number, not '{text[:40]}'")
    return max(1, min(int(text), most)) if text else otherwise


def period(given: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """From when to when the listens of ``period`` count, by the whole hour, so that answers can be kept."""
    until = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    days = _PERIODS.get(given.get("period", "").lower())
    return (until - timedelta(days=days) if days else datetime(1970, 1, 1, tzinfo=UTC)), until


def user(listener: str, listens: int, since: datetime | None) -> Node:
    """The answer to ``user.getInfo``; ``since`` is when the first listen was."""
    registered = Node("registered", _written(since), {"unixtime": str(_seconds(since))}) if since else None
    parts = [
        Node("name", listener),
        Node("realname"),
        Node("playcount", str(listens)),
        Node("subscriber", "0"),
        Node("country"),
        Node("age", "0"),
        Node("gender", "n"),
        Node("playlists", "0"),
        Node("type", "user"),
        Node("url", _url("user", listener)),
        *_images(),
    ]
    return Node("user", [*parts, *([registered] if registered else [])], lists="image")


def recent(
    listener: str,
    listens: Iterable[Mapping[str, Any]],
    playing: Mapping[str, Any] | None,
    asked: Page,
    total: int,
    loved: Callable[[str, str], bool] | None,
) -> Node:
    """The answer to ``user.getRecentTracks``: the page's listens, after what is playing on the first page.

    ``listens`` are rows of :class:`tonearm.read.plays.Plays`, ``playing`` is a listen in ListenBrainz's form; with
    ``loved`` the answer is the extended one.
    """
    tracks = [_track(one, one["started_at"], loved) for one in listens]
    if playing is not None and asked.number == 1:
        tracks.insert(
            0,
            _track(
                {**playing["track_metadata"], "album_name": playing["track_metadata"].get("release_name")}, None, loved
            ),
        )
    return Node("recenttracks", tracks, asked.of(listener, total), lists="track")


def loved_tracks(listener: str, loves: Sequence[Love], asked: Page) -> Node:
    """The answer to ``user.getLovedTracks``; those of which only an id is known are left out."""
    named = [one for one in loves if one.artist_name and one.track_name]
    tracks = [
        Node(
            "track",
            [
                Node("name", one.track_name or ""),
                Node("mbid", one.recording_mbid or ""),
                Node("url", _url("music", one.artist_name or "", "_", one.track_name or "")),
                Node("date", _written(one.given_at), {"uts": str(_seconds(one.given_at))}),
                _artist(one.artist_name or ""),
                *_images(),
            ],
            lists="image",
        )
        for one in named[asked.start : asked.start + asked.size]
    ]
    return Node("lovedtracks", tracks, asked.of(listener, len(named)), lists="track")


def is_loved(loves: Collection[Love]) -> Callable[[str, str], bool]:
    """Whether a track, by artist and title, is one of ``loves``."""
    keys = {names_key(one.artist_name, one.track_name) for one in loves if one.artist_name and one.track_name}
    return lambda artist, track: names_key(artist, track) in keys


def top(listener: str, entity: Entity, ranked: Sequence[Ranked], asked: Page) -> Node:
    """The answer to ``user.getTopArtists``, ``getTopAlbums`` and ``getTopTracks``."""
    name, each = _TOPS[entity]
    rows = [_ranked(each, entity, one) for one in ranked[asked.start : asked.start + asked.size]]
    return Node(name, rows, asked.of(listener, len(ranked)), lists=each)


def _ranked(each: str, entity: Entity, one: Ranked) -> Node:
    names = {"artists": one.artist_name, "releases": one.album_name, "recordings": one.track_name}
    artist = [] if entity == "artists" else [_artist(one.artist_name)]
    place = {"artists": [one.artist_name], "releases": [one.artist_name, one.album_name or ""]}
    parts = [
        Node("name", names[entity] or ""),
        Node("playcount", str(one.listens)),
        Node("mbid", one.recording_mbid or ""),
        Node("url", _url("music", *place.get(entity, [one.artist_name, "_", one.track_name or ""]))),
        *artist,
        *_images(),
    ]
    return Node(each, parts, {"rank": str(one.rank)}, lists="image")


def _track(one: Mapping[str, Any], at: datetime | None, loved: Callable[[str, str], bool] | None) -> Node:
    artist, track = one.get("artist_name") or "", one.get("track_name") or ""
    parts = [
        _artist(artist) if loved else Node("artist", artist, {"mbid": ""}),
        Node("name", track),
        Node("streamable", "0"),
        Node("mbid", one.get("recording_mbid") or ""),
        Node("album", one.get("album_name") or "", {"mbid": ""}),
        Node("url", _url("music", artist, "_", track)),
        *_images(),
    ]
    if loved:
        parts.append(Node("loved", "1" if loved(artist, track) else "0"))
    if at is None:
        return Node("track", parts, {"nowplaying": "true"}, lists="image")
    return Node("track", [*parts, Node("date", _written(at), {"uts": str(_seconds(at))})], lists="image")


def _artist(name: str) -> Node:
    return Node("artist", [Node("name", name), Node("mbid"), Node("url", _url("music", name))])


def _images() -> list[Node]:
    """tonearm has no pictures; clients expect the sizes."""
    return [Node("image", "", {"size": size}) for size in ("small", "medium", "large", "extralarge")]


def _url(*parts: str) -> str:
    """Where Last.fm has it; tonearm has no page for each artist and track."""
    return "https://www.last.fm/" + "/".join(quote(part, safe="") for part in parts)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%d %b %Y, %H:%M")


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
