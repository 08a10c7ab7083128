"""Invented names: nothing here is, or is meant to sound like, a known artist or song."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np

Choice = TypeVar("Choice")

_ADJECTIVES = """
    Marzipan Wicker Borrowed Crooked Pocket Salted Plaid Nettle Turnip Cordial Woollen Sideways Gravel Tepid
    Quilted Pewter Lopsided Buttered Mossy Rented Diagonal Bashful Tidal Corduroy Laminated Hinged Ticklish
"""
_NOUNS = """
    Kettle Thimble Gasworks Biscuit Turnstile Almanac Badger Marmalade Ferry Umbrella Pigeon Teacup Ladder
    Thistle Parsnip Doormat Trombone Lighthouse Haberdasher Gherkin Tramline Bobbin Crumpet Weathervane
"""
_VERBS = "Folding Misplacing Waltzing Ironing Renting Counting Humming Chasing Repainting Forgetting"
_SYLLABLES = "lo ka mi ven dro ster ul fa ne wi zo bri tal ma osk en ji pra quo thu"
_ACCENTED = "lú śe ño øy çe kü žan ël rỹ řa né ößa"
_SCRIPTS = (
    "ぽ ルミ ねこ ザン とろ ヴェ きゅ モリ うす パタ",
    "бро ква щи зум лё пта жо мня ры хве",
    "टो मिल कू जप री धन बु लाम चो सुर",
    "πλό κου μέ ζαν δρι φω τσά νη βρα χυ",
)
_MARKS = ("", "", "", "", "", "", "", "", "", " - Live", " - Remastered 2011", " (Acoustic)")


def artist_names(rng: np.random.Generator, count: int) -> list[str]:
    """``count`` different artists, some with accents, commas, ampersands or in other scripts."""
    names: dict[str, None] = {}
    while len(names) < count:
        names.setdefault(_pick(rng, _ARTIST_FORMS)(rng))
    return list(names)


def track_names(rng: np.random.Generator, artists: list[str], guests: list[str]) -> list[str]:
    """A title for each entry of ``artists``; an artist never has the same title twice."""
    taken: set[tuple[str, str]] = set()
    titles: list[str] = []
    for artist in artists:
        title = _title(rng, artist, guests)
        while (artist, title.lower()) in taken:
            title = f"{title} {_any_of(rng, _NOUNS)}"
        taken.add((artist, title.lower()))
        titles.append(title)
    return titles


def album_names(rng: np.random.Generator, count: int) -> list[str]:
    """``count`` album titles; two artists may share one."""
    return [_pick(rng, _TITLE_FORMS)(rng) for _ in range(count)]


def _title(rng: np.random.Generator, artist: str, guests: list[str]) -> str:
    script = next((s for s in _SCRIPTS if artist.startswith(tuple(s.split()))), None)
    title = _word(rng, script, 2, 5) if script else _pick(rng, _TITLE_FORMS)(rng)
    if rng.random() < 0.04:
        return f"{title} (feat. {_pick(rng, guests)})"
    return title + _pick(rng, _MARKS) if rng.random() < 0.3 else title


def _pick(rng: np.random.Generator, choices: Sequence[Choice]) -> Choice:
    return choices[int(rng.random() * len(choices))]


@cache
def _split(words: str) -> list[str]:
    return words.split()


def _any_of(rng: np.random.Generator, words: str) -> str:
    return _pick(rng, _split(words))


def _word(rng: np.random.Generator, syllables: str, low: int, high: int) -> str:
    return "".join(_any_of(rng, syllables) for _ in range(int(rng.integers(low, high)))).capitalize()


def _pair(rng: np.random.Generator) -> str:
    return f"{_any_of(rng, _ADJECTIVES)} {_any_of(rng, _NOUNS)}"


_Form = Callable[["np.random.Generator"], str]

_ARTIST_FORMS: tuple[_Form, ...] = (
    _pair,
    _pair,
    lambda rng: f"The {_pair(rng)}s",
    lambda rng: f"{_word(rng, _SYLLABLES, 2, 4)} {_word(rng, _SYLLABLES, 2, 4)}",
    lambda rng: f"{_word(rng, _SYLLABLES, 2, 4)} {_word(rng, _SYLLABLES, 2, 4)}",
    lambda rng: f"{_word(rng, _SYLLABLES, 2, 3)} & {_word(rng, _SYLLABLES, 2, 3)}",
    lambda rng: f"{_any_of(rng, _NOUNS)}, {_any_of(rng, _NOUNS)} & {_any_of(rng, _NOUNS)}",
    lambda rng: f"DJ {_word(rng, _SYLLABLES, 2, 4)}",
    lambda rng: f"{_word(rng, _ACCENTED, 2, 3)} {_word(rng, _SYLLABLES, 2, 4)}",
    lambda rng: f"{_word(rng, _ACCENTED, 2, 4)}",
    lambda rng: _word(rng, _pick(rng, _SCRIPTS), 2, 5),
    lambda rng: f"{_any_of(rng, _NOUNS)} of {_word(rng, _SYLLABLES, 2, 4)}",
)

_TITLE_FORMS: tuple[_Form, ...] = (
    _pair,
    lambda rng: f"{_any_of(rng, _VERBS)} the {_any_of(rng, _NOUNS)}",
    lambda rng: f"{_any_of(rng, _VERBS)} {_word(rng, _SYLLABLES, 2, 4)}",
    lambda rng: f"No {_any_of(rng, _NOUNS)}, No {_any_of(rng, _NOUNS)}",
    lambda rng: f"Don't Go {_any_of(rng, _VERBS)} My {_any_of(rng, _NOUNS)}",
    lambda rng: f"{_any_of(rng, _NOUNS)} ({_any_of(rng, _ADJECTIVES)})",
    lambda rng: f"{_any_of(rng, _NOUNS)} at {int(rng.integers(1, 12))} a.m.",
    lambda rng: f'The "{_any_of(rng, _ADJECTIVES)}" {_any_of(rng, _NOUNS)}',
    lambda rng: _word(rng, _SYLLABLES, 2, 4),
    lambda rng: f"{_word(rng, _SYLLABLES, 2, 3)} {_word(rng, _ACCENTED, 2, 3)}",
)
