"""Normalised keys, by which spellings of artists and titles are compared.

Keys are never shown. Words that mean another recording stay (live, remix, acoustic, demo, instrumental,
karaoke, edits); those that do not are removed (remasters, mono and stereo, album version, explicit, guests).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b

FIELD = "\x1f"
"""Separates the parts of a hashed key; no name contains it."""

BEYOND_SONG = r"\s*( [-–—] |\(|\[).*$"
"""What in a title, in small letters, makes it another version of a song."""

_LATIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})

_ARTIST_GUESTS = re.compile(r"\s+[(\[]?(?:feat\.?|ft\.?|featuring)\s+(?!&|and\b)\S.*$")
_BRACKETED_GUESTS = re.compile(
    r"[(\[]\s*(?:feat\.?|ft\.?|featuring|with(?!\s+(?:me|you|u|my|your|a|or|strings|orchestra)\b))\s[^)\]]*[)\]]"
)
# Without brackets only unambiguous words, and only up to the part that names the recording.
_GUESTS = re.compile(r"\s+(?:feat\.|ft\.|featuring)\s+.*?(?=\s+[-–—]\s+|\s*[(\[]|$)")
_DASH = re.compile(r"\s+[-–—]\s+")
_BETWEEN_PARTS = re.compile(f"({_DASH.pattern})")
_LAST_DASH = re.compile(r"\s+[-–—]$")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_SAME_RECORDING = re.compile(
    r"(?:(?:19|20)\d\d)?\s*(?:-\s*)?(?:(?:digital(?:ly)?|newly|24[ -]?bit|hd)\s+)?re-?master(?:ed|izado)?"
    r"(?:\s+(?:version|edition|album version|mono|stereo))?(?:\s+(?:in\s+)?(?:19|20)\d\d)?"
    r"(?:\s+(?:version|edition|re-?master(?:ed)?))?"
    r"|(?:mono|stereo)(?:\s+(?:version|mix))?"
    r"|(?:explicit\s+)?album version(?:\s+\(?explicit\)?)?|explicit(?:\s+version)?"
    r"|original(?:\s+(?:version|mix))|bonus track|(?:19|20)\d\d(?=$)"
)
_EDITION = re.compile(
    r"deluxe|expanded|anniversary|edition|remaster(?:ed|s|izado)?|reissued?|explicit|clean|mono|stereo|bonus"
    r"|(?:dis[ck]|cd)\d{0,2}"
)
_BESIDE_EDITION = re.compile(
    r"extended|special|limited|collectors|legacy|standard|complete|definitive|super|tracks?|digital(?:ly)?|newly"
    r"|version|album|the|original|international|us|uk|eu|japan(?:ese)?|with|and|of|\d{1,4}(?:st|nd|rd|th)?"
)
"""Words that tell editions apart only together with one that does."""
_TRAILING_THE = re.compile(r",\s*the$")
_AND = re.compile(r"(?<=\w)\s*[&+]\s*(?=\w)")
_INITIALS = re.compile(r"\b([^\W\d_])\.(?=[^\W\d_]\b)")
_APOSTROPHES = re.compile("['’‘ʼ`´＇]")
_TITLE_GUESTS = re.compile(r"[(\[\s](?:feat\.?|ft\.?|featuring)\s+([^)\]]+?)(?=\s+[-–—]\s+|\s*[()\[\]]|$)")
_MAY_NAME_GUESTS = re.compile(r"f(?:ea)?t", re.IGNORECASE)
_BETWEEN_ARTISTS = re.compile(r"[,;/&+×•·()\[\]]|\s(?:and|with|feat\.?|ft\.?|featuring|vs\.?|x)(?=\s)")
_VARIOUS = (
    *("various artists", "various", "va", "various interprets", "verschiedene interpreten", "verschiedene künstler"),
    *("artistes variés", "artistes divers", "multi interpretes", "varios artistas", "vários artistas", "artisti vari"),
    *("разные исполнители", "różni wykonawcy", "diverse artiesten", "ヴァリアス アーティスト"),
)

CREDIT = "; "
"""Separates the artists in a list of them."""
VARIOUS = "various artists"
"""Stands for the artists of a track that is credited to nobody in particular."""


def artist_key(name: str) -> str:
    """Key by which artists are compared: "The Beatles" and "BEATLES" agree, "Tyler, The Creator" stays whole.

    Ignores guests ("feat. …"), a leading "The", case, accents of Latin letters and punctuation; "&", "+" and
    "and" agree. A name of punctuation only is its own key. Empty only for blank names.
    """
    text = _folded(name)
    plain = _words(_TRAILING_THE.sub("", _ARTIST_GUESTS.sub("", text)))
    if plain.startswith("the ") and plain != "the the":
        plain = plain[4:]
    return plain or _squeezed(text) or _squeezed(name)


def title_key(name: str) -> str:
    """Key by which titles are compared: "Help! - Remastered 2009" and "Help!" agree, "Help! (Live)" does not.

    Ignores guests, remasters, mono and stereo, case, accents of Latin letters and punctuation. A title of
    punctuation only is its own key. Empty only for blank names.
    """
    text = _folded(name)
    bare = _GUESTS.sub("", _BRACKETED_GUESTS.sub(" ", text)) if "f" in text or "with" in text else text
    return _words(_without_editions(bare)) or _words(text) or _squeezed(text) or _squeezed(name)


def album_key(name: str) -> str:
    """Key by which albums are compared: "Help!" and "Help! (Deluxe Edition)" agree, "Help! (Live)" does not.

    Ignores editions and discs, case, accents of Latin letters and punctuation. Empty only for blank names.
    """
    text = _folded(name)
    return _words(without_edition(text)) or _words(text) or _squeezed(text) or _squeezed(name)


def without_edition(album: str) -> str:
    """The name of an album without editions and discs in brackets or after a dash; a year alone is no edition."""
    bare = _BRACKETS.sub(lambda found: "" if _is_edition(found[1]) else found[0], album)
    parts = _BETWEEN_PARTS.split(bare)
    # Of dash, part, dash, part, … after the first part.
    kept = [dash + part for dash, part in zip(parts[1::2], parts[2::2], strict=True) if not _is_edition(part)]
    return _LAST_DASH.sub("", _squeezed("".join([parts[0], *kept])))


def _is_edition(part: str) -> bool:
    """Whether a part of an album's name tells editions or discs of one album apart, and nothing else."""
    words = _words(_folded(part)).split()
    others = [word for word in words if not _EDITION.fullmatch(word)]
    return len(others) < len(words) and all(map(_BESIDE_EDITION.fullmatch, others))


