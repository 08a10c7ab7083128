"""The page as files for a website of one's own: it works from any static host and from a folder, without tokens."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import tonearm
from tonearm.documents.dashboard.shape import FILE, SCHEMA_FILE, DashboardData, schema, withheld
from tonearm.documents.parts import PARTS, Ask, Part, Place, fields_kept_back, shown
from tonearm.errors import UsageError

SITE = Path(tonearm.__file__).parent / "site"
MARK = "documents/site.js"
"""A folder that has this file was written by an export, and may be written again."""
_DEFAULTS = {"charts": {"kind": "artists", "range": "all", "page": "1"}}
"""What a document is asked for when its query does not say; the same document under two addresses is one."""
_SAMPLE, _DECIMALS = 120, 6
_SHIPPED = (".js", ".css", ".svg", ".html")


@dataclass
class Exported:
    """What an export wrote: files by their path in the folder, and how many places each part has."""

    files: dict[str, bytes]
    places: dict[str, int]
    withheld: list[str]
    """Names of the parts that were kept back."""

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(map(len, self.files.values()))


def export(ask: Ask, data: DashboardData, parts: Collection[str], title: str = "") -> Exported:
    """The page and ``dashboard_data.json`` as files, with what is of ``parts``; ``title`` names whose it is.

    A place is left out if one of its documents does not exist.
    """
    asked = remembering(ask)
    files = {f"site/{name}": content for name, content in _site_files()}
    places: dict[str, list[str]] = {}
    where: dict[str, str] = {}
    for name in (name for name in PARTS if name in parts):
        documents: dict[str, Any] = {}
        for place in PARTS[name].places(asked):
            found = {key(of, query): shown(of, asked(of, query), parts) for of, query in place.documents}
            if all(one is not None for one in found.values()):
                documents |= found
                places.setdefault(name, []).extend([_address(place)] if place.at else [])
        documents = {at: one for at, one in documents.items() if at not in where}
        where |= dict.fromkeys(documents, f"documents/{name}.js")
        if documents:
            files[f"documents/{name}.js"] = _script("Object.assign(tonearm.exported.documents, ", documents, ");")
    about = {
        **{"title": title, "places": sorted(at for some in places.values() for at in some)},
        **{"files": where, "defaults": _DEFAULTS, "documents": {}},
    }
    files[MARK] = _script("tonearm.exported = ", about, ";")
    files["index.html"] = _index()
    files[FILE] = _json(withheld(data, fields_kept_back(parts)).model_dump(mode="json"))
    files[SCHEMA_FILE] = schema_text().encode()
    counts = {name: len(some) for name, some in places.items() if some}
    return Exported(files, counts, [name for name in PARTS if name not in parts])


def schema_text() -> str:
    """The JSON Schema of ``dashboard_data.json``, as it is published."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def preview(ask: Ask, data: DashboardData, parts: Collection[str]) -> Iterator[tuple[str, bool, str]]:
    """Of every part its name, whether it would go out, and a sample of what it shows, kept back or not."""
    asked = remembering(ask)
    for name, part in PARTS.items():
        yield name, name in parts, _sample(part, asked, data)


def _sample(part: Part, asked: Ask, data: DashboardData) -> str:
    """The first of what a part shows; empty for one that has nothing to show."""
    values = [getattr(data, name) for name in part.fields]
    values += [(asked("home", {}) or {}).get(name) for name in part.of_home]
    for value in filter(None, values):
        return _short(value)
    place = next(iter(part.places(asked)), None)
    return f"#/{_address(place)}" if place else ""


def _short(value: Any) -> str:
    """The first of a list, or else the value, as JSON that fits into a line."""
    first = value[0] if isinstance(value, list) else value
    text = first.model_dump_json() if isinstance(first, BaseModel) else _json(first).decode()
    return text if len(text) <= _SAMPLE else f"{text[: _SAMPLE - 1]}…"


def remembering(ask: Ask) -> Ask:
    """Asks for each document once."""
    known: dict[str, Any] = {}

    def asked(name: str, query: Mapping[str, str]) -> Any:
        at = key(name, query)
        if at not in known:
            known[at] = ask(name, query)
        return known[at]

    return asked


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


def _json(value: Any) -> bytes:
    return json.dumps(_rounded(value), ensure_ascii=False, separators=(",", ":")).encode()


def _rounded(value: Any) -> Any:
    """With six decimals: the engine adds up in any order, and a last digit that differs is no change to publish."""
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, dict):
        return {name: _rounded(of) for name, of in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


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
