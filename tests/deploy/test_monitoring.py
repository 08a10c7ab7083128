"""The dashboard and the alerts ask for what a server exports, and Prometheus itself reads both."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy import PORT, ROOT
from tests.deploy.monitored import ALERTS, DASHBOARD, JOB, fill, named, panels, program, queries
from tests.live.test_up import submit
from tests.serving import PATIENCE_S, free_port, running, serving_api
from tonearm.api.app import create_app
from tonearm.api.client import InProcess
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

ROW = ("Air", "Moon Safari", "Sexy Boy", "20 Nov 2020 09:28")
CONFIG = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
RULES: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]


@pytest.fixture
def home(settings: Settings, lastfm: Callable[..., Path]) -> Settings:
    return fill(settings, lastfm([ROW]))


def exported(home: Settings) -> set[str]:
    """Names of all samples, Prometheus' own ``up`` among them."""
    app = create_app(home)
    app.state.metrics.submitted("lastfm", accepted=1, rejected=0)
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1") as http:
        http.get("/health")
        families = text_string_to_metric_families(http.get("/metrics").text)
        return {"up"} | {sample.name for family in families for sample in family.samples}


def test_every_metric_that_is_asked_for_is_exported(home: Settings) -> None:
    asked = {name: where for where in [*queries(), *(rule["expr"] for rule in RULES)] for name in named(where)}
    there = exported(home)
    assert {name: where for name, where in asked.items() if name not in there} == {}


def test_every_metric_of_ours_is_in_the_page_of_the_api(home: Settings) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8") + (ROOT / "docs" / "predictions-api.md").read_text()
    ours = {name for name in exported(home) if name.startswith("tonearm_")}
    kinds = ("_created", "_bucket", "_count", "_sum")
    assert [name for name in ours if not name.endswith(kinds) and f"`{name}`" not in page] == []


def test_the_dashboard_can_be_taken_by_any_grafana() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids)) and "id" not in DASHBOARD
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "job"}
    for panel in panels():
        assert panel["title"] and panel["targets"], panel["id"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert [target for target in panel["targets"] if 'job="$job"' not in target["expr"]] == [], panel["title"]


def test_no_panel_lies_on_another() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            assert taken.setdefault(cell, panel["title"]) == panel["title"], f"{panel['title']} lies on {taken[cell]}"


def test_prometheus_asks_the_server_s_port_under_the_job_of_the_alerts() -> None:
    (asked,) = CONFIG["scrape_configs"]
    assert asked["job_name"] == JOB and CONFIG["rule_files"] == [ALERTS.name]
    assert asked["static_configs"] == [{"targets": [f"127.0.0.1:{PORT}"]}]
    assert [rule["alert"] for rule in RULES if f'job="{JOB}"' not in rule["expr"]] == []
    assert [rule["alert"] for rule in RULES if set(rule["annotations"]) != {"summary", "description"}] == []


def test_each_alert_fires_when_it_should() -> None:
    tested = yaml.safe_load(ALERTS.with_name("alerts_test.yml").read_text())["tests"]
    fires = {one["alertname"] for test in tested for one in test["alert_rule_test"] if one["exp_alerts"]}
    assert fires == {rule["alert"] for rule in RULES}
    for arguments in (["check", "rules", str(ALERTS)], ["test", "rules", str(ALERTS.with_name("alerts_test.yml"))]):
        done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def prometheus(home: Settings, tmp_path: Path) -> Iterator[httpx.Client]:
    """Prometheus with our configuration, which reads a server that needs a token."""
    store = open_store(home)
    token, _ = create_token(store, "Ada", ["read", "submit"])
    store.close()
    environment = {"TONEARM_ALLOWED_HOSTS": "music.example.org", "TONEARM_BACKUP_FOLDER": home.backup_folder}
    with serving_api(home.home, **environment) as url:
        submit(url, token, 1_714_560_000)
        config = deepcopy(CONFIG) | {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}}
        config["scrape_configs"][0]["static_configs"] = [{"targets": [url.removeprefix("http://")]}]
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
        (tmp_path / "token").write_text(token)
        (tmp_path / ALERTS.name).write_bytes(ALERTS.read_bytes())
        own = f"127.0.0.1:{free_port()}"
        command = [program("prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}", "--log.level=error"]
        command += [f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address={own}"]
        with running(command, f"http://{own}/-/ready"), httpx.Client(base_url=f"http://{own}/api/v1") as http:
            yield http


def asked(http: httpx.Client, query: str) -> list[Any]:
    answer = http.get("/query", params={"query": query}).json()
    assert answer["status"] == "success", answer
    found: list[Any] = answer["data"]["result"]
    return found


def evaluated(http: httpx.Client) -> list[dict[str, Any]]:
    """The alerts as Prometheus last evaluated them."""
    found: list[dict[str, Any]] = http.get("/rules").json()["data"]["groups"][0]["rules"]
    return found


def is_settled(rules: list[dict[str, Any]]) -> bool:
    """Whether all are evaluated and none fires; the disk of the machine that tests may be nearly full."""
    fires = {rule["name"] for rule in rules if rule["state"] != "inactive"}
    # A server is down until it was asked for the first time.
    return all(rule["health"] != "unknown" for rule in rules) and fires <= {"TonearmDiskFills"}


@pytest.mark.slow
def test_a_real_prometheus_has_data_for_every_panel_and_evaluates_every_alert(prometheus: httpx.Client) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while empty := [query for query in queries() if not asked(prometheus, query)]:
        assert time.monotonic() < give_up_at, f"no data for {empty}"
        time.sleep(0.5)
    while not is_settled(rules := evaluated(prometheus)):
        assert time.monotonic() < give_up_at, rules
        time.sleep(0.5)
    assert {(rule["name"], rule["health"], rule.get("lastError", "")) for rule in rules} == {
        (rule["alert"], "ok", "") for rule in RULES
    }
