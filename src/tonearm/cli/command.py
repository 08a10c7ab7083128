"""Shared by all commands: common options, printing and exit codes."""

from __future__ import annotations

import functools
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

import click

from tonearm.errors import HomeUnusable, TonearmError, UsageError
from tonearm.logs import has_events, write_event, write_logs
from tonearm.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from tonearm.store import Store

_Listed = TypeVar("_Listed")
_NAME_CHARS, _INSTANT_CHARS = 32, 16
_PIPE_COLUMNS = 160
_NOT_FOR_A_TERMINAL = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""Characters that a terminal obeys rather than shows, but line ends and tabs: control characters, and those that turn
the direction of all text after them."""
_UNSHOWN = re.compile(rf"[{_NOT_FOR_A_TERMINAL}\ud800-\udfff]")
_UNESCAPED = re.compile(rf"[{_NOT_FOR_A_TERMINAL}]")
ROWS = click.IntRange(0, 2**62)
"""A number of rows; the engines count in 64 bits and add to it."""
SEED = click.IntRange(0, 2**32 - 1)
"""A number from which what is drawn by chance follows; the generators of NumPy and scikit-learn take these."""
_STOPPED = 130
"""Exit code after Ctrl-C."""
NOTHING_YET = "`tonearm import PATH` brings in a history, `tonearm demo` an example"


class Context:
    """The settings, and whether the output is for people or JSON for machines."""

    def __init__(self, settings: Settings, as_json: bool) -> None:
        """Keep both."""
        self.settings, self.as_json = settings, as_json
        self.counts: dict[str, Any] = {}
        """What the log's line about this command has of its own."""

    def say(self, text: str = "") -> None:
        """Print text for people; nothing with ``--json``."""
        if not self.as_json:
            click.echo(visible(text))

    def note(self, text: str) -> None:
        """Print a message for people to standard error; nothing with ``--json``."""
        if has_events():
            write_event("note", message=text)
        elif not self.as_json:
            click.echo(visible(text), err=True)

    def answer(self, value: Any) -> None:
        """Print ``value`` as one line of JSON, for machines."""
        click.echo(json_line(value))

    def document(self, text: str) -> None:
        """Print a text that is read by programs too: in UTF-8 whatever the encoding of the output."""
        self.data((visible(text) if is_terminal() else text).encode("utf-8", "replace"))

    def data(self, content: bytes) -> None:
        """Print bytes for programs."""
        click.echo(content, nl=False)

    @contextmanager
    def open_store(self) -> Iterator[Store]:
        """The home's store, closed at the end; one that is not there is made when something is written to it."""
        from tonearm.store import open_store

        with closing(open_store(self.settings)) as store:
            yield store

    def listing(
        self,
        found: Sequence[_Listed],
        record: Callable[[_Listed], Any],
        empty: str,
        columns: Sequence[str],
        row: Callable[[_Listed], Sequence[Any]],
        numbers: str = "",
    ) -> None:
        """Print a list: with ``--json`` each one's ``record``, else a table of their rows, or why it is ``empty``."""
        if self.as_json:
            self.answer([record(one) for one in found])
        elif not found:
            self.say(empty)
        else:
            self.grid("", columns, [row(one) for one in found], numbers)

    def grid(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], numbers: str = "") -> None:
        """Print a table for people; ``numbers`` has ``r`` for each column to align right.

        On a narrow terminal prose wraps, names and numbers do not. A row of one value is a heading.
        """
        from rich import box
        from rich.table import Table

        written = [[plain(value) for value in row] for row in rows]
        columns = [plain(column) for column in columns]
        grid = Table(
            title=plain(title) if title else None, box=box.SIMPLE_HEAD, title_justify="left", header_style="bold"
        )
        if _full_width(columns, written) > width():
            grid.padding = (0, 0, 0, 0)
        for i, column in enumerate(columns):
            whole = all(_is_word(cell) for row in written for cell in row[i : i + 1] if len(row) > 1)
            justify: Literal["left", "right"] = "right" if numbers[i : i + 1] == "r" else "left"
            grid.add_column(column, justify=justify, overflow="ellipsis" if whole else "fold", no_wrap=whole)
        for cells in written:
            if len(cells) == 1 < len(columns):
                grid.add_section()
            grid.add_row(*cells, style="bold" if len(cells) == 1 < len(columns) else None)
        screen = console()
        with screen.capture() as drawn:
            screen.print(grid)
        # Written by click, because Rich takes a closed pipe for a failure and ends the program with exit code 1.
        click.echo(drawn.get(), nl=False)


