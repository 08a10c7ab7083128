"""What Spark needs besides Python: a JDK and Delta's jars. Found without loading Spark, which takes half a second."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from tonearm.errors import EngineMissing
from tonearm.settings import Settings

DELTA = "io.delta:delta-spark_2.12:3.2.1"
"""Maven coordinates of the library with which Spark reads and writes the lake."""
_DELTA_JARS = ("delta-spark_2.12-*.jar", "delta-storage-*.jar")
JDKS = (8, 11, 17)
"""Versions of Java that Spark 3.5 runs on."""


def check_java() -> int:
    """Major version of the installed Java; raises EngineMissing when there is none that Spark runs on."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if program is None:
        where = f"there is none in JAVA_HOME ({home})" if home else "there is none on the PATH"
        raise EngineMissing(f"Spark needs a JDK and {where}; install JDK 17, or set JAVA_HOME to one")
    output = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    found = re.search(r'version "(?:1\.)?(\d+)', output)
    version = int(found[1]) if found else 0
    if version not in JDKS:
        raise EngineMissing(f"Spark 3.5 runs on JDK 8, 11 or 17 and {program} is {version}; set JAVA_HOME to another")
    return version


def jars(settings: Settings) -> dict[str, str]:
    """Spark options that load Delta: jars from ``spark_jars``, none if Spark's own folder has them, else Maven."""
    if settings.spark_jars:
        found = sorted(Path(settings.spark_jars).expanduser().glob("*.jar"))
        missing = [jar for jar in _DELTA_JARS if not any(path.match(jar) for path in found)]
        if missing:
            raise EngineMissing(f"no {missing[0]} in {settings.spark_jars}, where spark_jars says Delta's jars are")
        return {"spark.jars": ",".join(map(str, found))}
    spark = importlib.util.find_spec("pyspark")
    assert spark is not None and spark.origin is not None
    own = Path(os.environ.get("SPARK_HOME") or Path(spark.origin).parent) / "jars"
    return {} if all(any(own.glob(jar)) for jar in _DELTA_JARS) else {"spark.jars.packages": DELTA}
