from __future__ import annotations

from tonearm.ui.rankings import Place, ranking_html


def test_bars_are_parts_of_the_first_and_names_are_text() -> None:
    drawn = ranking_html("Artists", [Place(1, "<b>&", "2 tracks", 2_000), Place(2, "Air", "$1$ *x*", 500)])
    assert "&lt;b&gt;&amp;" in drawn
    assert "$1$ *x*" in drawn
    assert "background-size: 100% 3px" in drawn
    assert "background-size: 25% 3px" in drawn
    assert "2,000" in drawn
