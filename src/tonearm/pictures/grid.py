"""Grids of the albums that were heard most, in the layouts of ListenBrainz' cover art."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tonearm.pictures.sleeve import name_of, sleeve
from tonearm.pictures.svg import picture, titled

SMALLEST_PX, LARGEST_PX = 128, 1024


@dataclass(frozen=True)
class _Large:
    """A tile that takes the place of several: its column, row and side in cells."""

    column: int
    row: int
    side: int

    def covers(self, column: int, row: int) -> bool:
        return 0 <= column - self.column < self.side and 0 <= row - self.row < self.side


_LARGE: dict[int, tuple[tuple[_Large, ...], ...]] = {
    1: ((),),
    2: ((),),
    3: ((), (_Large(0, 0, 2),), (_Large(1, 1, 2),)),
    4: ((), (_Large(1, 1, 2),), (_Large(0, 0, 2), _Large(2, 2, 2)), (_Large(0, 0, 3),)),
    5: ((), (_Large(0, 0, 3), _Large(3, 0, 2), _Large(0, 3, 2))),
}
"""Of each dimension the layouts, and of each layout the tiles that are larger; all others are one cell."""
_IN_ORDER = (3, 2)
"""The layout whose large tile has its turn where it lies; in the others the large ones come first."""

DIMENSIONS = tuple(_LARGE)


def layouts(dimension: int) -> int:
    """How many there are of a dimension."""
    return len(_LARGE[dimension])


def grid(title: str, albums: Sequence[tuple[str, str]], dimension: int, layout: int, size_px: int) -> str:
    """A square of sleeves, the first of the ``albums`` (artist and album) on the largest tiles.

    Where there are too few albums, the tiles that are left stay grey.
    """
    drawn = (
        titled(f"{album} – {artist}", _placed(tile, name_of(artist, album), dimension, size_px))
        for tile, (artist, album) in zip(_tiles(dimension, layout), albums, strict=False)
    )
    ground = f'<rect width="{size_px}" height="{size_px}" fill="#888" fill-opacity=".2"/>'
    return picture(size_px, title, ground + "".join(drawn))


def _placed(tile: _Large, name: str, dimension: int, size_px: int) -> str:
    """A sleeve that begins and ends with a whole pixel, so that no gap shines through."""
    x, y, right = (round(cell * size_px / dimension) for cell in (tile.column, tile.row, tile.column + tile.side))
    return sleeve(name, x, y, right - x + 1)


def _tiles(dimension: int, layout: int) -> list[_Large]:
    large = _LARGE[dimension][layout]
    cells = [
        _Large(column, row, 1)
        for row in range(dimension)
        for column in range(dimension)
        if not any(one.covers(column, row) for one in large)
    ]
    if (dimension, layout) == _IN_ORDER:
        return sorted([*large, *cells], key=lambda one: (one.row, one.column))
    return [*large, *cells]
