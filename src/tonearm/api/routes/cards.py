"""``/cards``: small pictures of a listener's plays for other people's pages, and ``/1/art`` as ListenBrainz has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from tonearm.api.deps import LakeDep, SettingsDep, StoreDep
from tonearm.api.listenbrainz import get
from tonearm.api.reading import Reading, ReadingDep, history_of
from tonearm.api.showing import Shown, shown
from tonearm.documents.charts import charts
from tonearm.documents.history import History
from tonearm.documents.periods import containing
from tonearm.engine.rows import dicts
from tonearm.errors import UsageError
from tonearm.pictures.cards import FEWEST, MOST, USUAL, WIDTH, Kind, Play, now_card, top_card, week_card
from tonearm.pictures.grid import DIMENSIONS, LARGEST_PX, SMALLEST_PX, grid, layouts
from tonearm.pictures.svg import Theme
from tonearm.read.overview import LISTENS
from tonearm.read.ranges import RANGES, days, local_time, midnight
from tonearm.read.tops import tops
from tonearm.settings import Settings
from tonearm.store import Listener, Store
from tonearm.store.playing import playing

router = APIRouter(tags=["cards"])

NOW_KEPT_S, KEPT_S = 60, 3600
"""How long others may show a public picture before they ask for it again."""

_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": {"image/svg+xml": {}, "image/png": {}}},
    304: {"description": "The client has it."},
}

Form = Annotated[Literal["svg", "png"], Path(description="PNG needs the extra `pictures`.")]
_RANGE = re.compile(r"week|month|year|all|2[01]\d\d", re.ASCII)
"""Those of the page's charts but single weeks and months, of which a whole history could be put together."""
_Range = Annotated[
    str, Query(alias="range", max_length=20, description="all, the newest week, month or year, or a year as 2019.")
]


@dataclass(frozen=True)
class _Card:
    """A card that is asked for, and what it may be made of."""

    whose: Shown
    listener: Listener
    settings: Settings
    reading: Reading
    store: Store
    version: int | None
    now: datetime
    theme: Theme
    form: Form
    scale: int

    @property
    def today(self) -> date:
        """The listener's date."""
        return local_time(self.listener, self.now).date()

    def history(self) -> History:
        """The listener's history."""
        return history_of(self.reading, self.settings, self.listener.name)

    def charts(self, kind: Kind, named: str) -> dict[str, Any]:
        """The document of the page's charts, made once for all forms and themes of a card."""
        about = ("card's charts", self.listener.name, self.today, kind, named)
        return self.reading.answer(about, lambda: charts(self.history(), self.today, kind, named))

    def answer(self, about: tuple[Any, ...], state: tuple[Any, ...], kept_s: int, draw: Callable[[], str]) -> Response:
        """What ``draw`` draws, made once for each ``state``."""
        self.whose.mark(state, kept_s)
        which = ("card", self.listener.name, self.theme, self.form, self.scale, *about)
        return self.whose.answer(self.reading.answer(which, lambda: self._drawn(draw()), state))

    def _drawn(self, svg: str) -> str | bytes:
        if self.form == "svg":
            return svg
        from tonearm.pictures.png import png

        return png(svg, self.scale)


def _card(
    request: Request,
    settings: SettingsDep,
    reading: ReadingDep,
    lake: LakeDep,
    store: StoreDep,
    listener: Annotated[str, Path(max_length=200, description="Whose card.")],
    form: Form,
    theme: Annotated[Theme, Query(description="Auto follows the reader's browser; in a PNG it is light.")] = "auto",
    scale: Annotated[int, Query(ge=1, le=3, description="Of a PNG: pixels for each of the card.")] = 1,
) -> _Card:
    whose = shown(request, store, listener)
    found, version = store.listener(whose.listener), lake.version(LISTENS)
    return _Card(whose, found, settings, reading, store, version, datetime.now(UTC), theme, form, scale)


Card = Annotated[_Card, Depends(_card)]


@router.get("/cards/{listener}/now.{form}", response_class=Response, responses=_PICTURE)
def read_now(card: Card) -> Response:
    """What plays now, or what was played last, in a card of 480 pixels."""
    now = playing(card.store, card.listener.name, card.now)
    state = (card.reading.plays.state(card.store, card.listener.name), now and now.reported_at)
    return card.answer(("now",), state, NOW_KEPT_S, lambda: now_card(card.listener.name, _play(card), card.theme))


@router.get("/cards/{listener}/week.{form}", response_class=Response, responses=_PICTURE)
def read_week(card: Card) -> Response:
    """The plays of a week by day and its most played artist: of this week, or where it has none yet, of the last one
    that has."""

    def draw() -> str:
        last = card.history().last_day
        return week_card(
            card.listener.name, card.charts("artists", containing("week", last or card.today).name), card.theme
        )

    return card.answer(("week",), (card.version, card.today), KEPT_S, draw)


