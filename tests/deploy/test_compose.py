"""compose.yaml opens nothing beyond this machine, has no password, and runs commands that are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.deploy import (
    AWS,
    COMPOSE,
    CREDENTIALS,
    PORT,
    ROOT,
    SECRET,
    SERVICES,
    SETTINGS,
    check_command,
    image_environment,
    instructions,
)
from tonearm import __version__
from tonearm.engine.trino import root_of
from tonearm.settings import load_settings

ENDING = {"models", "metastore", "spark-build"}
"""Services that do one thing and end."""
FIXED = {"TONEARM_HOME", "TONEARM_BACKUP_FOLDER"}
"""Settings that are volumes of a container."""
ELSEWHERE = {"TONEARM_API_URL", "TONEARM_API_TOKEN"}
"""Settings of programs that ask a server."""


def given(service: str) -> dict[str, str]:
    """A service's variables; of one that comes from outside, what it is by default."""
    found = SERVICES[service].get("environment", {})
    return {name: re.sub(r"\$\{\w+(?::-([^}]*))?\}", r"\1", value or "") for name, value in found.items()}


def test_tonearm_alone_is_started_unless_a_profile_is_named() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {"tonearm"}
    needed = SERVICES["tonearm"]["depends_on"]
    assert [name for name, how in needed.items() if how["required"]] == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_few_rights_and_answers_this_machine_alone(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged") and service.get("network_mode") != "host"
    assert [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")] == []
    assert [variable for variable, value in given(name).items() if SECRET.search(variable) and value] == []
    mounted = {volume.partition(":")[0] for volume in service.get("volumes", [])}
    assert {folder for folder in mounted if not folder.startswith("./")} <= set(COMPOSE["volumes"])
    assert [folder for folder in mounted if folder.startswith("./") and not (ROOT / folder).exists()] == []


def test_tonearm_is_the_image_with_a_read_only_root() -> None:
    service = SERVICES["tonearm"]
    assert service["image"] == f"tonearm:{__version__}"
    assert service["read_only"] and service["tmpfs"] == [image_environment()["HOME"]]
    assert f"home:{image_environment()['TONEARM_HOME']}" in service["volumes"]
    assert [port for port in service["ports"] if port.endswith(f":{PORT}")]
    assert given("tonearm")["TONEARM_BACKUP_FOLDER"] in {volume.partition(":")[2] for volume in service["volumes"]}
    check_command(service["command"])


@pytest.mark.parametrize("name", SERVICES)
def test_who_is_not_root_may_write_to_each_folder_in_memory(name: str) -> None:
    service = SERVICES[name]
    # The images built here have a user of their own.
    user = service.get("user") or (image_user() if "build" in service else "0:0")
    for folder, _, options in (mounted.partition(":") for mounted in service.get("tmpfs", [])):
        # A folder in memory has the rights of the image's own, and belongs to root. Everybody may write to /tmp.
        if user != "0:0" and folder != "/tmp":
            uid, gid = user.split(":")
            assert {f"uid={uid}", f"gid={gid}"} <= set(options.split(",")), folder


def image_user() -> str:
    return [rest for name, rest in instructions() if name == "USER"][-1]


def test_trino_keeps_its_data_where_it_may_write() -> None:
    command = SERVICES["trino"]["command"]
    data = Path(command[command.index("--data-dir") + 1])
    assert data.parent in {Path(mounted.partition(":")[0]) for mounted in SERVICES["trino"]["tmpfs"]}
    assert "node.data-dir" not in (ROOT / "deploy/trino/etc/node.properties").read_text()


def test_every_setting_and_key_reaches_tonearm() -> None:
    assert AWS
    wanted = SETTINGS - FIXED - ELSEWHERE | CREDENTIALS | AWS | {"PGPASSWORD"}
    assert set(given("tonearm")) == wanted | FIXED & set(given("tonearm"))
    passed = SERVICES["tonearm"]["environment"]
    # A name without a value is set where the shell or .env has it. An empty one would be set, and Amazon's client takes
    # an empty region for a region.
    assert {name for name in wanted if passed[name] is not None} == {"PGPASSWORD", "TONEARM_TRINO_URL"}
    assert passed["TONEARM_TRINO_URL"].startswith("${TONEARM_TRINO_URL:-")


def test_whatever_runs_tonearm_has_the_same_store_lake_and_settings() -> None:
    running = {name for name, service in SERVICES.items() if service.get("command", [""])[0] in {"start", "tonearm"}}
    assert running == {"tonearm", "spark-build"}
    needed = {key: value for key, value in SERVICES["tonearm"]["environment"].items() if key not in FIXED}
    assert [name for name in running if not needed.items() <= SERVICES[name]["environment"].items()] == []
    assert [name for name in running if "postgres" not in SERVICES[name]["depends_on"]] == []


def test_each_service_that_answers_is_asked_whether_it_is_well() -> None:
    asked = {name for name, service in SERVICES.items() if "healthcheck" in service}
    # The images built here have their own; the other three end.
    assert asked | {"tonearm", "superset"} == set(SERVICES) - ENDING
    assert {name for name, service in SERVICES.items() if service["restart"] == "no"} == ENDING


def test_spark_builds_on_the_home_of_the_server() -> None:
    master, worker, build = (SERVICES[name] for name in ("spark", "spark-worker", "spark-build"))
    check_command(build["command"])
    address = f"spark://{master['command'][3]}:{master['command'][5]}"
    assert address == worker["command"][-1] == build["command"][-1] == "spark://spark:7077"
    assert build["volumes"] == master["volumes"] == [SERVICES["tonearm"]["volumes"][0]]
    stages = {rest.partition(" AS ")[2] for name, rest in instructions(until="\0") if name == "FROM"}
    assert {
        service["build"]["target"] for service in SERVICES.values() if "target" in service.get("build", {})
    } <= stages


def test_what_superset_trusts_answers_superset_alone() -> None:
    assert COMPOSE["networks"]["superset"]["internal"]
    on_it = {name for name, service in SERVICES.items() if "superset" in service.get("networks", [])}
    assert on_it == {"superset", "superset-postgres", "superset-redis"}
    assert SERVICES["superset"]["networks"] == ["default", "superset"]
    assert SERVICES["superset-postgres"]["networks"] == SERVICES["superset-redis"]["networks"] == ["superset"]


def test_trino_is_the_one_that_is_tested_and_finds_the_home_where_tables_are_published() -> None:
    trino = SERVICES["trino"]
    version = re.search(r"^TRINO := trino-server-(\d+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert version and trino["image"] == SERVICES["metastore"]["image"] == f"trinodb/trino:{version[1]}"
    folder = given("trino")["TONEARM_LAKEHOUSE"]
    assert {f"home:{folder}/home:ro", f"metastore:{folder}/metastore"} < set(trino["volumes"])
    assert root_of(load_settings(Path(image_environment()["TONEARM_HOME"]), environ={})) == "local:///home/lake"
    assert given("tonearm")["TONEARM_TRINO_URL"] == "http://trino:8080"
    configured = (ROOT / "deploy/trino/etc/config.properties").read_text().splitlines()
    # Options win over this file, but not over node.properties.
    assert {"http-server.http.port=8080", "node.bind-ip=127.0.0.1"} < set(configured)
    assert trino["command"][-2:] == ["-D", "node.bind-ip=0.0.0.0"]


def test_the_page_has_every_variable_and_profile_and_commands_that_can_be_typed() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text()
    variables = set(re.findall(r"\$\{(\w+)", yaml.safe_dump(COMPOSE))) | CREDENTIALS | AWS | FIXED | ELSEWHERE
    # Compose's own, and the settings, which have a page.
    variables -= {"COMPOSE_PROJECT_NAME"} | SETTINGS - FIXED - ELSEWHERE
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}
    assert [name for name in variables | profiles if not re.search(rf"[` ]{name}[`=]", text)] == []
    commands = re.findall(r"kubectl [^\n`]* -- (tonearm [^\n`]+)", text)
    assert len(commands) >= 2
    for command in commands:
        check_command(shlex.split(command))


VALUED = {"--profile", "--volume", "--env", "--wait-timeout"}
"""Options of Compose that are written with a value after a space."""


def composed() -> list[str]:
    """Every command of Compose in the documentation, in compose.yaml's comments and in scripts."""
    pages = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "compose.yaml", ROOT / ".ci" / "image"]
    pages += sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    texts = [page.read_text(encoding="utf-8") for page in pages]
    return [line for text in texts for line in re.findall(r"docker compose ([^\n`]+)", text)]


def plain(words: list[str]) -> list[str]:
    """``words`` from the first that is no option of Compose."""
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in VALUED else words[1:]
    return words


@pytest.mark.parametrize("line", composed())
def test_a_command_of_compose_that_is_written_down_names_services_and_commands_that_are_there(line: str) -> None:
    command, *words = plain(shlex.split(re.split(r" {3,}| > ", line)[0]))
    named = plain(words)
    if command in {"exec", "run"}:
        service, *inside = named
        assert service in SERVICES
        if inside[:1] == ["tonearm"]:
            check_command(inside)
    elif command == "cp":
        assert words[0].partition(":")[0] in SERVICES
    elif command in {"up", "build", "stop", "logs", "down"}:
        assert set(named) <= set(SERVICES)
    else:
        pytest.fail(f"docker compose {command} is not checked")
