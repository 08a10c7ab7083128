"""What all commands that recommend have in common: options for filters and dials, and the tracks that texts name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonearm.cli.command import NOTHING_YET, SEED, Context
from tonearm.cli.playlist import FORMAT_HELP, FORMATS
from tonearm.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tonearm.recommend.answers.request import Request
    from tonearm.recommend.answers.search import Names
    from tonearm.recommend.home import Home
    from tonearm.store.feedback import Feedback


class Range(click.ParamType[tuple[float | None, float | None]]):
    """Two numbers such as 1990-1999; one side may be missing, and a number alone is both."""

    name = "FROM-TO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The least and the largest number, None for an open side."""
        from tonearm.recommend.answers.request import parse_range

        try:
            return value if isinstance(value, tuple) else parse_range(str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)


_DIAL = click.FloatRange(0, 1)
_OPTIONS = (
    click.option("-k", "--tracks", "k", type=int, default=20, show_default=True, help="How many tracks, up to 500."),
    click.option("--genre", "genres", multiple=True, help="Only this genre or subgenre; may be repeated."),
    click.option("--mood", "moods", multiple=True, help='Only this mood, such as "happy" or "sad calm"; repeatable.'),
    click.option("--tempo", type=Range(), help="Only these beats per minute: 90-120."),
    click.option("--year", type=Range(), help="Only released in these years: 1990-1999."),
    click.option("--popularity", type=Range(), help="Only of this popularity, 0–100: -40."),
    click.option("--duration", "duration_s", type=Range(), help="Only of this length in seconds: 120-300."),
    click.option("--explicit", type=click.Choice(["yes", "no"]), help="Only tracks that are explicit, or none."),
    click.option("--not-artist", "not_artists", multiple=True, help="Leave out this artist; may be repeated."),
    click.option("--seen", multiple=True, help="Leave out this track; may be repeated."),
    click.option("--diversity", type=_DIAL, default=0.3, show_default=True, help="0 the best, 1 the most varied."),
    click.option("--novelty", type=_DIAL, default=0.0, show_default=True, help="0 the best, 1 the least known."),
    click.option("--per-artist", type=int, default=2, show_default=True, help="Most tracks by one artist."),
    click.option("--strict", is_flag=True, help="Rather fewer tracks than any that miss a filter."),
    click.option("--seed", type=SEED, help="Another number, another order of near-equal tracks."),
    click.option("--why", is_flag=True, help="Show what the scores are the sum of, of 50 tracks at most."),
    click.option(
        "--format",
        "form",
        type=FORMATS,
        default="table",
        show_default=True,
        help=FORMAT_HELP,
    ),
    click.option("--output", type=click.Path(path_type=Path), help="File to write, instead of standard output."),
)


@dataclass(frozen=True)
class Wishes:
    """The options as they were typed."""

    options: dict[str, Any]
    why: bool
    form: str
    output: Path | None


def asking(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for filters, dials and output to a command, which gets them as :class:`Wishes`."""

    @functools.wraps(function)
    def wrapped(context: Context, *, why: bool, form: str, output: Path | None, **given: Any) -> None:
        names = {option for option in _NAMES if option in given}
        options = {name: given.pop(name) for name in names}
        if output and form == "table" and not context.as_json:
            raise UsageError("a table cannot be written to a file; choose --format json, m3u, jspf or spotify")
        function(context, Wishes(options, why, "json" if context.as_json else form, output), **given)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_NAMES = (
    *("k", "genres", "moods", "tempo", "year", "popularity", "duration_s", "explicit", "not_artists", "seen"),
    *("diversity", "novelty", "per_artist", "strict", "seed"),
)


class Asked:
    """A home that is asked for recommendations; what takes long to read is read when it is needed."""

    def __init__(self, context: Context) -> None:
        """Nothing is read yet; raises ExtraMissing where the models are not installed."""
        from tonearm import models

        models.require()
        self.context, self.now = context, datetime.now(UTC)

    @cached_property
    def home(self) -> Home:
        """Scores and reasons; raises UsageError where there is no track yet."""
        from tonearm.recommend.home import open_home

        home = open_home(self.context.settings)
        if not len(home.items):
            raise UsageError(f"there are no tracks yet: {NOTHING_YET}, `tonearm build` finds its tracks")
        return home

    @cached_property
    def names(self) -> Names:
        """All names, for searching."""
        from tonearm.recommend.answers.search import read_names

        return read_names(self.context.settings)

    def track(self, text: str) -> int:
        """The id of the track that ``text`` names; raises UsageError and UnknownName."""
        return self.names.track(text).id

    def tracks(self, texts: Iterable[str]) -> tuple[int, ...]:
        """The ids of the tracks that texts name, each once."""
        return tuple(dict.fromkeys(self.track(text) for text in texts))

    def request(self, wishes: Wishes, day: date | None = None, **more: Any) -> Request:
        """The request that the options make, for the order of ``day``."""
        from tonearm.recommend.answers.request import OPEN, Request, check

        given = {name: value for name, value in wishes.options.items() if value is not None}
        for name in ("tempo", "year", "popularity", "duration_s"):
            given.setdefault(name, OPEN)
        given["is_relaxed"] = not given.pop("strict", False)
        if "explicit" in given:
            given["explicit"] = given["explicit"] == "yes"
        given["not_artists"] = tuple(self.names.artist(text).id for text in given.pop("not_artists", ()))
        given["seen"] = self.tracks(given.pop("seen", ()))
        is_explained = wishes.why or wishes.form in ("json", "jspf")
        request = Request(**given, day=day, is_explained=is_explained, **more)
        check(request)
        return request

    def listener(self, name: str) -> str:
        """The listener's name as it is written; raises UnknownName."""
        with self.context.open_store() as store:
            return store.listener(name).name

    def feedback(self, listener: str) -> list[Feedback]:
        """What the listener thinks of tracks and artists, here and in their players."""
        from tonearm.recommend.answers.loved import opinions_of

        with self.context.open_store() as store:
            return opinions_of(store, listener, lambda: self.names)

    def only_listener(self, name: str | None) -> str:
        """The listener called ``name``, or the only one there is; raises UsageError where there are others."""
        with self.context.open_store() as store:
            return store.only_listener(name).name

    def known_and_refused(self, listener: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """(items,) what a listener has heard, and what they hid or disliked."""
        import numpy as np

        from tonearm.recommend.answers.feedback import opinions

        never = opinions(self.feedback(listener), self.home.items, self.now).never
        is_heard = listener in self.home.listeners
        return self.home.has_heard(listener) if is_heard else np.zeros(len(never), bool), never
