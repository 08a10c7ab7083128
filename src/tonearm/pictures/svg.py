"""SVG that holds no script and asks for nothing from elsewhere, with names that cannot break it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from html import escape
from typing import Literal

Theme = Literal["auto", "light", "dark"]
"""``auto`` follows the reader's browser; where nothing is known of it, as in a PNG, it is light."""

FONTS = (
    "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Helvetica Neue',Arial,'Liberation Sans','DejaVu Sans',"
    "sans-serif"
)
"""Those of the page, then those that servers have: the library that draws PNG takes only fonts that are named."""

_LIGHT = {"paper": "#fbf8f2", "ink": "#211d18", "soft": "#655d52", "accent": "#a63c06", "track": "#f0e3d4"}
_DARK = {"paper": "#16130f", "ink": "#f2ebe0", "soft": "#b3a898", "accent": "#ffa163", "track": "#3d2818"}
_BORDERS = {"light": "#e3dbce", "dark": "#3a332a"}

_MOST_CHARACTERS = 300
"""More are not looked at: nothing as long fits on a card, and marks that take no room have no end."""
_HANGS_ON = {"Mn", "Me", "Mc"}
_DIRECTING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows, also beyond the name they are in."""
_JOINER = "\u200d"
_MODIFIERS = ("\U0001f3fb", "\U0001f3ff")
_FLAGS = ("\U0001f1e6", "\U0001f1ff")
_ELLIPSIS, _RIGHT_TO_LEFT_MARK = "\u2026", "\u200f"

_THIN, _NARROW, _USUAL, _CAPITAL, _BROAD, _WIDE = 0.32, 0.42, 0.63, 0.75, 0.99, 1.3
"""Widths in units of the font's size, as those of DejaVu Sans, which is broader than most."""
_BY_LETTER = {
    **dict.fromkeys("iljI|!.,:;'` ", _THIN),
    **dict.fromkeys('frt()[]{}/\\-"*', _NARROW),
    **dict.fromkeys("mwMW@%&\u2014", _BROAD),
}


def plain(text: str) -> str:
    """``text`` as it can stand in XML and beside other text: on one line, without what turns the direction."""
    kept = (" " if c.isspace() else c for c in text[: 4 * _MOST_CHARACTERS] if c not in _DIRECTING and _may_stand(c))
    return " ".join("".join(kept).split())[:_MOST_CHARACTERS]


def fitted(text: str, width: float, size: float, is_bold: bool = False) -> str:
    """As much of ``text`` as ``width`` holds at a font's ``size``, with an ellipsis where some is left out.

    Nothing that is one sign to the reader is cut in two, and the ellipsis is where the text is read last.
    """
    room = width / size / (1.1 if is_bold else 1.0)
    signs = list(_signs(plain(text)))
    if sum(map(_width, signs)) <= room:
        return "".join(signs)
    kept: list[str] = []
    used = 1.0
    for sign in signs:
        used += _width(sign)
        if used > room:
            break
        kept.append(sign)
    shown = "".join(kept).rstrip()
    return shown + _ELLIPSIS + (_RIGHT_TO_LEFT_MARK if _is_right_to_left(shown) else "")


def text(
    x: float,
    y: float,
    content: str,
    size: float,
    kind: str = "ink",
    *,
    is_bold: bool = False,
    width: float | None = None,
    anchor: Literal["start", "middle", "end"] = "start",
) -> str:
    """A line of text whose baseline begins at ``x, y``, or is in the middle or ends there.

    With a ``width`` it begins there, is shortened to fit, and nothing is drawn beyond.
    """
    weight = ' font-weight="700"' if is_bold else ""
    if width is None:
        where = "" if anchor == "start" else f' text-anchor="{anchor}"'
        return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" class="{kind}"{weight}{where}>{_safe(content)}</text>'
    line = f'<text y="{1.2 * size:g}" font-size="{size:g}" class="{kind}"{weight}>'
    return (
        f'<svg x="{x:g}" y="{y - 1.2 * size:g}" width="{width:g}" height="{1.6 * size:g}">'
        f"{line}{_safe(fitted(content, width, size, is_bold))}</text></svg>"
    )


def bar(x: float, y: float, width: float, height: float, kind: str, radius: float = 3) -> str:
    """A rectangle with round corners."""
    corner = min(radius, width / 2, height / 2)
    size = f'width="{number(width)}" height="{number(height)}" rx="{number(corner)}"'
    return f'<rect x="{number(x)}" y="{number(y)}" {size} class="{kind}"/>'


def number(value: float) -> str:
    """A length as SVG has it, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def card(width: int, height: int, title: str, body: str, theme: Theme) -> str:
    """A card with a border; ``title`` is read to those who do not see it."""
    named = f"<title>{_safe(title)}</title>"
    paper = f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="12" class="paper"/>'
    head = f'{_opened(width, height)} font-family="{FONTS}">{named}<style>{_style(theme)}</style>'
    return f"{head}{ROUNDED}{paper}{body}</svg>\n"


def picture(size: int, title: str, body: str) -> str:
    """A square without a border."""
    return f"{_opened(size, size)}><title>{_safe(title)}</title>{body}</svg>\n"


ROUNDED = '<clipPath id="tonearm-rounded"><rect width="100" height="100" rx="10"/></clipPath>'
"""What rounds a sleeve on a card."""


def titled(title: str, body: str) -> str:
    """A part of a picture with a name of its own."""
    return f"<g><title>{_safe(title)}</title>{body}</g>"


def _opened(width: int, height: int) -> str:
    box = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img"'


def _style(theme: Theme) -> str:
    """Classes of colours; no variables, which only browsers know."""
    if theme != "auto":
        return _rules(theme)
    return f"{_rules('light')}@media (prefers-color-scheme:dark){{{_rules('dark')}}}"


def _rules(theme: Literal["light", "dark"]) -> str:
    colours = _DARK if theme == "dark" else _LIGHT
    return "".join(f".{name}{{fill:{of}}}" for name, of in colours.items()) + f".paper{{stroke:{_BORDERS[theme]}}}"


def _safe(content: str) -> str:
    return escape(plain(content))


def _may_stand(c: str) -> bool:
    """Whether XML 1.0 can hold a character that draws something or joins others."""
    return c.isspace() or (unicodedata.category(c) not in ("Cc", "Cs", "Co") and ord(c) & 0xFFFE != 0xFFFE)


def _signs(text: str) -> Iterator[str]:
    """What a reader takes for one sign each: a letter with its marks, joined emoji, the two letters of a flag."""
    sign = ""
    for c in text:
        if sign and not _goes_on(sign, c):
            yield sign
            sign = ""
        sign += c
    if sign:
        yield sign


def _goes_on(sign: str, c: str) -> bool:
    is_flag = _FLAGS[0] <= c <= _FLAGS[1] and len(sign) == 1 and _FLAGS[0] <= sign <= _FLAGS[1]
    hangs_on = unicodedata.category(c) in _HANGS_ON or c == _JOINER or _MODIFIERS[0] <= c <= _MODIFIERS[1]
    return is_flag or hangs_on or sign.endswith(_JOINER)


def _width(sign: str) -> float:
    c = sign[0]
    if c in _BY_LETTER:
        return _BY_LETTER[c]
    if unicodedata.east_asian_width(c) in "WF":
        return _WIDE if ord(c) >= 0x1F000 else 1.05
    if _FLAGS[0] <= c <= _FLAGS[1]:
        return _WIDE
    return _CAPITAL if c.isupper() else _USUAL


def _is_right_to_left(text: str) -> bool:
    strong = (kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL"))
    return next(strong, "L") != "L"
