"""``tonearm connect``, ``connections`` and ``disconnect``."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, command, with_options
from tonearm.errors import ServiceRefused, UsageError

if TYPE_CHECKING:
    from tonearm.pulls.spotify import Tokens
    from tonearm.settings import Credentials
    from tonearm.store.connections import Connection, Kind

_LISTENER = click.option("--listener", help="Whose history it is; needed once there are several listeners.")


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  tonearm connect spotify --listener ada
  tonearm connect lastfm RJ --listener ada
  tonearm connect listenbrainz --listener ada
  tonearm connect
""",
)
@with_options
def connect(context: Context) -> None:
    """Connect a service from which a listener's history is pulled; without one, list the connections.

    `tonearm sync` then pulls what is new. Tokens are kept in the file `secrets.json` of the home, for its owner alone.
    """
    if not click.get_current_context().invoked_subcommand:
        _list(context)


@command(
    epilog="""\b
Examples:
  tonearm connections
  tonearm connections --json
"""
)
def connections(context: Context) -> None:
    """List the connections: how far each was pulled, and what is wrong with it."""
    _list(context)


@connect.command(
    name="spotify",
    epilog="""\b
Examples:
  tonearm connect spotify --listener ada
  tonearm connect spotify --paste
  tonearm connect spotify --print-refresh-token
""",
)
@_LISTENER
@click.option("--paste", is_flag=True, help="Paste the address that the browser ends at; for a browser elsewhere.")
@click.option("--no-browser", is_flag=True, help="Print the address to open instead of opening it.")
@click.option(
    "--print-refresh-token",
    "prints",
    is_flag=True,
    help="Print the refresh token, for SPOTIFY_REFRESH_TOKEN elsewhere.",
)
@with_options
def connect_spotify(context: Context, listener: str | None, paste: bool, no_browser: bool, prints: bool) -> None:
    """Connect a Spotify account: recent plays, saved tracks and playlists.

    Needs the id of an app of yours (developer.spotify.com, with the redirect URI http://127.0.0.1:8888/callback) in
    SPOTIFY_CLIENT_ID, in the environment or in a file `.env` here or in the home; CLIENT_ID, CLIENT_SECRET and
    REDIRECT_URI are read, too. With SPOTIFY_REFRESH_TOKEN no browser is needed.
    """
    from tonearm.pulls import require_spotify
    from tonearm.settings import credentials

    known = credentials(context.settings.home)
    require_spotify()
    from tonearm.pulls.spotify import account_of, encoded

    signed_in = _signed_in(context, known, paste, no_browser)
    try:
        account, tokens = account_of(context.settings, signed_in, _now)
    except ServiceRefused as error:
        if known.spotify_refresh_token:
            raise ServiceRefused(
                f"{error}; the token is that of SPOTIFY_REFRESH_TOKEN: without that variable a browser signs in"
            ) from error
        raise
    _keep(context, listener, "spotify", account, encoded(tokens))
    if prints:
        # The one place where a secret is shown, because it was asked for.
        context.answer({"refresh_token": tokens.refresh_token}) if context.as_json else click.echo(tokens.refresh_token)


def _signed_in(context: Context, known: Credentials, paste: bool, no_browser: bool) -> Tokens:
    """The account's tokens: of the refresh token that is known, else from a browser."""
    import secrets
    import webbrowser

    from tonearm.pulls.callback import code_of, wait_for_code
    from tonearm.pulls.spotify import SignIn, Tokens

    if known.spotify_refresh_token:
        if not known.spotify_client_id:
            raise UsageError("SPOTIFY_REFRESH_TOKEN belongs to an app: set SPOTIFY_CLIENT_ID, too")
        return Tokens(known.spotify_client_id, known.spotify_refresh_token, known.spotify_client_secret)
    state = secrets.token_urlsafe(16)
    signing = SignIn(context.settings, known, state, _now)
    click.echo(f"Allow tonearm to read your Spotify account at:\n{signing.url}", err=True)
    if paste:
        address = click.prompt("The address that the browser ended at", err=True)
        return signing.tokens(code_of(address, state))

    def open_it() -> None:
        if not no_browser:
            webbrowser.open(signing.url)

    return signing.tokens(wait_for_code(known.spotify_redirect_uri, state, open_it))


