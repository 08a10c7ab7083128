"""``tonearm relay``."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, visible, with_options
from tonearm.errors import UsageError

if TYPE_CHECKING:
    from tonearm.relay.managing import RelayState
    from tonearm.store import Store
    from tonearm.store.relays import Kind

_KINDS = ("listenbrainz", "lastfm", "tonearm")
_MOST_TOKEN = 4096
_COLUMNS = ("relay", "listener", "to", "account", "state", "waiting", "sent", "refused", "problem")
_NUMBERS = "rllllrrrl"
_NUMBER = click.IntRange(1, 2**31 - 1)
_TOKEN_FROM = click.option(
    "--token-from",
    metavar="VARIABLE",
    help="Environment variable that holds the token; else it is asked for, or read from standard input.",
)


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  tonearm relay
  tonearm relay add --listener ada --to listenbrainz
  tonearm relay add --listener ada --to tonearm --url https://music.example.org
""",
)
@with_options
def relay(context: Context) -> None:
    """Forward what clients submit to ListenBrainz, Last.fm or another tonearm; without a command, list the relays."""
    if not click.get_current_context().invoked_subcommand:
        _list(context)


@relay.command(
    name="list",
    epilog="""\b
Examples:
  tonearm relay list
  tonearm relay list --json
""",
)
@with_options
def list_relays(context: Context) -> None:
    """List the relays: what waits, what was sent and refused, and problems."""
    _list(context)


@relay.command(
    epilog="""\b
Examples:
  tonearm relay add --listener ada --to listenbrainz
  tonearm relay add --listener ada --to lastfm
  tonearm relay add --listener ada --to tonearm --url https://music.example.org --token-from MUSIC_TOKEN
"""
)
@click.option("--listener", required=True, help="Whose submissions to forward.")
@click.option("--to", "kind", required=True, type=click.Choice(_KINDS), help="Kind of the other service.")
@click.option("--url", default=None, help="Its address, if not the public service's.")
@_TOKEN_FROM
@with_options
def add(context: Context, listener: str, kind: Kind, url: str | None, token_from: str | None) -> None:
    """Forward a listener's submissions from now on; what is in the history already is not sent.

    The token is never an argument: it is asked for, or read from standard input or an environment variable, and kept
    in the home in a file for its owner alone. For Last.fm it is three words: an API key, its shared secret
    (https://www.last.fm/api/account/create) and a session key, which tonearm can ask Last.fm for.
    """
    from tonearm.relay.managing import connect, service_url

    address = service_url(kind, url)  # Checked before anybody types a token.
    with context.open_store() as store:
        store.listener(listener)
        token = _token(kind, token_from, url is None)
        made = connect(context.settings, store, listener, kind, address, token, _now())
        _note(store, f"forward to {kind}", made.listener)
    _answer(context, made, f"relay {made.number}: what {made.listener} submits goes to {made.account} at {made.url}")


@relay.command(
    epilog="""\b
Examples:
  tonearm relay show 1
"""
)
@click.argument("number", type=_NUMBER)
@with_options
def show(context: Context, number: int) -> None:
    """Show a relay and the listens that the other side refused, with its reasons."""
    from tonearm.relay.managing import relay_state
    from tonearm.relay.refused import refused_listens

    with context.open_store() as store:
        state, refused = relay_state(store, number), refused_listens(store, number)
    if context.as_json:
        context.answer({"relay": state, "refused": refused})
        return
    context.grid("", _COLUMNS, [_row(state)], _NUMBERS)
    if refused:
        rows = [(f"{one.artist} – {one.track}", one.listened_at, one.reason) for one in refused]
        context.grid("refused", ("track", "at (UTC)", "reason"), rows)


@relay.command(
    epilog="""\b
Examples:
  tonearm relay pause 1
"""
)
@click.argument("number", type=_NUMBER)
@with_options
def pause(context: Context, number: int) -> None:
    """Send nothing until the relay is resumed; what is submitted meanwhile waits."""
    from tonearm.relay.managing import pause as pause_relay

    with context.open_store() as store:
        state = pause_relay(store, number, _now())
        _note(store, "pause relay", str(number))
    _answer(context, state, f"relay {number} is paused; `tonearm relay resume {number}` goes on")


@relay.command(
    epilog="""\b
Examples:
  tonearm relay resume 1
  tonearm relay resume 1 --new-token
"""
)
@click.argument("number", type=_NUMBER)
@click.option("--new-token", is_flag=True, help="Ask for a token that replaces the one before.")
@_TOKEN_FROM
@with_options
def resume(context: Context, number: int, new_token: bool, token_from: str | None) -> None:
    """Send again, with a new token if the old one was refused."""
    from tonearm.relay.managing import DEFAULT_URLS, relay_state
    from tonearm.relay.managing import resume as resume_relay

    with context.open_store() as store:
        before = relay_state(store, number)
        is_public = before.url == DEFAULT_URLS.get(before.to)
        token = _token(before.to, token_from, is_public) if new_token or token_from else None
        state = resume_relay(context.settings, store, number, token, _now())
        _note(store, "resume relay", str(number))
    _answer(context, state, f"relay {number} goes on; {state.waiting:,} listens wait")