def is_various(name: str) -> bool:
    """Whether ``name`` stands for nobody in particular: "Various Artists" and "VA" do, in several languages."""
    return artist_key(name) in _VARIOUS_KEYS


def credits(artist: str, artists: str | None, title: str | None) -> str:
    """Every artist credited, for comparing credits: each one's key, sorted, separated by CREDIT.

    An act is taken apart here ("Above & Beyond" and the list "Beyond; Above" are credited alike), because nothing is
    named by its credits. Guests in the title count. A collection's "Various Artists" is VARIOUS, in any language.
    """
    named = _credited(artists or artist)
    if title is not None and _MAY_NAME_GUESTS.search(title) and named != VARIOUS:
        guests = _TITLE_GUESTS.findall(_folded(title))
        return CREDIT.join(sorted({key for part in (named, *map(_credited, guests)) for key in part.split(CREDIT)}))
    return named


@lru_cache(1 << 16)
def _credited(artists: str) -> str:
    """``artists`` one by one; for most of them the artist's own key."""
    key = artist_key(artists)
    if key in _VARIOUS_KEYS:
        return VARIOUS
    pieces = _BETWEEN_ARTISTS.split(_folded(artists))
    if len(pieces) == 1:
        return key
    return CREDIT.join(sorted({part for piece in pieces if (part := artist_key(piece))})) or key


def key_id(*keys: str) -> int:
    """63-bit hash of ``keys``, the same on every machine and in every version."""
    return int.from_bytes(blake2b(FIELD.join(keys).encode(), digest_size=8).digest(), "big") >> 1


def _folded(name: str) -> str:
    """Without compatibility forms, case and accents of Latin letters; other scripts keep their marks."""
    if name.isascii():
        return name.casefold()
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", name).casefold())
    kept: list[str] = []
    is_latin = False
    for letter in text:
        if unicodedata.category(letter) == "Mn":
            # A dakuten, the breve of й or a vowel sign makes another letter; an accent on Latin does not.
            if is_latin:
                continue
        else:
            is_latin = (letter.isascii() and letter.isalpha()) or unicodedata.name(letter, "").startswith("LATIN")
        kept.append(letter)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_LATIN_LETTERS)


def _without_editions(title: str) -> str:
    if "-" not in title and "(" not in title and "[" not in title and "–" not in title and "—" not in title:
        return title
    first, *rest = _DASH.split(_BRACKETS.sub(_edition_in_brackets, title))
    return " ".join([first, *(_without_neutral(part) for part in rest)])


def _edition_in_brackets(found: re.Match[str]) -> str:
    return f" {_without_neutral(found[1])} "


def _without_neutral(part: str) -> str:
    """``part`` of a title after a dash or in brackets, without words that do not change the recording."""
    pieces = [piece.strip() for piece in re.split(r"[/;,]", part)]
    return " ".join(piece for piece in pieces if not _SAME_RECORDING.fullmatch(piece))


def _words(text: str) -> str:
    """``text`` without punctuation: letters, digits, signs such as emoji, single spaces between words."""
    text = _INITIALS.sub(r"\1", _AND.sub(" and ", _APOSTROPHES.sub("", text)))
    return " ".join(text.translate(_PUNCTUATION).split())


def _squeezed(text: str) -> str:
    return " ".join(text.split())


class _Punctuation(dict[int, str]):
    """What each code point becomes: punctuation a space, invisible signs nothing, anything else itself."""

    def __missing__(self, point: int) -> str:
        letter = chr(point)
        category = unicodedata.category(letter)
        if category[0] in "PZ" or category in ("Sm", "Sk", "Cc"):
            self[point] = " "
        elif category == "Cf" or 0xFE00 <= point <= 0xFE0F:
            self[point] = ""
        else:
            self[point] = letter
        return self[point]


_PUNCTUATION = _Punctuation()
_VARIOUS_KEYS = frozenset(artist_key(name) for name in _VARIOUS)
