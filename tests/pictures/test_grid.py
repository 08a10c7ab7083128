from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tonearm.pictures.grid import DIMENSIONS, grid, layouts

ALBUMS = [("Air", f"Album {number}") for number in range(30)]
ALL = [(dimension, layout) for dimension in DIMENSIONS for layout in range(layouts(dimension))]
Box = tuple[float, ...]


def boxes(drawn: str) -> list[Box]:
    """Left, top and side of each sleeve, in the order of the ranking."""
    root = ElementTree.fromstring(drawn)
    inner = [one for one in root.iter("{http://www.w3.org/2000/svg}svg") if one is not root]
    return [tuple(float(one.get(name) or 0) for name in ("x", "y", "width")) for one in inner]


@pytest.mark.parametrize(("dimension", "layout"), ALL)
def test_tiles_cover_the_square(dimension: int, layout: int) -> None:
    covered = [
        (x + i, y + j)
        for x, y, side in boxes(grid("", ALBUMS, dimension, layout, 60 * dimension))
        for i in range(0, int(side) - 1, 60)
        for j in range(0, int(side) - 1, 60)
    ]
    assert sorted(covered) == [(60 * i, 60 * j) for i in range(dimension) for j in range(dimension)]


def test_the_first_albums_have_the_large_tiles() -> None:
    assert boxes(grid("", ALBUMS, 4, 2, 400))[:3] == [(0, 0, 201), (200, 200, 201), (200, 0, 101)]
    # As ListenBrainz has it, this layout alone goes by place.
    assert [side for _, _, side in boxes(grid("", ALBUMS, 3, 2, 300))] == [101, 101, 101, 101, 201, 101]


def test_few_albums_leave_tiles_empty() -> None:
    assert len(boxes(grid("", ALBUMS[:2], 3, 0, 300))) == 2
