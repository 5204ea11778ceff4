"""The files of `deploy/`: they render, fit the schemas of Kubernetes, and fit each other.

Nothing here speaks to a cluster.
"""

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from configparser import ConfigParser
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import kubernetes_validate
import pytest
import yaml
from dagster._config import process_config
from dagster._core.instance.config import dagster_instance_config_schema
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.config import pg_config

from hansol_assets.orchestration.home import TEMPLATE
from hansol_assets.settings import ENVIRONMENT_PREFIX, Settings
from hansol_assets_tests.deploy.manifests import (
    DEPLOY,
    KUBERNETES,
    OVERLAYS,
    ROOT,
    Key,
    Manifest,
    by_hand,
    by_kubectl,
    containers,
    documents,
    files_named,
    kustomization,
    settings_file,
)

VERSIONS = ("1.29", "1.32", "1.35")
"""Releases of Kubernetes whose schemas hold what the files use."""
SECTIONS = set(Settings.model_fields)
MADE_BY_USER = {("Secret", "dagster-postgres"): {"DAGSTER_PG_PASSWORD"}}
MADE_BY_KUBERAY = {("Secret", "compute"), ("Service", "compute-head-svc")}
OPTIONAL_SECRETS = {"hansol-tokens", "compute"}
RUN_LABELS = {"app.kubernetes.io/component": "run_worker"}
"""As dagster-k8s labels the pods of runs."""
DATABASE = ("HOST", "DB", "USER", "PASSWORD")


@pytest.fixture(scope="module", autouse=True)
def schemas_are_read_once() -> Iterator[None]:
    """Those of one release are megabytes, which each validation would read again."""
    with pytest.MonkeyPatch.context() as patch:
        read = cache(kubernetes_validate.utils.schema_contents)
        patch.setattr(kubernetes_validate.utils, "schema_contents", read)
        yield


@pytest.fixture(params=OVERLAYS)
def rendered(request: pytest.FixtureRequest) -> dict[Key, Manifest]:
    return by_hand(KUBERNETES / request.param)


def of_kind(rendered: dict[Key, Manifest], kind: str) -> list[Manifest]:
    return [item for (own, _), item in rendered.items() if own == kind]


def instance() -> Manifest:
    (content,) = documents(KUBERNETES / "base" / "dagster.yaml")
    return content


def launcher() -> Manifest:
    return instance()["run_launcher"]["config"]


def camel(value: Any, names: bool = True) -> Any:
    """Keys as Kubernetes writes them; dagster-k8s takes both ways. Labels stay."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"_([a-z])", lambda found: found[1].upper(), name) if names else name: camel(
            item, name not in ("match_labels", "matchLabels", "labels", "limits", "requests")
        )
        for name, item in value.items()
    }


def run_template() -> Manifest:
    """The pod of a run, as dagster-k8s puts it together from `dagster.yaml`."""
    config = launcher()
    raw = camel(config["run_k8s_config"])
    own = raw["containerConfig"]
    sources = [{"configMapRef": {"name": name}} for name in config["env_config_maps"]]
    sources += [{"secretRef": {"name": name}} for name in config["env_secrets"]]
    container = {
        **own,
        "name": "dagster",
        "image": settings_file(KUBERNETES / "base" / "settings.env")["DAGSTER_JOB_IMAGE"],
        "imagePullPolicy": config["image_pull_policy"],
        "args": ["dagster", "api", "execute_run"],
        "envFrom": [*sources, *own["envFrom"]],
        "volumeMounts": config["volume_mounts"],
        "resources": config["resources"],
        "securityContext": config["security_context"],
    }
    spec = {
        **raw["podSpecConfig"],
        "restartPolicy": "Never",
        "serviceAccountName": config["service_account_name"],
        "containers": [container],
        "volumes": config["volumes"],
    }
    return {"metadata": {"labels": RUN_LABELS}, "spec": spec}


def templates(rendered: dict[Key, Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Every template of a pod: built-in kinds, Ray's nodes, and runs."""
    yield "run", run_template()
    for (kind, name), item in rendered.items():
        if kind in ("Deployment", "StatefulSet"):
            yield name, item["spec"]["template"]
        elif kind == "RayCluster":
            yield f"{name}-head", item["spec"]["headGroupSpec"]["template"]
            for group in item["spec"]["workerGroupSpecs"]:
                yield f"{name}-{group['groupName']}", group["template"]


