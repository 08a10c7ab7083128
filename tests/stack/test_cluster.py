"""The whole build on a standalone Spark cluster, and what becomes of it when workers die."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.parity import compare, make_household
from tests.stack.cluster import ENVIRONMENT, Cluster, cluster
from tonearm.building.execute import build
from tonearm.engine import spark as spark_module
from tonearm.errors import EngineMissing
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.table import tables

pytestmark = [pytest.mark.spark, pytest.mark.slow]

SOME = ("track_names", "track_links", "track_identities", "credit_groups")
"""Tables that need no others, in the order in which they are built."""
READ_BACK = """
import sys
from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master(sys.argv[1])
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .config("spark.ui.enabled", "false")
    .getOrCreate()
)
rows = spark.read.format("delta").load(sys.argv[2])
print(rows.count(), rows.select("listener").distinct().count())
"""


@pytest.fixture(scope="module")
def built(spark: None, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A household with every table built by DuckDB."""
    settings = make_household(tmp_path_factory.mktemp("household"))
    assert build(settings).failed == []
    return settings


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with cluster(tmp_path / "cluster") as found:
        yield found


@pytest.fixture
def unbuilt(built: Settings, tmp_path: Path) -> Settings:
    """A copy of the household of which nothing is built."""
    copy = replace(built, home=tmp_path / "unbuilt")
    shutil.copytree(built.home, copy.home)
    for name in tables():
        shutil.rmtree(Path(open_lake(copy.lake).address(name)))
    return copy


def command(settings: Settings, machines: Cluster, *names: str) -> subprocess.Popen[str]:
    """``tonearm build`` on the cluster, under way."""
    words = ["--home", settings.home, "build", *names, "--engine", "spark", "--master", machines.url, "--json"]
    environment = {**os.environ, "ALLOW_SYNTHETIC": "true"}
    return subprocess.Popen(
        [sys.executable, "-m", "tonearm", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def ended(building: subprocess.Popen[str]) -> dict[str, Any]:
    """What a build that must succeed reports."""
    answer, errors = building.communicate()
    assert building.returncode == 0, errors + answer
    report: dict[str, Any] = json.loads(answer)
    return report


def wait_for_tables(settings: Settings, building: subprocess.Popen[str]) -> None:
    """Return once the build has written its first table."""
    while not tables().keys() & set(open_lake(settings.lake).names()):
        assert building.poll() is None, building.communicate()
        time.sleep(0.1)


def test_the_whole_build_is_the_same_on_a_cluster(machines: Cluster, built: Settings, unbuilt: Settings) -> None:
    machines.add_worker()
    report = ended(command(unbuilt, machines))
    assert {table["name"] for table in report["tables"] if table["action"] == "built"} == set(tables())
    for name in tables():
        compare(built, unbuilt, name)
    # As whoever has Spark reads the tables, who need not have tonearm.
    read = [sys.executable, "-c", READ_BACK, machines.url, open_lake(unbuilt.lake).address("listening_with_features")]
    counted = subprocess.run(read, capture_output=True, text=True, check=False)
    assert counted.returncode == 0, counted.stderr
    listens = open_lake(built.lake).dataset("listening_with_features").to_table(["listener"])
    assert counted.stdout.split() == [str(listens.num_rows), str(len(listens["listener"].unique()))]


def test_a_worker_killed_in_mid_build_costs_nothing(machines: Cluster, built: Settings, unbuilt: Settings) -> None:
    dying, _ = machines.add_worker(cores=1), machines.add_worker(cores=1)
    building = command(unbuilt, machines, *SOME)
    wait_for_tables(unbuilt, building)
    assert [app["cores"] for app in machines.state()["activeapps"]] == [2]
    dying.kill()
    ended(building)
    for name in SOME:
        compare(built, unbuilt, name)


def test_without_workers_a_build_ends_and_the_next_one_finishes_it(
    machines: Cluster, built: Settings, unbuilt: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = machines.add_worker()
    killed: list[str] = []

    def kill(name: str, _: int, __: int) -> None:
        if name == "track_identities" and not killed:
            # From here on: the first executor may take longer to start.
            monkeypatch.setattr(spark_module, "_NO_EXECUTOR_S", 20)
            worker.kill()
            killed.append(name)

    on_cluster = replace(unbuilt, engine="spark", spark_master=machines.url)
    with pytest.raises(EngineMissing, match=r"spark://\S+ has had no executor for 20 s; start a worker"):
        build(on_cluster, SOME, progress=kill)
    lake = open_lake(unbuilt.lake)
    assert [name for name in SOME if lake.has(name)] == ["track_names", "track_links"]
    machines.add_worker()
    report = ended(command(unbuilt, machines, *SOME))
    assert [table["action"] for table in report["tables"]] == ["unchanged", "unchanged", "built", "built"]
    for name in SOME:
        compare(built, unbuilt, name)
