"""What Spark lacks is named in the error, and a build that dies is finished by the next."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import ibis
import pytest
from msgspec.structs import replace

from tests.serving import PATIENCE_S
from tonearm.building.execute import build
from tonearm.engine import spark as spark_module
from tonearm.engine.divergences import for_spark
from tonearm.engine.spark import spark_engine, translated, translated_condition
from tonearm.errors import EngineMissing, HomeUnusable
from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.table import tables

LOOKS_EVERY_S = 0.2


@pytest.fixture
def on_spark(settings: Settings) -> Settings:
    return replace(settings, engine="spark", spark_master="local[2]")


def test_without_the_extra_it_says_how_to_install_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(EngineMissing, match=r"pip install 'tonearm\[spark\]'"), spark_engine(settings, tmp_path):
        pass


def test_a_path_that_spark_would_cut_is_refused(spark: None, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(HomeUnusable, match="because of the comma"), spark_engine(settings, tmp_path / "a, b"):
        pass


@pytest.mark.spark
@pytest.mark.slow
def test_an_invalid_master_is_reported_in_sparks_words(spark: None, on_spark: Settings) -> None:
    with pytest.raises(EngineMissing, match=r"Could not parse Master URL: 'local\[x\]'"):
        build(replace(on_spark, spark_master="local[x]"), ["listens"])


def test_the_builds_own_sql_is_translated() -> None:
    assert translated('SELECT "a" FROM t ANTI JOIN u USING ("a")') == "SELECT `a` FROM t ANTI JOIN u USING (`a`)"
    assert translated_condition("listener IN ('o''fay', 'x')") == "listener IN ('o\\'fay', 'x')"


def test_nothing_counted_is_none_and_not_unknown() -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed: make spark")
    t = ibis.table({"a": "string"}, name="t")
    _ = ibis.pyspark
    sql = ibis.to_sql(for_spark(t.aggregate(n=t.count(where=t.a == "x"))), dialect="pyspark")
    assert "COALESCE(`t0`.`a` = 'x', FALSE)" in sql


@pytest.fixture
def imported(spark: None, on_spark: Settings, lastfm: Callable[..., Path]) -> Settings:
    rows = [
        (f"Artist {i % 7}", "Album", f"Track {i % 31}", f"{1 + i // 24:02} Nov 2020 {i % 24:02}:00") for i in range(400)
    ]
    import_paths(on_spark, [lastfm(rows)], "ada", "UTC")
    return on_spark


@pytest.mark.spark
@pytest.mark.slow
def test_a_build_killed_on_spark_is_finished_by_the_next(imported: Settings) -> None:
    command = [sys.executable, "-m", "tonearm", "--home", str(imported.home), "build", "listens", "--engine", "spark"]
    lake = open_lake(imported.lake)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        # By what it wrote and not by the clock, which says how busy the machine is.
        while process.poll() is None and not tables().keys() & set(lake.names()):
            time.sleep(LOOKS_EVERY_S)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not lake.has("listens")
    assert build(imported, ["listens"]).failed == []
    assert lake.rows("listens") == 400
    assert lake.note("listens")["engine"] == "spark"
    assert isinstance(lake.built_at("listens"), datetime)


class WithoutExecutors:
    """What the watch asks of a session whose cluster has nobody for a job that waits."""

    def __init__(self, executors: int, jobs: int) -> None:
        self.executors, self.jobs, self.cancelled = executors, jobs, Event()
        self.sparkContext = self._jsc = self

    def sc(self) -> WithoutExecutors:
        return self

    def statusTracker(self) -> WithoutExecutors:
        return self

    def getExecutorInfos(self) -> range:
        return range(self.executors)

    def getActiveJobIds(self) -> range:
        return range(self.jobs)

    def cancelAllJobs(self) -> None:
        self.cancelled.set()


@pytest.mark.parametrize(("executors", "jobs", "is_ended"), [(1, 1, True), (2, 1, False), (1, 0, False)])
def test_a_job_that_nobody_works_on_is_ended(
    executors: int, jobs: int, is_ended: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed: make spark")
    monkeypatch.setattr(spark_module, "_LOOKS_EVERY_S", 0.01)
    monkeypatch.setattr(spark_module, "_NO_EXECUTOR_S", 0)
    session: Any = WithoutExecutors(executors, jobs)
    on_cluster = replace(settings, spark_master="spark://127.0.0.1:7077")
    ends = pytest.raises(EngineMissing, match="has had no executor") if is_ended else nullcontext()
    with ends, spark_module._ending_without_executors(session, on_cluster):
        # Where nothing is to happen there is nothing to wait for.
        session.cancelled.wait(PATIENCE_S if is_ended else 0.2)
        if session.cancelled.is_set():
            raise EngineMissing("Spark could not build listens: the job was cancelled")
    assert session.cancelled.is_set() == is_ended
