"""What every command shares: its options, its way of printing and its exit code."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from tonearm.errors import HomeUnusable, TonearmError, UsageError
from tonearm.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_NAME_CHARS, _INSTANT_CHARS = 32, 16
_PIPE_COLUMNS = 160
NOTHING_YET = "`tonearm import PATH` brings in a history, `tonearm demo` an example"


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
        """Print a table for a person; ``numbers`` has ``r`` for each column to align right.

        Where the terminal is too narrow the prose wraps, not the names and numbers. A row of one value is a heading.
        """
        from rich import box
        from rich.table import Table

        written = [[plain(value) for value in row] for row in rows]
        grid = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", header_style="bold")
        if _wanted(columns, written) > width():
            grid.padding = (0, 0, 0, 0)
        for i, column in enumerate(columns):
            whole = all(_is_word(cell) for row in written for cell in row[i : i + 1] if len(row) > 1)
            justify: Literal["left", "right"] = "right" if numbers[i : i + 1] == "r" else "left"
            grid.add_column(column, justify=justify, overflow="ellipsis" if whole else "fold", no_wrap=whole)
        for cells in written:
            if len(cells) == 1 < len(columns):
                grid.add_section()
            grid.add_row(*cells, style="bold" if len(cells) == 1 < len(columns) else None)
        console().print(grid)


def _wanted(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Characters of a line in which nothing would have to wrap."""
    longest = [max(len(c), *(len(r[i]) for r in rows if len(r) > i), 0) for i, c in enumerate(columns)]
    return sum(longest) + 3 * len(longest)


def _is_word(cell: str) -> bool:
    """Whether a cell is a name, a number or an instant, which nobody wants to read in two pieces."""
    return len(cell) <= _INSTANT_CHARS or (len(cell) <= _NAME_CHARS and " " not in cell)


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

    return Console(highlight=False, width=width())


def width() -> int:
    """Columns of the terminal; of a pipe more, because whoever reads it can cut or scroll."""
    return shutil.get_terminal_size((_PIPE_COLUMNS, 24)).columns


def command(**settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with ``--home`` and ``--json``, whose errors become sentences and exit codes."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        made: click.Command = click.command(**settings)(with_options(function))
        return made

    return decorate


def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--home`` and ``--json`` to a click callback and give it a :class:`Context` first."""

    @click.option("--home", type=click.Path(), default=None, help="Folder of the lake and everything else.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
    @functools.wraps(function)
    def wrapped(*, home: str | None, as_json: bool, **arguments: Any) -> None:
        home = home or click.get_current_context().find_root().obj
        with exit_codes(as_json):
            _check_texts(arguments.values())
            settings = load_settings(Path(home) if home else None)
            function(Context(settings, as_json), **arguments)

    return wrapped


def _check_texts(values: Iterable[Any]) -> None:
    """Refuse arguments that are not text: bytes of another encoding reach Python as lone surrogates."""
    for value in values:
        if isinstance(value, tuple):
            _check_texts(value)
        elif isinstance(value, str) and not value.isascii() and value != value.encode("utf-8", "replace").decode():
            shown = value.encode("utf-8", "backslashreplace").decode()
            raise UsageError(f"{shown} is not readable text; type it in UTF-8")


@contextmanager
def exit_codes(as_json: bool) -> Iterator[None]:
    """Turn errors that tonearm foresaw into a sentence on stderr and their exit code."""
    try:
        yield
    except TonearmError as error:
        _fail(error, as_json)
    except PermissionError as error:
        _fail(HomeUnusable(f"{error.filename or 'a file'} may not be read or written; allow it and repeat"), as_json)
    except BrokenPipeError:
        # Whoever read the output has seen enough of it; nothing more can be told there, not even at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _fail(HomeUnusable(f"{error.filename or 'the disk'}: {error.strerror or error}; see to it and repeat"), as_json)
    except KeyboardInterrupt:
        stopped()


def stopped() -> NoReturn:
    """Say that Ctrl-C was heard, and end with the exit code of that."""
    click.echo("\ntonearm: stopped; what was done is kept, repeat the command to go on", err=True)
    sys.exit(130)


def _fail(error: TonearmError, as_json: bool) -> NoReturn:
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode({"error": type(error).__name__, "message": str(error)}).decode())
    click.echo(f"tonearm: {error}", err=True)
    sys.exit(error.exit_code)


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
