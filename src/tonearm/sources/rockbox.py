"""Rockbox's log of plays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from tonearm.sources.delimited import records
from tonearm.sources.rows import BATCH_ROWS, Rejected, table_of

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_HEADER = re.compile(r"#\s*(AUDIOSCROBBLER|TZ|CLIENT)/(.*)")
_UNSENT = re.compile(r"#\s*FAILED\s*-\s*")
_ROW = re.compile(rb"^[^\t\r\n]+(?:\t[^\t\r\n]*){4}\t[LS]\t\d{6,11}(?:\t[^\t\r\n]*)?\r?$", re.MULTILINE)
_FIELDS = (7, 8)
"""The MBID, the last field, may be missing: older players do not write it."""


class RockboxLog:
    """Rockbox's ``.scrobbler.log``, which other portable players write as well.

    Each line is a play with its start and rating (S for skipped). Lines that begin with # are headers, which may stand
    anywhere, because logs are appended to one another; `# FAILED - …` is a play that could not be sent, and counts.
    With ``#TZ/UNKNOWN`` the player has a clock but no zone: its times are the listener's local time, placed by the zone
    that the listener had on that date.
    """

    kind = "rockbox_log"
    title = "Rockbox scrobbler log"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """By its header, or in a log without one by lines of seven or eight fields with a rating and an instant."""
        head = file.head.lstrip(b"\xef\xbb\xbf")
        return head.startswith(b"#AUDIOSCROBBLER/") or _looks_like_rows(head)

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        zones = set(re.findall(r"^#\s*TZ/(\w+)", file.head_text, re.MULTILINE))
        if not zones:
            return "times are the listener's local time (no #TZ)"
        return "times are the listener's local time (#TZ/UNKNOWN)" if zones != {"UTC"} else "times are UTC"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        most = context.max_record_bytes
        first = 1
        rows = _rows(records(file, "\t", most, quoted=False))
        while some := list(islice(rows, BATCH_ROWS)):
            yield table_of(some, first, most)
            first += len(some)


def _looks_like_rows(head: bytes) -> bool:
    lines = [line for line in head.split(b"\n")[:50] if line.strip() and not line.startswith(b"#")]
    if len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut
    return bool(lines) and sum(bool(_ROW.match(line)) for line in lines) > len(lines) / 2


@dataclass
class _Header:
    """What the last headers said."""

    is_utc: bool = False
    client: str | None = None

    def take(self, line: str) -> None:
        found = _HEADER.match(line)
        if found is None:
            return
        name, value = found[1], found[2].strip()
        if name == "AUDIOSCROBBLER":
            self.is_utc, self.client = False, None
        elif name == "TZ":
            self.is_utc = value == "UTC"
        else:
            self.client = value


def _rows(lines: Iterator[list[str] | Rejected]) -> Iterator[dict[str, Any] | Rejected]:
    """A row for every line that is not a header or a comment; a comment has no tabs."""
    header = _Header()
    for line in lines:
        if isinstance(line, Rejected):
            yield line
        elif line[0].lstrip().startswith("#") and len(line) == 1:
            header.take(line[0].lstrip())
        else:
            yield _row(line, header)


def _row(line: list[str], header: _Header) -> dict[str, Any] | Rejected:
    if len(line) not in _FIELDS:
        return Rejected(f"has {len(line)} fields where 7 or 8 are expected", "\t".join(line))
    artist, album, title, _, length, rating, timestamp = line[:7]
    if not re.fullmatch(r"\s*\d{0,11}\s*", timestamp):
        return Rejected(f"date '{timestamp[:60]}' is not understood", "\t".join(line))
    return {
        "content": "music",
        "at_s" if header.is_utc else "local_s": float(timestamp.strip() or 0),
        "artist_name": _UNSENT.sub("", artist),
        "track_name": title,
        "album_name": album,
        "duration_s": float(length) if length.isdecimal() and int(length) else None,
        "is_skipped": {"S": True, "L": False}.get(rating.strip().upper()),
        "recording_mbid": line[7] if len(line) > 7 else None,
        "client": header.client,
    }


SOURCES = (RockboxLog(),)
