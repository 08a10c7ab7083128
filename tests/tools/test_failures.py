"""The report of a run with failures names each cause once."""

from pathlib import Path

from tools.failures import causes, lines

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite>
<testcase classname="tests.gold.test_a" name="test_one"><failure message="Busy: open&#10;more">…</failure></testcase>
<testcase classname="tests.gold.test_a" name="test_two"><error message="Gone: no method">…</error></testcase>
<testcase classname="tests.gold.test_b" name="test_one"><failure message="Busy: open">…</failure></testcase>
<testcase classname="tests.gold.test_b" name="test_two"/>
<testcase classname="tests.gold.test_b" name="test_not"><skipped message="no Spark"/></testcase>
</testsuite></testsuites>
"""


def test_the_most_frequent_cause_comes_first_with_its_tests(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT, encoding="utf-8")
    assert list(lines(*causes(report))) == [
        "4 tests ran, 3 failed",
        "    2  Busy: open",
        "         tests.gold.test_a.test_one",
        "         tests.gold.test_b.test_one",
        "    1  Gone: no method",
        "         tests.gold.test_a.test_two",
    ]
