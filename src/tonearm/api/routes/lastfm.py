"""Last.fm 2.0 at ``/2.0/``, and the page on which a listener lets a program in.

Any ``api_key`` is accepted and ``api_sig`` is not checked: a server of one's own registers no programs, so that there
is no secret to check it with. What authorises is the session key, which is opened by the scrobble password or a token.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from tonearm.api.accepting import RETRY_AFTER_S, STORE_ERRORS, RawBody, accept, now
from tonearm.api.auth import caller
from tonearm.api.deps import SettingsDep, StoreDep
from tonearm.api.reading import Reading, ReadingDep
from tonearm.errors import UnknownName, UsageError
from tonearm.read.tops import Entity, sums, tops
from tonearm.scrobble import lastfm as protocol
from tonearm.scrobble import lastfm_reads as reads
from tonearm.scrobble.lastfm import Failure, Node, client_of
from tonearm.scrobble.listenbrainz import duration_s
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.loves import LOVED, Love, give_love, loves, take_love_back
from tonearm.store.playing import playing, set_playing
from tonearm.store.scrobble_passwords import password_md5
from tonearm.store.scrobble_sessions import (
    find_session,
    new_token,
    open_session,
    redeem_token,
)
from tonearm.store.tokens import find_token

router = APIRouter(tags=["lastfm"])

_CODES = {
    401: protocol.FAILED,
    429: protocol.TOO_MANY,
    409: protocol.TRY_AGAIN,
    507: protocol.TRY_AGAIN,
    500: 8,
    503: 16,
}
"""Last.fm's code for an HTTP status; 6, wrong parameters, for any other."""


def in_lastfm_form(request: Request, status: int, message: str) -> Response:
    """An error as Last.fm writes it, in the form that was asked for."""
    given = {name.lower(): value for name, value in request.query_params.items()}
    return _answer(Failure(_CODES.get(status, protocol.BAD_PARAMETERS), message), given.get("format", ""), status)


_LAST_S = 4_102_444_800
"""Later than any listen: the year 2100."""

ERROR_FORMS = (("/2.0", in_lastfm_form),)


@dataclass(frozen=True)
class _Call:
    """A call of a method."""

    request: Request
    store: Store
    given: dict[str, str]
    client: str | None
    reading: Reading
    settings: Settings

    def listener(self, *, reads: bool = False) -> str:
        """Whose session key the call has; raises Failure without a good one, and for one that may not what it does."""
        found = find_session(self.store, self.given.get("sk", ""), "lastfm", now())
        if found is None or found.listener is None:
            raise Failure(protocol.BAD_SESSION, "Invalid session key - Please re-authenticate")
        if reads and not found.may_read:
            raise _may_not_read()
        return found.listener

    def read_listener(self) -> str:
        """The listener ``user``, else the session's, if the call may read them; raises Failure and 401."""
        asked = self.given.get("user", "")
        if "sk" in self.given:
            own: str | None = self.listener(reads=True)
        else:
            who = caller(self.request, self.store)
            if not who.may("read"):
                raise _may_not_read()
            own = None if who.may("admin") else who.listener
        if not asked and own is None:
            raise Failure(protocol.BAD_PARAMETERS, "user is needed: the name of a listener")
        try:
            name = self.store.listener(asked).name if asked else own or ""
        except UnknownName as error:
            raise Failure(protocol.BAD_PARAMETERS, "User not found") from error
        if own not in (None, name):
            raise Failure(protocol.LOGIN_NEEDED, f"Login: {own} may not read what {name} heard")
        return name


def _may_not_read() -> Failure:
    return Failure(protocol.LOGIN_NEEDED, "Login: this needs a token with the scope read")


@router.get("/2.0", include_in_schema=False)
@router.get("/2.0/")
@router.post("/2.0", include_in_schema=False)
@router.post("/2.0/")
def call(request: Request, body: RawBody, store: StoreDep, reading: ReadingDep, settings: SettingsDep) -> Response:
    """A method of Last.fm's: ``method`` and its parameters in the query, the body or both; ``format=json`` for JSON."""
    form = request.query_params.get("format", "")
    try:
        given = protocol.parameters(request.url.query, body)
        form = given.get("format", form)
        method = _METHODS.get(given.get("method", "").lower())
        if method is None:
            raise Failure(protocol.UNKNOWN_METHOD, "Invalid Method - No method with that name in this package")
        client = client_of(request.headers.get("user-agent", ""))
        return _answer(method(_Call(request, store, given, client, reading, settings)), form)
    except Failure as failure:
        return _answer(failure, form)
    except STORE_ERRORS as error:
        return _answer(Failure(protocol.TRY_AGAIN, str(error)), form)
    except UsageError as error:
        return _answer(Failure(protocol.BAD_PARAMETERS, str(error)), form)


def _answer(answer: Node | Failure | None, form: str, status: int = 400) -> Response:
    code = 200
    if isinstance(answer, Failure):
        code = answer.status if answer.code != protocol.BAD_PARAMETERS else status
    headers = {"Retry-After": str(RETRY_AFTER_S)} if code == 503 else None
    if form.lower() == "json":
        return Response(protocol.as_json(answer), code, headers, "application/json")
    return Response(protocol.xml(answer), code, headers, "text/xml; charset=utf-8")


