"""The project's own workflows have few rights, and run targets of make that are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy import ROOT, SERVICES
from tests.tools.test_workflows import read, steps

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_there_are_tests_an_image_and_a_release() -> None:
    assert [path.stem for path in WORKFLOWS] == ["image", "release", "test"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_it_may_read_and_only_a_release_writes(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    granted = {
        right
        for job in workflow["jobs"].values()
        for right, how in job.get("permissions", {}).items()
        if how == "write"
    }
    assert granted == ({"contents", "packages"} if path.stem == "release" else set())
    own = [job for job in workflow["jobs"].values() if "uses" not in job]
    assert [job for job in own if not 0 < job["timeout-minutes"] <= 120] == []
    assert "pull_request_target" not in workflow["on"] and "secrets." not in path.read_text()


def test_nothing_is_released_whose_tests_fail() -> None:
    (jobs,) = (read(path)["jobs"] for path in WORKFLOWS if path.stem == "release")
    assert jobs["test"]["uses"] == "./.github/workflows/test.yml"
    assert (jobs["wheel"]["needs"], jobs["image"]["needs"]) == ("test", "wheel")
    # The release comes last, so that there is none without its image.
    assert set(jobs["release"]["needs"]) == {"wheel", "image"}
    rights = {job: {right for right, how in jobs[job]["permissions"].items() if how == "write"} for job in jobs}
    assert rights == {"test": set(), "wheel": set(), "image": {"packages"}, "release": {"contents"}}
    assert "workflow_call" in read(ROOT / ".github" / "workflows" / "test.yml")["on"]


def test_an_image_is_started_before_it_is_published() -> None:
    (jobs,) = (read(path)["jobs"] for path in WORKFLOWS if path.stem == "release")
    ran = [step["run"] for step in jobs["image"]["steps"] if "run" in step]
    assert ran[:2] == ["docker compose build tonearm", ".ci/image"] and "docker push" in ran[2]
    # Compose builds the image under its version, which has to be the tag's.
    assert 'docker tag "tonearm:${GITHUB_REF_NAME#v}"' in ran[2]


def test_every_image_is_built_and_every_profile_that_keeps_running_is_started() -> None:
    (workflow,) = (read(path) for path in WORKFLOWS if path.stem == "image")
    (build, _, everything, _) = (step["run"] for step in steps(workflow) if "run" in step)
    built = {SERVICES[name]["image"] for name in build.removeprefix("docker compose build ").split()}
    assert built == {service["image"] for service in SERVICES.values() if "build" in service}
    started = re.search(r"^COMPOSE_PROFILES=(.*)$", everything, re.MULTILINE)
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}
    assert started and set(started[1].split(",")) == profiles - {"spark-build"}


def test_a_pull_request_builds_the_images_when_it_changes_what_is_in_them() -> None:
    (workflow,) = (read(path) for path in WORKFLOWS if path.stem == "image")
    watched = tuple(f"{path.removesuffix('/**')}/" for path in workflow["on"]["pull_request"]["paths"])
    dockerfiles = "".join(path.read_text() for path in (ROOT / "Dockerfile", ROOT / "deploy/superset/Dockerfile"))
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?(.*) \S+$", dockerfiles, re.MULTILINE)
    files = {name for line in copied for name in line.split()} - {"README.md", "LICENSE"}
    mounted = {"deploy/trino/etc", "compose.yaml", "Dockerfile", ".dockerignore", ".ci/image"}
    assert "src" in files
    assert {name for name in files | mounted if not f"{name}/".startswith(watched)} == set()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_it_uses_githubs_own_actions_at_a_commit_and_keeps_no_credentials(path: Path) -> None:
    used = [step for step in steps(read(path)) if "uses" in step]
    assert [step["uses"] for step in used if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])] == []
    checkouts = [step for step in used if step["uses"].startswith("actions/checkout@")]
    assert [step for step in checkouts if step["with"]["persist-credentials"] is not False] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_its_commands_are_there_and_take_nothing_from_github_but_by_the_environment(path: Path) -> None:
    ran = [step["run"] for step in steps(read(path)) if "run" in step]
    assert [command for command in ran if "${{" in command] == []
    assert {target for command in ran for target in re.findall(r"\bmake ([\w-]+)", command)} <= TARGETS
    assert [
        script for command in ran for script in re.findall(r"^\.[\w./]+", command) if not (ROOT / script).exists()
    ] == []


def test_the_newest_engine_is_tried_every_week_and_blocks_nothing() -> None:
    (workflow,) = (read(path) for path in WORKFLOWS if path.stem == "test")
    job = workflow["jobs"]["newest"]
    assert job["continue-on-error"] is True
    assert len(workflow["on"]["schedule"]) == 1 and "schedule" in job["if"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test-newest"]


def test_github_runs_the_whole_stack_and_elsewhere_what_cannot_be_had_skips() -> None:
    (workflow,) = (read(path) for path in WORKFLOWS if path.stem == "test")
    test = [step for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    assert [step["run"] for step in test] == ["sudo make system", ".ci/run"]
    assert test[-1]["env"] == {"REQUIRE_STACK": "1"}
    assert "REQUIRE_STACK" not in (ROOT / ".ci" / "run").read_text() + (ROOT / "Makefile").read_text()


@pytest.mark.parametrize(("require", "code"), [("", 0), ("1", 1)])
def test_a_test_of_the_stack_that_skips_fails_where_the_stack_is_required(require: str, code: int) -> None:
    command = [sys.executable, "-m", "pytest", "tests/stack/test_redis.py", "-q", "-p", "no:cacheprovider"]
    given = {**os.environ, "PATH": "", "REQUIRE_STACK": require}
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Redis is not installed: make system" in done.stdout
