"""Last.fm's protocol 2.0: parameters in, XML or JSON out. Methods are at https://www.last.fm/api/scrobbling.

Answers are a tree of :class:`Node`, written in the two forms that clients know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape, quoteattr

import msgspec

from tonearm.bronze import tidied
from tonearm.errors import TonearmError
from tonearm.scrobble.listenbrainz import judged, mbid
from tonearm.store.submissions import Submission

MOST_SCROBBLES = 1000
"""Of one request. Last.fm documents 50; whoever sends more must not lose them."""
MOST_PARAMETERS = 20 * MOST_SCROBBLES

FAILED, BAD_PARAMETERS, BAD_SESSION, NOT_AUTHORISED, BAD_TOKEN = 4, 6, 9, 14, 15
UNKNOWN_METHOD, TRY_AGAIN, LOGIN_NEEDED, TOO_MANY = 3, 16, 17, 29
_STATUS = {
    UNKNOWN_METHOD: 400,
    FAILED: 403,
    BAD_PARAMETERS: 400,
    8: 500,
    BAD_SESSION: 403,
    11: 503,
    NOT_AUTHORISED: 403,
    BAD_TOKEN: 403,
    TRY_AGAIN: 503,
    LOGIN_NEEDED: 403,
    TOO_MANY: 429,
}
"""HTTP status of each error: pylast takes 500 to 504 for a failure to be repeated and reads the body of all others."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INDEXED = re.compile(r"([a-z_]+)\[(\d{1,6})\]")


class Failure(TonearmError):
    """An answer with one of Last.fm's error codes."""

    def __init__(self, code: int, message: str) -> None:
        """``message`` is for people; clients look at ``code``."""
        super().__init__(message)
        self.code, self.message = code, message

    @property
    def status(self) -> int:
        """The HTTP status that goes with it."""
        return _STATUS.get(self.code, 400)


@dataclass(frozen=True)
class Node:
    """An element of an answer: attributes, and text or elements within it."""

    name: str
    within: str | Sequence[Node] = ""
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    lists: str = ""
    """Name of the elements within that are such a list."""


@dataclass(frozen=True)
class Scrobble:
    """One listen of a request, as it is echoed and as it is kept."""

    echoed: Mapping[str, str]
    """artist, track, album, albumArtist and timestamp as they were sent."""
    submission: Submission

    @property
    def ignored(self) -> int:
        """Last.fm's code for why it was ignored: 0 for a good one, 1 artist, 2 track, 3 too old, 4 too new."""
        reason = self.submission.reason
        if reason is None:
            return 0
        known = (("artist", 1), ("track", 2), ("future", 4), ("listened_at", 3))
        return next((code for word, code in known if word in reason), 3)


def parameters(query: str, body: bytes) -> dict[str, str]:
    """The parameters of a request by their names in small letters; those of the body come before those of the query.

    Raises Failure for too many.
    """
    try:
        asked = parse_qsl(query, keep_blank_values=True, errors="replace", max_num_fields=MOST_PARAMETERS)
        text = body.decode("utf-8", "replace")
        sent = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise Failure(BAD_PARAMETERS, f"a request may have {MOST_PARAMETERS:,} parameters") from error
    return {name.lower(): value for name, value in (*asked, *sent)}


def scrobbles(given: Mapping[str, str], client: str | None, now_s: float) -> list[Scrobble]:
    """The listens of ``track.scrobble``, ``artist[0]``, ``artist[1]`` … or without brackets for one, in their order.

    Raises Failure where there is none, or more than MOST_SCROBBLES.
    """
    rows: dict[int, dict[str, str]] = {}
    for name, value in given.items():
        found = _INDEXED.fullmatch(name)
        if found:
            rows.setdefault(int(found[2]), {})[found[1]] = value
    if not rows and {"artist", "track", "timestamp"} & set(given):
        rows[0] = dict(given)
    if not rows:
        raise Failure(BAD_PARAMETERS, "no listen in the request: artist, track and timestamp are needed")
    if len(rows) > MOST_SCROBBLES:
        raise Failure(BAD_PARAMETERS, f"a request may have {MOST_SCROBBLES:,} listens, this one has {len(rows):,}")
    return [_scrobble(rows[number], client, now_s) for number in sorted(rows)]


def now_playing(given: Mapping[str, str], client: str | None, now_s: float) -> Scrobble:
    """The track of ``track.updateNowPlaying``; raises Failure for one without names."""
    found = _scrobble(given, client, now_s, is_playing=True)
    if found.submission.reason:
        raise Failure(BAD_PARAMETERS, f"the track cannot be kept: {found.submission.reason}")
    return found


