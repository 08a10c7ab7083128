"""ListenBrainz's protocol: what clients submit, judged listen by listen.

Limits are those of https://listenbrainz.readthedocs.io/en/latest/users/api/core.html. ListenBrainz refuses all listens
of a request for one bad one, and clients then drop them all; here a bad listen is kept as rejected, with the reason.
"""

from __future__ import annotations

import json
import math
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from tonearm.bronze import tidied
from tonearm.errors import UsageError
from tonearm.store.submissions import Submission

MOST_LISTENS = 1000
MOST_BYTES = 10_240_000
"""Of one request."""
MOST_LISTEN_BYTES = 10_240
MOST_TAGS, LONGEST_TAG = 50, 64
EARLIEST_S = int(datetime(2002, 10, 1, tzinfo=UTC).timestamp())
"""Last.fm began then; an earlier listen has a clock that was not set."""
AHEAD_S = 3600
"""How far a client's clock may be ahead."""
DEEPEST = 16
"""Lists and objects within each other; players send two, and more could not be read again."""

_KINDS = ("single", "playing_now", "import")
_MBIDS = ("recording_mbid", "release_mbid", "release_group_mbid", "track_mbid")
_MBID_LISTS = ("artist_mbids", "work_mbids")
_NAMES = ("artist_name", "track_name", "release_name")
_MSID = uuid.UUID("c1a0d1a9-6f3f-5f0e-9d43-0f5f2c3f6f5b")
"""Namespace of recording MSIDs, a random number."""
_FIELD = "\x1f"


@dataclass(frozen=True)
class Posted:
    """What one request to ``submit-listens`` brings."""

    kind: Literal["single", "playing_now", "import"]
    submissions: Sequence[Submission]
    """In the order of the payload, the rejected ones too; of ``playing_now`` the one listen without an instant."""

    @property
    def good(self) -> list[Submission]:
        """Those that are listens."""
        return [one for one in self.submissions if one.reason is None]


def read_posted(body: bytes, now_s: float) -> Posted:
    """The listens in the body of a request; raises UsageError where it is none, and judges each of them.

    ``now_s`` is the server's clock in seconds since 1970.
    """
    if len(body) > MOST_BYTES:
        raise UsageError(f"a request may have {MOST_BYTES:,} bytes, this one has {len(body):,}; send fewer listens")
    whole = decoded(body)
    kind, payload = (whole.get("listen_type"), whole.get("payload")) if isinstance(whole, dict) else (None, None)
    if kind not in _KINDS:
        raise UsageError(f"listen_type must be one of {', '.join(_KINDS)}")
    if not isinstance(payload, list) or not payload:
        raise UsageError("payload must be a list of listens, at least one")
    most = MOST_LISTENS if kind == "import" else 1
    if len(payload) > most:
        raise UsageError(f"a request of type {kind} may have {most:,} listens, this one has {len(payload):,}")
    return Posted(kind, [judged(one, now_s, is_playing=kind == "playing_now") for one in payload])


