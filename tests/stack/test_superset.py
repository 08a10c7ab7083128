"""The analyst's Superset: who is let in, what an import changes, and every chart with the numbers of DuckDB."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import httpx
import pytest
import yaml

from tests.browser import PATIENCE_MS, browser
from tests.postgres import Server
from tests.stack.servers import PICTURES
from tests.stack.superset import SOURCE, Superset, is_elsewhere, log_in, ran, require_superset, variables
from tests.stack.trino import Trino
from tonearm.lake import open_lake
from tonearm.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Response

__all__ = ["browser"]

BOTTOM = "() => Math.max(...[...document.querySelectorAll('.grid-row')].map(row => row.getBoundingClientRect().bottom))"
ALL_DRAWN = """charts => document.querySelectorAll('.slice_container').length >= charts
    && !document.querySelector('.loading, [data-test="loading-indicator"]')"""
QUERIES = sorted(path.stem for path in (SOURCE / "queries").glob("*.sql"))
CHARTS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((SOURCE / "charts").glob("*.yaml"))}
DASHBOARDS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((SOURCE / "dashboards").glob("*.yaml"))}


@pytest.fixture(scope="module")
def lake(household: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB over the tables that Trino has."""
    with closing(duckdb.connect()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        tables = open_lake(household.lake)
        for name in tables.names():
            connection.register(name, tables.dataset(name))
        yield connection


@pytest.fixture(scope="module")
def analyst(browser: Browser, superset: Superset) -> Iterator[BrowserContext]:
    """A browser in which somebody has logged in."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{superset.url}/login/")
    page.locator("#username, [data-test='username-input']").first.fill("admin")
    page.locator("#password, [data-test='password-input']").first.fill(superset.password)
    page.locator("button[type='submit'], [data-test='login-button']").first.click()
    page.wait_for_url(lambda address: "/login" not in address)
    page.close()
    yield context
    context.close()


@pytest.fixture(scope="module")
def pictures() -> Path:
    """Where pictures of the dashboards stay to be looked at; those of an earlier run are gone."""
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    return PICTURES


# -- who is let in


def test_nobody_is_let_in_by_a_password_that_anyone_would_try(superset: Superset) -> None:
    with httpx.Client(base_url=superset.url) as client:
        assert log_in(client, "admin", "admin").status_code == 401
        assert log_in(client, "admin", "").status_code in (400, 401)
        assert log_in(client, "admin", superset.password).status_code == 200


def test_without_a_login_there_is_nothing_to_see(superset: Superset) -> None:
    with httpx.Client(base_url=superset.url) as client:
        assert client.get("/api/v1/chart/").status_code in (401, 403)
        assert client.post("/api/v1/chart/data", json={}).status_code in (401, 403)
        page = client.get("/superset/dashboard/tonearm-descriptive/")
        assert page.status_code in (302, 401, 403, 404)
        assert "Descriptive" not in page.text


def test_no_other_database_can_be_added(superset: Superset) -> None:
    with superset.client() as client:
        other = {"database_name": "other", "sqlalchemy_uri": "postgresql://somebody@192.0.2.1/elsewhere"}
        assert client.post("/api/v1/database/", json=other).status_code in (400, 422)
        assert [one["database_name"] for one in superset.all(client, "database", "database_name")] == ["tonearm"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"SUPERSET_SECRET_KEY": ""}, "SUPERSET_SECRET_KEY is not set"),
        ({"SUPERSET_SECRET_KEY": "short"}, "SUPERSET_SECRET_KEY is no secret"),
        ({"SUPERSET_SECRET_KEY": "CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET"}, "SUPERSET_SECRET_KEY is no secret"),
        ({"SUPERSET_ADMIN_PASSWORD": "admin"}, "SUPERSET_ADMIN_PASSWORD needs 12 characters"),
        ({"SUPERSET_DATABASE_URI": "sqlite:////tmp/superset.db"}, "must be a PostgreSQL database"),
        ({"PGPASSWORD": "wrong-password"}, "password authentication failed"),
        ({"SUPERSET_REDIS_URL": ""}, "SUPERSET_REDIS_URL is not set"),
    ],
)
def test_what_is_missing_or_unsafe_is_refused_in_a_sentence(
    changed: dict[str, str],
    sentence: str,
    postgres: Server,
    database_url: str,
    redis: str,
    trino: Trino,
    tmp_path: Path,
) -> None:
    require_superset()
    database = database_url.rpartition("/")[2]
    given = variables(postgres, database, redis, trino) | {"HOME": str(tmp_path)} | changed
    printed = ran(SOURCE / "start.py", given, code=1)
    assert sentence in printed
    assert "Traceback" not in printed
    assert not [
        value
        for name, value in given.items()
        if name in ("SUPERSET_SECRET_KEY", "PGPASSWORD") and value in printed
        if value
    ]
    assert postgres.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database) == [(0,)]


# -- what an import changes


def test_an_import_adds_changes_and_removes_ours_alone(superset: Superset) -> None:
    folder = superset.folder
    shutil.copy(folder / "queries" / "listeners.sql", folder / "queries" / "passing.sql")
    shutil.copy(folder / "queries" / "listeners.sql", folder / "queries" / "drawn_from.sql")
    for query in ("passing", "drawn_from"):
        passing = {**CHARTS["total_listens"], "title": f"From {query}", "query": query}
        (folder / "charts" / f"from_{query}.yaml").write_text(yaml.safe_dump(passing))
    superset.load()
    with superset.client() as client:
        datasets = {one["table_name"]: one["id"] for one in superset.all(client, "dataset", "id", "table_name")}
        assert set(datasets) == {*QUERIES, "passing", "drawn_from"}
        mine = {
            "slice_name": "An analyst's own",
            "viz_type": "table",
            "datasource_id": datasets["drawn_from"],
            "datasource_type": "table",
            "params": json.dumps({"viz_type": "table", "query_mode": "raw", "all_columns": ["listener"]}),
        }
        assert client.post("/api/v1/chart/", json=mine).status_code == 201

    for path in (folder / "charts").glob("from_*.yaml"):
        path.unlink()
    (folder / "queries" / "passing.sql").unlink()
    (folder / "queries" / "drawn_from.sql").unlink()
    # Two charts and a dataset are gone; the other dataset is what the analyst's own chart is drawn from.
    assert superset.load().strip().endswith(f"{len(DASHBOARDS)} dashboards, {len(CHARTS)} charts, 3 removed")
    with superset.client() as client:
        titles = sorted(one["slice_name"] for one in superset.all(client, "chart", "slice_name"))
        assert titles == sorted(["An analyst's own", *(chart["title"] for chart in CHARTS.values())])
        names = {one["table_name"] for one in superset.all(client, "dataset", "table_name")}
        assert names == {*QUERIES, "drawn_from"}
        assert len(superset.all(client, "dashboard", "id")) == len(DASHBOARDS)
    assert superset.load().strip().endswith("0 removed")


def test_a_chart_that_was_changed_in_superset_comes_back_as_its_file(superset: Superset, tmp_path: Path) -> None:
    copy = tmp_path / "superset"
    shutil.copytree(SOURCE, copy)
    with superset.client() as client:
        charts = {one["slice_name"]: one["id"] for one in superset.all(client, "chart", "id", "slice_name")}
        ours = [charts[chart["title"]] for chart in CHARTS.values()]
        export = tmp_path / "export.zip"
        export.write_bytes(exported(client, ours))
        assert ran(copy / "take.py", {}, export) == "nothing changed\n"

        weekends = charts[CHARTS["weekends"]["title"]]
        params = json.loads(client.get(f"/api/v1/chart/{weekends}").json()["result"]["params"])
        changed = {"slice_name": "Weekends, changed", "params": json.dumps({**params, "y_axis_title": "difference"})}
        assert client.put(f"/api/v1/chart/{weekends}", json=changed).status_code == 200
        export.write_bytes(exported(client, [weekends]))
    assert ran(copy / "take.py", {}, export) == "charts/weekends.yaml\n"
    before, after = CHARTS["weekends"], yaml.safe_load((copy / "charts" / "weekends.yaml").read_text())
    assert after == {
        **before,
        "title": "Weekends, changed",
        "params": {**before["params"], "y_axis_title": "difference"},
    }
    superset.load()


def exported(client: httpx.Client, charts: Sequence[int]) -> bytes:
    return client.get("/api/v1/chart/export/", params={"q": f"!({','.join(map(str, charts))})"}).content


# -- the numbers


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_has_the_same_rows_in_trino_and_duckdb(
    name: str, published: Trino, lake: duckdb.DuckDBPyConnection
) -> None:
    sql = (SOURCE / "queries" / f"{name}.sql").read_text()
    expected = lake.execute(sql).fetchall()
    assert expected
    assert_same_rows(published.ask(sql), expected)


@pytest.mark.browser
@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_chart_of_a_dashboard_is_drawn_from_duckdbs_numbers(
    name: str,
    superset: Superset,
    analyst: BrowserContext,
    lake: duckdb.DuckDBPyConnection,
    pictures: Path,
) -> None:
    asked = drawn(analyst, superset, name, pictures)
    with superset.client() as client:
        titles = {one["id"]: one["slice_name"] for one in superset.all(client, "chart", "id", "slice_name")}
        assert {titles[chart] for chart in asked} == {
            CHARTS[chart]["title"] for row in DASHBOARDS[name]["rows"] for chart in row["charts"]
        }
        for chart, payload in asked.items():
            # What the page asks, less what Superset makes of the rows afterwards: the plain answer of the database.
            plain = [{**query, "post_processing": []} for query in payload["queries"]]
            answer = client.post("/api/v1/chart/data", json={**payload, "queries": plain, "force": True})
            assert answer.status_code == 200, (titles[chart], answer.text)
            for result in answer.json()["result"]:
                assert not result["error"], titles[chart]
                assert result["data"], titles[chart]
                expected = lake.execute(result["query"].rstrip().rstrip(";")).fetchall()
                assert_same_rows([list(row.values()) for row in result["data"]], expected)


def test_the_lakes_listens_are_all_there(superset: Superset, lake: duckdb.DuckDBPyConnection) -> None:
    with superset.client() as client:
        dataset = {one["table_name"]: one["id"] for one in superset.all(client, "dataset", "id", "table_name")}
        query = {
            "columns": ["listener"],
            "metrics": [{"expressionType": "SQL", "sqlExpression": "SUM(listens)", "label": "n"}],
        }
        asked = {"datasource": {"id": dataset["listeners"], "type": "table"}, "queries": [query]}
        found = client.post("/api/v1/chart/data", json=asked).json()["result"][0]["data"]
    counted = lake.execute("SELECT listener, count(*) FROM listens GROUP BY listener").fetchall()
    assert {row["listener"]: row["n"] for row in found} == dict(counted)


def drawn(context: BrowserContext, superset: Superset, name: str, pictures: Path) -> dict[int, dict[str, Any]]:
    """Draw a dashboard in full, keep its picture, and return what its page asked for each chart, by the chart's id."""
    page, asked, left = context.new_page(), {}, []

    def note(response: Response) -> None:
        if "/api/v1/chart/data" in response.url and response.request.method == "POST":
            payload = response.request.post_data_json
            if response.status == 200 and "slice_id" in payload.get("form_data", {}):
                asked[int(payload["form_data"]["slice_id"])] = payload

    page.set_default_timeout(PATIENCE_MS)
    page.on("requestfinished", lambda r: left.append(r.url) if is_elsewhere(r.url, superset.url) else None)
    page.on("response", note)
    page.goto(f"{superset.url}/superset/dashboard/tonearm-{name}/?standalone=1")
    charts = [chart for row in DASHBOARDS[name]["rows"] for chart in row["charts"]]
    page.locator("[data-test='chart-grid-component']").nth(len(charts) - 1).wait_for(state="attached")
    # Superset draws what is in sight, so everything is.
    page.set_viewport_size({"width": 1440, "height": int(page.evaluate(BOTTOM)) + 60})
    page.wait_for_function(ALL_DRAWN, arg=len(charts))
    page.wait_for_load_state("networkidle")
    assert page.locator('.ant-alert-error, [data-test="error-alert"]').all_inner_texts() == []
    empty = page.get_by_text("No results were returned").count()
    (pictures / f"{name}.png").write_bytes(still(page))
    assert empty == 0
    assert left == []
    page.close()
    return asked


def still(page: Page) -> bytes:
    """A picture of the page once its charts have moved into place."""
    before = page.screenshot()
    for _ in range(PATIENCE_MS // 1_000):
        page.wait_for_timeout(1_000)
        now = page.screenshot()
        if now == before:
            return now
        before = now
    raise AssertionError(f"{page.url} keeps moving")


def assert_same_rows(found: Sequence[Sequence[Any]], expected: Sequence[Sequence[Any]]) -> None:
    """Fail unless both have the same rows in whatever order, but for the last digits of numbers."""
    left, right = (sorted(([plain(value) for value in row] for row in rows), key=order) for rows in (found, expected))
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        assert same(one, other), (one, other)


def same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(
        a == pytest.approx(b, rel=1e-6, abs=1e-9) if is_number(a) and is_number(b) else a == b
        for a, b in zip(one, other, strict=True)
    )


def is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def plain(value: Any) -> Any:
    """A value as JSON has it: dates and instants as milliseconds."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if isinstance(value, datetime):
        value = value.replace(tzinfo=value.tzinfo or UTC).timestamp() * 1000
    return int(value) if isinstance(value, float) and value.is_integer() else value


def order(row: Sequence[Any]) -> tuple[str, ...]:
    return tuple(f"{value:.6g}" if isinstance(value, float) else str(value) for value in row)
