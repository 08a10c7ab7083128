"""SVG as PNG, with the fonts of this machine."""

from __future__ import annotations

from functools import cache

from tonearm.errors import EngineMissing, ExtraMissing
from tonearm.pictures.svg import FONTS

try:
    import resvg_py
except ImportError as error:
    raise ExtraMissing("what draws PNG is", "pictures") from error


def png(svg: str, scale: float = 1) -> bytes:
    """The picture, ``scale`` times as large; raises EngineMissing on a machine without any font that is asked for."""
    if not _has_fonts():
        raise EngineMissing("this machine has no font for PNG; install DejaVu (fonts-dejavu-core), or ask for the SVG")
    return resvg_py.svg_to_bytes(svg_string=svg, zoom=scale)


@cache
def _has_fonts() -> bool:
    """Whether text is drawn at all: without a font it is left out, and nothing says so."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" font-family="{FONTS}">'
    empty, drawn = f"{head}</svg>", f'{head}<text y="9">M</text></svg>'
    return resvg_py.svg_to_bytes(svg_string=empty) != resvg_py.svg_to_bytes(svg_string=drawn)