def _full_width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Width of a line in which nothing has to wrap."""
    longest = [max(len(c), *(len(r[i]) for r in rows if len(r) > i), 0) for i, c in enumerate(columns)]
    return sum(longest) + 3 * len(longest)


def _is_word(cell: str) -> bool:
    """Whether a cell is a name, a number or an instant, which should not wrap."""
    return len(cell) <= _INSTANT_CHARS or (len(cell) <= _NAME_CHARS and " " not in cell)


def plain(value: Any) -> str:
    """A value as text for people."""
    from rich.markup import escape

    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return escape(visible(str(value)))


def visible(text: str) -> str:
    """``text`` as a terminal shows it: what would move its cursor, change its colours or title becomes �."""
    return _UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", text)


def json_line(value: Any) -> bytes:
    """``value`` as one line of JSON in UTF-8, with the characters escaped that a terminal would obey."""
    import json

    import msgspec

    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        # A path may hold bytes that are no text, and these reach Python as lone surrogates.
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":"))
    escaped = _UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return escaped.encode("utf-8", "replace")


def is_terminal() -> bool:
    """Whether a person sees the standard output as it is written."""
    return sys.stdout is not None and sys.stdout.isatty()


def console() -> Console:
    """Rich's console on standard output."""
    from rich.console import Console

    return Console(highlight=False, width=width())


def width() -> int:
    """Columns of the terminal; more for a pipe, whose reader can cut or scroll."""
    return shutil.get_terminal_size((_PIPE_COLUMNS, 24)).columns


def command(**settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with ``--home`` and ``--json``, whose errors become messages and exit codes."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        made: click.Command = click.command(**settings)(with_options(function))
        return made

    return decorate


def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--home`` and ``--json`` to a click callback and pass it a :class:`Context` first."""

    @click.option("--home", type=click.Path(), default=None, help="Folder of the lake and everything else.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
    @functools.wraps(function)
    def wrapped(*, home: str | None, as_json: bool, **arguments: Any) -> None:
        home = home or click.get_current_context().find_root().obj
        with exit_codes(as_json):
            _check_texts(arguments.values())
            context = Context(load_settings(Path(home) if home else None), as_json)
            if context.settings.log == "json":
                write_logs("json")
            with _noted(context):
                function(context, **arguments)

    return wrapped


@contextmanager
def _noted(context: Context) -> Iterator[None]:
    """Write a line for the command when it has ended, where standard error is for programs."""
    started_s, called = perf_counter(), click.get_current_context()
    try:
        with exit_codes(context.as_json):
            yield
    except SystemExit as ended:
        _note_end(called, started_s, context, ended.code)
        raise
    _note_end(called, started_s, context, 0)


def _note_end(called: click.Context, started_s: float, context: Context, code: object) -> None:
    # A group has a line for the command in it.
    if not called.invoked_subcommand:
        name = called.command_path.partition(" ")[2]
        took_s = round(perf_counter() - started_s, 3)
        write_event("command", _level(code), command=name, **context.counts, took_s=took_s, exit_code=code)


def _level(code: object) -> int:
    return logging.INFO if not code else logging.WARNING if code == _STOPPED else logging.ERROR


def _check_texts(values: Iterable[Any]) -> None:
    """Refuse arguments that are not valid text: bytes of another encoding reach Python as lone surrogates."""
    for value in values:
        if isinstance(value, tuple):
            _check_texts(value)
        elif isinstance(value, str) and not value.isascii() and value != value.encode("utf-8", "replace").decode():
            raise UsageError(f"{value} is not readable text; type it in UTF-8")


@contextmanager
def exit_codes(as_json: bool) -> Iterator[None]:
    """Print expected errors as one message on stderr and exit with their exit code."""
    try:
        with _expected_errors(as_json):
            yield
    except BrokenPipeError:
        # The reader closed the pipe; nothing more can be written to it, not even when Python flushes it on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


@contextmanager
def _expected_errors(as_json: bool) -> Iterator[None]:
    try:
        yield
    except TonearmError as error:
        _fail(error, as_json)
    except BrokenPipeError:
        raise
    except PermissionError as error:
        _fail(
            HomeUnusable(f"{error.filename or 'a file'} cannot be accessed; change its permissions and repeat"),
            as_json,
        )
    except OSError as error:
        _fail(
            HomeUnusable(f"{error.filename or 'the disk'}: {error.strerror or error}; fix it and repeat"),
            as_json,
        )
    except KeyboardInterrupt:
        stopped()


def stopped() -> NoReturn:
    """Report the Ctrl-C and exit with its exit code."""
    if not has_events():
        click.echo("\ntonearm: stopped; completed work is kept, repeat the command to continue", err=True)
    sys.exit(_STOPPED)


def _fail(error: TonearmError, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(json_line({"error": type(error).__name__, "message": str(error)}))
    if has_events():
        write_event("failed", logging.ERROR, error=type(error).__name__, message=str(error))
    else:
        click.echo(f"tonearm: {visible(str(error))}", err=True)
    sys.exit(error.exit_code)


@contextmanager
def progress(context: Context) -> Iterator[Progress | None]:
    """A progress display on a terminal; None with ``--json`` and for pipes."""
    if context.as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield shown
