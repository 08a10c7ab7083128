"""What of a history has been pulled: one span of time, which grows at both ends, and what stands in its newest days.

Players send listens days after they were heard, when they are online again, so the newest days are read once more each
time and what was there before is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from tonearm.store.connections import Cursor
from tonearm.store.submissions import Submission

LATE_S = 14 * 86_400
"""Last.fm takes no listen that is older."""


@dataclass(frozen=True)
class Span:
    """All listens from ``oldest`` to before ``newest``, in whole seconds since 1970, have been pulled."""

    newest: int
    oldest: int
    seen: frozenset[str] = frozenset()
    """Keys of the listens of the last two weeks, and of those in the part that is being read."""

    def cursor(self) -> Cursor:
        """The span as it is stored."""
        return {"newest": self.newest, "oldest": self.oldest, "seen": sorted(self.seen)}

    @property
    def recent_from(self) -> int:
        """From when on listens may still be added."""
        return self.newest - LATE_S

    @property
    def late_from(self) -> int:
        """From where to read for listens that were added since."""
        return max(self.recent_from, self.oldest)

    def new(self, listens: Iterable[Submission]) -> list[Submission]:
        """Those of ``listens`` that were not pulled in the part that is being read, each once."""
        found = {key(one): one for one in listens}
        return [one for known, one in found.items() if known not in self.seen]

    def with_seen(self, listens: Sequence[Submission]) -> Span:
        """The span after ``listens`` were kept, while a part is being read."""
        return replace(self, seen=self.seen | {key(one) for one in listens})

    def grown(self, newest: int | None = None, oldest: int | None = None) -> Span:
        """The span once a part at one of its ends is read."""
        span = replace(
            self,
            newest=self.newest if newest is None else max(newest, self.newest),
            oldest=self.oldest if oldest is None else min(oldest, self.oldest),
        )
        return replace(span, seen=frozenset(filter(span._may_come_again, span.seen)))

    def _may_come_again(self, known: str) -> bool:
        """Whether a listen is recent, or of an older part that is not read to its end."""
        at_s = int(known.partition(":")[0])
        return at_s >= self.recent_from or at_s < self.oldest


def span_of(cursor: Cursor, now_s: int) -> Span:
    """The span that a cursor stands for; an empty one that ends now before the first pull."""
    if not cursor:
        return Span(now_s, now_s)
    return Span(int(cursor["newest"]), int(cursor["oldest"]), frozenset(cursor["seen"]))


class _Names(msgspec.Struct):
    artist_name: str | None = None
    track_name: str | None = None


class _Named(msgspec.Struct):
    track_metadata: _Names


def key(listen: Submission) -> str:
    """What identifies a listen within its account: its second, and a hash of its names; ids are filled in later."""
    names = msgspec.json.decode(listen.body, type=_Named).track_metadata
    written = f"{names.artist_name}\0{names.track_name}".encode("utf-8", "replace")
    return f"{int(listen.listened_s or 0)}:{hashlib.blake2b(written, digest_size=6).hexdigest()}"
