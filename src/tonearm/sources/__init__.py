"""Sources: each reads one kind of export or service as raw listens or catalogue tracks.

A source is one file of this package, or another package's object under the entry point
``tonearm.sources``. It recognises its files by content, and reads them as Arrow tables whose columns carry
the names of ``tonearm.columns``; what it leaves out is null. It drops private fields and rejects a row it
cannot read by giving it a ``reason``. What is the same for all sources (bad dates, missing names, identity,
duplicates) is decided in ``tonearm.ingest.judging``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from tonearm.errors import UnknownKind, UnknownName
from tonearm.sources import (
    acousticbrainz,
    added_songs,
    catalogue,
    csv_plays,
    csv_services,
    deezer,
    lastfm_json,
    lastfm_xml,
    listenbrainz,
    navidrome,
    other_json,
    rockbox,
    spotify,
    submissions,
    trackers,
    youtube_music,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources.files import InputFile


Feeds = Literal["listens", "catalogue", "nothing"]
InstantIs = Literal["start", "end"]


@dataclass(frozen=True)
class Context:
    """What a source may need to know about the import besides the file."""

    max_record_bytes: int = 1 << 20
    """Longest row that is read; longer rows are rejected without being held in memory."""


@runtime_checkable
class Source(Protocol):
    """One kind of export.

    A source may also have ``signs``, names of fields that its files have: a file that no source recognises is compared
    with them, to name the nearest kinds.
    """

    kind: str
    """Name used in ``--as``, the ledger and the ``source`` column, e.g. ``spotify_extended``."""
    title: str
    """Name shown to users, e.g. ``Spotify extended streaming history``."""
    feeds: Feeds
    """``listens`` go to listening_history_bronze, ``catalogue`` rows to kaggle_tracks_bronze; ``nothing``
    is for known files without listens (a README, a feedback file), which are reported with no rows."""
    instant_is: InstantIs
    """Whether the reported instant is the start or the end of a listen."""
    precision_s: float
    """Precision of the reported instant, in seconds."""

    def recognises(self, file: InputFile) -> bool:
        """Whether the file's content is of this kind; looks at ``file.head`` and, as a tie-break, its name.

        Raises UnknownKind, naming what is missing, for a file that is clearly meant to be of this kind.
        """
        ...

    def reading(self, file: InputFile) -> str:
        """How the file is read, in one phrase for users: which field was taken for what."""
        ...

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows, in order, a bounded number at a time.

        Every table has ``row`` (int64, from 1, header not counted). A row that cannot be read has ``reason``
        and ``raw`` and nothing else. Bad content raises no error: if the rest of a file cannot be split into
        rows, a last rejected row says from where on it is unreadable.
        """
        ...


@cache
def sources() -> dict[str, Source]:
    """Every known source by kind, in the order in which they are tried on a file."""
    found: list[Source] = [
        *spotify.SOURCES,
        *acousticbrainz.SOURCES,
        *listenbrainz.SOURCES,
        *trackers.SOURCES,
        *youtube_music.SOURCES,
        *other_json.SOURCES,
        *lastfm_xml.SOURCES,
        *navidrome.SOURCES,
        *deezer.SOURCES,
        *rockbox.SOURCES,
        *submissions.SOURCES,
        *added_songs.SOURCES,
        *catalogue.SOURCES,
        *csv_services.SOURCES,
        *(entry.load() for entry in entry_points(group="tonearm.sources")),
        # After all others that are JSON: it refuses what is JSON and not known.
        *lastfm_json.SOURCES,
        # Last, because it also recognises tables without a header, by their content.
        *csv_plays.SOURCES,
    ]
    return {source.kind: source for source in found}


def source_of(file: InputFile, kind: str = "") -> Source:
    """The source that reads ``file``: the one named ``kind``, else the first that recognises its content.

    Raises UnknownName for an unknown kind, and UnknownKind when no source recognises the file.
    """
    known = sources()
    if kind:
        if kind not in known:
            raise UnknownName("kind of file", kind, known, hint=f"known kinds: {', '.join(known)}")
        return known[kind]
    refusals = []
    for source in known.values():
        try:
            if source.recognises(file):
                return source
        except UnknownKind as error:
            refusals.append(str(error))
    if not file.head:
        raise UnknownKind(f"{file.name}: the file is empty or damaged from its start; get it again")
    if refusals:
        raise UnknownKind("; ".join([refusals[0], *_near(file)]))
    raise UnknownKind(
        f"{file.name}: no source recognises this file; `tonearm import --help` lists what can be imported, and --as "
        "names the kind of a file that is one of them"
    )


def _near(file: InputFile) -> list[str]:
    """The kinds whose typical fields the file has in part, nearest first, in a phrase."""
    found = []
    for source in sources().values():
        signs = getattr(source, "signs", ())
        there = [name for name in signs if name.encode() in file.head]
        if len(there) > 1 and len(there) >= len(signs) / 2:
            lacking = [name for name in signs if name not in there]
            found.append((len(there) / len(signs), f"{source.kind} (lacks {', '.join(lacking) or 'rows'})"))
    nearest = [phrase for _, phrase in sorted(found, key=lambda near: -near[0])[:3]]
    return [f"nearest kinds: {', '.join(nearest)}"] if nearest else []
