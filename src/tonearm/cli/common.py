"""What every command shares: its options, its way of printing and its exit code."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonearm.errors import TonearmError
from tonearm.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class Context:
    """The settings, and whether a person or a machine reads the output."""

    def __init__(self, settings: Settings, as_json: bool) -> None:
        """Keep both."""
        self.settings, self.as_json = settings, as_json

    def say(self, text: str = "") -> None:
        """Tell a person; a machine is told nothing."""
        if not self.as_json:
            click.echo(text)

    def note(self, text: str) -> None:
        """Tell a person what goes on, beside the output."""
        if not self.as_json:
            click.echo(text, err=True)

    def answer(self, value: Any) -> None:
        """Print ``value`` as one line of JSON, for machines."""
        import msgspec

        click.echo(msgspec.json.encode(value).decode())

    def grid(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], numbers: str = "") -> None:
        """Print a table for a person; ``numbers`` has ``r`` for each column to align right."""
        from rich import box
        from rich.table import Table

        grid = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", header_style="bold")
        for i, column in enumerate(columns):
            grid.add_column(column, justify="right" if numbers[i : i + 1] == "r" else "left", overflow="fold")
        for row in rows:
            grid.add_row(*(plain(value) for value in row))
        console().print(grid)


def plain(value: Any) -> str:
    """A value as a person reads it."""
    from rich.markup import escape

    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return escape(str(value))


def console() -> Console:
    """The terminal."""
    from rich.console import Console

    return Console(highlight=False)


def command(**settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with ``--home`` and ``--json``, whose errors become sentences and exit codes."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        made: click.Command = click.command(**settings)(with_options(function))
        return made

    return decorate


def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--home`` and ``--json`` to a click callback and give it a :class:`Context` first."""

    @click.option("--home", type=click.Path(), default=None, help="Folder of the lake and everything else.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
    @functools.wraps(function)
    def wrapped(*, home: str | None, as_json: bool, **arguments: Any) -> None:
        home = home or click.get_current_context().find_root().obj
        with exit_codes(as_json):
            settings = load_settings(Path(home) if home else None)
            function(Context(settings, as_json), **arguments)

    return wrapped


@contextmanager
def exit_codes(as_json: bool) -> Iterator[None]:
    """Turn errors that tonearm foresaw into a sentence on stderr and their exit code."""
    try:
        yield
    except TonearmError as error:
        if as_json:
            import msgspec

            click.echo(msgspec.json.encode({"error": type(error).__name__, "message": str(error)}).decode())
        click.echo(f"tonearm: {error}", err=True)
        sys.exit(error.exit_code)
    except PermissionError as error:
        click.echo(f"tonearm: {error.filename or 'a file'} may not be read or written; allow it and repeat", err=True)
        sys.exit(6)
    except KeyboardInterrupt:
        click.echo("\ntonearm: stopped; what was done is kept, repeat the command to go on", err=True)
        sys.exit(130)


@contextmanager
def progress(context: Context) -> Iterator[Progress | None]:
    """A progress display on a person's terminal, None for machines and pipes."""
    if context.as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield shown
