"""Last.fm histories as XML: the API's answers as saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from tonearm.errors import InputError
from tonearm.sources.json_keys import starts_with
from tonearm.sources.json_rows import BLOCK_BYTES
from tonearm.sources.rows import Rejected, numbered, table_of

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_PROLOGUE = re.compile(rb"<\?xml[^<>]*\?>")
_READ = frozenset({"artist", "name", "album", "mbid", "date"})
_TAIL = 200


class LastfmXml:
    """Last.fm history as XML, from tools that save what Last.fm's API answers, such as ghan.nl's exporter.

    ``uts`` is the start of the listen, to the second; a track without it was playing while the file was made.
    User names, links and images are left out. Files with several documents one after the other are read whole.
    """

    kind = "lastfm_xml"
    title = "Last.fm history (XML)"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """XML with the element ``recenttracks``, or with tracks that have an artist and ``uts``."""
        head = file.head_text if starts_with(file, b"<") else ""
        return "<recenttracks" in head or ("<track" in head and "<artist" in head and "uts=" in head)

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "uts is the start"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        for first, rows in numbered(_rows(file, context.max_record_bytes)):
            yield table_of(rows, first, context.max_record_bytes)


def _rows(file: InputFile, most_bytes: int) -> Iterator[list[dict[str, Any] | Rejected]]:
    tracks = _Tracks(most_bytes)
    count, damage = 0, ""
    try:
        for block in file.blocks(BLOCK_BYTES):
            tracks.feed(block)
            count += len(tracks.rows)
            yield tracks.taken()
        tracks.close()
    except InputError as error:
        damage = str(error)
    except expat.ExpatError as error:
        damage = f"it is no XML, or cut off ({expat.ErrorString(error.code)}); get it again"
    rows = tracks.taken()
    if damage:
        why = f"the file is unreadable from row {count + len(rows) + 1:,} on: {damage}"
        rows.append(Rejected(why, ""))
    yield rows


class _Tracks:
    """The tracks in XML that is fed piece by piece.

    Everything is put into one element, so that documents may follow one another; and since a document type is
    an error within an element, nothing can declare entities.
    """

    def __init__(self, most_bytes: int) -> None:
        self.rows: list[dict[str, Any] | Rejected] = []
        self._most_chars = most_bytes
        self._path: list[str] = []
        self._track: dict[str, str] | None = None
        self._texts: dict[str, list[str]] = {}
        self._chars = 0
        self._rest = b""
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.Parse(b"<all>", False)

    def feed(self, block: bytes) -> None:
        """The next piece of the file."""
        block = _PROLOGUE.sub(b"", (self._rest + block).replace(b"\xef\xbb\xbf", b""))
        # The declaration before a document may be cut by the end of the piece.
        cut = block.rfind(b"<", len(block) - _TAIL)
        cut = len(block) if cut < 0 else cut
        self._rest = block[cut:]
        self._parser.Parse(block[:cut], False)

    def close(self) -> None:
        """Raise ExpatError if the file ends within a document."""
        self._parser.Parse(self._rest + b"</all>", True)

    def taken(self) -> list[dict[str, Any] | Rejected]:
        """The tracks since the last call."""
        rows, self.rows = self.rows, []
        return rows

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if name == "track" and self._track is None:
            self._track, self._texts, self._chars = {}, {}, 0
            self._depth = len(self._path)
        elif self._track is not None and name in _READ and len(self._path) == self._depth + 1:
            self._track |= {f"{name} {key}": attributes[key] for key in ("uts", "mbid") if key in attributes}

    def _text(self, text: str) -> None:
        if self._track is None:
            return
        name = self._path[-1]
        if name == "name" and len(self._path) == self._depth + 2:
            name = self._path[-2]  # extended answers put an artist's name into an element of its own
        self._chars += len(text)
        if name in _READ and self._chars <= self._most_chars:
            self._texts.setdefault(name, []).append(text)

    def _end(self, name: str) -> None:
        if self._path:
            self._path.pop()
        if self._track is not None and name == "track" and len(self._path) < self._depth:
            texts = {key: "".join(parts).strip() for key, parts in self._texts.items()}
            self.rows.append(_listen(texts, self._track, self._chars > self._most_chars, self._most_chars))
            self._track = None


def _listen(
    texts: dict[str, str], attributes: dict[str, str], is_long: bool, most_chars: int
) -> dict[str, Any] | Rejected:
    if is_long:
        return Rejected(f"the row is longer than {most_chars >> 10:,} KB", "")
    written = attributes.get("date uts", "")
    if written and not re.fullmatch(r"\d{1,12}", written):
        return Rejected(f"date '{written[:60]}' is not understood", " | ".join(texts.values()))
    return {
        "content": "music",
        "at_s": float(written) if written else None,
        "artist_name": texts.get("artist"),
        "track_name": texts.get("name"),
        "album_name": texts.get("album"),
        "artist_mbid": attributes.get("artist mbid"),
        "release_mbid": attributes.get("album mbid"),
        "recording_mbid": texts.get("mbid"),
    }


SOURCES = (LastfmXml(),)