def references(template: Manifest) -> Iterator[tuple[str, str, str | None, bool]]:
    """Kind, name, key and whether it may be absent, of what a pod takes from elsewhere."""
    spec = template["spec"]
    if "serviceAccountName" in spec:
        yield "ServiceAccount", spec["serviceAccountName"], None, False
    for volume in spec.get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"], None, False
        if "persistentVolumeClaim" in volume:
            claim = volume["persistentVolumeClaim"]["claimName"]
            yield "PersistentVolumeClaim", claim, None, False
    for container in spec["containers"]:
        sources = [item["valueFrom"] for item in container.get("env", []) if "valueFrom" in item]
        for source in (*container.get("envFrom", []), *sources):
            ((field, own),) = source.items()
            kind = {"configMap": "ConfigMap", "secret": "Secret"}[re.sub(r"(Key)?Ref$", "", field)]
            yield kind, own["name"], own.get("key"), own.get("optional", False)


class TestRendering:
    def test_every_file_is_yaml_and_named_by_its_kustomization(self) -> None:
        for folder in (path for path in KUBERNETES.iterdir() if path.is_dir()):
            assert {path for path in folder.iterdir() if path.is_file()} == files_named(folder)
            for path in folder.glob("*.yaml"):
                assert documents(path)

    def test_every_folder_is_an_overlay_or_used_by_one(self) -> None:
        used = {
            (KUBERNETES / overlay / name).resolve()
            for overlay in OVERLAYS
            for field in ("resources", "components")
            for name in kustomization(KUBERNETES / overlay).get(field, [])
        }
        for path in KUBERNETES.iterdir():
            assert path.name in OVERLAYS or path in used

    @pytest.mark.parametrize("overlay", OVERLAYS)
    def test_kustomize_renders_what_is_worked_out_by_hand(self, overlay: str) -> None:
        found = by_kubectl(KUBERNETES / overlay)
        if found is None:
            pytest.skip("kubectl is not on this machine: the files were rendered by hand alone")
        assert found == by_hand(KUBERNETES / overlay)

    def test_another_image_reaches_the_pods_of_runs(self) -> None:
        rendered = by_hand(KUBERNETES / "kuberay")
        given = rendered["ConfigMap", "hansol-settings"]["data"]["DAGSTER_JOB_IMAGE"]
        images = {item["image"] for _, item in templates(rendered) for item in containers(item)}
        assert images == {given, "postgres:17"}


class TestSchemas:
    @pytest.mark.parametrize("release", VERSIONS)
    def test_built_in_kinds(self, rendered: dict[Key, Manifest], release: str) -> None:
        for (kind, _), item in rendered.items():
            if kind != "RayCluster":
                kubernetes_validate.validate(item, release, strict=True)

    @pytest.mark.parametrize("release", VERSIONS)
    def test_pods_of_runs_and_of_ray(self, rendered: dict[Key, Manifest], release: str) -> None:
        for name, template in templates(rendered):
            pod = {"apiVersion": "v1", "kind": "Pod", **template}
            pod["metadata"] = {**template["metadata"], "name": name}
            kubernetes_validate.validate(pod, release, strict=True)

    def test_a_misspelt_field_is_found(self, rendered: dict[Key, Manifest]) -> None:
        deployment = rendered["Deployment", "dagster-code"]
        deployment["spec"]["template"]["spec"]["hostNetworks"] = True
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(deployment, VERSIONS[0], strict=True)


