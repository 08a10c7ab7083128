"""What Spark needs besides Python is found, or the error says what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tonearm.engine.java import DELTA, check_java, jars
from tonearm.errors import EngineMissing
from tonearm.settings import Settings


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a JDK whose ``java -version`` says the given text the one that is found."""

    def make(says: str) -> Path:
        program = tmp_path / "jdk" / "bin" / "java"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
        program.chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
        return program

    return make


def test_without_java_it_says_which_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineMissing, match="none on the PATH; install JDK 17"):
        check_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(EngineMissing, match="none in JAVA_HOME"):
        check_java()


def test_a_java_that_spark_does_not_run_on_is_named(java: Callable[[str], Path]) -> None:
    program = java('openjdk version "25.0.1" 2025-10-21')
    with pytest.raises(EngineMissing, match=f"{program} is 25; set JAVA_HOME to another"):
        check_java()


@pytest.mark.parametrize("says", ['openjdk version "17.0.15"', 'java version "1.8.0_402"', 'openjdk version "11.0.2"'])
def test_other_javas_are_fine(java: Callable[[str], Path], says: str) -> None:
    java(says)
    assert check_java() in (8, 11, 17)


def test_jars_come_from_the_folder_that_is_set_or_by_their_coordinates(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed: make spark")
    monkeypatch.setenv("SPARK_HOME", str(tmp_path))
    assert jars(settings) == {"spark.jars.packages": DELTA}
    named = replace(settings, spark_jars=str(tmp_path / "jars"))
    with pytest.raises(EngineMissing, match="where spark_jars says"):
        jars(named)
    (tmp_path / "jars").mkdir()
    both = [tmp_path / "jars" / name for name in ("delta-spark_2.12-3.2.1.jar", "delta-storage-3.2.1.jar")]
    both[0].touch()
    with pytest.raises(EngineMissing, match="no delta-storage"):
        jars(named)
    assert jars(settings) == {"spark.jars.packages": DELTA}
    both[1].touch()
    assert jars(named) == {"spark.jars": ",".join(map(str, both))}
    assert jars(settings) == {}
