"""Sleeves: a picture for every name, drawn from the name itself, as ``site/sleeve.js`` draws it on the page.

A test compares the two in a browser; whatever changes here changes there.
"""

from __future__ import annotations

from collections.abc import Callable
from colorsys import hls_to_rgb
from math import floor

from tonearm.pictures.svg import number

_32_BITS = 0xFFFFFFFF

_Next = Callable[[], float]
_Ink = tuple[str, str, str]
_Attributes = dict[str, float | str]
_Shape = tuple[str, _Attributes]
"""An element and its attributes."""


def sleeve(name: str, x: float, y: float, size: float, is_rounded: bool = False) -> str:
    """The picture of a name as an SVG element. A file with the cover itself would be put in here, as an ``<image>``."""
    clip = ' clip-path="url(#tonearm-rounded)"' if is_rounded else ""
    drawn = "".join(_element(*one) for one in shapes(name))
    return (
        f'<svg x="{x:g}" y="{y:g}" width="{size:g}" height="{size:g}" viewBox="0 0 100 100"><g{clip}>{drawn}</g></svg>'
    )


def name_of(artist: str | None, album: str | None) -> str:
    """The name whose sleeve an album or a track has on the page."""
    return f"{artist or ''}/{album or ''}"


def shapes(name: str) -> list[_Shape]:
    """What the picture consists of, from the back to the front, in a square of 100."""
    draw = _numbers(name or "?")
    hue = floor(360 * draw())
    away = 25 + 140 * draw()
    ink = (_hsl(hue, 0.45, 0.30), _hsl((hue + away) % 360, 0.65, 0.60), _hsl((hue + away / 2) % 360, 0.50, 0.45))
    paint = _PAINTERS[floor(len(_PAINTERS) * draw())]
    return [("rect", {"width": 100, "height": 100, "fill": ink[0]}), *paint(draw, ink)]


def _hash(text: str) -> int:
    """FNV-1a with a final mix: 32 bits that differ in all places for names that differ in one."""
    found = 0x811C9DC5
    for letter in text:
        found = (found ^ ord(letter)) * 0x01000193 & _32_BITS
    found = (found ^ found >> 15) * 0x2C1B3C6D & _32_BITS
    return found ^ found >> 13


def _numbers(text: str) -> _Next:
    """Numbers from 0 to 1 that follow from a name (mulberry32)."""
    state = _hash(text)

    def draw() -> float:
        nonlocal state
        state = state + 0x6D2B79F5 & _32_BITS
        mixed = (state ^ state >> 15) * (state | 1) & _32_BITS
        mixed ^= mixed + ((mixed ^ mixed >> 7) * (mixed | 61) & _32_BITS) & _32_BITS
        return (mixed ^ mixed >> 14) / 2**32

    return draw


def _rings(draw: _Next, ink: _Ink) -> list[_Shape]:
    x, y = 25 + 50 * draw(), 25 + 50 * draw()
    return [("circle", {"cx": x, "cy": y, "r": 72 - 12 * i, "fill": ink[i % 3]}) for i in range(6)]


def _bars(draw: _Next, ink: _Ink) -> list[_Shape]:
    n = 5 + floor(5 * draw())
    heights = [15 + 80 * draw() for _ in range(n)]
    return [
        ("rect", {"x": 100 / n * i, "y": 100 - high, "width": 100 / n + 0.4, "height": high, "fill": ink[i % 3]})
        for i, high in enumerate(heights)
    ]


def _sun(draw: _Next, ink: _Ink) -> list[_Shape]:
    y = 40 + 30 * draw()
    disc: _Shape = ("circle", {"cx": 50, "cy": y, "r": 24 + 12 * draw(), "fill": ink[1]})
    sea: _Shape = ("rect", {"x": 0, "y": y + 4, "width": 100, "height": 100, "fill": ink[0], "opacity": 0.55})
    return [disc, sea, *(_stripe(y + 6 + 9 * i, ink[2]) for i in range(5))]


def _stripe(y: float, fill: str) -> _Shape:
    return "rect", {"x": 0, "y": y, "width": 100, "height": 4.5, "fill": fill}


def _tiles(draw: _Next, ink: _Ink) -> list[_Shape]:
    return [_tile(25 * (i % 4), 25 * (i // 4), 90 * floor(4 * draw()), ink[floor(3 * draw())]) for i in range(16)]


def _tile(x: int, y: int, turn: int, fill: str) -> _Shape:
    path = f"M{x} {y}h25a25 25 0 0 1-25 25z"
    return "path", {"d": path, "fill": fill, "transform": f"rotate({turn} {x + 12.5:g} {y + 12.5:g})"}


def _waves(draw: _Next, ink: _Ink) -> list[_Shape]:
    return [_wave(8 + 16 * i, 6 + 12 * draw(), ink[i % 3]) for i in range(6)]


def _wave(y: int, swing: float, fill: str) -> _Shape:
    return "path", {"d": f"M0 {y}Q25 {number(y - swing)} 50 {y}T100 {y}V100H0z", "fill": fill}


def _arcs(draw: _Next, ink: _Ink) -> list[_Shape]:
    turn = f"rotate({90 * floor(4 * draw())} 50 50)"
    return [
        ("circle", {"cx": 0, "cy": 100, "r": 105 - 20 * i, "fill": ink[i % 3], "transform": turn}) for i in range(5)
    ]


_PAINTERS = (_rings, _bars, _sun, _tiles, _waves, _arcs)


def _hsl(hue: float, saturation: float, lightness: float) -> str:
    """The colour as ``#rrggbb``, which every program that draws SVG knows."""
    return "#" + "".join(f"{floor(255 * part + 0.5):02x}" for part in hls_to_rgb(hue / 360, lightness, saturation))


def _element(kind: str, attributes: _Attributes) -> str:
    written = (f'{name}="{of if isinstance(of, str) else number(of)}"' for name, of in attributes.items())
    return f"<{kind} {' '.join(written)}/>"
