"""The page as files for a website of one's own: it works from any static host and from a folder, without tokens."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tonearm
from tonearm.errors import UnknownName, UsageError

SITE = Path(tonearm.__file__).parent / "site"
MARK = "documents/site.js"
"""A folder that has this file was written by an export, and may be written again."""
TOP_ARTISTS = 50

Ask = Callable[[str, Mapping[str, str]], Any]
"""Answers a document by its name and query as the API does; None for one that there is not."""

_NEVER = frozenset({"source", "sources", "file", "import_id", "listen_id"})
"""Fields that tell where plays came from or lead back to them; no page shows them."""
_DEFAULTS = {"charts": {"kind": "artists", "range": "all", "page": "1"}}
"""What a document is asked for when its query does not say; the same document under two addresses is one."""
_SHIPPED = (".js", ".css", ".svg", ".html")


@dataclass(frozen=True)
class Place:
    """One address of the page, and the documents that it draws."""

    at: tuple[str, ...]
    documents: tuple[tuple[str, Mapping[str, str]], ...]
    query: Mapping[str, str] = field(default_factory=dict)
    is_root: bool = False
    """Whether addresses below it, and with any query, draw the same documents."""


def _home(_ask: Ask) -> Iterator[Place]:
    yield Place(("home",), (("home", {}), ("recent", {})))


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


PAGES: Mapping[str, Callable[[Ask], Iterable[Place]]] = {
    "home": _home,
    "charts": _charts,
    "artists": _artists,
    "insights": _insights,
    "rewind": _rewind,
}
"""What can be exported, by name: the places of each part of the page."""
USUAL = ("home", "charts", "artists", "insights")


@dataclass
class Exported:
    """What an export wrote: files by their path in the folder, with their content, and how many places each has."""

    listener: str
    files: dict[str, bytes]
    places: dict[str, int]

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(map(len, self.files.values()))


def export(listener: str, ask: Ask, pages: Iterable[str] = USUAL, more: Mapping[str, Any] | None = None) -> Exported:
    """The page of ``listener`` as files, and ``more`` JSON documents by file name.

    A place is left out if one of its documents does not exist. Raises UnknownName for a page that cannot be exported.
    """
    wanted = [_page(name) for name in dict.fromkeys(pages)]
    asked = _Remembering(ask)
    files = {f"site/{name}": content for name, content in _site_files()}
    places: dict[str, list[str]] = {}
    where: dict[str, str] = {}
    for name in wanted:
        documents: dict[str, Any] = {}
        for place in PAGES[name](asked):
            found = {key(of, query): asked(of, query) for of, query in place.documents}
            if all(one is not None for one in found.values()):
                documents |= found
                places.setdefault(name, []).append(_address(place))
        documents = {at: one for at, one in documents.items() if at not in where}
        where |= dict.fromkeys(documents, f"documents/{name}.js")
        if documents:
            files[f"documents/{name}.js"] = _script("Object.assign(tonearm.exported.documents, ", documents, ");")
    about = {
        **{"listener": listener, "places": sorted(at for some in places.values() for at in some)},
        **{"files": where, "defaults": _DEFAULTS, "documents": {}},
    }
    files[MARK] = _script("tonearm.exported = ", about, ";")
    files["index.html"] = _index()
    files |= {name: _json(value) for name, value in (more or {}).items()}
    return Exported(listener, files, {name: len(some) for name, some in places.items()})


def _page(name: str) -> str:
    if name not in PAGES:
        raise UnknownName("page", name, PAGES, hint=f"there are {', '.join(PAGES)}")
    return name


class _Remembering:
    """Asks for each document once."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[str, Any] = {}

    def __call__(self, name: str, query: Mapping[str, str]) -> Any:
        at = key(name, query)
        if at not in self._known:
            self._known[at] = without_private(self._ask(name, query))
        return self._known[at]


def key(name: str, query: Mapping[str, str]) -> str:
    """A document's one name in the export: its query without what it is asked for anyway, in order.

    ``site/exported.js`` makes the same of what a page asks for.
    """
    usual = _DEFAULTS.get(name, {})
    parts = sorted(f"{of}={value}" for of, value in query.items() if value != "" and usual.get(of) != value)
    return "?".join([f"documents/{name}", "&".join(parts)])


def _address(place: Place) -> str:
    """A place as ``site/exported.js`` writes the address of a link."""
    query = "&".join(sorted(f"{name}={value}" for name, value in place.query.items()))
    return "/".join(place.at) + (f"?{query}" if query else "/*" if place.is_root else "")


def without_private(value: Any) -> Any:
    """A document without the fields that no website should have."""
    if isinstance(value, dict):
        return {name: without_private(of) for name, of in value.items() if name not in _NEVER}
    return [without_private(one) for one in value] if isinstance(value, list) else value


def _json(value: Any) -> bytes:
    # Instants and days in ISO 8601.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda at: at.isoformat()).encode()


def _script(before: str, value: Any, after: str) -> bytes:
    """A classic script; a browser that opens a folder reads no JSON, but runs scripts."""
    return before.encode() + _json(value) + after.encode() + b"\n"


def _site_files() -> Iterator[tuple[str, bytes]]:
    for path in sorted(SITE.rglob("*")):
        if (path.suffix in _SHIPPED and path.name != "index.html") or path.name.startswith("LICENSE"):
            yield path.relative_to(SITE).as_posix(), path.read_bytes()


def _index() -> bytes:
    """The page's HTML with the documents, and with what makes plain text of links that lead nowhere."""
    html = (SITE / "index.html").read_text()
    for of_search in ('<form role="search" id="search"></form>', '<script defer src="site/pages/search.js"></script>'):
        html = html.replace(of_search, "")
    start = '<script defer src="site/start.js"></script>'
    added = f'<script defer src="{MARK}"></script>\n<script defer src="site/exported.js"></script>\n'
    return html.replace(start, added + start).encode()


def write(exported: Exported, folder: Path) -> bool:
    """Make ``folder`` what was exported, whole or not at all; whether that changed anything.

    Raises UsageError for a folder that holds anything else, or that cannot be written.
    """
    _check(folder)
    if _content(folder) == exported.files:
        return False
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name[:40]}.part-"))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}; name another folder") from error
    try:
        new = part / "new"
        for name, content in exported.files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content)
        if folder.exists():
            folder.rename(part / "old")
        new.rename(folder)
    except BaseException:
        if (part / "old").exists() and not folder.exists():
            (part / "old").rename(folder)
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return True


def _check(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder} is no folder; name one that an earlier export wrote, or one that is not there yet")
    if folder.is_dir() and not (folder / MARK).is_file() and any(folder.iterdir()):
        raise UsageError(f"{folder} holds other files; name a folder that is empty, or not there yet")


def _content(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()}