class TestReferences:
    def test_what_a_pod_takes_is_there(self, rendered: dict[Key, Manifest]) -> None:
        for name, template in templates(rendered):
            for kind, wanted, field, optional in references(template):
                if optional:
                    assert wanted in OPTIONAL_SECRETS, name
                elif (kind, wanted) in MADE_BY_USER:
                    assert field is None or field in MADE_BY_USER[kind, wanted], name
                else:
                    assert (kind, wanted) in rendered, name
                    assert field is None or field in rendered[kind, wanted]["data"], name

    def test_secrets_are_described_and_never_in_the_files(
        self, rendered: dict[Key, Manifest]
    ) -> None:
        assert of_kind(rendered, "Secret") == []
        page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
        for (_, name), fields in MADE_BY_USER.items():
            for field in fields:
                assert f"create secret generic {name} --from-literal={field}=" in page
        assert all(f"`{name}`" in page or f" {name} " in page for name in OPTIONAL_SECRETS)

    def test_mounts_name_volumes(self, rendered: dict[Key, Manifest]) -> None:
        for name, template in templates(rendered):
            volumes = {item["name"] for item in template["spec"].get("volumes", [])}
            claims = {"data"} if name == "dagster-postgres" else set()
            for container in template["spec"]["containers"]:
                mounts = container.get("volumeMounts", [])
                assert {mount["name"] for mount in mounts} <= volumes | claims, name
                places = [mount["mountPath"] for mount in mounts]
                assert len(places) == len(set(places)), name

    def test_mounted_files_are_in_their_config_map(self, rendered: dict[Key, Manifest]) -> None:
        data = rendered["ConfigMap", "dagster-instance"]["data"]
        for _, template in templates(rendered):
            for container in template["spec"]["containers"]:
                for mount in container.get("volumeMounts", []):
                    if mount["name"] == "instance":
                        assert mount["subPath"] in data
                        assert mount["mountPath"] == f"/opt/dagster/home/{mount['subPath']}"

    def test_services_reach_one_kind_of_pod_at_a_port_that_it_names(
        self, rendered: dict[Key, Manifest]
    ) -> None:
        pods = [template for _, template in templates(rendered)]
        for service in of_kind(rendered, "Service"):
            wanted = service["spec"]["selector"].items()
            (template,) = [pod for pod in pods if wanted <= pod["metadata"]["labels"].items()]
            ports = {
                port["name"]: port["containerPort"]
                for container in template["spec"]["containers"]
                for port in container["ports"]
            }
            for port in service["spec"]["ports"]:
                assert ports[port["targetPort"]] == port["port"]
                assert str(port["port"]) in json.dumps(template["spec"]) or port["port"] == 5432

    def test_selectors_find_their_own_pods(self, rendered: dict[Key, Manifest]) -> None:
        for kind in ("Deployment", "StatefulSet"):
            for item in of_kind(rendered, kind):
                wanted = item["spec"]["selector"]["matchLabels"].items()
                assert wanted <= item["spec"]["template"]["metadata"]["labels"].items()

    def test_network_policies_are_about_pods_that_there_are(
        self, rendered: dict[Key, Manifest]
    ) -> None:
        label = "app.kubernetes.io/component"
        there = {template["metadata"]["labels"][label] for _, template in templates(rendered)}
        for policy in of_kind(rendered, "NetworkPolicy"):
            text = json.dumps(policy["spec"])
            named = set(re.findall(rf'"{label}": "(\w+)"', text))
            for values in re.findall(r'"values": \[([^]]*)\]', text):
                named |= set(re.findall(r'"(\w+)"', values))
            # A proxy with a login is the user's own.
            assert named - {"proxy"} <= there, policy["metadata"]["name"]

    def test_addresses_are_those_of_services(self, rendered: dict[Key, Manifest]) -> None:
        services = {
            item["metadata"]["name"]: {port["port"] for port in item["spec"]["ports"]}
            for item in of_kind(rendered, "Service")
        }
        (workspace,) = documents(KUBERNETES / "base" / "workspace.yaml")
        server = workspace["load_from"][0]["grpc_server"]
        assert server["port"] in services[server["host"]]
        settings = rendered["ConfigMap", "hansol-settings"]["data"]
        assert settings["DAGSTER_PG_HOST"] in services or not of_kind(rendered, "StatefulSet")
        if "RAY_JOIN" in settings:
            (cluster,) = of_kind(rendered, "RayCluster")
            name = cluster["metadata"]["name"]
            assert settings["RAY_JOIN"] == f"{name}-head-svc:6379"
            assert {("Secret", name), ("Service", f"{name}-head-svc")} == MADE_BY_KUBERAY

    def test_roles_are_bound_to_accounts_that_pods_use(self, rendered: dict[Key, Manifest]) -> None:
        used = {template["spec"].get("serviceAccountName") for _, template in templates(rendered)}
        for binding in of_kind(rendered, "RoleBinding"):
            (subject,) = binding["subjects"]
            assert ("Role", binding["roleRef"]["name"]) in rendered
            assert (subject["kind"], subject["name"]) in rendered
            assert subject["name"] in used
            assert subject["namespace"] == binding["metadata"]["namespace"]
        assert launcher()["job_namespace"] == kustomization(KUBERNETES / "base")["namespace"]


