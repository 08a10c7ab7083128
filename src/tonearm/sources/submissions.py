"""Live submissions on their way from the store into bronze, one a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from tonearm.sources.json_rows import tables
from tonearm.sources.listenbrainz import SHOWN, Listen, values
from tonearm.sources.rows import RAW_CHARS, Rejected

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile


PULLED = "_api"
"""How the protocols end by which listens are pulled."""


class Line(msgspec.Struct, gc=False, omit_defaults=True):
    """A line: one submission by its number, a listen or why it is none."""

    submission: int
    listen: Listen | None = None
    reason: str | None = None
    raw: str | None = None


class Submissions:
    """Listens that clients submitted through one protocol; each comes as ListenBrainz's form of a listen.

    ``listened_at`` is the start of the listen to the second.
    """

    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def __init__(self, protocol: str, title: str) -> None:
        """``protocol`` is the name that :mod:`tonearm.store.submissions` has for it."""
        self.kind = submitted_kind(protocol)
        self.title = title

    def recognises(self, file: InputFile) -> bool:
        """Never: tonearm writes these itself and names their kind."""
        return False

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        how = "pulled from the service" if self.kind.endswith(PULLED) else "submitted by a client"
        return f"{how}; listened_at is the start"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return tables(file, context, Line, _values, (), SHOWN)


def submitted_kind(protocol: str) -> str:
    """Kind of the listens that came through ``protocol``; what is pulled from a service's API goes by that name."""
    return protocol if protocol.endswith(PULLED) else f"{protocol}_submission"


def _values(line: Line) -> dict[str, Any] | Rejected:
    if line.listen is None:
        return Rejected(line.reason or "no listen", (line.raw or "")[:RAW_CHARS])
    return values(line.listen)


SOURCES = (
    Submissions("listenbrainz", "Submitted live, ListenBrainz's protocol"),
    Submissions("lastfm", "Submitted live, Last.fm's protocol"),
    Submissions("audioscrobbler", "Submitted live, AudioScrobbler's protocol"),
    # played_at is the start or the end of a play, depending on the player. A file in which plays follow one another by
    # their own lengths shows that it has ends, and so does a comparison with other sources: both look at starts only.
    Submissions("spotify_api", "Pulled from Spotify's Web API"),
    Submissions("lastfm_api", "Pulled from Last.fm's API"),
    Submissions("listenbrainz_api", "Pulled from ListenBrainz's API"),
)