@router.get("/cards/{listener}/grid.{form}", response_class=Response, responses=_PICTURE)
def read_card_grid(
    card: Card,
    named: _Range = "all",
    dimension: Annotated[int, Query(ge=DIMENSIONS[0], le=DIMENSIONS[-1], description="Tiles in a row.")] = 3,
    layout: Annotated[int, Query(ge=0, description="0 has equal tiles; others have larger ones among them.")] = 0,
) -> Response:
    """The albums that were played most in a range, as a square of sleeves without words; 480 pixels wide."""
    _check_range(named)
    _check_layout(dimension, layout)

    def draw() -> str:
        rows = card.charts("albums", named)["ranking"]["rows"]
        albums = [(row["artist"] or "", row["album"]) for row in rows]
        return grid(f"{card.listener.name}. Top albums, {named}", albums, dimension, layout, WIDTH)

    return card.answer(("grid", named, dimension, layout), (card.version, card.today), KEPT_S, draw)


@router.get("/cards/{listener}/{kind}.{form}", response_class=Response, responses=_PICTURE)
def read_top(
    card: Card,
    kind: Annotated[Kind, Path(description="What is ranked.")],
    named: _Range = "all",
    count: Annotated[int, Query(ge=FEWEST, le=MOST, description="How many rows.")] = USUAL,
) -> Response:
    """The artists, albums or tracks that were played most in a range."""
    _check_range(named)
    return card.answer(
        (kind, named, count),
        (card.version, card.today),
        KEPT_S,
        lambda: top_card(card.listener.name, kind, card.charts(kind, named), count, card.theme),
    )


@get(
    router,
    "/1/art/grid-stats/{user_name}/{time_range}/{dimension}/{layout}/{image_size}",
    response_class=Response,
    responses=_PICTURE,
)
def read_grid(
    request: Request,
    settings: SettingsDep,
    reading: ReadingDep,
    lake: LakeDep,
    store: StoreDep,
    user_name: Annotated[str, Path(max_length=200, description="The listener.")],
    time_range: Annotated[str, Path(description=f"One of {', '.join(RANGES)}.")],
    dimension: Annotated[int, Path(description=f"Tiles in a row, {DIMENSIONS[0]} to {DIMENSIONS[-1]}.")],
    layout: Annotated[int, Path(description="0 has equal tiles; others have larger ones among them.")],
    image_size: Annotated[int, Path(description=f"Pixels, {SMALLEST_PX} to {LARGEST_PX}.")],
) -> Response:
    """The albums heard most in one of ListenBrainz' ranges, as a square of sleeves."""
    whose = shown(request, store, user_name)
    _check(time_range, dimension, layout, image_size)
    listener = store.listener(whose.listener)
    state = (lake.version(LISTENS), local_time(listener, datetime.now(UTC)).date())
    whose.mark(state, KEPT_S)
    about = ("grid", listener.name, time_range, dimension, layout, image_size)

    def draw() -> str:
        albums = _albums(settings, reading, store, listener, time_range, state[1])
        words = time_range.replace("_", " ")
        title = f"The albums that {listener.name} played most, {words}"
        return grid(title, albums, dimension, layout, image_size)

    return whose.answer(reading.answer(about, draw, state))


def _check(time_range: str, dimension: int, layout: int, image_size: int) -> None:
    """Raise UsageError for what ListenBrainz does not draw either."""
    if time_range not in RANGES:
        raise UsageError(f"invalid range: {time_range[:40]}; there are {', '.join(RANGES)}")
    if dimension not in DIMENSIONS:
        raise UsageError(f"dimension must be between {DIMENSIONS[0]} and {DIMENSIONS[-1]}, inclusive")
    _check_layout(dimension, layout)
    if not SMALLEST_PX <= image_size <= LARGEST_PX:
        raise UsageError(f"image size must be between {SMALLEST_PX} and {LARGEST_PX}, inclusive")


def _check_range(named: str) -> None:
    if not _RANGE.fullmatch(named):
        raise UsageError(f"no range {named!r}; there are all, week, month, year, and years as 2019")


def _check_layout(dimension: int, layout: int) -> None:
    last = layouts(dimension) - 1
    if not 0 <= layout <= last:
        raise UsageError(f"layout {layout} is not available for dimension {dimension}; the last is {last}")


def _albums(
    settings: Settings, reading: Reading, store: Store, listener: Listener, time_range: str, today: date
) -> list[tuple[str, str]]:
    """Artist and album of the most heard; raises UsageError where there is none, as ListenBrainz does."""
    ends = reading.plays.ends(store, listener.name)
    first, after = days(time_range, today, local_time(listener, ends[0]).date() if ends else today)
    found = tops(settings, listener.name, "releases", midnight(listener, first), midnight(listener, after))
    if not found.ranked:
        raise UsageError(f"{listener.name} played no album that has a name in this range")
    return [(one.artist_name, one.album_name or "") for one in found.ranked[: max(DIMENSIONS) ** 2]]


def _play(card: _Card) -> Play | None:
    """What plays, else the newest listen, also one that arrived just now; None without any."""
    now = playing(card.store, card.listener.name, card.now)
    if now is not None:
        named = now.metadata
        return Play(named["track_name"], named["artist_name"], named.get("release_name"), None)
    page = card.reading.plays.page(card.store, card.listener.name, limit=1)
    row = next(iter(dicts(page)), None)
    if row is None:
        return None
    return Play(row["track_name"] or "", row["artist_name"] or "", row["album_name"], row["started_at_local"])