@connect.command(
    name="lastfm",
    epilog="""\b
Examples:
  tonearm connect lastfm RJ --listener ada
""",
)
@click.argument("account")
@_LISTENER
@with_options
def connect_lastfm(context: Context, account: str, listener: str | None) -> None:
    """Connect a Last.fm account by its name; its whole history is pulled.

    Needs an API key from last.fm/api, in LASTFM_API_KEY or typed in when asked.
    """
    from tonearm.home.secrets import put_secret, secret
    from tonearm.pulls.asking import client
    from tonearm.pulls.lastfm import KEY, Lastfm
    from tonearm.settings import credentials

    given = credentials(context.settings.home).lastfm_api_key
    key = given or secret(context.settings, KEY) or _asked("Last.fm's API key")
    with client(context.settings.lastfm_url) as http:
        name, _ = Lastfm(http, account, key, time.sleep).registered()
    put_secret(context.settings, KEY, key)
    _keep(context, listener, "lastfm", name, None)


@connect.command(
    name="listenbrainz",
    epilog="""\b
Examples:
  tonearm connect listenbrainz rob --listener ada
  tonearm connect listenbrainz
""",
)
@click.argument("account", required=False)
@_LISTENER
@with_options
def connect_listenbrainz(context: Context, account: str | None, listener: str | None) -> None:
    """Connect a ListenBrainz account, by its name or by a user token; its whole history is pulled.

    Listens there are public, so a name is enough. Without one the token in LISTENBRAINZ_TOKEN, or typed in when asked,
    says whose account it is.
    """
    from tonearm.pulls.listenbrainz import count, user_name
    from tonearm.settings import credentials

    token = credentials(context.settings.home).listenbrainz_token or (
        None if account else _asked("The user token from listenbrainz.org/settings")
    )
    name = account or user_name(context.settings, token or "", time.sleep)
    count(context.settings, name, token, time.sleep)
    _keep(context, listener, "listenbrainz", name, token)


@command(
    epilog="""\b
Examples:
  tonearm disconnect spotify --listener ada
"""
)
@click.argument("service", type=click.Choice(["spotify", "lastfm", "listenbrainz"]))
@_LISTENER
def disconnect(context: Context, service: str, listener: str | None) -> None:
    """Forget a connection and its tokens; what was pulled stays."""
    from tonearm.store.connections import connection_of
    from tonearm.store.connections import disconnect as forget

    with context.open_store() as store:
        found = connection_of(store, store.only_listener(listener).name, service)
        forget(context.settings, store, found)
    if context.as_json:
        context.answer(_shown(found))
    else:
        context.say(f"{found.kind} is disconnected for {found.listener}; what was pulled stays")


def _keep(context: Context, listener: str | None, kind: Kind, account: str, secret: str | None) -> None:
    from tonearm.home import make_home
    from tonearm.home.secrets import put_secret
    from tonearm.store.connections import connect as keep
    from tonearm.store.connections import secret_name

    make_home(context.settings)
    with context.open_store() as store:
        whose = store.ensure_listener(listener or (store.only_listener(None).name if store.listeners() else "me"))
        made = keep(store, whose.name, kind, account, _now())
        put_secret(context.settings, secret_name(made), secret)
    if context.as_json:
        context.answer(_shown(made))
    else:
        context.note(f"{kind} is connected for {made.listener}: account {account}; next: `tonearm sync`")


def _asked(what: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(f"{what} is needed; set it in the environment or in a file .env")
    return str(click.prompt(what, hide_input=True, err=True)).strip()


def _list(context: Context) -> None:
    from tonearm.store.connections import connections as every

    with context.open_store() as store:
        found = every(store)
    empty = "no connections yet; `tonearm connect spotify`, `lastfm` or `listenbrainz` makes one"
    context.listing(found, _shown, empty, ("listener", "service", "account", "pulled (UTC)", "state"), _line)


def _line(one: Connection) -> tuple[str | None, ...]:
    pulled = f"{one.pulled_at:%Y-%m-%d %H:%M}" if one.pulled_at else None
    return one.listener, one.kind, one.account, pulled, state_of(one)


def state_of(one: Connection) -> str:
    """How a connection is, in words."""
    from tonearm.pulls import hole_of

    parts = [one.problem or ("good" if one.pulled_at else "not pulled yet")]
    if one.retry_at and not one.may_be_asked(_now()):
        parts.append(f"not asked before {one.retry_at:%Y-%m-%d %H:%M} UTC")
    if hole := hole_of(one.cursor):
        parts.append(hole)
    return "; ".join(parts)


def _shown(one: Connection) -> dict[str, object]:
    from tonearm.pulls import hole_of

    return {
        "listener": one.listener,
        "service": one.kind,
        "account": one.account,
        "connected_at": one.connected_at,
        "pulled_at": one.pulled_at,
        "retry_at": one.retry_at,
        "problem": one.problem,
        "hole": hole_of(one.cursor),
    }


def _now() -> datetime:
    return datetime.now(UTC)