def as_listen(given: Mapping[str, str], client: str | None) -> dict[str, Any]:
    """ListenBrainz's form of a listen whose fields have Last.fm's names in small letters."""
    info = {
        "release_artist_name": tidied(given.get("albumartist", "")),
        "tracknumber": tidied(given.get("tracknumber", "")),
        "duration": _whole(given.get("duration", "")),
        # What Last.fm calls a track's id is what MusicBrainz calls a recording's; many players send none or their own.
        "recording_mbid": mbid(given.get("mbid", "")),
        "submission_client": client,
    }
    return {
        "listened_at": given.get("timestamp") or None,
        "track_metadata": {
            "artist_name": given.get("artist", ""),
            "track_name": given.get("track", ""),
            "release_name": given.get("album") or None,
            "additional_info": {name: value for name, value in info.items() if value},
        },
    }


def client_of(user_agent: str) -> str | None:
    """The program in a User-Agent, such as ``pylast``; ``browser`` for an extension of one."""
    name = tidied(re.split("[/(]", user_agent, maxsplit=1)[0][:64])
    return "browser" if name and name.lower() == "mozilla" else name


def scrobbled(found: Sequence[Scrobble]) -> Node:
    """The answer to ``track.scrobble``: every listen of the request, in its order."""
    ignored = sum(1 for one in found if one.ignored)
    counts = {"accepted": len(found) - ignored, "ignored": ignored}
    return Node("scrobbles", [_echo("scrobble", one) for one in found], counts)


def playing(found: Scrobble) -> Node:
    """The answer to ``track.updateNowPlaying``."""
    return _echo("nowplaying", found)


def session(listener: str, key: str) -> Node:
    """The answer to ``auth.getSession`` and ``auth.getMobileSession``."""
    return Node("session", [Node("name", listener), Node("key", key), Node("subscriber", "0")])


def xml(answer: Node | Failure | None) -> str:
    """An answer as XML."""
    if isinstance(answer, Failure):
        inside, status = f'<error code="{answer.code}">{_escaped(answer.message)}</error>', "failed"
    else:
        inside, status = "" if answer is None else _xml(answer), "ok"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<lfm status="{status}">{inside}</lfm>\n'


def as_json(answer: Node | Failure | None) -> bytes:
    """An answer as JSON."""
    if isinstance(answer, Failure):
        return msgspec.json.encode({"error": answer.code, "message": _writable(answer.message)})
    return msgspec.json.encode({} if answer is None else {answer.name: _json(answer)})


def _scrobble(given: Mapping[str, str], client: str | None, now_s: float, is_playing: bool = False) -> Scrobble:
    listen = as_listen(given, client)
    if is_playing:
        del listen["listened_at"]
    kept = judged(listen, now_s, is_playing=is_playing)
    echoed = {
        "track": given.get("track", ""),
        "artist": given.get("artist", ""),
        "album": given.get("album", ""),
        "albumArtist": given.get("albumartist", ""),
        "timestamp": given.get("timestamp", ""),
    }
    return Scrobble(echoed, Submission("lastfm", kept.body, kept.listened_s, kept.reason))


def _echo(name: str, one: Scrobble) -> Node:
    parts = [Node(key, one.echoed[key], {"corrected": "0"}) for key in ("track", "artist", "album", "albumArtist")]
    if name == "scrobble":
        parts.append(Node("timestamp", one.echoed["timestamp"]))
    return Node(name, [*parts, Node("ignoredMessage", one.submission.reason or "", {"code": str(one.ignored)})])


def _whole(text: str) -> int | None:
    """Seconds in whole numbers; None for no number and for 0, which players send where they do not know."""
    try:
        seconds = int(float(text))
    except (ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < 2**31 else None


def _writable(text: object) -> str:
    """What both forms can write, which no half of a surrogate pair is."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(text))


def _escaped(text: str) -> str:
    return escape(_writable(text))


def _xml(node: Node) -> str:
    written = "".join(f" {name}={quoteattr(_writable(value))}" for name, value in node.attributes.items())
    inside = _escaped(node.within) if isinstance(node.within, str) else "".join(_xml(one) for one in node.within)
    return f"<{node.name}{written}>{inside}</{node.name}>"


def _json(node: Node) -> Any:
    """As Last.fm writes it: attributes beside ``#text``, but under ``@attr`` where there are elements within."""
    attributes = {name: _writable(one) if isinstance(one, str) else one for name, one in node.attributes.items()}
    if isinstance(node.within, str):
        text = _writable(node.within)
        return {**attributes, "#text": text} if attributes else text
    inside: dict[str, Any] = {node.lists: []} if node.lists else {}
    for name, same in _by_name(node.within):
        values = [_json(one) for one in same]
        inside[name] = values if len(values) > 1 or name == node.lists else values[0]
    return inside | {"@attr": attributes} if attributes else inside


def _by_name(nodes: Iterable[Node]) -> Iterable[tuple[str, list[Node]]]:
    found: dict[str, list[Node]] = {}
    for node in nodes:
        found.setdefault(node.name, []).append(node)
    return found.items()
