"""Take charts that were made or changed in Superset back into this folder, from what its Export wrote:

    python deploy/superset/take.py chart_export_20260101T120000.zip

Each chart becomes its file in ``charts`` again, and each query its file in ``queries``; a new chart has yet to be put
into a row of a dashboard.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import bundle
import yaml

FOLDER = Path(__file__).parent
DERIVED = {"datasource", "slice_id", "dashboards", "viz_type", "url_params", "extra_form_data", "annotation_layers"}
"""Parameters that say where a chart stands, and not how it looks; layers of other people's notes are left out."""


class Tidy(yaml.SafeDumper):
    """Writes what has nothing inside, such as a metric or a list of columns, on one line, as the files here have it."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        """A mapping, on one line if it has neither mappings nor lists inside."""
        return super().represent_mapping(tag, mapping, flow_style=not any(map(_holds, mapping.values())))

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        """A list, on one line if it has neither mappings nor lists inside."""
        return super().represent_sequence(tag, sequence, flow_style=not any(map(_holds, sequence)))


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


def take(export: ZipFile, folder: Path) -> list[Path]:
    """Write the charts and queries of an export to ``folder``; the files that changed."""
    found = [(name, yaml.safe_load(export.read(name))) for name in export.namelist() if name.endswith(".yaml")]
    datasets = {content["uuid"]: content for name, content in found if "/datasets/" in name}
    ours = {bundle.identity("chart", name): name for name in bundle.charts(folder)}
    shared, texts = bundle.style(folder), {}
    for name, chart in found:
        if "/charts/" in name:
            dataset = datasets[chart["dataset_uuid"]]
            if not dataset.get("sql"):
                raise ValueError(
                    f"the chart {chart['slice_name']!r} has a table and no query: make a dataset of a query"
                )
            texts[folder / "queries" / f"{dataset['table_name']}.sql"] = dataset["sql"].strip() + "\n"
            file = ours.get(chart["uuid"]) or re.sub(r"\W+", "_", chart["slice_name"].lower()).strip("_")
            before = bundle.charts(folder).get(file, {}).get("params", {})
            texts[folder / "charts" / f"{file}.yaml"] = _chart(
                chart, dataset["table_name"], before, bundle.params(shared, chart["viz_type"])
            )
    changed = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    for path in changed:
        path.write_text(texts[path])
    return changed


def _chart(chart: dict[str, Any], query: str, before: dict[str, Any], shared: dict[str, Any]) -> str:
    """A chart's file: parameters in the order they had, without what is empty, shared or follows from elsewhere."""
    idle = (None, "", [], {})
    kept = {
        name: _without_ids(value)
        for name, value in chart["params"].items()
        if name not in DERIVED and (name in before or (value not in idle and value != shared.get(name)))
    }
    params = {name: kept[name] for name in (*before, *kept) if name in kept}
    content = {
        "title": chart["slice_name"],
        "description": chart.get("description"),
        "query": query,
        "viz_type": chart["viz_type"],
        "params": params,
    }
    return write(content)


def write(content: dict[str, Any]) -> str:
    """A chart's file."""
    return yaml.dump(content, Dumper=Tidy, sort_keys=False, allow_unicode=True, width=118)


def _without_ids(value: Any) -> Any:
    """Metrics and filters without the ids that the page gave them."""
    if isinstance(value, list):
        return [_without_ids(one) for one in value]
    if isinstance(value, dict):
        idle = {"optionName", "filterOptionName", "datasourceWarning", "hasCustomLabel", "isExtra", "isNew"}
        return {name: _without_ids(one) for name, one in value.items() if name not in idle and one is not None}
    return value


def main() -> None:
    """Take the export that is named, and say which files changed."""
    try:
        with ZipFile(sys.argv[1]) as export:
            changed = take(export, FOLDER)
    except (IndexError, OSError, BadZipFile, KeyError, ValueError) as problem:
        sys.exit(f"take.py needs the zip file that Superset's Export wrote: {problem}")
    print("\n".join(str(path.relative_to(FOLDER)) for path in changed) or "nothing changed")


if __name__ == "__main__":
    main()