class TestSafety:
    def test_pods_have_no_more_rights_than_they_need(self, rendered: dict[Key, Manifest]) -> None:
        for name, template in templates(rendered):
            spec = template["spec"]
            assert spec["securityContext"]["runAsNonRoot"] is True, name
            assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
            assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
            assert not any("hostPath" in volume for volume in spec.get("volumes", [])), name
            for container in spec["containers"]:
                own = container["securityContext"]
                assert own["allowPrivilegeEscalation"] is False, name
                assert own["capabilities"] == {"drop": ["ALL"]}, name
                assert own.get("readOnlyRootFilesystem", name.startswith("compute-")), name
                assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
                assert "memory" in container["resources"]["limits"], name

    def test_only_who_speaks_to_kubernetes_has_a_token(self, rendered: dict[Key, Manifest]) -> None:
        with_token = {
            name
            for name, template in templates(rendered)
            if template["spec"].get("automountServiceAccountToken", True)
        }
        # The head's account is made by KubeRay, for the autoscaler.
        assert with_token <= {"dagster-daemon", "dagster-web", "compute-head"}

    def test_roles_name_what_they_allow(self, rendered: dict[Key, Manifest]) -> None:
        assert of_kind(rendered, "ClusterRole") == of_kind(rendered, "ClusterRoleBinding") == []
        for role in of_kind(rendered, "Role"):
            for rule in role["rules"]:
                assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
                assert "secrets" not in rule["resources"]

    def test_nothing_is_reached_from_outside(self, rendered: dict[Key, Manifest]) -> None:
        for service in of_kind(rendered, "Service"):
            assert service["spec"]["type"] == "ClusterIP"
            assert "externalIPs" not in service["spec"]
        assert of_kind(rendered, "Ingress") == []
        assert rendered["NetworkPolicy", "default"]["spec"]["podSelector"] == {}
        for policy in of_kind(rendered, "NetworkPolicy"):
            for rule in policy["spec"].get("ingress", []):
                assert rule["from"], policy["metadata"]["name"]

    def test_files_name_no_address_outside_and_no_secret(self) -> None:
        for path in (item for item in DEPLOY.rglob("*") if item.is_file()):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"https?://", text), path
            found = set(re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text))
            assert found <= {"127.0.0.1", "0.0.0.0"}, path  # noqa: S104
            for value in re.findall(r"(?:PASSWORD|TOKEN|SECRET) *[:=] *(\S+)", text):
                assert re.match(r"\$\{|\?set|\.\.\.", value), (path, value)

    def test_no_variable_of_kubernetes_is_taken_for_a_setting(
        self, rendered: dict[Key, Manifest]
    ) -> None:
        for name, template in templates(rendered):
            assert template["spec"]["enableServiceLinks"] is False, name
        for service in of_kind(rendered, "Service"):
            own = service["metadata"]["name"].upper().replace("-", "_")
            assert not own.startswith(ENVIRONMENT_PREFIX)


