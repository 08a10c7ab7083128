"""What failed in a run of the tests, grouped by cause: ``python -m tools.failures REPORT``, a report as JUnit's XML."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

_SHOWN = 160
"""Characters of a cause."""
Causes = dict[str, list[str]]


def causes(report: Path) -> tuple[int, Causes]:
    """How many tests ran, and those that failed by the error that each ended with; the most frequent cause first."""
    cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 - pytest has just written it
    found: Causes = {}
    for case in cases:
        for cause in _problems(case):
            found.setdefault(cause, []).append(f"{case.get('classname', '')}.{case.get('name', '')}")
    ran = sum(case.find("skipped") is None for case in cases)
    return ran, dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))


def _problems(case: ElementTree.Element) -> Iterator[str]:
    for problem in (*case.findall("failure"), *case.findall("error")):
        lines = problem.get("message", "").splitlines() or ["no message"]
        yield lines[0][:_SHOWN]


def lines(ran: int, found: Causes) -> Iterator[str]:
    """The report as text: each cause with the number of its tests, and up to three of them."""
    yield f"{ran} tests ran, {len({test for tests in found.values() for test in tests})} failed"
    for cause, tests in found.items():
        yield f"{len(tests):5}  {cause}"
        yield from (f"         {test}" for test in tests[:3])


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines(*causes(Path(sys.argv[1]))))
