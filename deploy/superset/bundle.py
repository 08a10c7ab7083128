"""This folder in the format that Superset 6 imports: one text per file of a bundle.

A chart is a file in ``charts``, with the query whose rows it draws; a query is a file in ``queries`` and becomes a
dataset; a dashboard is a file in ``dashboards``, with its charts in rows of twelve columns. Ids follow from names, so
that the same chart stays the same chart however often it is imported. Nothing here reads or writes but files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import yaml

NAMESPACE = UUID("6a2b6f0e-5d0b-5c1e-9d55-7f1c1a3a7e11")
OURS = "tonearm:bundle"
"""Stands in ``external_url`` of all that comes from here; what people make in Superset has none."""
VERSION = "1.0.0"
TEMPORAL = ("day", "week", "month", "hour_local")
"""Columns that a filter for time is about; other dates are just shown."""
_ROW_UNITS = 12
_HEIGHT = 50
"""Rows of eight pixels that a chart is high."""

Columns = Sequence[tuple[str, str]]


def identity(kind: str, name: str) -> str:
    """The id of a ``chart``, ``dataset``, ``dashboard`` or ``database`` of this bundle."""
    return str(uuid5(NAMESPACE, f"{kind}/{name}"))


def queries(folder: Path) -> dict[str, str]:
    """The queries by name."""
    return {path.stem: path.read_text().strip() for path in sorted((folder / "queries").glob("*.sql"))}


def charts(folder: Path) -> dict[str, dict[str, Any]]:
    """The charts as their files have them, by name."""
    return _by_name(folder / "charts")


def dashboards(folder: Path) -> dict[str, dict[str, Any]]:
    """The dashboards as their files have them, by name."""
    return _by_name(folder / "dashboards")


def _by_name(folder: Path) -> dict[str, dict[str, Any]]:
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))}


def style(folder: Path) -> dict[str, Any]:
    """What all dashboards share: parameters by kind of chart, colours by name, filters."""
    found: dict[str, Any] = yaml.safe_load((folder / "style.yaml").read_text())
    return found


def params(shared: dict[str, Any], viz_type: str) -> dict[str, Any]:
    """Parameters of a chart of this kind whose file does not say otherwise."""
    return {**shared["params"]["all"], **shared["params"].get(viz_type, {})}


def files(folder: Path, trino_uri: str, columns: Mapping[str, Columns]) -> dict[str, str]:
    """Each file's text by its path in the bundle; ``columns`` has names and types of each query's columns."""
    found = {
        "metadata.yaml": {"version": VERSION, "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"},
        "databases/tonearm.yaml": _database(trino_uri),
    }
    for name, sql in queries(folder).items():
        found[f"datasets/tonearm/{name}.yaml"] = _dataset(name, sql, columns[name])
    given, shared = charts(folder), style(folder)
    for name, chart in given.items():
        found[f"charts/{name}.yaml"] = _chart(name, chart, shared)
    for name, dashboard in dashboards(folder).items():
        found[f"dashboards/{name}.yaml"] = _dashboard(name, dashboard, given, shared)
    return {path: yaml.safe_dump(content, sort_keys=False, allow_unicode=True) for path, content in found.items()}


def _database(trino_uri: str) -> dict[str, Any]:
    return {
        "database_name": "tonearm",
        "sqlalchemy_uri": trino_uri,
        "expose_in_sqllab": True,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_run_async": False,
        "extra": {"allows_virtual_table_explore": True, "metadata_params": {}, "engine_params": {}},
        "uuid": identity("database", "tonearm"),
        "version": VERSION,
        "external_url": OURS,
    }


def _dataset(name: str, sql: str, columns: Columns) -> dict[str, Any]:
    temporal = [column for column, _ in columns if column in TEMPORAL]
    return {
        "table_name": name,
        "description": " ".join(line[3:] for line in takewhile(lambda line: line.startswith("-- "), sql.splitlines())),
        "main_dttm_col": next(iter(temporal), None),
        "sql": sql,
        "columns": [
            {
                "column_name": column,
                "verbose_name": column.replace("_pct", ", %").replace("_", " "),
                "type": kind.upper(),
                "is_dttm": column in TEMPORAL,
                "groupby": True,
                "filterable": True,
                "is_active": True,
            }
            for column, kind in columns
        ],
        "metrics": [{"metric_name": "rows", "verbose_name": "rows", "expression": "COUNT(*)"}],
        "uuid": identity("dataset", name),
        "database_uuid": identity("database", "tonearm"),
        "version": VERSION,
        "external_url": OURS,
    }


def _chart(name: str, chart: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    viz_type = chart["viz_type"]
    return {
        "slice_name": chart["title"],
        "description": chart.get("description"),
        "viz_type": viz_type,
        "params": {"viz_type": viz_type, **params(shared, viz_type), **chart["params"]},
        "uuid": identity("chart", name),
        "dataset_uuid": identity("dataset", chart["query"]),
        "version": VERSION,
        "external_url": OURS,
    }


def _dashboard(name: str, dashboard: dict[str, Any], given: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    return {
        "dashboard_title": dashboard["title"],
        "description": dashboard["description"],
        "slug": f"tonearm-{name}",
        "published": True,
        "uuid": identity("dashboard", name),
        "position": _position(dashboard, given),
        "metadata": {
            "label_colors": shared["colours"],
            "native_filter_configuration": [_filter(one, shared["filters"][one]) for one in dashboard["filters"]],
            "cross_filters_enabled": True,
            "refresh_frequency": 0,
            "chart_configuration": {},
            "default_filters": "{}",
        },
        "version": VERSION,
        "external_url": OURS,
    }


def _position(dashboard: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The layout: the text on top, and below it each row's charts, which share its twelve columns."""
    header = {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": dashboard["title"]}}
    found: dict[str, Any] = {"DASHBOARD_VERSION_KEY": "v2", "HEADER_ID": header}
    found["ROOT_ID"] = {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]}
    text = {"code": dashboard["text"], "width": _ROW_UNITS, "height": dashboard.get("text_height", 16)}
    rows = [[("MARKDOWN-text", "MARKDOWN", text)]]
    number = 0
    for row in dashboard["rows"]:
        placed = []
        for chart, width in row["charts"].items():
            number += 1
            meta = {"chartId": number, "uuid": identity("chart", chart), "sliceName": given[chart]["title"]}
            placed.append((f"CHART-{chart}", "CHART", {**meta, "width": width, "height": row.get("height", _HEIGHT)}))
        rows.append(placed)
    for at, row in enumerate(rows):
        parents = ["ROOT_ID", "GRID_ID"]
        found[f"ROW-{at}"] = {
            "type": "ROW",
            "id": f"ROW-{at}",
            "children": [key for key, _, _ in row],
            "parents": parents,
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for key, kind, meta in row:
            found[key] = {"type": kind, "id": key, "children": [], "parents": [*parents, f"ROW-{at}"], "meta": meta}
    found["GRID_ID"] = {
        "type": "GRID",
        "id": "GRID_ID",
        "children": [f"ROW-{at}" for at in range(len(rows))],
        "parents": ["ROOT_ID"],
    }
    return found


def _filter(name: str, options: dict[str, Any]) -> dict[str, Any]:
    target = {}
    if "query" in options:
        target = {"datasetUuid": identity("dataset", options["query"]), "column": {"name": options["column"]}}
    return {
        "id": f"NATIVE_FILTER-{name}",
        "type": "NATIVE_FILTER",
        "name": options["name"],
        "description": options.get("description", ""),
        "filterType": options["type"],
        "targets": [target],
        "controlValues": options.get("controls", {}),
        # Without it Superset shows the first value and waits for somebody to apply it.
        "requiredFirst": {"defaultToFirstItem": True} if options.get("required") else {},
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
    }
