"""Navidrome's own record of what was played: the table ``scrobbles`` of its SQLite database."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, Any

from tonearm.errors import InputError, UnknownKind
from tonearm.sources.rows import BATCH_ROWS, Rejected, table_of

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

# The module decodes the messages of SQLite, which quote a damaged file, as UTF-8.
_DAMAGE = (sqlite3.Error, ValueError, OverflowError)
_MAGIC = b"SQLite format 3\0"
_NAMES = {
    "track_name": ("title",),
    "artist_name": ("artist",),
    "album_name": ("album",),
    "album_artist_name": ("album_artist",),
    "duration_s": ("duration",),
    "recording_mbid": ("mbz_recording_id", "mbz_track_id"),
    "artist_mbid": ("mbz_artist_id",),
    "release_mbid": ("mbz_album_id",),
}
"""Columns of Navidrome's media_file by what they are here; the names of some have changed."""


class NavidromeScrobbles:
    """Navidrome's database, ``navidrome.db``: the table ``scrobbles``, which newer versions write.

    Take it from Navidrome's data folder while the server is stopped, or from a backup (``navidrome backup
    create``): of a running server the newest plays may still stand in a file beside it. ``submission_time`` is
    the start of the listen, to the second. Names are those the tracks have now; plays of deleted files are gone.
    With several users choose one with ``--columns user=NAME``. Users, paths and everything else are left out.
    """

    kind = "navidrome"
    title = "Navidrome database"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """A SQLite database with the tables ``scrobbles`` and ``media_file``.

        Raises UnknownKind for another database, and for one with several users of whom none is chosen.
        """
        if not file.head.startswith(_MAGIC):
            return False
        try:
            with _opened(file) as database:
                _user(file, database)
        except (*_DAMAGE, InputError) as error:
            if isinstance(error, UnknownKind):
                raise
            raise UnknownKind(f"{file.name}: a SQLite database that cannot be read ({error}); get it again") from error
        return True

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "submission_time is the start; names as the tracks have them now"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        first = 1
        try:
            with _opened(file) as database:
                user = _user(file, database)
                found = database.execute(_query(database), (user,))
                while rows := list(islice(found, BATCH_ROWS)):
                    listens = [_listen(dict(row)) for row in rows]
                    yield table_of(listens, first, context.max_record_bytes)
                    first += len(listens)
        except (*_DAMAGE, InputError) as error:
            why = f"the database is unreadable from row {first:,} on: {error}"
            yield table_of([Rejected(why, "")], first, context.max_record_bytes)


@contextmanager
def _opened(file: InputFile) -> Iterator[sqlite3.Connection]:
    """The database, read from a copy: the file may be in an archive, and is never written to."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        with file.open() as stream, copy.open("wb") as target:
            copyfileobj(stream, target)
        with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            database.row_factory = sqlite3.Row
            database.text_factory = lambda text: text.decode("utf-8", "replace")
            database.execute("PRAGMA trusted_schema = OFF")
            yield database


def _user(file: InputFile, database: sqlite3.Connection) -> str:
    """Id of the user whose plays are read."""
    found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    names = [str(row[0]) for row in found]
    if not {"scrobbles", "media_file"} <= set(names):
        shown = ", ".join(name[:40] for name in names[:12]) or "none"
        raise UnknownKind(
            f"{file.name}: a SQLite database without Navidrome's tables scrobbles and media_file; it has {shown}. "
            "Older versions of Navidrome keep no history; let it scrobble to tonearm instead"
        )
    users = _users(database)
    chosen = next((where for what, where in file.hints.columns if what == "user"), None)
    if chosen is not None:
        ids = [user for user, name in users.items() if chosen in (name, user)]
        if not ids:
            raise UnknownKind(f"{file.name}: no user '{chosen}' has plays; there are {', '.join(users.values())}")
        return ids[0]
    if len(users) > 1:
        raise UnknownKind(
            f"{file.name}: holds the plays of {', '.join(sorted(users.values()))}; choose one with "
            "--columns user=NAME and import each for its listener with --listener"
        )
    return next(iter(users), "")


def _users(database: sqlite3.Connection) -> dict[str, str]:
    users = {str(row[0]): str(row[0]) for row in database.execute("SELECT DISTINCT user_id FROM scrobbles")}
    if {"id", "user_name"} <= _columns(database, "user"):
        users |= {
            str(row[0]): str(row[1]) for row in database.execute("SELECT id, user_name FROM user") if row[0] in users
        }
    return users


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {row["name"] for row in database.execute(f"PRAGMA table_info({table})")}


def _query(database: sqlite3.Connection) -> str:
    has = _columns(database, "media_file")
    picked = {name: next((c for c in spellings if c in has), None) for name, spellings in _NAMES.items()}
    columns = ", ".join(f'm."{column}" AS {name}' for name, column in picked.items() if column)
    return f"""SELECT s.submission_time AS at_s, {columns or "NULL AS track_name"}
        FROM scrobbles s LEFT JOIN media_file m ON m.id = s.media_file_id WHERE s.user_id = ? ORDER BY s.rowid"""


def _listen(row: dict[str, Any]) -> dict[str, Any] | Rejected:
    at_s, duration_s = row.pop("at_s"), row.pop("duration_s", None)
    names = {name: str(value) for name, value in row.items() if value not in (None, "", b"")}
    if not isinstance(at_s, int | float):
        return Rejected(f"date '{str(at_s)[:60]}' is not understood", " | ".join(names.values()))
    if not names.get("track_name"):
        return Rejected("the track is no longer in Navidrome's library", "")
    is_length = isinstance(duration_s, int | float) and duration_s > 0
    return {**names, "content": "music", "at_s": float(at_s), "duration_s": float(duration_s) if is_length else None}


SOURCES = (NavidromeScrobbles(),)
