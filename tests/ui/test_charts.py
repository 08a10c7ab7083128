from __future__ import annotations

from datetime import date
from typing import Any

from tonearm.read.overview import Day, Hour, Month, Share
from tonearm.ui import charts


def values(chart: Any) -> list[dict[str, Any]]:
    """The rows that a chart draws."""
    (rows,) = chart.to_dict()["datasets"].values()
    return list(rows)


YEAR = (date(2024, 1, 1), date(2024, 12, 31))


def test_a_year_has_a_cell_for_each_day_in_columns_of_weeks_from_monday() -> None:
    cells = values(charts.year_of_days(2024, [Day(date(2024, 1, 8), 5)], YEAR, 5, charts.LIGHT))
    assert (len(cells), sum(cell["listens"] for cell in cells)) == (366, 5)
    assert cells[0] == {"date": "2024-01-01T12:00:00", "week": 0, "day": "Mon", "listens": 0}
    assert cells[7] == {"date": "2024-01-08T12:00:00", "week": 1, "day": "Mon", "listens": 5}
    assert cells[-1]["week"] == 52


def test_days_outside_the_history_are_not_shown_as_silent() -> None:
    span = (date(2023, 6, 1), date(2024, 1, 3))
    chart = charts.year_of_days(2024, [Day(date(2024, 1, 3), 5)], span, 5, charts.LIGHT)
    assert [(cell["date"][:10], cell["listens"]) for cell in values(chart)] == [
        ("2024-01-01", 0),
        ("2024-01-02", 0),
        ("2024-01-03", 5),
    ]
    # The columns of the weeks stay where they are in every year.
    assert chart.to_dict()["encoding"]["x"]["scale"]["domain"][-1] == 52


def test_the_legend_says_what_is_counted_and_the_most() -> None:
    said = charts.legend("Listens a day", 1_234, charts.DARK)
    assert said.count("Listens a day") == 2
    assert "1,234" in said
    assert all(colour in said for colour in (*charts.DARK.counts, charts.DARK.nothing))


def test_a_week_has_every_hour_of_every_day() -> None:
    cells = values(charts.hours_of_week([Hour(6, 23, 7)], charts.DARK))
    assert len({(cell["day"], cell["hour"]) for cell in cells}) == 7 * 24
    assert [cell for cell in cells if cell["listens"]] == [{"day": "Sun", "hour": 23, "listens": 7}]


def test_discovery_has_a_bar_for_each_month_with_listens() -> None:
    months = [Month(date(2024, 1, 1), 9, 4, 2), Month(date(2024, 3, 1), 1, 0, 0)]
    chart = charts.discovery(months, "new_tracks", "new tracks", charts.LIGHT)
    assert [row["new"] for row in values(chart)] == [4, 0]


def test_shares_say_count_and_percent_beside_the_bar() -> None:
    rows = values(charts.shares([Share("a", 3_000), Share("b", 1_000)], {"a": "first"}, charts.LIGHT))
    assert [(row["name"], row["label"]) for row in rows] == [("first", "3,000 (75 %)"), ("b", "1,000 (25 %)")]


def test_shares_of_nothing_are_drawn() -> None:
    assert values(charts.shares([Share("a", 0)], {}, charts.LIGHT))[0]["label"] == "0 (0 %)"