@relay.command(
    epilog="""\b
Examples:
  tonearm relay retry 1
"""
)
@click.argument("number", type=_NUMBER)
@with_options
def retry(context: Context, number: int) -> None:
    """Send what waits without waiting longer, and what was refused once more."""
    from tonearm.relay.managing import retry as retry_relay

    with context.open_store() as store:
        state = retry_relay(store, number)
    _answer(context, state, f"relay {number}: {state.waiting:,} listens wait and are due now")


@relay.command(
    epilog="""\b
Examples:
  tonearm relay remove 1
  tonearm relay remove 1 --yes
"""
)
@click.argument("number", type=_NUMBER)
@click.option("--yes", is_flag=True, help="Also drop listens that still wait to be forwarded.")
@with_options
def remove(context: Context, number: int, yes: bool) -> None:
    """Forward no more, and forget the token. The listener's own history stays."""
    from tonearm.relay.managing import relay_state
    from tonearm.relay.managing import remove as remove_relay

    with context.open_store() as store:
        state = relay_state(store, number)
        if state.waiting and not yes:
            raise UsageError(
                f"{state.waiting:,} listens still wait to be forwarded by relay {number}; "
                "send them with `tonearm relay run`, or drop them with --yes"
            )
        state = remove_relay(context.settings, store, number)
        _note(store, "remove relay", str(number))
    _answer(context, state, f"relay {number} is removed; {state.waiting:,} listens were not forwarded")


@relay.command(
    epilog="""\b
Examples:
  tonearm relay run
"""
)
@with_options
def run(context: Context) -> None:
    """Forward now what is due; `tonearm serve` and `tonearm up` do it every few seconds."""
    from tonearm.relay import RelayReport, run_due

    report = RelayReport()
    with context.open_store() as store:
        while (one := run_due(context.settings, store, _now())).sent or one.refused or one.problems:
            report += one
    context.counts = {"sent": report.sent, "refused": report.refused, "problems": len(report.problems)}
    if context.as_json:
        context.answer(report)
        return
    context.say(f"{report.sent:,} listens were forwarded, {report.refused:,} were refused")
    for number, problem in report.problems.items():
        context.say(f"relay {number}: {problem}")


def _note(store: Store, action: str, subject: str) -> None:
    from tonearm.store.audit import note

    note(store, "command line", action, subject)


def _token(kind: Kind, variable: str | None, is_public: bool) -> str:
    """What opens the other service, from the environment, a person or standard input."""
    if variable is not None:
        found = os.environ.get(variable)
        if not found:
            raise UsageError(f"the environment variable {variable} is empty; put the token into it")
        return found
    if not sys.stdin.isatty():
        return sys.stdin.read(_MOST_TOKEN)
    return _lastfm_token(is_public) if kind == "lastfm" else _asked("token")


def _lastfm_token(is_public: bool) -> str:
    from tonearm.relay.managing import approved, ask_for_approval

    key, shared = _asked("API key"), _asked("shared secret")
    session = _asked("session key, or nothing to ask for one" if is_public else "session key", default="")
    if not session and is_public:
        token, page = ask_for_approval(key, shared, _now())
        click.echo(f"open {visible(page)}, allow tonearm there, then press Enter", err=True)
        click.pause("")
        session = approved(key, shared, token, _now())
    return f"{key} {shared} {session}"


def _asked(what: str, default: str | None = None) -> str:
    text: str = click.prompt(what, hide_input=True, default=default, show_default=False, err=True)
    return text.strip()


def _list(context: Context) -> None:
    from tonearm.relay.managing import relay_states

    with context.open_store() as store:
        states = relay_states(store)
    empty = "no relays yet; `tonearm relay add --listener NAME --to listenbrainz` adds one"
    context.listing(states, lambda one: one, empty, _COLUMNS, _row, _NUMBERS)


def _row(one: RelayState) -> tuple[object, ...]:
    account = f"{one.account} at {one.url}"
    counts = (one.waiting, one.sent, one.refused)
    return str(one.number), one.listener, one.to, account, one.state, *counts, one.problem


def _answer(context: Context, state: RelayState, text: str) -> None:
    context.answer(state) if context.as_json else context.say(text)


def _now() -> datetime:
    return datetime.now(UTC)
