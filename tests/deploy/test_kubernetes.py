"""The manifests for Kubernetes refer to each other. ``make image-check`` validates their schema."""

from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"


def documents(name: str) -> dict[str, dict[str, Any]]:
    """The resources of a file by their kind."""
    return {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / name).read_text())}


RESOURCES = documents("kubernetes.yml") | documents("kubernetes-monitoring.yml")
POD = RESOURCES["Deployment"]["spec"]["template"]
CONTAINER = POD["spec"]["containers"][0]
PORTS = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}


def test_every_selector_selects_the_pods_of_the_api() -> None:
    spread = POD["spec"]["topologySpreadConstraints"]
    selectors = [
        RESOURCES["Deployment"]["spec"]["selector"]["matchLabels"],
        RESOURCES["Service"]["spec"]["selector"],
        RESOURCES["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        RESOURCES["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        RESOURCES["PodMonitor"]["spec"]["selector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in spread),
    ]
    for selector in selectors:
        assert selector.items() <= POD["metadata"]["labels"].items()


def test_only_the_network_policy_selects_the_pods_of_the_migration() -> None:
    labels = RESOURCES["Job"]["spec"]["template"]["metadata"]["labels"]
    policy = RESOURCES["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
    assert policy.items() <= labels.items()
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert not RESOURCES[kind]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert not RESOURCES["Service"]["spec"]["selector"].items() <= labels.items()


def test_every_port_that_is_referred_to_is_a_port_of_the_container() -> None:
    rules = RESOURCES["NetworkPolicy"]["spec"]["ingress"]
    named = {port["port"] for rule in rules for port in rule["ports"]}
    named |= {each["targetPort"] for each in RESOURCES["Service"]["spec"]["ports"]}
    named |= {each["port"] for each in RESOURCES["PodMonitor"]["spec"]["podMetricsEndpoints"]}
    named |= {CONTAINER[probe]["httpGet"]["port"] for probe in CONTAINER if probe.endswith("Probe")}
    assert named == set(PORTS)


def test_the_metrics_port_is_the_one_that_the_service_opens() -> None:
    environment = {each["name"]: each.get("value") for each in CONTAINER["env"]}
    assert environment["METRICS_PORT"] == str(PORTS["metrics"])


def test_the_file_with_the_url_is_mounted_from_the_secret_alone() -> None:
    environment = {each["name"]: each.get("value") for each in CONTAINER["env"]}
    [volume] = POD["spec"]["volumes"]
    [mount] = CONTAINER["volumeMounts"]
    [item] = volume["secret"]["items"]
    assert mount["name"] == volume["name"]
    # Kubernetes does not renew a file that is mounted by its subPath.
    assert "subPath" not in mount
    assert environment["NEON_DB_URL_FILE"] == f"{mount['mountPath']}/{item['path']}"
    assert item["key"] == "serve-url"


def test_the_autoscaler_scales_the_deployment() -> None:
    target = RESOURCES["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    deployment = RESOURCES["Deployment"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert "replicas" not in deployment["spec"]


def test_the_job_runs_the_image_of_the_deployment() -> None:
    job = RESOURCES["Job"]["spec"]["template"]["spec"]["containers"][0]
    assert job["image"] == CONTAINER["image"]
