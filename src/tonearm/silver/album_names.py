"""Album names: which album it is that a listener heard an artist on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from tonearm.columns import arrow_schema
from tonearm.silver.names import CREDIT, VARIOUS, album_key, artist_key, credits, is_various, key_id, without_edition
from tonearm.silver.records import good_listens
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table

VARIOUS_ARTISTS = "Various Artists"
FEWEST_ACTS = 3
"""Acts heard back to back under one album name that make it a compilation; two may share a name by chance."""
_COLUMNS = ("listener", "artist_id", "album_name", "album_artist_id", "album_artist_name", "album_title")


@dataclass
class _Member:
    """An artist under an album name, in whatever spelling."""

    artist_id: int
    name: str
    credited: frozenset[str]
    tracks: int = 0
    spellings: Counter[str] = field(default_factory=Counter)
    """Listens by spelling."""
    given: set[str] = field(default_factory=set)
    """Artists of the album as sources give them, other than the artist."""
    after: set[int] = field(default_factory=set)
    """Artists of the same album name that were heard right before."""


@dataclass(frozen=True)
class _Album:
    artist_id: int
    artist_name: str
    title: str


def _finish(rows: pa.Table) -> pa.Table:
    found: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    of_listeners: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.to_pylist():
        of_listeners[row["listener"]].append(row)
    for listener, own in of_listeners.items():
        for artist_id, spelling, album in _albums(own):
            values = (listener, artist_id, spelling, album.artist_id, album.artist_name, album.title)
            for name, value in zip(_COLUMNS, values, strict=True):
                found[name].append(value)
    return pa.table(found, schema=arrow_schema(_COLUMNS))


def _albums(rows: list[dict[str, Any]]) -> Iterator[tuple[int, str, _Album]]:
    """The album of each artist and spelling of one listener."""
    key_of = cache(album_key)
    known = {artist_key(row["artist_name"]): (row["artist_id"], row["artist_name"]) for row in rows}
    named: dict[str, dict[int, _Member]] = defaultdict(dict)
    for row in rows:
        _add(named[key_of(row["album_name"])], row)
    for members in named.values():
        for group in _groups(list(members.values())):
            album = _album(group, known)
            for member in group:
                for spelling in member.spellings:
                    yield member.artist_id, spelling, album


def _add(members: dict[int, _Member], row: dict[str, Any]) -> None:
    """Add what a row says of its artist; there is one for each spelling and artist heard before."""
    artist_id, name, spelling = row["artist_id"], row["artist_name"], row["album_name"]
    member = members.get(artist_id)
    if member is None:
        credited = frozenset(credits(name, None, None).split(CREDIT))
        member = members[artist_id] = _Member(artist_id, name, credited)
    if spelling not in member.spellings:
        member.tracks += row["tracks"]
        member.spellings[spelling] = row["listens"]
    if row["after_artist_id"] is not None:
        member.after.add(row["after_artist_id"])
    given = row["given_artist_name"]
    if given is not None and artist_key(given) not in member.credited:
        member.given.add(given)


def _groups(members: list[_Member]) -> list[list[_Member]]:
    """Artists under one album name who are on one album."""
    if len(members) == 1:
        return [members]
    acts = _joined(members, ((one.artist_id, credit) for one in members for credit in _shared(one)))
    act_of = {member.artist_id: number for number, act in enumerate(acts) for member in act}
    links = [(act_of[one.artist_id], act_of[other]) for one in members for other in one.after if other in act_of]
    linked = [group for group in _connected(len(acts), links) if len(group) > 1]
    if any(len(group) >= FEWEST_ACTS for group in linked) and 2 * sum(map(len, linked)) >= len(acts):
        return [members]
    return acts


def _shared(member: _Member) -> Iterable[str]:
    """What makes an artist one act with others: whoever is credited, and the artist that a source gives the album."""
    return member.credited | {VARIOUS if is_various(given) else artist_key(given) for given in member.given}


def _joined(members: list[_Member], parts: Iterable[tuple[int, str]]) -> list[list[_Member]]:
    """The members in groups of those that have a part in common, directly or through others."""
    place = {member.artist_id: number for number, member in enumerate(members)}
    first: dict[str, int] = {}
    links = [(place[artist_id], first.setdefault(part, place[artist_id])) for artist_id, part in parts]
    return [[members[number] for number in group] for group in _connected(len(members), links)]


def _connected(n: int, links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The numbers from 0 to below ``n`` in groups of those that are linked."""
    root = list(range(n))

    def top(one: int) -> int:
        while root[one] != one:
            root[one] = one = root[root[one]]
        return one

    for one, other in links:
        low, high = sorted((top(one), top(other)))
        root[high] = low
    groups: dict[int, list[int]] = defaultdict(list)
    for one in range(n):
        groups[top(one)].append(one)
    return list(groups.values())


