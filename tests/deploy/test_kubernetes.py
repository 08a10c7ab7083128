"""Manifests fit one another and the image, and each pod has as few rights as Kubernetes can ask for."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from tests.deploy import CREDENTIALS, HEALTH, PORT, ROOT, SETTINGS, check_command, documents, image_environment
from tests.deploy.monitored import JOB, program
from tonearm import __version__
from tonearm.errors import EngineMissing, ServiceRefused, ServiceUnavailable, UsageError
from tonearm.live.jobs import jobs
from tonearm.settings import Settings
from tonearm.store import open_store

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("base", "overlays/minikube", "overlays/cloud")
Manifest = dict[str, Any]

needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not there to build overlays")


@lru_cache
def built(overlay: str) -> tuple[Manifest, ...]:
    """The manifests of an overlay, as ``kubectl apply -k`` would send them."""
    done = subprocess.run(["kubectl", "kustomize", FOLDER / overlay], capture_output=True, text=True, check=True)
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(overlay: str, kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in built(overlay) if one["kind"] == kind}


def pods(overlay: str) -> Iterator[tuple[str, Manifest]]:
    for name, server in of_kind(overlay, "Deployment").items():
        yield name, server["spec"]["template"]
    for name, job in of_kind(overlay, "CronJob").items():
        yield name, job["spec"]["jobTemplate"]["spec"]["template"]


def test_each_file_is_used() -> None:
    for path in FOLDER.rglob("kustomization.yaml"):
        (found,) = documents(path)
        patched = {patch["path"] for patch in found.get("patches", []) if "path" in patch}
        used = {*found.get("resources", []), *patched}
        beside = {other.name for other in path.parent.glob("*.yaml")} - {path.name}
        assert beside == {name for name in used if not name.startswith("..")}


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_is_restricted(overlay: str) -> None:
    (namespace,) = of_kind(overlay, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for _, pod in pods(overlay):
        spec, (container,) = pod["spec"], pod["spec"]["containers"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["fsGroup"] == 10001
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_runs_the_image_on_the_home(overlay: str) -> None:
    claims = of_kind(overlay, "PersistentVolumeClaim")
    for name, pod in pods(overlay):
        (container,) = pod["spec"]["containers"]
        check_command(container["command"])
        mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        home, tmp = image_environment()["TONEARM_HOME"], image_environment()["HOME"]
        may = {"home": home, "tmp": tmp, "backups": "/backups", "scratch": str(Settings(home=Path(home)).scratch)}
        assert mounted.items() <= may.items() and {"home", "tmp"} <= set(mounted), name
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        assert set(volumes) == set(mounted)
        for lasts in {"home", "backups"} & set(volumes):
            assert volumes[lasts]["persistentVolumeClaim"]["claimName"] == lasts
            assert lasts in claims, name
        if overlay != "base":
            assert container["image"].endswith(f"tonearm:{__version__}")


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_server_is_found_and_asked_where_it_answers(overlay: str) -> None:
    (server,) = of_kind(overlay, "Deployment").values()
    labels, (container,) = (
        server["spec"]["template"]["metadata"]["labels"],
        server["spec"]["template"]["spec"]["containers"],
    )
    (port,) = container["ports"]
    assert port["containerPort"] == PORT
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    assert {probe["path"] for probe in probes} == HEALTH == {"/health", "/ready"}
    assert {probe["port"] for probe in probes} == {port["name"]}
    (service,) = of_kind(overlay, "Service").values()
    assert service["spec"]["ports"] == [{"name": "http", "port": PORT, "targetPort": port["name"]}]
    budgets = [budget["spec"]["selector"]["matchLabels"] for budget in of_kind(overlay, "PodDisruptionBudget").values()]
    for selector in (service["spec"]["selector"], server["spec"]["selector"]["matchLabels"], *budgets):
        assert selector.items() <= labels.items()
    for _, job in of_kind(overlay, "CronJob").items():
        assert (
            not service["spec"]["selector"].items()
            <= job["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"].items()
        )


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_are_named_and_never_there(overlay: str) -> None:
    assert of_kind(overlay, "Secret") == {}
    settings = {name for one in of_kind(overlay, "ConfigMap").values() for name in one["data"]}
    named = {one["name"] for _, pod in pods(overlay) for one in pod["spec"]["containers"][0].get("env", [])}
    assert settings | named <= SETTINGS | CREDENTIALS
    assert settings & named == set(), "what a pod sets itself hides what is set for all"
    urls = [one["data"]["TONEARM_DATABASE_URL"] for one in of_kind(overlay, "ConfigMap").values()]
    assert [url for url in urls if ":" in url.partition("//")[2].partition("@")[0]] == []


@needs_kubectl
@pytest.mark.parametrize("overlay", ["base", "overlays/minikube"])
def test_a_home_on_one_node_has_one_server_and_its_jobs_beside_it(overlay: str) -> None:
    (server,) = of_kind(overlay, "Deployment").values()
    assert (server["spec"]["replicas"], server["spec"]["strategy"]) == (1, {"type": "Recreate"})
    assert server["spec"]["template"]["spec"]["containers"][0]["command"] == ["start", "up"]
    modes = {one["spec"]["accessModes"][0] for one in of_kind(overlay, "PersistentVolumeClaim").values()}
    assert modes == {"ReadWriteOnce"}
    for job in of_kind(overlay, "CronJob").values():
        affinity = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["affinity"]["podAffinity"]
        (rule,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
        assert rule["topologyKey"] == "kubernetes.io/hostname"
        assert rule["labelSelector"]["matchLabels"] == server["spec"]["selector"]["matchLabels"]


@needs_kubectl
def test_several_servers_share_home_and_database_and_leave_the_schedule_to_jobs() -> None:
    overlay = "overlays/cloud"
    (server,) = of_kind(overlay, "Deployment").values()
    assert "replicas" not in server["spec"]
    assert server["spec"]["strategy"]["type"] == "RollingUpdate"
    assert server["spec"]["template"]["spec"]["containers"][0]["command"] == ["start", "serve"]
    (scaler,) = of_kind(overlay, "HorizontalPodAutoscaler").values()
    assert scaler["spec"]["scaleTargetRef"]["name"] == server["metadata"]["name"]
    modes = {one["spec"]["accessModes"][0] for one in of_kind(overlay, "PersistentVolumeClaim").values()}
    assert modes == {"ReadWriteMany"}
    (settings,) = of_kind(overlay, "ConfigMap")
    for _, pod in pods(overlay):
        sources = pod["spec"]["containers"][0]["envFrom"]
        assert {"configMapRef": {"name": settings}} in sources
        assert {"secretRef": {"name": "database"}} in sources
        assert "affinity" not in pod["spec"]
    (ingress,) = of_kind(overlay, "Ingress").values()
    (rule,) = ingress["spec"]["rules"]
    assert of_kind(overlay, "ConfigMap")[settings]["data"]["TONEARM_ALLOWED_HOSTS"] == rule["host"]


def containers(overlay: str) -> dict[str, Manifest]:
    return {name: pod["spec"]["containers"][0] for name, pod in pods(overlay)}


def environment(container: Manifest) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container["env"]}


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_backups_go_to_a_volume_of_their_own(overlay: str) -> None:
    found = containers(overlay)
    for name in {"tonearm", "backup"} & set(found):
        mounted = {mount["name"]: mount["mountPath"] for mount in found[name]["volumeMounts"]}
        assert mounted["backups"] == environment(found[name])["TONEARM_BACKUP_FOLDER"]


@needs_kubectl
def test_the_jobs_of_the_cloud_are_those_of_the_schedule(settings: Settings) -> None:
    found = of_kind("overlays/cloud", "CronJob")
    with closing(open_store(settings)) as store:
        scheduled = set(jobs(replace(settings, fetch_features=True, backup_folder="/backups"), store))
    # In the schedule each connection has a job of its own, and training anew is nobody's.
    assert set(found) - {"sync", "retrain"} == scheduled
    command = containers("overlays/cloud")
    for name in ("backup", "features"):
        assert command[name]["command"] == ["tonearm", "schedule", "run", name]
    assert environment(command["features"])["TONEARM_FETCH_FEATURES"] == "true"
    # Ids of heard tracks go to another service only where somebody asks for it.
    assert {name for name, job in found.items() if job["spec"]["suspend"]} == {"features"}


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_job_repeats_no_failure_that_would_come_again(overlay: str) -> None:
    hopeless = {kind.exit_code for kind in (UsageError, EngineMissing, ServiceRefused, ServiceUnavailable)}
    for name, job in of_kind(overlay, "CronJob").items():
        assert job["spec"]["concurrencyPolicy"] == "Forbid"
        spec = job["spec"]["jobTemplate"]["spec"]
        drained, failed = spec["podFailurePolicy"]["rules"]
        assert drained == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
        assert (failed["action"], set(failed["onExitCodes"]["values"])) == ("FailJob", hopeless)
        assert failed["onExitCodes"]["containerName"] == containers(overlay)[name]["name"]
        assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_what_an_operator_has_to_set_is_in_the_cloud_overlay_alone() -> None:
    marked = {path.parent.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml") if "<-" in path.read_text()}
    assert marked == {"overlays/cloud"}


@needs_kubectl
def test_prometheus_in_a_cluster_finds_the_servers_and_may_ask_them() -> None:
    config, alone = (
        yaml.safe_load((ROOT / "deploy" / "prometheus" / f"{name}.yml").read_text())
        for name in ("kubernetes", "prometheus")
    )
    (scrape,), (asked,) = config["scrape_configs"], alone["scrape_configs"]
    assert (scrape["job_name"], scrape["authorization"]) == (JOB, asked["authorization"])
    assert config["rule_files"] == alone["rule_files"]
    (found,) = scrape["kubernetes_sd_configs"]
    (namespace,) = of_kind("overlays/cloud", "Namespace")
    (server,) = of_kind("overlays/cloud", "Deployment").values()
    assert (found["role"], found["namespaces"]) == ("pod", {"names": [namespace]})
    labels = dict(one.split("=") for one in found["selectors"][0]["label"].split(","))
    assert labels == server["spec"]["selector"]["matchLabels"]
    kept = next(one for one in scrape["relabel_configs"] if one.get("action") == "keep")
    assert kept["regex"] == containers("overlays/cloud")["tonearm"]["ports"][0]["name"]
    (policy,) = of_kind("overlays/cloud", "NetworkPolicy").values()
    let_in = [one.get("namespaceSelector", {}).get("matchLabels") for one in policy["spec"]["ingress"][0]["from"]]
    assert {"kubernetes.io/metadata.name": "monitoring"} in let_in


def test_prometheus_takes_the_configuration_for_a_cluster(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "kubernetes.yml").read_text())
    # Debian's Prometheus knows no Kubernetes; the rest is read.
    del config["scrape_configs"][0]["kubernetes_sd_configs"]
    (tmp_path / "kubernetes.yml").write_text(yaml.safe_dump(config))
    command = [program("promtool"), "check", "config", "--syntax-only", str(tmp_path / "kubernetes.yml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
