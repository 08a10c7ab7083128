from __future__ import annotations

from typing import Any

import pytest

from tonearm.documents.words import counted, hours, listed, signed
from tonearm.ui import charts, findings
from tonearm.ui.charts import LIGHT
from tonearm.ui.findings import Finding, Square


def rows(chart: Any, column: str) -> list[dict[str, Any]]:
    """The rows of a layered chart that have ``column``."""
    return next(data for data in chart.to_dict()["datasets"].values() if column in data[0])


SOME = [
    Finding("a", 0.4, 0.2, 0.6, "higher", "40 sessions"),
    Finding("b", 0.1, -0.1, 0.3, "not_shown", "12 sessions"),
    Finding("c", 0.9, 0.1, 1.7, "insufficient", "3 sessions"),
]


def test_what_is_insufficient_has_no_interval_and_says_so() -> None:
    drawn = rows(findings.forest(SOME, "effect", LIGHT), "about")
    assert [row["interval"] for row in drawn] == ["0.20 to 0.60", "−0.10 to 0.30", "–"]
    assert [(row["low"], row["high"]) for row in drawn][2] == (None, None)
    assert [row["verdict"] for row in drawn][1:] == ["no difference shown", "too little data"]


def test_only_findings_have_a_colour() -> None:
    chart = findings.forest(SOME, "effect", LIGHT).to_dict()
    scale = chart["layer"][1]["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == {
        "higher": LIGHT.more[1],
        "lower": LIGHT.less[1],
        "not_shown": LIGHT.not_shown,
        "insufficient": LIGHT.not_shown,
    }


def test_a_cloud_of_nothing_does_not_fill_the_chart() -> None:
    chart = findings.forest([Finding("a", 0.01, -0.01, 0.03, "not_shown", "")], "effect", LIGHT).to_dict()
    assert chart["layer"][0]["encoding"]["x"]["scale"]["domain"] == [-0.3, 0.3]


def test_twice_as_often_is_as_far_out_as_half_as_often() -> None:
    one = [Finding("a", 0.25, 0.2, 0.3, "lower", "")]
    scale = findings.forest(one, "lift", LIGHT, is_ratio=True).to_dict()["layer"][0]["encoding"]["x"]["scale"]
    assert (scale["type"], scale["domain"]) == ("log", [0.2, 5.0])


def test_an_hour_stands_in_the_middle_of_itself() -> None:
    one = findings.by_hour([Finding(23, 0.1, None, None, "not_shown", "")], "more", LIGHT)
    (row,) = rows(one, "about")
    assert (row["at"], row["about"]) == (23.5, "23–24 h")


def test_a_heat_map_keeps_grey_what_is_no_finding() -> None:
    fields = [Square(1, "y", 0.5, "finding"), Square(2, "y", 0.9, "not_shown"), Square(3, "y", 0.9, "insufficient")]
    chart = findings.squares(fields, [1, 2, 3], ["y"], LIGHT, shades=findings.diverging(LIGHT), domain=(-1, 1))
    filled = chart.to_dict()["layer"][0]["encoding"]["color"]
    assert filled["condition"]["test"] == "datum.look == 'finding'"
    assert filled["value"] == LIGHT.nothing


def test_the_key_names_only_what_is_there() -> None:
    said = findings.key(["higher", "not_shown"], LIGHT)
    assert "a finding: more" in said
    assert "too little" not in said


def test_steps_of_an_hour_lie_on_one_another() -> None:
    sizes = [
        charts.Size(h, size, share, 5, h == 1) for h in (0, 1) for size, share in (("Stable", 30.0), ("Major", 70.0))
    ]
    (drawn,) = charts.shift_sizes(sizes, {"Stable": "hardly", "Major": "much"}, LIGHT).to_dict()["datasets"].values()
    assert [(row["bottom"], row["top"]) for row in drawn] == [(0, 30), (30, 100)] * 2


@pytest.mark.parametrize(
    ("found", "words"),
    [([3], "3–4 h"), ([23, 0, 1], "0–2 h and 23–24 h"), ([5, 4, 9, 20], "4–6 h, 9–10 h and 20–21 h")],
)
def test_hours_are_said_as_stretches(found: list[int], words: str) -> None:
    assert hours(found) == words


def test_counts_and_lists_in_words() -> None:
    assert (counted(1, "day"), counted(1_200, "day"), counted(0, "day")) == ("1 day", "1,200 days", "0 days")
    assert (listed(["a"]), listed(["a", "b", "c"]), listed([])) == ("a", "a, b and c", "")
    assert (signed(-0.5), signed(0.25)) == ("−0.50", "+0.25")
