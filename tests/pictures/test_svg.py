from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tonearm.pictures.svg import card, fitted, plain, text

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1e9\U0001f1ea"


def test_what_fits_stays_and_what_does_not_ends_in_an_ellipsis() -> None:
    assert fitted("Air", 100, 12) == "Air"
    assert fitted("W" * 50, 100, 10) == "W" * 9 + "…"
    assert len(fitted("W" * 50, 100, 10, is_bold=True)) < 10


@pytest.mark.parametrize("sign", [FAMILY, FLAG, "e\u0301", "\U0001f44b\U0001f3fd"])
def test_no_sign_is_cut_in_two(sign: str) -> None:
    for width in range(10, 145, 7):
        shown = fitted(sign * 20, width, 12)
        assert shown.endswith("…")
        assert shown.removesuffix("…") == sign * shown.count(sign)


def test_the_ellipsis_of_text_from_the_right_stays_at_its_end() -> None:
    assert fitted("ب" * 50, 60, 12).endswith("…\u200f")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x00b\x1b[31m", "ab[31m"),
        ("\u202eevil", "evil"),
        ("two\n\tlines", "two lines"),
        ("half \ud83d", "half"),
        ("\ufffe\uffff", ""),
    ],
)
def test_what_xml_cannot_hold_or_turns_the_direction_is_left_out(name: str, shown: str) -> None:
    assert plain(name) == shown


@pytest.mark.parametrize("name", ['<script>alert("1")</script>', "'\"><image href='//x.org'/>", "]]>", "&amp;&#0;"])
def test_a_name_is_text_and_nothing_else(name: str) -> None:
    drawn = card(480, 100, name, text(0, 20, name, 12) + text(0, 40, name, 12, width=900), "auto")
    root = ElementTree.fromstring(drawn)
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds == {"svg", "title", "style", "clipPath", "rect", "text"}
    assert [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")] == [name, name]


def test_auto_is_light_and_dark_by_the_readers_browser() -> None:
    light, dark, auto = (card(480, 100, "", "", theme) for theme in ("light", "dark", "auto"))
    assert "@media" not in light + dark and light != dark
    assert "@media (prefers-color-scheme:dark)" in auto
    assert auto.index("#fbf8f2") < auto.index("@media") < auto.index("#16130f")
