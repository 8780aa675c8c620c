"""Manifests, Compose file, image and alerts against their schemas, and against what the product says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema_rs
import kubernetes_validate  # type: ignore[import-untyped]  # it ships no types
import pytest
import yaml

from headgate.kernel import telemetry
from headgate.kernel.settings import load_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = "1.32"
SETTINGS = set(re.findall(r"HEADGATE_[A-Z_]+", (ROOT / "src/headgate/kernel/settings.py").read_text()))
# Settings that pods and containers run with, and what stands beside them in our files.
OURS = SETTINGS | {"HEADGATE_IMAGE"}


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            yield f"{file.name}/{document['kind']}", document


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [document for _, document in manifests() if document["kind"] == kind]


def workloads() -> list[tuple[str, dict[str, Any]]]:
    """Pod templates by name."""
    found = [*of_kind("Deployment"), *of_kind("Job")]
    return [(each["metadata"]["name"], each["spec"]["template"]) for each in found]


KNOWN = [(name, d) for name, d in manifests() if d["kind"] not in ("Kustomization", "PodMonitor")]


@pytest.mark.parametrize(("name", "document"), KNOWN, ids=[name for name, _ in KNOWN])
def test_each_manifest_keeps_its_schema(name: str, document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_a_misspelt_field_would_be_noticed() -> None:
    document = json.loads(json.dumps(of_kind("Deployment")[0]))
    document["spec"]["template"]["spec"]["containers"][0]["resourcess"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_every_file_is_in_the_kustomization_but_what_needs_an_operator() -> None:
    (listed,) = of_kind("Kustomization")
    there = {file.name for file in (DEPLOY / "kubernetes").glob("*.yaml")} - {"kustomization.yaml", "podmonitor.yaml"}
    assert set(listed["resources"]) == there


@pytest.mark.parametrize(("name", "template"), workloads(), ids=[name for name, _ in workloads()])
def test_pods_run_without_root_on_a_read_only_file_system_within_limits(name: str, template: dict[str, Any]) -> None:
    spec = template["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} == set(container["resources"]["limits"]) == set(container["resources"]["requests"])
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_servers_and_workers_have_probes_replicas_and_budgets_and_never_the_owners_password() -> None:
    for deployment in of_kind("Deployment"):
        assert deployment["spec"]["replicas"] >= 2
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"]["port"] in ports
        assert "HEADGATE_DATABASE_URL" not in {variable["name"] for variable in container["env"]}
        # What stops a pod gives it time to end the batch at hand.
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 45
    budgets = {tuple(sorted(b["spec"]["selector"]["matchLabels"].items())) for b in of_kind("PodDisruptionBudget")}
    chosen = {tuple(sorted(d["spec"]["selector"]["matchLabels"].items())) for d in of_kind("Deployment")}
    assert budgets == chosen


def test_selectors_choose_the_pods_that_are_there() -> None:
    labels = [template["metadata"]["labels"] for _, template in workloads()]

    def chosen(selector: Mapping[str, str]) -> bool:
        return any(selector.items() <= each.items() for each in labels)

    for service in of_kind("Service"):
        assert chosen(service["spec"]["selector"])
    for policy in of_kind("NetworkPolicy"):
        assert chosen(policy["spec"]["podSelector"].get("matchLabels", {}))
    names = {deployment["metadata"]["name"] for deployment in of_kind("Deployment")}
    assert {h["spec"]["scaleTargetRef"]["name"] for h in of_kind("HorizontalPodAutoscaler")} <= names


def test_nothing_reaches_a_pod_unless_a_policy_lets_it() -> None:
    (closed,) = [p for p in of_kind("NetworkPolicy") if not p["spec"]["podSelector"]]
    assert set(closed["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert not {"ingress", "egress"} & set(closed["spec"])


def test_the_compose_file_keeps_its_schema() -> None:
    text = resources.files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text()
    jsonschema_rs.validate(json.loads(text), compose())


def test_the_compose_file_runs_two_servers_and_two_workers_that_hold_no_rights() -> None:
    services = compose()["services"]
    assert {name: services[name]["deploy"]["replicas"] for name in ("api", "worker")} == {"api": 2, "worker": 2}
    for name in ("api", "worker", "migrate"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["user"] == "10001:10001"
    owners = [name for name, service in services.items() if "HEADGATE_DATABASE_URL" in service.get("environment", {})]
    assert owners == ["migrate"]
    assert services["proxy"]["ports"] == ["127.0.0.1:8400:8400"]
    assert "ports" not in services["db"]


def test_every_setting_that_is_deployed_is_one_the_product_reads() -> None:
    for file in [*DEPLOY.rglob("*.yaml"), DEPLOY / "Dockerfile", DEPLOY / "README.md"]:
        assert set(re.findall(r"HEADGATE_[A-Z_]+", file.read_text())) <= OURS | {"HEADGATE_HOME"}, file.name
    (config,) = of_kind("ConfigMap")
    assert load_settings(config["data"]).metrics_port == 9470


def test_the_image_is_locked_and_without_root() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    instructions = [line.split(maxsplit=1) for line in lines if line and not line.startswith(("#", " "))]
    words = [word for word, _ in instructions]
    assert words.count("FROM") == 2
    assert all(rest.split()[0] == "${PYTHON_IMAGE}" for word, rest in instructions if word == "FROM")
    (base,) = (rest for word, rest in instructions if word == "ARG")
    assert re.fullmatch(r"PYTHON_IMAGE=\S+:\d+\.\d+\S*", base), "a tag that says which Python"
    last = max(index for index, word in enumerate(words) if word == "FROM")
    final = instructions[last:]
    assert ["USER", "10001:10001"] in final
    assert words.index("HEALTHCHECK") > last
    assert any("--require-hashes" in rest for word, rest in instructions if word == "RUN")
    # After the last FROM nothing is fetched.
    assert not any(re.search(r"pip install|apt|curl|wget", rest) for word, rest in final if word == "RUN")
    for word, rest in instructions:
        if word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source


def test_the_locked_image_installs_what_the_product_needs_and_exports_spans() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/otel.txt").read_text(), re.MULTILINE))
    base = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/base.txt").read_text(), re.MULTILINE))
    assert base | {"opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"} <= locked


def test_alerts_and_dashboard_ask_for_metrics_that_are_there_and_lead_to_runbooks() -> None:
    known = {telemetry.PREFIX + instrument.name for instrument in telemetry.CATALOGUE}
    rules = yaml.safe_load((DEPLOY / "observability/alerts.yaml").read_text())["groups"][0]["rules"]
    board = json.loads((DEPLOY / "observability/grafana-dashboard.json").read_text())
    asked = " ".join([rule["expr"] for rule in rules] + [t["expr"] for p in board["panels"] for t in p["targets"]])
    names = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in re.findall(r"headgate_[a-z_]+", asked)}
    assert names <= known, names - known
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert (ROOT / rule["annotations"]["runbook"]).exists(), rule["alert"]
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in board["panels"]]
    assert len(places) == len(set(places)) > 15


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())
    return loaded
