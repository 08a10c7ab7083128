"""Spotify: what was played lately, the saved tracks and playlists, by its Web API through spotipy.

https://developer.spotify.com/documentation/web-api. Spotify gives the last 50 plays and no more; its terms forbid
training models on what its API gives, so all of it goes by the source ``spotify_api``.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import requests
import spotipy
from spotipy.cache_handler import CacheHandler
from spotipy.oauth2 import SpotifyOAuth, SpotifyPKCE

from tonearm.bronze import tidied
from tonearm.errors import ServiceRefused, ServiceUnavailable, UsageError
from tonearm.home.secrets import put_secret, secret
from tonearm.pulls import Page
from tonearm.pulls.asking import TIMEOUT_S, USER_AGENT, check, patiently
from tonearm.pulls.library import SOURCE, Gone
from tonearm.settings import Credentials, Settings
from tonearm.store.connections import Connection, Cursor, secret_name
from tonearm.store.playlists import Playlist, PlaylistTrack
from tonearm.store.submissions import Submission
from tonearm.store.tracks import SPOTIFY_TRACK

SCOPES = (
    *("user-read-recently-played", "user-library-read"),
    *("playlist-read-private", "playlist-read-collaborative"),
)
PAGE_ROWS = 50
"""Plays that Spotify gives in total, and the most of anything else at once."""
MOST_HOLES = 20
LIBRARY_EVERY_MS = 20 * 3_600_000
"""The library is looked at once a day, so that four syncs a day cost four requests and not hundreds."""
AGAIN = "`tonearm connect spotify` connects again"

_DAY_MS = 86_400_000
_EARLY_S = 60.0
"""An access token is renewed so long before it expires."""

# It logs addresses and tokens at one level or another.
logging.getLogger("spotipy").setLevel(logging.CRITICAL + 1)


class _Status(Exception):
    """A status of 400 or more that does not pass by itself."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(f"{status} {error} {message}")
        self.status, self.error, self.message = status, error, message


class Tokens(msgspec.Struct, frozen=True):
    """What opens an account; kept in the file of secrets."""

    client_id: str
    refresh_token: str
    client_secret: str = ""
    """Empty with PKCE, which needs none."""
    access_token: str = ""
    expires_s: float = 0.0
    """Seconds since 1970 at which the access token stops to open anything."""

    def __repr__(self) -> str:
        """Nothing of it."""
        return "Tokens(…)"


class _Kept(CacheHandler):  # type: ignore[misc]
    """Where spotipy puts the tokens it is given: through ``keep`` and never in a file of its own."""

    def __init__(self, keep: Callable[[dict[str, Any]], None]) -> None:
        self._keep = keep

    def get_cached_token(self) -> dict[str, Any] | None:
        return None

    def save_token_to_cache(self, token_info: dict[str, Any]) -> None:
        self._keep(token_info)


class Access:
    """An account's access token, renewed when it is due; the newest refresh token is kept at once.

    It is what spotipy calls an auth manager.
    """

    def __init__(
        self, settings: Settings, tokens: Tokens, keep: Callable[[Tokens], None], clock: Callable[[], datetime]
    ) -> None:
        """Spotify may give a new refresh token with any answer, and then takes the old one no more."""
        self.tokens, self._keep, self._clock = tokens, keep, clock
        self._session = _session()
        self._oauth = _oauth(settings, tokens.client_id, tokens.client_secret, "", self._session, self._took)

    def get_access_token(self, as_dict: bool = False) -> str:
        """A token that opens the account now; raises ServiceUnavailable and ServiceRefused."""
        if self.tokens.expires_s - self._clock().timestamp() < _EARLY_S:
            self.renew()
        return self.tokens.access_token

    def renew(self) -> None:
        """Get another access token."""
        with _plainly(f"Spotify takes the refresh token no more: access was withdrawn or is too old; {AGAIN}"):
            self._oauth.refresh_access_token(self.tokens.refresh_token)

    def _took(self, given: dict[str, Any]) -> None:
        self.tokens = _tokens(given, self.tokens, self._clock())
        self._keep(self.tokens)


def _tokens(given: dict[str, Any], before: Tokens, now: datetime) -> Tokens:
    return msgspec.structs.replace(
        before,
        refresh_token=str(given.get("refresh_token") or before.refresh_token),
        access_token=str(given["access_token"]),
        expires_s=now.timestamp() + float(given.get("expires_in") or 3600),
    )


