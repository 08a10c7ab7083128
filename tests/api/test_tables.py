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
