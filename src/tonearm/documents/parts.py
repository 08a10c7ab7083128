"""What a website may show of a listener, part by part: addresses of the page, pieces of documents, and data fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tonearm.errors import UnknownName

TOP_ARTISTS = 50

Ask = Callable[[str, Mapping[str, str]], Any]
"""Answers a document by its name and query as the API does; None for one that there is not."""

_NEVER = frozenset({"listener", "source", "sources", "file", "import_id", "listen_id"})
"""Fields that name the listener, show where plays came from or lead back to them; no website has them."""
_DATES = frozenset({"first_day", "last_day"})
"""Fields of rows that show when something was heard, to the day; a row does without them."""
_UNANSWERED = {"new_to_you"}
"""Cards of ``insights`` that only a server can answer. Those that need something are for the listener alone, too."""
_A_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


@dataclass(frozen=True)
class Place:
    """One address of the page, and the documents that it draws."""

    at: tuple[str, ...]
    """Empty for documents that another part's address draws."""
    documents: tuple[tuple[str, Mapping[str, str]], ...]
    query: Mapping[str, str] = field(default_factory=dict)
    is_root: bool = False
    """Whether addresses below it, and with any query, draw the same documents."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something that is on the website as a whole or not at all."""

    about: str
    """What it shows, for the one who decides."""
    is_usual: bool = False
    """Whether it is shown unless it is left out; the others are shown only if they are included."""
    places: Callable[[Ask], Iterable[Place]] = lambda _ask: ()
    of_home: tuple[str, ...] = ()
    """Fields of the document ``home`` that are this part's."""
    cards: tuple[str, ...] = ()
    """Cards of the document ``insights`` that are this part's."""
    fields: tuple[str, ...] = ()
    """Fields of ``dashboard_data.json`` that are this part's."""


def _home(_ask: Ask) -> Iterator[Place]:
    yield Place(("home",), (("home", {}),))


def _recent(_ask: Ask) -> Iterator[Place]:
    for name in ("recent", "weekly"):
        yield Place((), ((name, {}),))


def _charts(ask: Ask) -> Iterator[Place]:
    for period in ("all", *map(str, _years(ask))):
        for kind in ("artists", "albums", "tracks", "genres"):
            named = {} if period == "all" else {"range": period}
            yield Place(("charts", kind), (("charts", {"kind": kind, "range": period}),), named)


def _artists(ask: Ask) -> Iterator[Place]:
    for artist in _top_artists(ask):
        yield Place(("artist", artist), (("artist", {"artist_id": artist}),))


def _insights(_ask: Ask) -> Iterator[Place]:
    yield Place(("insights",), (("insights", {}),), is_root=True)


def _rewind(ask: Ask) -> Iterator[Place]:
    yield Place(("rewind",), (("rewind", {}),))
    for year in _years(ask):
        yield Place(("rewind", str(year)), (("rewind", {"period": str(year)}),), is_root=True)


def _years(ask: Ask) -> list[int]:
    """The years with plays, newest first."""
    return sorted({int(str(day)[:4]) for day, _ in (ask("home", {}) or {}).get("days", [])}, reverse=True)


def _top_artists(ask: Ask) -> list[str]:
    """Ids of the most played artists, from the pages of their chart; where there is none, those that Home names."""
    found: list[str] = []
    page, pages = 1, 1
    while page <= pages and len(found) < TOP_ARTISTS:
        ranking = (ask("charts", {"kind": "artists", "range": "all", "page": str(page)}) or {}).get("ranking") or {}
        found += [row["artist_id"] for row in ranking.get("rows", [])]
        page, pages = page + 1, ranking.get("pages", 1)
    home = ask("home", {}) or {}
    found += [row["artist_id"] for row in home.get("best", {}).get("artists", [])]
    return list(dict.fromkeys(found))[:TOP_ARTISTS]


