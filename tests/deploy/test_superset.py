"""The image of Superset has what is tested, and every chart, query and dashboard is used."""

from __future__ import annotations

import os
import re

import duckdb
import yaml

from tests.deploy import ROOT
from tests.deploy.test_image import pins
from tonearm.table import tables

FOLDER = ROOT / "deploy" / "superset"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
CHARTS = {path.stem: yaml.safe_load(path.read_text()) for path in (FOLDER / "charts").glob("*.yaml")}
QUERIES = {path.stem: path.read_text() for path in (FOLDER / "queries").glob("*.sql")}
DASHBOARDS = {path.stem: yaml.safe_load(path.read_text()) for path in (FOLDER / "dashboards").glob("*.yaml")}
STYLE = yaml.safe_load((FOLDER / "style.yaml").read_text())


def test_the_image_is_nobodys_root_and_copies_what_is_let_through() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"
    assert pins("superset")["apache-superset"] == "6.1.0"
    assert "requirements/superset.txt" in DOCKERFILE
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    copied = [line.split()[1] for line in re.findall(r"^COPY (?!--from).*$", DOCKERFILE, re.MULTILINE)]
    assert copied and [path for path in copied if f"!{path}" not in ignored or not (ROOT / path).exists()] == []


def test_every_gold_table_is_in_a_chart_or_in_a_table_that_is() -> None:
    gold = {name: table for name, table in tables().items() if table.layer == "gold"}
    into_another = {name for table in gold.values() for name in table.inputs}
    drawn = {chart["query"] for chart in CHARTS.values()}
    read = {word for query in drawn for word in re.findall(r"\w+", QUERIES[query])}
    assert len(gold) >= 22
    assert gold.keys() - read - into_another == set()


def test_every_chart_has_a_query_and_a_place_and_every_query_a_chart() -> None:
    placed = [chart for dashboard in DASHBOARDS.values() for row in dashboard["rows"] for chart in row["charts"]]
    assert sorted(placed) == sorted(CHARTS)
    assert {chart["query"] for chart in CHARTS.values()} == set(QUERIES)
    assert len({chart["title"] for chart in CHARTS.values()}) == len(CHARTS) >= 21


def test_a_row_has_twelve_columns_and_a_dashboard_a_filter_for_the_listener() -> None:
    families = {"descriptive", "diagnostic", "predictive", "prescriptive", "cognitive"}
    assert families < set(DASHBOARDS)
    for dashboard in DASHBOARDS.values():
        assert [row for row in dashboard["rows"] if sum(row["charts"].values()) != 12] == []
        assert {STYLE["filters"][name].get("column") for name in dashboard["filters"]} >= {"listener"}
    assert all(re.search(r"^ +(\w+\.)?listener,$", sql, re.MULTILINE) for sql in QUERIES.values())


def test_a_baseline_without_an_interval_is_not_counted_as_outside_of_it() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE mood_predictions AS "
            "SELECT 'Ada' AS listener, 'listen' AS slot, '' AS served_by, * FROM (VALUES"
            " (1, 0.5, 0.5, 0.4, 0.6), (2, 0.5, 0.7, 0.4, 0.6), (3, 0.5, 0.5, NULL, NULL), (4, 0.5, 0.7, NULL, 0.6)"
            ") AS rows (slot_id, expected_valence, actual_valence, expected_valence_low, expected_valence_high)"
        )
        query = f"SELECT listen, inside_interval_pct, verdict FROM ({QUERIES['valence_check']}) ORDER BY listen"
        found = connection.execute(query).fetchall()
    assert found == [
        ("1", 100, "inside its 90 % interval"),
        ("2", 0, "outside"),
        ("3", None, "no interval"),
        ("4", None, "no interval"),
    ]
    assert {verdict for _, _, verdict in found} <= STYLE["colours"].keys()


def test_colours_are_colours() -> None:
    assert [name for name, colour in STYLE["colours"].items() if not re.fullmatch("#[0-9a-f]{6}", colour)] == []


def test_no_file_holds_a_secret() -> None:
    assert not [path for path in FOLDER.rglob("*") if path.is_file() and os.access(path, os.X_OK)]
    texts = [path.read_text() for path in FOLDER.rglob("*") if path.suffix in (".py", ".sql", ".yaml")]
    assert len(texts) > 80 and not re.search(r"password: |:[^/@\s]+@", "".join(texts))
