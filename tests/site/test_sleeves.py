"""The sleeves of the page and those of the pictures are one algorithm in two languages."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from tonearm.documents.export import SITE
from tonearm.pictures.sleeve import shapes

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
DRAWN = """names => names.map(name => {
  const picture = tonearm.sleeve(name);
  document.body.append(picture);
  const shapes = [...picture.children].map(one => [one.tagName, {
    ...Object.fromEntries([...one.attributes].map(({name, value}) => [name, value])),
    fill: getComputedStyle(one).fill,
  }]);
  picture.remove();
  return shapes;
})"""


def names() -> list[str]:
    draw = random.Random(1)
    letters = "abcdefgh ÅßЖ漢ب\N{PILE OF POO}\N{ZERO WIDTH JOINER}'\"</"
    made = ["".join(draw.choices(letters, k=draw.randrange(1, 40))) for _ in range(500)]
    return ["", "?", "Air", "Air/Moon Safari", "e\u0301", "\ud83d", "W" * 2000, *made]


def parts(value: Any) -> tuple[list[float], str]:
    """The numbers of an attribute, and what is around them."""
    written = str(value)
    if re.fullmatch(r"#[0-9a-f]{6}", written):
        written = f"rgb({', '.join(str(int(written[i : i + 2], 16)) for i in (1, 3, 5))})"
    return [float(one) for one in NUMBER.findall(written)], NUMBER.sub("", written)


def test_both_draw_the_same_sleeve_of_each_name(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<script>const tonearm = {};</script>")
    page.add_script_tag(content=(SITE / "sleeve.js").read_text())
    drawn: list[list[tuple[str, dict[str, str]]]] = page.evaluate(DRAWN, names())
    kinds = set()
    for name, of_page in zip(names(), drawn, strict=True):
        ours = shapes(name)
        assert [kind for kind, _ in ours] == [kind for kind, _ in of_page], name
        for (kind, mine), (_, theirs) in zip(ours, of_page, strict=True):
            assert mine.keys() == theirs.keys(), name
            for attribute, value in mine.items():
                (here, around), (there, also_around) = parts(value), parts(theirs[attribute])
                # Browsers round colours in their own way; a path is written with two digits.
                exact = 1 if attribute == "fill" else 0.006
                assert around == also_around and here == pytest.approx(there, abs=exact), (name, kind, attribute)
        kinds.add(tuple(kind for kind, _ in ours))
    assert len(kinds) >= 6