def _mobile_session(call: _Call) -> Node:
    """A session by name and scrobble password, or by ``authToken``, which is made of both."""
    given = call.given
    name, password = given.get("username", ""), given.get("password", "")
    listener, token = proved(call.store, name, password, given.get("authtoken", ""))
    return protocol.session(listener, open_session(call.store, listener, "lastfm", call.client, now(), token))


def proved(store: Store, name: str, password: str, proof: str = "") -> tuple[str, int | None]:
    """The listener ``name``, if the password is theirs or a token of theirs that may submit, and the token's number.

    Raises Failure.
    """
    refused = Failure(
        protocol.FAILED,
        "Authentication failed: name the listener and use their scrobble password, which "
        "`tonearm listeners scrobble-password` makes",
    )
    try:
        listener = store.listener(name).name
        known = password_md5(store, listener)
    except UnknownName as error:
        raise refused from error
    if known and (_is_equal(_md5(password), known) or _is_equal(_md5(name + known), proof.lower())):
        return listener, None
    token = find_token(store, password) if password else None
    if token is None or token.listener != listener or not {"submit", "admin"} & set(token.scopes):
        raise refused
    return listener, token.number


def _is_equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "replace"))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _token(call: _Call) -> Node:
    return Node("token", new_token(call.store, call.client, now()))


def _session(call: _Call) -> Node:
    """The session of a token that the listener authorised at ``/api/auth/``, once."""
    token, at = call.given.get("token", ""), now()
    opened = redeem_token(call.store, token, at)
    if opened is not None:
        return protocol.session(*opened)
    if find_session(call.store, token, "lastfm_token", at) is None:
        raise Failure(protocol.BAD_TOKEN, "Unauthorized Token - This token is unknown, was used or has expired")
    raise Failure(protocol.NOT_AUTHORISED, "Unauthorized Token - This token has not been authorized")


def _scrobble(call: _Call) -> Node:
    listener = call.listener()
    found = protocol.scrobbles(call.given, call.client, now().timestamp())
    accept(call.request, call.store, listener, [one.submission for one in found])
    return protocol.scrobbled(found)


def _now_playing(call: _Call) -> Node:
    listener, at = call.listener(), now()
    found = protocol.now_playing(call.given, call.client, at.timestamp())
    length_s = duration_s(msgspec.json.decode(found.submission.body))
    set_playing(call.store, listener, found.submission.body, length_s, at)
    return protocol.playing(found)


def _love(call: _Call) -> None:
    give_love(call.store, call.listener(), _loved(call))


def _unlove(call: _Call) -> None:
    take_love_back(call.store, call.listener(), _loved(call))


def _loved(call: _Call) -> Love:
    track = protocol.now_playing(call.given, None, now().timestamp())
    named = msgspec.json.decode(track.submission.body)["track_metadata"]
    return Love(LOVED, now(), named["artist_name"], named["track_name"])


def _user(call: _Call) -> Node:
    listener = call.read_listener()
    ends = call.reading.plays.ends(call.store, listener)
    return reads.user(listener, call.reading.plays.count(call.store, listener), ends and ends[0])


def _recent_tracks(call: _Call) -> Node:
    """Newest first, from ``from`` to before ``to``; a later page costs as much as all before it."""
    listener, asked = call.read_listener(), reads.page(call.given)
    start = reads.number(call.given, "from", 0, _LAST_S)
    end = reads.number(call.given, "to", _LAST_S, _LAST_S)
    after, before = _instant(start) - timedelta(microseconds=1), _instant(end)
    plays = call.reading.plays
    rows = plays.page(call.store, listener, (after, None), (before, None), asked.start + asked.size)
    total = plays.count(call.store, listener)
    if start or end < _LAST_S:
        fresh = plays.fresh(call.store, listener)["started_at"].to_pylist()
        total = sums(call.settings, listener, _instant(start), before).listens
        total += sum(after < at < before for at in fresh)
    found = playing(call.store, listener, now())
    now_playing = msgspec.json.decode(found.body) if found else None
    is_extended = call.given.get("extended") == "1"
    loved = reads.is_loved(loves(call.store, listener, LOVED)) if is_extended else None
    return reads.recent(listener, rows.slice(asked.start).to_pylist(), now_playing, asked, total, loved)


def _loved_tracks(call: _Call) -> Node:
    listener = call.read_listener()
    return reads.loved_tracks(listener, loves(call.store, listener, LOVED), reads.page(call.given))


def _top(entity: Entity) -> Callable[[_Call], Node]:
    def answer(call: _Call) -> Node:
        listener, asked = call.read_listener(), reads.page(call.given)
        between = reads.period(call.given, now())
        about = ("lastfm", listener, entity, between)
        found = call.reading.answer(about, lambda: tops(call.settings, listener, entity, *between))
        return reads.top(listener, entity, found.ranked, asked)

    return answer


def _instant(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


_METHODS: dict[str, Callable[[_Call], Node | None]] = {
    "auth.getmobilesession": _mobile_session,
    "auth.gettoken": _token,
    "auth.getsession": _session,
    "track.scrobble": _scrobble,
    "track.updatenowplaying": _now_playing,
    "track.love": _love,
    "track.unlove": _unlove,
    "user.getinfo": _user,
    "user.getrecenttracks": _recent_tracks,
    "user.getlovedtracks": _loved_tracks,
    "user.gettopartists": _top("artists"),
    "user.gettopalbums": _top("releases"),
    "user.gettoptracks": _top("recordings"),
}
