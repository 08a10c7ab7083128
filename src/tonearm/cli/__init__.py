"""The command line: one file per group of commands, which import what they need when they run."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from tonearm import __version__

_COMMANDS = {
    "import": "imports:import_",
    "connect": "connect:connect",
    "connections": "connect:connections",
    "disconnect": "connect:disconnect",
    "sync": "sync:sync",
    "imports": "imports:imports",
    "build": "tables:build",
    "tables": "tables:tables",
    "show": "tables:show",
    "listens": "listens:listens",
    "playlist": "playlist:playlist",
    "export": "export:export",
    "publish": "publish:publish",
    "recommend": "recommend:recommend",
    "listeners": "listeners:listeners",
    "tokens": "tokens:tokens",
    "train": "models:train",
    "predict": "models:predict",
    "models": "models:models",
    "run": "run:run",
    "serve": "serve:serve",
    "up": "up:up",
    "lab": "serve:lab",
    "schedule": "schedule:schedule",
    "relay": "relay:relay",
    "demo": "demo:demo",
    "store": "store:store",
    "doctor": "home:doctor",
    "backup": "home:backup",
    "restore": "home:restore",
}
"""Module and name of each command, in the order of ``--help``."""

_EPILOG = """\b
Examples:
  tonearm demo                         a simulated household, to look around
  tonearm import my_spotify_data.zip   every play once
  tonearm run                          build the tables, train and predict
  tonearm serve                        the page, on this machine only

\b
Exit codes:
  0  done                              4  a table broke its rules; old version kept
  1  a bug in tonearm                  5  another tonearm is writing
  2  the request cannot be fulfilled   6  the home folder cannot be used
  3  nothing of a file could be read   7  an engine or an extra is missing
  10 another service refuses           11 another service does not answer now
  130  stopped by Ctrl-C or SIGTERM; completed work is kept
"""


class _Lazy(click.Group):
    """Loads a command's module when it is called, so that tonearm starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(f"tonearm.cli.{module}"), name)
        assert isinstance(command, click.Command)
        return command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        for stream in (sys.stdout, sys.stderr):
            # What the output's encoding lacks is shown as ?; what programs read is written in UTF-8 anyway.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        with _visible_errors():
            _check(args)
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _visible_errors():
                return super().invoke(ctx)
        except (KeyboardInterrupt, ImportError) as error:
            if not _is_interrupted(error):
                raise
            from tonearm.cli.command import stopped

            stopped()


@contextmanager
def _visible_errors() -> Iterator[None]:
    """What click says about wrong arguments repeats them; a terminal must not obey them."""
    try:
        yield
    except click.ClickException as error:
        from tonearm.cli.command import visible

        # Declared as final; it is what click prints, and wrapping the error would lose its class's own wording.
        vars(error)["message"] = visible(error.message)
        raise


def _check(arguments: list[str]) -> None:
    """Refuse arguments that no file, name or number can be."""
    for argument in arguments:
        try:
            is_possible = b"\0" not in os.fsencode(argument)
        except UnicodeEncodeError:
            is_possible = False
        if not is_possible:
            raise click.UsageError(f"{argument} is not readable text; type it in UTF-8")


def _is_interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: libraries written in C++ answer it with an ImportError while they load."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


@click.group(
    cls=_Lazy,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="tonearm")
@click.option("--home", type=click.Path(), help="Folder of the lake and everything else.", envvar="TONEARM_HOME")
@click.pass_context
def main(ctx: click.Context, home: str | None) -> None:
    """Your listening history in a lakehouse you own: every play once, analysed."""
    ctx.obj = home


def program() -> None:
    """The program ``tonearm``."""
    # As Ctrl-C: leases and locks are given back. The first process of a container would ignore it otherwise.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main(prog_name="tonearm")
