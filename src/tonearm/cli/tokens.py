"""``tonearm tokens``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, with_options

if TYPE_CHECKING:
    from tonearm.store.tokens import Scope, Token

WHO = "command line"
"""Who does what is done here, in the audit."""


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  tonearm tokens create --listener ada --scope submit --scope read --name phone
  tonearm tokens create --listener ada --scope admin --days 90
  tonearm tokens
  tonearm tokens revoke 3
""",
)
@with_options
def tokens(context: Context) -> None:
    """List the tokens by which programs use the API, make one, revoke one."""
    if click.get_current_context().invoked_subcommand is None:
        _list(context)


@tokens.command("list")
@with_options
def list_(context: Context) -> None:
    """The same as `tonearm tokens`."""
    _list(context)


@tokens.command(
    epilog="""\b
Examples:
  tonearm tokens create --listener ada --scope submit --scope read --name phone
"""
)
@click.option("--listener", metavar="NAME", help="Whose token it is; may be left out where there is one listener.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["read", "submit", "admin"]),
    multiple=True,
    required=True,
    help="What it may do: read, submit listens, or everything (admin); more than one may be given.",
)
@click.option("--name", default="", help="What it is for, such as the player that uses it.")
@click.option("--days", type=float, metavar="N", help="Days for which it is valid; without it, for ever.")
@with_options
def create(context: Context, listener: str | None, scopes: tuple[Scope, ...], name: str, days: float | None) -> None:
    """Make a token, and show it this once: only its hash is kept."""
    from tonearm.store.audit import note
    from tonearm.store.tokens import create_token

    with context.open_store() as store:
        whose = store.only_listener(listener).name
        secret, token = create_token(store, whose, scopes, name, days)
        note(store, WHO, "create token", f"{token.number} of {token.listener}: {' '.join(token.scopes)}")
    if context.as_json:
        context.answer({"token": secret, **_shown(token)})
        return
    context.say(secret)
    context.note(f"token {token.number} of {token.listener} for {', '.join(token.scopes)}; it is not shown again")


@tokens.command(
    epilog="""\b
Examples:
  tonearm tokens revoke 3
"""
)
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
@with_options
def revoke(context: Context, number: int) -> None:
    """Have a token, by its number in the list, open nothing from now on."""
    from tonearm.store.audit import note
    from tonearm.store.tokens import revoke_token

    with context.open_store() as store:
        token = revoke_token(store, number)
        note(store, WHO, "revoke token", f"{token.number} of {token.listener}")
    if context.as_json:
        context.answer(_shown(token))
    else:
        context.say(f"token {token.number} of {token.listener} opens nothing any more")


def _list(context: Context) -> None:
    from tonearm.store.tokens import tokens as every

    with context.open_store() as store:
        found = every(store)
    empty = "no tokens yet; `tonearm tokens create --listener NAME --scope submit` makes one"
    columns = ("number", "listener", "name", "begins", "scopes", "used", "state")
    context.listing(found, _shown, empty, columns, _row, "r")


def _row(one: Token) -> tuple[object, ...]:
    scopes, used = " ".join(one.scopes), _day(one.used_at)
    return one.number, one.listener, one.name, f"{one.hint}…", scopes, used, _state(one)


def _state(token: Token) -> str:
    if token.revoked_at:
        return f"revoked {_day(token.revoked_at)}"
    if token.expires_at is None:
        return "valid"
    return f"{'valid until' if token.is_good(datetime.now(UTC)) else 'expired'} {_day(token.expires_at)}"


def _day(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d}"


def _shown(token: Token) -> dict[str, object]:
    return {
        "number": token.number,
        "listener": token.listener,
        "name": token.name,
        "begins": token.hint,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "revoked_at": token.revoked_at,
    }