@contextmanager
def _plainly(invalid_grant: str = "") -> Iterator[None]:
    """What requests and spotipy raise, as errors of tonearm; ``invalid_grant`` is the sentence for that one."""
    try:
        yield
    except _Status as error:
        raise (ServiceRefused(invalid_grant) if error.error == "invalid_grant" else _refusal(error)) from error
    except requests.RequestException as error:
        why = type(error).__name__
        raise ServiceUnavailable(f"Spotify does not answer ({why}); is this machine online?") from error
    except (spotipy.SpotifyBaseException, KeyError, ValueError) as error:
        raise ServiceUnavailable("Spotify answered with something that is not its protocol's") from error


def _refusal(found: _Status) -> ServiceRefused:
    message = found.message.lower()
    if found.error in {"invalid_client", "unauthorized_client"}:
        return ServiceRefused("Spotify does not know the app; check SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET")
    if found.status == 401:
        return ServiceRefused(f"Spotify refuses the access token; {AGAIN}")
    if found.status == 403 and "scope" in message:
        return ServiceRefused(f"Spotify was not allowed to show this (scopes {' '.join(SCOPES)}); {AGAIN}")
    if found.status == 403:
        return ServiceRefused(
            "Spotify refuses the account: an app in development mode shows only those that are listed for it "
            "under User Management at developer.spotify.com"
        )
    return ServiceRefused(f"Spotify refuses what was asked (status {found.status}: {found.message[:120]})")


def _session() -> requests.Session:
    """A session for spotipy whose bad answers are errors of ours before spotipy sees, logs and retries them."""
    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    session.hooks["response"].append(_checked)
    return session


def _checked(response: requests.Response, *_: Any, **__: Any) -> None:
    if response.status_code < 400:
        return
    check("Spotify", response.status_code, response.headers)
    try:
        body = response.json()
    except ValueError:
        body = {}
    found = body.get("error") if isinstance(body, dict) else None
    if isinstance(found, dict):
        raise _Status(response.status_code, "", str(found.get("message") or ""))
    raise _Status(response.status_code, str(found or ""), str(body.get("error_description") or "") if body else "")


def _oauth(
    settings: Settings,
    client_id: str,
    client_secret: str,
    redirect_uri: str,
    session: requests.Session,
    keep: Callable[[dict[str, Any]], None],
    state: str | None = None,
) -> Any:
    """Spotipy's part of the sign-in: with the app's secret, or by PKCE without one."""
    known = {
        "client_id": client_id,
        "redirect_uri": redirect_uri or Credentials().spotify_redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "requests_session": session,
        "requests_timeout": TIMEOUT_S,
        "cache_handler": _Kept(keep),
    }
    made = SpotifyOAuth(client_secret=client_secret, **known) if client_secret else SpotifyPKCE(**known)
    base = settings.spotify_accounts_url.rstrip("/")
    made.OAUTH_AUTHORIZE_URL, made.OAUTH_TOKEN_URL = f"{base}/authorize", f"{base}/api/token"
    return made


class SignIn:
    """A sign-in under way: the address to open, and what the code that comes back is worth."""

    def __init__(self, settings: Settings, known: Credentials, state: str, clock: Callable[[], datetime]) -> None:
        """Raises UsageError without a client id, and for a redirect address that Spotify refuses."""
        if not known.spotify_client_id:
            raise UsageError(
                "Spotify needs the id of an app: make one at developer.spotify.com with the redirect URI "
                f"{known.spotify_redirect_uri} and set SPOTIFY_CLIENT_ID"
            )
        self._known, self._clock = known, clock
        self._given: dict[str, Any] = {}
        self._oauth = _oauth(
            *(settings, known.spotify_client_id, known.spotify_client_secret, known.spotify_redirect_uri),
            *(_session(), self._given.update, state),
        )
        self.url: str = self._oauth.get_authorize_url()

    def tokens(self, code: str) -> Tokens:
        """The account's tokens for the code that Spotify sent; raises ServiceRefused and ServiceUnavailable."""
        with_secret = {"as_dict": False} if self._known.spotify_client_secret else {}
        with _plainly(f"Spotify does not take this sign-in; {AGAIN}"):
            self._oauth.get_access_token(code, check_cache=False, **with_secret)
        before = Tokens(self._known.spotify_client_id, "", self._known.spotify_client_secret)
        return _tokens(self._given, before, self._clock())


def account_of(settings: Settings, tokens: Tokens, clock: Callable[[], datetime]) -> tuple[str, Tokens]:
    """Id of the account that ``tokens`` open, and the newest tokens; raises ServiceRefused and ServiceUnavailable."""
    newest = [tokens]
    access = Access(settings, tokens, newest.append, clock)
    found = Spotify(settings, access, "", time.sleep).me()
    return found, newest[-1]