def _album(group: list[_Member], known: dict[str, tuple[int, str]]) -> _Album:
    spellings: Counter[str] = Counter()
    for member in group:
        spellings.update(member.spellings)
    title = min(spellings, key=lambda spelling: (len(spelling), -spellings[spelling], spelling))
    # The first of two discs is not the album.
    return _Album(*_artist(group, known), without_edition(title) or title if len(spellings) > 1 else title)


def _artist(group: list[_Member], known: dict[str, tuple[int, str]]) -> tuple[int, str]:
    """Id and name of a group's album artist; ``known`` are the listener's artists by their key."""
    if len(group) == 1 and not group[0].given:
        return group[0].artist_id, group[0].name
    given = Counter[str]()
    for member in group:
        given.update(dict.fromkeys(member.given, member.tracks))
    if given:
        name = min(given, key=lambda name: (-given[name], name))
        return _various() if is_various(name) else known.get(artist_key(name), (key_id(artist_key(name)), name))
    tracks = sum(member.tracks for member in group)
    on = Counter[str]()
    for member in group:
        on.update(dict.fromkeys(member.credited, member.tracks))
    key = min(on, key=lambda key: (-on[key], key not in known, key))
    if 2 * on[key] > tracks and key in known:
        return known[key]
    most = min(group, key=lambda member: (-member.tracks, member.artist_id))
    return (most.artist_id, most.name) if 2 * most.tracks > tracks or len(group) < FEWEST_ACTS else _various()


def _various() -> tuple[int, str]:
    return key_id(VARIOUS), VARIOUS_ARTISTS


@table(
    grain=("listener", "artist_id", "album_name"),
    finish=_finish,
    finish_columns=_COLUMNS,
    finish_by=("listener",),
    lookups=("track_identities",),
)
def album_names(listening_history_bronze: Table, track_identities: Table, listening_with_features: Table) -> Table:
    """Every album name that you heard an artist under, and the album that it is.

    An album is one ``album_artist_id`` and ``album_title``. Its artist is the one that a source gives for the album;
    else the artist who is credited on more than half of its tracks, alone or with others; else, for a compilation or a
    soundtrack, "Various Artists". One album are the names that differ in case, punctuation or edition ("Help!", "Help!
    (Deluxe Edition)", "Help! (Remastered 2009)") under artists who share a credit ("Coldplay", "Coldplay & Big Sean"),
    or under artists heard one right after the other: under at least three, who are at least half of all artists with
    that album name. So the "Greatest Hits" of different artists stay apart. The title is the shortest spelling heard,
    without disc or edition if there are several.
    """
    listens = listening_with_features.filter(
        listening_with_features.album_name.notnull(),
        listening_with_features.album_name != "",
        listening_with_features.artist_name.notnull(),
    )
    pairs = listens.group_by("listener", "artist_id", "album_name").aggregate(
        artist_name=listens.artist_name.max(), tracks=listens.track_id.nunique(), listens=listens.count()
    )
    keys = ("listener", "artist_id", "album_name")
    given = _given(listening_history_bronze, track_identities)
    for more in (_back_to_back(listening_with_features), given):
        pairs = pairs.left_join(more, keys).drop(*(f"{key}_right" for key in keys))
    return pairs.select(
        "listener",
        "album_name",
        "artist_id",
        "artist_name",
        "tracks",
        "listens",
        "given_artist_name",
        "after_artist_id",
    )


def _back_to_back(listens: Table) -> Table:
    """The artists heard right before another under the same album name, within a session."""
    order = ibis.window(group_by=("listener", "session_started_at"), order_by=("started_at", "listen_id"))
    rows = listens.select(
        *("listener", "session_started_at", "started_at", "listen_id", "artist_id", "album_name"),
        folded=listens.album_name.strip().lower(),
    )
    rows = rows.mutate(after_artist_id=rows.artist_id.lag().over(order), after_folded=rows.folded.lag().over(order))
    is_pair = (rows.after_folded == rows.folded) & (rows.folded != "") & (rows.after_artist_id != rows.artist_id)
    return rows.filter(is_pair).select("listener", "artist_id", "album_name", "after_artist_id").distinct()


def _given(history: Table, identities: Table) -> Table:
    """The artist of the album where a source gives one that is not the artist of the track."""
    good = good_listens(history)
    other = good.filter(
        good.album_artist_name.notnull(), good.album_name.notnull(), good.album_artist_name != good.artist_name
    )
    named = other.inner_join(identities.select("name_id", "artist_id"), "name_id")
    return named.group_by("listener", "artist_id", "album_name").aggregate(
        given_artist_name=named.album_artist_name.max()
    )