PARTS: Mapping[str, Part] = {
    "home": Part(about="Home: totals, favourites, what is worth going back to", is_usual=True, places=_home),
    "charts": Part(about="Charts of all time and of each year", is_usual=True, places=_charts),
    "insights": Part(about="Insights: habits, changes, favourites by mood", is_usual=True, places=_insights),
    "genre_profiles": Part(about="genres and their sound", is_usual=True, fields=("genre_profiles",)),
    "mood_clusters": Part(about="kinds of music and their sound", is_usual=True, fields=("mood_clusters",)),
    "metrics": Part(about="how good the models are", is_usual=True, fields=("metrics",)),
    "days": Part(
        about="single days: calendar, streaks, milestones, unusual days, first and last plays, playlists with reasons",
        of_home=("days", "streaks", "milestones", "on_this_day"),
        cards=("days",),
    ),
    "recent": Part(
        about="the newest plays with their times, the last week and month, new artists and tracks",
        places=_recent,
        of_home=("lately", "discovered"),
        fields=("recently_played", "mood_trajectory", "new_music"),
    ),
    "predictions": Part(
        about="when the next session starts, what comes next, and whether the last predictions were right",
        cards=("next_session", "next_sound", "breakouts", "week", "came_true"),
        fields=("next_prediction", "session_probs", "top_hours", "checked_predictions"),
    ),
    "session_actual": Part(about="in which hours sessions started in the last 84 days", fields=("session_actual",)),
    "drift": Part(about="the last 14 days against the 28 before", fields=("drift",)),
    "artists": Part(
        about=f"pages of the {TOP_ARTISTS} most played artists, with plays and their times", places=_artists
    ),
    "rewind": Part(about="each year as a story, with its days", places=_rewind),
}
"""All parts, by name. Usual are those about the whole history or whole years, without single days and single plays."""


def chosen(include: Iterable[str] = (), without: Iterable[str] = ()) -> frozenset[str]:
    """The usual parts, those to include, and none of those to leave out; raises UnknownName."""
    added, dropped = ({_part(name) for name in names} for names in (include, without))
    usual = {name for name, part in PARTS.items() if part.is_usual}
    return frozenset((usual | added) - dropped)


def _part(name: str) -> str:
    if name not in PARTS:
        raise UnknownName("part", name, PARTS, hint=f"there are {', '.join(PARTS)}")
    return name


def kept_back(parts: Collection[str]) -> Iterator[Part]:
    """The other parts."""
    return (part for name, part in PARTS.items() if name not in parts)


def fields_kept_back(parts: Collection[str]) -> frozenset[str]:
    """Fields of ``dashboard_data.json`` that are of none of ``parts``."""
    return frozenset(name for part in kept_back(parts) for name in part.fields)


def shown(name: str, document: Any, parts: Collection[str]) -> Any:
    """A document with what is of ``parts``, and without what no website should have."""
    if name == "home" and document is not None:
        back = {one for part in kept_back(parts) for one in part.of_home}
        document = {of: None if of in back else value for of, value in document.items()}
        if "days" not in parts:
            rows = ("best", "discovered", "rediscover")
            document |= {of: _without(document.get(of), _DATES) for of in rows if of in document}
    if name == "charts" and document is not None and document["over_time"]["step"] == "day" and "days" not in parts:
        # A year that has only just begun is drawn day by day.
        return None
    if name == "insights" and document is not None:
        back = {one for part in kept_back(parts) for one in part.cards}
        cards = [card for card in document["cards"] if card["id"] not in _UNANSWERED | back and card["needs"] is None]
        document = document | {"cards": cards if "days" in parts else list(_without_days(cards, document.get("as_of")))}
    if "days" not in parts and isinstance(document, dict) and document.get("stray"):
        document = document | {"stray": None}
    return _without(document, _NEVER)


_OF_A_PART = frozenset(card for part in PARTS.values() for card in part.cards)


def _without_days(cards: Iterable[dict[str, Any]], as_of: str | None) -> Iterator[dict[str, Any]]:
    """Cards without days to go to, but for those that name days: any but ``as_of``, to which the page is written.

    Those of another part are whole: who includes predictions shows of which day they are.
    """
    for card in cards:
        if card["id"] in _OF_A_PART:
            yield card
            continue
        kept = _without(card | {"items": [item for item in card["items"] if "day" not in item]}, _DATES)
        if not _days_in(kept) - {as_of}:
            yield kept


def _days_in(value: Any) -> set[str]:
    """Every day that is named: by a row or a part of a sentence, or in a text as ISO 8601."""
    if isinstance(value, dict):
        named = {str(value["day"])} if value.get("day") is not None else set()
        return named.union(*map(_days_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(_days_in, value))
    return set(_A_DAY.findall(value)) if isinstance(value, str) else set()


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(of, names) for name, of in value.items() if name not in names}
    return [_without(one, names) for one in value] if isinstance(value, list) else value
