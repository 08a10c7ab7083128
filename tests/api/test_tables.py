from __future__ import annotations

import io

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def test_every_table_is_listed_with_its_columns_and_their_meaning(filled: httpx.Client) -> None:
    tables = {table["name"]: table for table in filled.get("/tables").json()}
    listens = tables["listening_with_features"]
    assert (listens["rows"], listens["grain"]) == (2, ["listener", "listen_id"])
    assert listens["summary"] and listens["built_at"]
    heard = next(column for column in listens["columns"] if column["name"] == "listened_s")
    assert (heard["type"], heard["unit"], heard["null"]) == ("float64", "s", "the source does not say")


def test_tables_are_listed_before_anything_is_built(http: httpx.Client) -> None:
    tables = http.get("/tables").json()
    assert tables and all(table["rows"] is None and table["columns"] for table in tables)


@pytest.mark.parametrize("form", ["json", "csv", "arrow", "parquet"])
def test_each_format_holds_the_same_rows(filled: httpx.Client, form: str) -> None:
    answer = filled.get("/tables/listening_with_features", params={"format": form, "listener": "ada"})
    assert answer.status_code == 200
    read = {
        "json": lambda body: [row["track_name"] for row in answer.json()["rows"]],
        "csv": lambda body: [line.split(",") for line in body.decode().splitlines()][1:],
        "arrow": lambda body: pa.ipc.open_stream(body).read_all()["track_name"].to_pylist(),
        "parquet": lambda body: pq.read_table(io.BytesIO(body))["track_name"].to_pylist(),
    }[form](answer.content)
    assert len(read) == 2
    if form != "csv":
        assert sorted(read) == ["La femme d'argent", "Sexy Boy"]


def test_limit_offset_and_whether_there_is_more(filled: httpx.Client) -> None:
    first = filled.get("/tables/listening_with_features", params={"limit": 1}).json()
    second = filled.get("/tables/listening_with_features", params={"limit": 1, "offset": 1}).json()
    assert (len(first["rows"]), first["truncated"]) == (1, True)
    assert (len(second["rows"]), second["truncated"]) == (1, False)
    assert first["rows"] != second["rows"]


def test_a_rule_can_be_chosen(filled: httpx.Client) -> None:
    rows = filled.get("/tables/temporal_trends", params={"rule": "30s"}).json()["rows"]
    assert sum(row["listens"] for row in rows if row["period_type"] == "day") == 2


def test_unknown_names_are_404_with_the_nearest(filled: httpx.Client) -> None:
    answer = filled.get("/tables/temporal_trend")
    assert (answer.status_code, answer.json()["error"]) == (404, "UnknownName")
    assert "temporal_trends" in answer.json()["message"]
    for params in ({"listener": "Nobody"}, {"rule": "31s"}):
        assert filled.get("/tables/temporal_trends", params=params).status_code == 404


def test_the_graph_has_an_edge_from_each_input(filled: httpx.Client) -> None:
    graph = filled.get("/tables/graph").json()
    layers = {node["name"]: node["layer"] for node in graph["nodes"]}
    assert (layers["listening_history_bronze"], layers["sessions"], layers["temporal_trends"]) == (
        *("bronze", "silver", "gold"),
    )
    assert {"source": "listening_with_features", "target": "sessions"} in graph["edges"]
    assert all(edge["source"] in layers and edge["target"] in layers for edge in graph["edges"])


def test_a_table_s_history_and_a_version_of_it(filled: httpx.Client) -> None:
    (built,) = filled.get("/tables/sessions/history").json()
    assert (built["version"], built["done"], built["added"], built["rows"]) == (0, "built", 1, 1)
    for as_of in ("0", built["at"], "2999-01-01"):
        rows = filled.get("/tables/sessions", params={"as_of": as_of}).json()["rows"]
        assert rows == filled.get("/tables/sessions").json()["rows"]
    assert filled.get("/tables/no_such_table/history").status_code == 404


@pytest.mark.parametrize(
    ("as_of", "says"), [("2001-01-01", "first written"), ("7", "no version 7"), ("x", "not a moment")]
)
def test_what_is_no_moment_of_the_table_is_a_sentence(filled: httpx.Client, as_of: str, says: str) -> None:
    answer = filled.get("/tables/sessions", params={"as_of": as_of})
    assert (answer.status_code, answer.json()["error"]) == (422, "UsageError")
    assert says in answer.json()["message"]