class TestLake:
    def test_runs_are_on_the_node_of_the_code_server(self, rendered: dict[Key, Manifest]) -> None:
        affinity = run_template()["spec"]["affinity"]["podAffinity"]
        (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["topologyKey"] == "kubernetes.io/hostname"
        labels = rendered["Deployment", "dagster-code"]["spec"]["template"]["metadata"]["labels"]
        assert term["labelSelector"]["matchLabels"].items() <= labels.items()

    def test_one_path_everywhere(self, rendered: dict[Key, Manifest]) -> None:
        place = "/srv/hansol"
        lake_dir = rendered["ConfigMap", "hansol-settings"]["data"]["HANSOL_LAKE_DIR"]
        assert Path(lake_dir).is_relative_to(place)
        mounted = {
            name: mount["mountPath"]
            for name, template in templates(rendered)
            for container in template["spec"]["containers"]
            for mount in container.get("volumeMounts", [])
            if mount["name"] == "lake"
        }
        assert set(mounted.values()) == {place}
        assert mounted.keys() - {"compute-head", "compute-gpu"} == {"run", "dagster-code"}

    def test_several_nodes_mount_it_only_with_ray(self, rendered: dict[Key, Manifest]) -> None:
        (mode,) = rendered["PersistentVolumeClaim", "hansol-lake"]["spec"]["accessModes"]
        assert (mode == "ReadWriteMany") == bool(of_kind(rendered, "RayCluster"))


class TestDagster:
    def test_it_differs_from_ours_in_where_things_are_alone(self) -> None:
        own = instance()
        ours = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
        added = own.keys() - ours.keys()
        assert added == {"storage", "run_launcher", "run_monitoring", "compute_logs"}
        assert {name: own[name] for name in ours} == ours
        assert own["concurrency"]["runs"]["max_concurrent_runs"] == 1

    def test_dagster_takes_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in DATABASE:
            monkeypatch.setenv(f"DAGSTER_PG_{name}", name.lower())
        result = process_config(dagster_instance_config_schema(), instance())
        assert result.success, result.errors
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(instance()), encoding="utf-8")
        ref = InstanceRef.from_dir(str(tmp_path))
        assert ref.run_launcher_data is not None
        assert ref.run_launcher_data.class_name == "K8sRunLauncher"
        assert ref.compute_logs_data.rehydrate() is not None

    def test_its_storage_fits_the_schema(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in DATABASE:
            monkeypatch.setenv(f"DAGSTER_PG_{name}", name.lower())
        result = process_config(pg_config(), instance()["storage"]["postgres"])
        assert result.success, result.errors

    def test_what_it_reads_from_the_environment_is_given(
        self, rendered: dict[Key, Manifest]
    ) -> None:
        wanted = set(re.findall(r"'env': '(\w+)'", str(instance())))
        given = set(rendered["ConfigMap", "hansol-settings"]["data"])
        assert wanted <= given | MADE_BY_USER["Secret", "dagster-postgres"]

    def test_the_launcher_takes_its_configuration(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from dagster_k8s import launcher as launchers

        monkeypatch.setenv("DAGSTER_JOB_IMAGE", "image")
        result = process_config(launchers.K8sRunLauncher.config_type(), launcher())
        assert result.success, result.errors

    def test_the_pod_of_a_run_is_the_one_checked_here(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import kubernetes
        from dagster_k8s import launcher as launchers
        from dagster_k8s.job import construct_dagster_k8s_job

        monkeypatch.setenv("DAGSTER_JOB_IMAGE", run_template()["spec"]["containers"][0]["image"])
        monkeypatch.setattr(launchers, "load_kubernetes_config", lambda **_: None)
        config = process_config(launchers.K8sRunLauncher.config_type(), launcher()).value
        own = launchers.K8sRunLauncher(**config)
        context = own.get_container_context_for_run(dg.DagsterRun(job_name="refresh", run_id="a"))
        job = construct_dagster_k8s_job(
            job_config=context.get_k8s_job_config(job_image=None, run_launcher=own),
            args=["dagster", "api", "execute_run"],
            job_name="run",
            component=RUN_LABELS["app.kubernetes.io/component"],
            user_defined_k8s_config=context.run_k8s_config,
        )
        made = kubernetes.client.ApiClient().sanitize_for_serialization(job)
        kubernetes_validate.validate(made, VERSIONS[-1], strict=True)
        template = made["spec"]["template"]
        assert RUN_LABELS.items() <= template["metadata"]["labels"].items()
        template["spec"].pop("imagePullSecrets")
        (container,) = template["spec"]["containers"]
        (home,) = [item for item in container["env"] if item["name"] == "DAGSTER_HOME"]
        container["env"].remove(home)
        assert home["value"] == launcher()["dagster_home"]
        assert template["spec"] == run_template()["spec"]


class TestSettings:
    def test_every_variable_names_a_setting(self) -> None:
        named = Counter[str]()
        for path in (item for item in DEPLOY.rglob("*") if item.is_file()):
            text = path.read_text(encoding="utf-8")
            named.update(re.findall(rf"\b{ENVIRONMENT_PREFIX}([A-Z][A-Z_]*)\b", text))
        assert len(named) > 4
        for name in named:
            assert name.partition("__")[0].lower() in SECTIONS, name

    def test_actors_have_the_gpus_that_the_nodes_give(self) -> None:
        rendered = by_hand(KUBERNETES / "kuberay")
        settings = rendered["ConfigMap", "hansol-settings"]["data"]
        (cluster,) = of_kind(rendered, "RayCluster")
        gpus = 0
        for group in cluster["spec"]["workerGroupSpecs"]:
            (container,) = group["template"]["spec"]["containers"]
            resources = container["resources"]
            assert resources["requests"]["nvidia.com/gpu"] == resources["limits"]["nvidia.com/gpu"]
            assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
            gpus += group["maxReplicas"] * int(resources["limits"]["nvidia.com/gpu"])
        each = int(settings["HANSOL_CLUSTER__GPUS_PER_WORKER"])
        assert int(settings["HANSOL_CLUSTER__WORKERS"]) * each <= gpus
        assert int(settings["HANSOL_CLUSTER__TRAINING_WORKERS"]) * each <= gpus


class TestVersions:
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")

    def test_one_tag_everywhere_and_it_is_the_release(self) -> None:
        setup = ConfigParser()
        setup.read(ROOT / "setup.cfg", encoding="utf-8")
        tags = set()
        for path in (item for item in DEPLOY.rglob("*") if item.is_file()):
            text = path.read_text(encoding="utf-8")
            tags |= set(re.findall(r"\bhansol-assets:(\d[\w.]*)", text))
            tags |= set(re.findall(r"newTag: (\S+)", text))
        assert tags == {setup["metadata"]["version"]}

    def test_packages_of_dagster_are_of_one_release(self) -> None:
        lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
        (released,) = re.findall(r"^dagster-rest-resources==(\S+)$", lock, re.MULTILINE)
        named = re.findall(r"dagster-(?:k8s|postgres)==(\S+)", self.dockerfile)
        assert named == [released, released]
        page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        assert f"dagster-postgres=={released}" in page

    def test_ray_is_one_release(self) -> None:
        (cluster,) = of_kind(by_hand(KUBERNETES / "kuberay"), "RayCluster")
        (named,) = re.findall(r"ray\[default\]==([\d.]+)", self.dockerfile)
        assert named == cluster["spec"]["rayVersion"] == version("ray")
        for file in ("requirements.lock", "setup.cfg"):
            text = (ROOT / file).read_text(encoding="utf-8")
            assert set(re.findall(r"^ *ray(?:\[[\w,]+\])?==(\S+)", text, re.M)) <= {named}


class TestImage:
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")

    def test_it_copies_what_there_is_and_what_is_not_ignored(self) -> None:
        ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        assert "*" in ignore
        for line in re.findall(r"^COPY (.*)$", self.dockerfile, re.MULTILINE):
            *sources, _ = (word for word in line.split() if not word.startswith("--"))
            for source in sources:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in ignore, source

    def test_nobody_is_root_and_the_user_is_that_of_the_pods(self) -> None:
        assert re.search(r"^USER 1000:1000$", self.dockerfile, re.MULTILINE)
        assert self.dockerfile.rindex("\nRUN ") < self.dockerfile.index("\nUSER ")
        assert run_template()["spec"]["securityContext"]["runAsUser"] == 1000

    def test_its_entry_becomes_the_command_where_there_is_no_cluster(self, tmp_path: Path) -> None:
        script = DEPLOY / "join-ray.sh"
        assert os.access(script, os.X_OK)
        done = subprocess.run(
            [str(script), "sh", "-c", 'echo "$1, ${RAY_ADDRESS-no address}"', "-", "a b"],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stdout) == (0, "a b, no address\n")

    def test_its_entry_joins_a_cluster_first(self, tmp_path: Path) -> None:
        ray = tmp_path / "ray"
        ray.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n', encoding="utf-8")
        ray.chmod(0o755)
        done = subprocess.run(
            [str(DEPLOY / "join-ray.sh"), "sh", "-c", "echo $RAY_ADDRESS; exit 3"],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "RAY_JOIN": "head:6379"},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stdout) == (3, "auto\n")
        check, start = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
        assert check == "health-check --address head:6379"
        assert start.startswith("start --address head:6379 --num-cpus 0 --num-gpus 0")


class TestCompose:
    (content,) = documents(DEPLOY / "compose" / "compose.yaml")

    def test_only_this_machine_reaches_it(self) -> None:
        ports = [
            port for item in self.content["services"].values() for port in item.get("ports", [])
        ]
        assert ports == ["127.0.0.1:3000:3000"]
        assert not any("network_mode" in item for item in self.content["services"].values())

    def test_files_volumes_and_services_are_there(self) -> None:
        services = self.content["services"]
        (workspace,) = documents(KUBERNETES / "base" / "workspace.yaml")
        assert workspace["load_from"][0]["grpc_server"]["host"] in services
        for name, item in services.items():
            for volume in item["volumes"]:
                source = volume.partition(":")[0]
                if source.startswith("."):
                    assert (DEPLOY / "compose" / source).resolve().is_file(), name
                else:
                    assert source in self.content["volumes"], name
            for other in item.get("depends_on", []):
                assert other in services, name
            if "build" in item:
                context = (DEPLOY / "compose" / item["build"]["context"]).resolve()
                assert (context / item["build"]["dockerfile"]).is_file()
