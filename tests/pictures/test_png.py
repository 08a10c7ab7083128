from __future__ import annotations

import struct

import pytest

from tonearm.errors import EngineMissing
from tonearm.pictures import png as module
from tonearm.pictures.cards import now_card
from tonearm.pictures.png import png


def size(image: bytes) -> tuple[int, ...]:
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", image[16:24])


def test_a_card_has_as_many_pixels_as_asked_for() -> None:
    card = now_card("Ada", None)
    assert (size(png(card)), size(png(card, 2))) == ((480, 124), (960, 248))


def test_the_theme_of_a_png_is_light_unless_it_is_dark() -> None:
    light, dark, auto = (png(now_card("Ada", None, theme)) for theme in ("light", "dark", "auto"))
    assert auto == light != dark


def test_without_a_font_there_is_no_picture_without_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FONTS", "'No such font'")
    module._has_fonts.cache_clear()
    with pytest.raises(EngineMissing, match="has no font"):
        png(now_card("Ada", None))
    module._has_fonts.cache_clear()