def decoded(body: bytes) -> Any:
    """The JSON of a request's body, whatever its type was announced as; raises UsageError for what is not JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        # Half a character, or a number that no float holds, must not cost the other listens.
        text = body.decode("utf-8", "replace")
        read = json.loads(text, parse_float=_finite, parse_int=_whole, parse_constant=lambda _: None)
        return msgspec.json.decode(json.dumps(read, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise UsageError("the body is not a JSON document") from error


def unpacked(body: bytes, encoding: str) -> bytes:
    """A body without its ``Content-Encoding``, gzip or deflate; raises UsageError for a damaged or too large one."""
    if encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return body
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        whole = reader.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise UsageError(f"the body is not {encoding.strip()}: {error}") from error
    if not reader.eof and len(whole) <= MOST_BYTES:
        raise UsageError(f"the body ends within its {encoding.strip()}")
    return whole


def judged(listen: Any, now_s: float, *, is_playing: bool = False) -> Submission:
    """The submission that a listen of a payload is: good, in the form of :data:`Submission.body`, or rejected."""
    try:
        kept = _kept(listen, now_s, is_playing)
    except UsageError as error:
        return Submission("listenbrainz", shown(listen), instant_of(listen), str(error))
    body = msgspec.json.encode(kept).decode()
    return Submission("listenbrainz", body, kept.get("listened_at"))


def recording_msid(listen: Mapping[str, Any]) -> str:
    """The id of what a listen calls its track: the same for the same artist, title and album, whatever their case.

    ``listen`` is ListenBrainz's form of a listen. ListenBrainz gives ids of its own; clients only compare them.
    """
    names = listen["track_metadata"]
    key = _FIELD.join((tidied(names.get(name) or "") or "").casefold() for name in _NAMES)
    return str(uuid.uuid5(_MSID, key.encode("utf-8", "replace").decode()))


def duration_s(listen: Mapping[str, Any]) -> float | None:
    """Seconds that the track of a good listen lasts; None where the client did not know."""
    info = listen["track_metadata"].get("additional_info") or {}
    for name, scale in (("duration_ms", 1000.0), ("duration", 1.0)):
        seconds = _number(info.get(name))
        if seconds is not None and seconds > 0:
            return seconds / scale
    return None


def mbid(text: Any) -> str | None:
    """A MusicBrainz id in small letters; None for anything else."""
    try:
        return str(uuid.UUID(text)) if isinstance(text, str) and len(text.strip()) == 36 else None
    except ValueError:
        return None


def shown(listen: Any) -> str:
    """What was submitted, as far as it is kept of a rejected listen."""
    try:
        text = msgspec.json.encode(listen)[:MOST_LISTEN_BYTES]
    except (RecursionError, OverflowError, ValueError):
        text = b"what cannot be shown"
    return text.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def instant_of(listen: Any) -> float | None:
    """The instant that a rejected listen has, in seconds since 1970; None for one without."""
    return _number(listen.get("listened_at")) if isinstance(listen, dict) else None


def _kept(listen: Any, now_s: float, is_playing: bool) -> dict[str, Any]:
    """A listen with nothing but what is kept of it; raises UsageError with the reason to reject it."""
    if not isinstance(listen, dict):
        raise UsageError("not an object with track_metadata and listened_at")
    _check_values(listen)
    others = set(listen) - {"listened_at", "track_metadata"}
    if others:
        raise UsageError(f"has a field besides listened_at and track_metadata: {_some(others)}")
    if len(msgspec.json.encode(listen)) > MOST_LISTEN_BYTES:
        raise UsageError(f"is larger than {MOST_LISTEN_BYTES:,} bytes")
    metadata = _metadata(listen.get("track_metadata"))
    if not is_playing:
        return {"listened_at": _instant(listen.get("listened_at"), now_s), "track_metadata": metadata}
    if listen.get("listened_at") is not None:
        raise UsageError("listened_at has no place in what is playing now")
    return {"track_metadata": metadata}


def _metadata(metadata: Any) -> dict[str, Any]:
    if not isinstance(metadata, dict):
        raise UsageError("track_metadata is missing or no object")
    kept: dict[str, Any] = {}
    for name in _NAMES:
        value = metadata.get(name)
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{name} is not text")
        plain = tidied(value or "")
        if plain is None and name != "release_name":
            raise UsageError(f"{name} is missing or empty")
        if plain is not None:
            kept[name] = plain
    info = _info(metadata.get("additional_info"))
    return kept | {"additional_info": info} if info else kept


def _info(info: Any) -> dict[str, Any]:
    if not info:
        # PHP writes an empty object as a list.
        return {}
    if not isinstance(info, dict):
        raise UsageError("additional_info is no object")
    kept = {name: value for name, value in info.items() if value not in (None, "", [])}
    if "duration" in kept and "duration_ms" in kept:
        raise UsageError("has both duration and duration_ms")
    _check_tags(kept.get("tags"))
    for name in (*_MBIDS, *_MBID_LISTS):
        if name in kept:
            kept[name] = _mbids(name, kept[name])
    return {name: value for name, value in kept.items() if value not in ("", [])}


def _check_tags(tags: Any) -> None:
    if tags is None:
        return
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise UsageError("tags is not a list of texts")
    if len(tags) > MOST_TAGS:
        raise UsageError(f"has more than {MOST_TAGS} tags")
    if any(len(tag) > LONGEST_TAG for tag in tags):
        raise UsageError(f"has a tag of more than {LONGEST_TAG} characters")


def _mbids(name: str, value: Any) -> Any:
    """One MusicBrainz id, or those of a list, without empty ones. Players send either where one is documented."""
    if isinstance(value, list):
        return [_mbids(name, one) for one in value if one not in (None, "")]
    if isinstance(value, str) and not value.strip():
        return ""
    found = mbid(value)
    if found is None:
        raise UsageError(f"{name} is no MusicBrainz id: {shown(value)[:50]}")
    return found


def _instant(value: Any, now_s: float) -> int:
    seconds = _number(value)
    if seconds is None:
        raise UsageError("listened_at is missing or no number of seconds since 1970")
    if seconds < EARLIEST_S:
        raise UsageError("listened_at is before October 2002: a clock that was not set, or not in seconds")
    if seconds > now_s + AHEAD_S:
        raise UsageError("listened_at is in the future: a clock that is wrong, or not in seconds")
    return int(seconds)


def _number(value: Any) -> float | None:
    """A finite number, also one that was written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _finite(text: str) -> float | None:
    return _number(text)


def _whole(text: str) -> int | None:
    return int(text) if len(text) < 20 else None


def _check_values(value: Any, depth: int = 0) -> None:
    """Raise UsageError for a value that cannot be kept, whatever it means."""
    if isinstance(value, str):
        if "\0" in value:
            raise UsageError("has a NUL character")
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise UsageError("has a number of more than 64 bits")
    elif isinstance(value, (dict, list)):
        if depth > DEEPEST:
            raise UsageError(f"has more than {DEEPEST} lists and objects within each other")
        for one in value:
            _check_values(one, depth + 1)
            if isinstance(value, dict):
                _check_values(value[one], depth + 1)


def _some(names: set[str]) -> str:
    return ", ".join(sorted(names))[:100]
