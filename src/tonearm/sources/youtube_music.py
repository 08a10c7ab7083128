"""YouTube Music's history from Google Takeout as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from tonearm.errors import UnknownKind
from tonearm.sources.json_keys import has_keys, starts_with
from tonearm.sources.json_rows import BLOCK_BYTES, JsonRows, tables
from tonearm.sources.row_fields import moment_s, unread_date
from tonearm.sources.rows import Rejected

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

HEADER = "YouTube Music"
_TOPIC = " - Topic"
_BEFORE = (
    *("Watched ", "Has visto ", "Viste ", "Vous avez regardé ", "Hai guardato ", "Ha visto ", "Assistiu a "),
    *("Visualizou ", "Obejrzano: ", "Obejrzano ", "Просмотрено: ", "Вы посмотрели ", "Anda menonton ", "Menonton "),
    *("Đã xem ", "Har sett ", "Du har sett ", "Du har set ", "İzlendi: ", "Du tittade på "),
)
_AFTER = (
    " angesehen",
    " を視聴しました",
    "を視聴しました",
    " bekeken",
    " 시청함",
    "을(를) 시청함",
    " izlendi",
    " megnézve",
)
_SURE_TITLES, _SURE_ARTISTS = 20, 5
"""How many different titles and artists it takes to be sure that words common to all are not of a title."""
_QUOTES = {'"': '"', "„": "“", "“": "”", "«": "»", "「": "」", "『": "』"}
_SAMPLE_ROWS = 5000

Untitled = Callable[[str], str]


class _Channel(msgspec.Struct, gc=False):
    name: str | None = None


class Activity(msgspec.Struct, gc=False):
    """One activity, as Takeout writes it for all of Google's products."""

    header: str | None = None
    title: str | None = None
    titleUrl: str | None = None
    subtitles: list[_Channel] | None = None
    time: str | None = None


class YoutubeMusicJson:
    """YouTube Music's history from Google Takeout, ``watch-history.json``.

    On takeout.google.com deselect all, select *YouTube and YouTube Music*, of it only *history*, and as its
    format JSON instead of HTML. ``time`` is when the track started, in UTC. Only what has the header "YouTube
    Music" is music; videos are counted and refused. The artist is the channel's name without "- Topic". The
    word for *watched*, in whatever language, is taken off each title. There is no album and no length; skips are
    not marked. Links, and what of the account's settings stands in the file, are left out.
    """

    kind = "youtube_music_json"
    title = "YouTube Music (Google Takeout, JSON)"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Activities with ``header``, ``title`` and ``time``.

        Raises UnknownKind when there is music among them, but what to take off its titles cannot be determined.
        """
        if not has_keys(file, "header", "title", "time"):
            return False
        _untitled(file)
        return True

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "time is the start; titles without the word for watched; only YouTube Music, no other videos"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        try:
            untitled = _untitled(file)
        except UnknownKind as error:
            why = str(error)
            return tables(file, context, Activity, lambda row: Rejected(why, _shown(row)))
        return tables(file, context, Activity, lambda row: from_activity(row, untitled))


def from_activity(row: Activity, untitled: Untitled) -> dict[str, Any] | Rejected:
    """A listen of the activity, or why it is none."""
    if row.header != HEADER:
        return Rejected("YouTube, not YouTube Music", _shown(row))
    artist = row.subtitles[0].name if row.subtitles else None
    if not artist:
        return Rejected("names no artist: the video was removed or is private", _shown(row))
    at_s = moment_s(row.time)
    if at_s is None:
        return unread_date(row.time, row)
    return {
        "content": "music",
        "at_s": at_s,
        "artist_name": artist.removesuffix(_TOPIC),
        "track_name": untitled(row.title or ""),
    }


def _shown(row: Activity) -> str:
    return msgspec.json.encode(row).decode()


def _untitled(file: InputFile) -> Untitled:
    """How the title of a track is had from that of its activity in this file.

    Raises UnknownKind when there is music in it but no telling.
    """
    titles: list[tuple[str, str]] = []
    rows = 0
    for found in JsonRows(Activity, 1 << 20).read(file.blocks(BLOCK_BYTES)):
        rows += len(found)
        titles += [
            (row.title, row.subtitles[0].name or "")
            for row in found
            if not isinstance(row, Rejected) and row.header == HEADER and row.subtitles and row.title
        ]
        if len(titles) > _SAMPLE_ROWS or rows > 40 * _SAMPLE_ROWS:
            break
    wording = wording_of(titles)
    if wording is None:
        raise UnknownKind(
            f"{file.name}: how its titles say 'watched' is in a language that is not known, such as "
            f"'{titles[0][0][:60]}'; set the language of your Google account to English and export it again"
        )
    return lambda title: without(title, wording)


def wording_of(titles: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """The words before and after the titles of tracks, given with their artists; None when there is no telling.

    They are those of a known language that most titles have, else those that all titles have in common, if the
    titles are many and of many artists: what a few have in common may belong to the tracks.
    """
    if not titles:
        return "", ""
    most = len(titles) // 2
    known = Counter(affix for title, _ in titles for affix in _known(title))
    if known and (affix := known.most_common(1)[0])[1] > most:
        return affix[0]
    different = sorted({title for title, _ in titles})
    if len(different) < _SURE_TITLES or len({artist for _, artist in titles}) < _SURE_ARTISTS:
        return None
    before = _common(different[0], different[-1])
    backwards = sorted(title[::-1] for title in different)
    after = _common(backwards[0], backwards[-1])[::-1]
    return (before, after) if before.strip() or after.strip() else None


def _known(title: str) -> list[tuple[str, str]]:
    before = [(words, "") for words in _BEFORE if title.startswith(words)]
    after = [("", words) for words in _AFTER if title.endswith(words)]
    return (before or after)[:1]


def _common(first: str, last: str) -> str:
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]


def without(title: str, wording: tuple[str, str]) -> str:
    """The title without the words around it, and without the quotation marks that stand between."""
    before, after = wording
    if not (title.startswith(before) and title.endswith(after) and len(title) > len(before) + len(after)):
        return title
    bare = title[len(before) : len(title) - len(after)]
    if after and bare.endswith('"') and bare.count('"') == 1:
        return bare[:-1].strip()
    for opening, closing in _QUOTES.items():
        if bare.startswith(opening) and bare.endswith(closing) and len(bare) > 2:
            return bare[1:-1]
    return bare.rstrip()


class YoutubeMusicHtml:
    """YouTube Music's history from Google Takeout as HTML, ``watch-history.html``: refused.

    Its dates are written in the account's language and with abbreviated time zones, of which several mean two
    places; ask Takeout for the history as JSON instead.
    """

    kind = "youtube_music_html"
    title = "YouTube Music (Google Takeout, HTML)"
    feeds: Feeds = "nothing"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """A page of activities; raises UnknownKind."""
        if starts_with(file, b"<") and 'class="outer-cell mdl-cell' in file.head_text:
            raise UnknownKind(
                f"{file.name}: Google's history as HTML, whose dates cannot be read with certainty; on "
                "takeout.google.com choose JSON as the format of the history, and import watch-history.json"
            )
        return False

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "not read: choose JSON as the format on takeout.google.com"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """No rows."""
        return iter(())


SOURCES = (YoutubeMusicJson(), YoutubeMusicHtml())
