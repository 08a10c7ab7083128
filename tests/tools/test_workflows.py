"""The workflows that a user copies run commands that are there, with few rights and no secrets of their own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.test_docs import DOCS, ROOT, typed

FOLDER = ROOT / "deploy" / "github"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    """The workflow; YAML reads its ``on`` as true."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text())
    return {**found, "on": found[True]}


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def test_there_are_an_update_and_a_retraining() -> None:
    assert [path.name for path in WORKFLOWS] == ["retrain.yml", "update.yml"]
    schedules = {path.stem: [one["cron"] for one in read(path)["on"]["schedule"]] for path in WORKFLOWS}
    assert schedules == {"retrain": ["53 3 * * 0"], "update": ["23 */6 * * *"]}


def test_both_publish_the_same() -> None:
    published = [step for path in WORKFLOWS for step in steps(read(path)) if step["run"].startswith("tonearm publish")]
    assert len(published) == 2 and published[0] == published[1]
    assert "tonearm run --full-retrain" in [step["run"] for step in steps(read(FOLDER / "retrain.yml"))]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_its_commands_can_be_typed(path: Path) -> None:
    lines = [line for step in steps(read(path)) for line in step["run"].splitlines()]
    assert lines
    for line in lines:
        assert line.startswith("tonearm ")
        typed(line)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_it_has_no_rights_at_github_runs_nobody_elses_code_and_ends(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    assert set(workflow["on"]) == {"schedule", "workflow_dispatch"}
    assert workflow["concurrency"] == {"group": "tonearm", "cancel-in-progress": False}
    assert [step for step in steps(workflow) if "uses" in step] == []
    assert [job for job in workflow["jobs"].values() if not 0 < job["timeout-minutes"] <= 240] == []
    assert [job for job in workflow["jobs"].values() if "self-hosted" not in job["runs-on"]] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_comes_from_github_is_in_the_environment_and_never_in_a_command(path: Path) -> None:
    assert [step for step in steps(read(path)) if "${{" in step["run"]] == []
    for step in steps(read(path)):
        given = {**step.get("env", {}), "TONEARM_HOME": ""}
        assert set(re.findall(r"\$(\w+)", step["run"])) <= set(given)
        assert [name for name, value in given.items() if "PAT" in name and not value.startswith("${{ secrets.")] == []


def test_what_it_asks_for_is_in_the_docs() -> None:
    text = (DOCS / "website.md").read_text()
    asked = {name for path in WORKFLOWS for name in re.findall(r"(?:vars|secrets)\.(\w+)", path.read_text())}
    assert asked == {"TONEARM_HOME", "TONEARM_LISTENER", "WEBSITE", "WEBSITE_REPO_PAT"}
    assert [name for name in asked if f"`{name}`" not in text] == []