class Spotify:
    """One account."""

    def __init__(self, settings: Settings, access: Access, account: str, sleep: Callable[[float], None]) -> None:
        """``account`` is its id, which distinguishes its own playlists from those that it follows."""
        self._access, self._account, self._sleep = access, account, sleep
        self._client = spotipy.Spotify(
            auth_manager=access, requests_session=_session(), requests_timeout=TIMEOUT_S, retries=0
        )
        self._client.prefix = settings.spotify_url.rstrip("/") + "/"

    def me(self) -> str:
        """Id of the account."""
        return str(self._ask(self._client.current_user)["id"])

    def pages(self, cursor: Cursor, now: datetime) -> Iterator[Page]:
        """See ``Service.pages``: first the plays, then once a day the library.

        The cursor has ``after_ms``, the newest ``played_at``; ``holes``, pairs of instants between which plays are
        probably missing; and what the library looked like, so that only what has changed is read again.
        """
        page = self._plays(cursor)
        yield page
        now_ms = int(now.timestamp() * 1000)
        if now_ms - int(cursor.get("library_ms") or 0) >= LIBRARY_EVERY_MS:
            yield from self._library(dict(page.cursor), now_ms)

    def _plays(self, cursor: Cursor) -> Page:
        after_ms = cursor.get("after_ms")
        found = self._ask(self._client.current_user_recently_played, limit=PAGE_ROWS, after=after_ms)
        items = [item for item in found.get("items") or [] if isinstance(item, dict)]
        played = [ms for ms in (_ms(item.get("played_at")) for item in items) if ms is not None]
        moved = dict(cursor)
        if played:
            moved["after_ms"] = max(played)
        if after_ms is not None and len(items) >= PAGE_ROWS and played:
            hole = [_shown(after_ms), _shown(min(played))]
            moved["holes"] = [*(cursor.get("holes") or []), hole][-MOST_HOLES:]
        return Page([_submission(item) for item in items], moved, "recent plays")

    def _library(self, cursor: dict[str, Any], now_ms: int) -> Iterator[Page]:
        """Saved tracks and playlists; one that is refused does not stop the other."""
        refused: ServiceRefused | None = None
        for part in (self._saved, self._playlists):
            try:
                for page in part(cursor):
                    cursor = dict(page.cursor)
                    yield page
            except ServiceRefused as error:
                refused = refused or error
        if refused:
            raise refused
        yield Page((), {**cursor, "library_ms": now_ms}, "library")

    def _saved(self, cursor: Cursor) -> Iterator[Page]:
        first = self._ask(self._client.current_user_saved_tracks, limit=PAGE_ROWS)
        newest = next((item.get("added_at") for item in first.get("items") or []), None)
        state = [first.get("total"), newest]
        if state == cursor.get("saved"):
            return
        tracks = [track for item in self._all(first) if (track := _track(item))]
        saved = Playlist(title="Liked Songs", tracks=tracks, source=SOURCE, source_id="saved")
        yield Page((), {**cursor, "saved": state}, "saved tracks", (saved,))

    def _playlists(self, cursor: Cursor) -> Iterator[Page]:
        """Those that the listener made or may change: of others Spotify does not show the tracks."""
        listed = [p for p in self._all(self._ask(self._client.current_user_playlists, limit=PAGE_ROWS)) if p.get("id")]
        own = {str(p["id"]): p for p in listed if _is_own(p, self._account)}
        before: dict[str, Any] = dict(cursor.get("playlists") or {})
        known = {id: snapshot for id, snapshot in before.items() if id in own}
        if known != before:
            yield Page((), {**cursor, "playlists": known}, "playlists", (Gone(tuple(sorted(before.keys() - own))),))
        for id, found in own.items():
            if known.get(id) != found.get("snapshot_id") or not found.get("snapshot_id"):
                first = self._ask(self._client.playlist_items, id, limit=PAGE_ROWS, additional_types=("track",))
                tracks = [track for item in self._all(first) if (track := _track(item))]
                known = {**known, id: found.get("snapshot_id")}
                yield Page((), {**cursor, "playlists": known}, str(found.get("name")), (_playlist(found, tracks),))

    def _all(self, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The items of a page and of those that follow it."""
        while True:
            yield from (item for item in page.get("items") or [] if isinstance(item, dict))
            if not page.get("next"):
                return
            page = self._ask(self._client.next, page)

    def _ask(self, method: Callable[..., Any], *arguments: Any, **options: Any) -> dict[str, Any]:
        """The answer of one of spotipy's methods; where the access token is refused, once more with another."""
        try:
            return patiently(lambda: _answer(method, *arguments, **options), self._sleep)
        except _Status as error:
            if error.status != 401:
                raise _refusal(error) from error
        patiently(self._access.renew, self._sleep)
        with _plainly():
            return patiently(lambda: _answer(method, *arguments, **options), self._sleep)


def _answer(method: Callable[..., Any], *arguments: Any, **options: Any) -> dict[str, Any]:
    try:
        found = method(*arguments, **options)
    except requests.RequestException as error:
        why = type(error).__name__
        raise ServiceUnavailable(f"Spotify does not answer ({why}); is this machine online?") from error
    if not isinstance(found, dict):
        raise ServiceUnavailable("Spotify answered with something that is not its protocol's")
    return found


def _ms(written: object) -> int | None:
    """Milliseconds since 1970 of an instant as the API writes it; None for anything else."""
    try:
        at = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _shown(ms: float) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _submission(item: dict[str, Any]) -> Submission:
    """A play as ListenBrainz has it; ``played_at`` is the start of some and the end of others."""
    ms, track = _ms(item.get("played_at")), item.get("track") or {}
    at_s = None if ms is None else ms / 1000
    artists = [artist for artist in track.get("artists") or [] if isinstance(artist, dict)]
    album = track.get("album") or {}
    info = {
        "spotify_id": track.get("id"),
        "duration_ms": track.get("duration_ms"),
        "artist_names": [artist.get("name") for artist in artists],
        "spotify_artist_ids": [artist["id"] for artist in artists if artist.get("id")],
        "spotify_album_id": album.get("id"),
        "isrc": (track.get("external_ids") or {}).get("isrc"),
        "tracknumber": track.get("track_number"),
        "discnumber": track.get("disc_number"),
        "release_artist_name": _first_name(album),
    }
    metadata = {
        "artist_name": _first_name(track),
        "track_name": track.get("name"),
        "release_name": album.get("name"),
        "additional_info": {name: value for name, value in info.items() if value},
    }
    body = json.dumps({"listened_at": at_s, "track_metadata": metadata}, ensure_ascii=False)
    return Submission("spotify_api", body, at_s, None if at_s is not None else "no date")


def _first_name(of: dict[str, Any]) -> str | None:
    return next((a.get("name") for a in of.get("artists") or [] if isinstance(a, dict)), None)


def _track(item: dict[str, Any]) -> PlaylistTrack | None:
    """The track of an item of the library; None for an episode, and for one that is gone or without a name."""
    track = item.get("track") or item.get("item")
    if not isinstance(track, dict) or track.get("type", "track") != "track":
        return None
    title, artist = (tidied(str(name or "")) for name in (track.get("name"), _first_name(track)))
    length, added_ms = track.get("duration_ms"), _ms(item.get("added_at"))
    if title is None or artist is None:
        return None
    return PlaylistTrack(
        track_name=title,
        artist_name=artist,
        album_name=(track.get("album") or {}).get("name"),
        spotify_id=track["id"] if SPOTIFY_TRACK.fullmatch(str(track.get("id"))) else None,
        duration_s=length / 1000 if isinstance(length, int | float) and 0 < length <= _DAY_MS else None,
        added_at=None if added_ms is None else datetime.fromtimestamp(added_ms / 1000, UTC),
    )


def _is_own(playlist: dict[str, Any], account: str) -> bool:
    return bool(playlist.get("collaborative")) or (playlist.get("owner") or {}).get("id") == account


def _playlist(found: dict[str, Any], tracks: Sequence[PlaylistTrack]) -> Playlist:
    title, description = str(found.get("name") or "untitled"), found.get("description") or None
    return Playlist(
        title=title,
        tracks=tracks,
        description=description,
        is_public=bool(found.get("public")),
        source=SOURCE,
        source_id=str(found["id"]),
    )


def open_spotify(settings: Settings, connection: Connection, now: datetime, sleep: Callable[[float], None]) -> Spotify:
    """The account of ``connection``; raises ServiceRefused where its tokens are gone."""
    name = secret_name(connection)
    found = secret(settings, name)
    if not found:
        raise ServiceRefused(f"the tokens for Spotify are not in the file of secrets; {AGAIN}")

    def keep(tokens: Tokens) -> None:
        put_secret(settings, name, encoded(tokens))

    access = Access(settings, msgspec.json.decode(found, type=Tokens), keep, lambda: now)
    return Spotify(settings, access, connection.account, sleep)


def encoded(tokens: Tokens) -> str:
    """The tokens as a secret."""
    return msgspec.json.encode(tokens).decode()
