"""Which places of an object name an image, and which do not."""

import subprocess
import sys

import pytest

from gitops_guard.model.image_fields import _EMBEDDED, _TABLE, COMPOSING, image_paths
from gitops_guard.model.image_parts import HelmParts
from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity, objects
from gitops_guard.model.named_image import NamedImage, WholeText
from gitops_guard.model.named_images import _may_be_custom, named_images
from gitops_guard.model.workload import WORKLOAD_KINDS
from gitops_guard.syntax.field import Field, format_keypath
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference
from gitops_guard.syntax.yaml import parse

DIGEST = "sha256:" + "0123456789abcdef" * 4
POD_SPEC = """
  initContainers:
    - {name: first, image: "busybox:1.36"}
  containers:
    - {name: web, image: "nginx:1.27"}
    - {name: none}
  ephemeralContainers:
    - {name: debug, image: "ghcr.io/team/debug:1"}
  volumes:
    - {name: model, image: {reference: "quay.io/team/model:v2", pullPolicy: Always}}
    - {name: data, emptyDir: {}}
"""


def found(text: str) -> list[NamedImage]:
    return [named for document in parse(text).documents for obj in objects(document) for named in named_images(obj)]


def listed(text: str) -> list[tuple[str, str, str]]:
    return [(format_keypath(named.at.keypath), named.text, named.container) for named in found(text)]


def manifest(kind: str, api_version: str, path: tuple[str | int, ...], pod_spec: str) -> str:
    lines = [f"apiVersion: {api_version}", f"kind: {kind}"]
    for depth, key in enumerate((*path, "spec")):
        lines.append("  " * depth + f"{key}:")
    indent = "  " * len(path)
    return "\n".join([*lines, *(indent + line for line in pod_spec.splitlines())])


@pytest.mark.parametrize("kind", sorted(WORKLOAD_KINDS))
def test_a_workload_names_the_images_of_its_containers_and_volumes(kind: str) -> None:
    path = WORKLOAD_KINDS[kind]
    images = found(manifest(kind, "example.com/v1", path, POD_SPEC))
    assert [(named.role, named.container, named.text) for named in images] == [
        ("init-container", "first", "busybox:1.36"),
        ("container", "web", "nginx:1.27"),
        ("ephemeral-container", "debug", "ghcr.io/team/debug:1"),
        ("image-volume", "model", "quay.io/team/model:v2"),
    ]
    assert all(named.parts == WholeText(named.at) for named in images)
    assert images[1].reference == ImageReference("docker.io", "library/nginx", "1.27")


def test_the_items_of_a_list_are_objects_of_their_own() -> None:
    item = "- {apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: b:1}]}}\n"
    assert listed(f"apiVersion: v1\nkind: List\nitems:\n{item}{item}") == [
        ("items[0].spec.containers[0].image", "b:1", "a"),
        ("items[1].spec.containers[0].image", "b:1", "a"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nginx:${TAG}", "unresolved variable ${TAG}"),
        ("{{ .Values.image }}", "unresolved variable {{ .Values.image }}"),
        ("$(params.image)", "unresolved variable $(params.image)"),
    ],
)
def test_a_variable_leaves_the_image_unresolved(text: str, reason: str) -> None:
    (named,) = found(f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{name: a, image: '{text}'}}]}}")
    assert named.reference == InvalidReference(reason, unresolved=True)


CUSTOM = [
    (
        "argoproj.io/v1alpha1", "Workflow",
        ("spec: {templates: [{name: t, container: {image: 'a:1'}, script: {image: 'b:1'},"
        " initContainers: [{name: i, image: 'c:1'}], sidecars: [{name: s, image: 'd:1'}],"
        " containerSet: {containers: [{name: cs, image: 'e:1'}]}}]}"),
        {"a:1", "b:1", "c:1", "d:1", "e:1"},
    ),
    ("argoproj.io/v1alpha1", "CronWorkflow", "spec: {workflowSpec: {templates: [{script: {image: 'a:1'}}]}}", {"a:1"}),
    (
        "argoproj.io/v1alpha1", "ClusterWorkflowTemplate",
        "spec: {templateDefaults: {container: {image: 'a:1'}}}", {"a:1"},
    ),
    (
        "tekton.dev/v1", "Task",
        "spec: {stepTemplate: {image: 'a:1'}, steps: [{name: s, image: 'b:1'}], sidecars: [{image: 'c:1'}]}",
        {"a:1", "b:1", "c:1"},
    ),
    (
        "tekton.dev/v1", "Pipeline",
        "spec: {tasks: [{taskSpec: {steps: [{image: 'a:1'}]}}], finally: [{taskSpec: {steps: [{image: 'b:1'}]}}]}",
        {"a:1", "b:1"},
    ),
    (
        "tekton.dev/v1", "PipelineRun",
        "spec: {pipelineSpec: {tasks: [{taskSpec: {sidecars: [{image: 'a:1'}]}}]}}", {"a:1"},
    ),
    ("tekton.dev/v1beta1", "TaskRun", "spec: {taskRef: {name: t, bundle: 'a/b:1'}}", {"a/b:1"}),
    ("serving.knative.dev/v1", "Service", "spec: {template: {spec: {containers: [{image: 'a:1'}]}}}", {"a:1"}),
    ("serving.knative.dev/v1", "Revision", "spec: {containers: [{image: 'a:1'}]}", {"a:1"}),
    (
        "kafka.strimzi.io/v1beta2", "Kafka",
        "spec: {kafka: {image: 'a:1'}, zookeeper: {image: 'b:1'}, entityOperator: {topicOperator: {image: 'c:1'}}}",
        {"a:1", "b:1", "c:1"},
    ),
    ("kafka.strimzi.io/v1beta2", "KafkaConnect", "spec: {image: 'a:1', build: {output: {image: 'out:1'}}}", {"a:1"}),
    (
        "monitoring.coreos.com/v1", "Prometheus",
        "spec: {image: 'a:1', thanos: {image: 'b:1'}, containers: [{name: c, image: 'c:1'}]}", {"a:1", "b:1", "c:1"},
    ),
    (
        "elasticsearch.k8s.elastic.co/v1", "Elasticsearch",
        "spec: {version: 8.1.0, image: 'a:1', nodeSets: [{podTemplate: {spec: {initContainers: [{image: 'b:1'}]}}}]}",
        {"a:1", "b:1"},
    ),
    ("pkg.crossplane.io/v1", "Provider", "spec: {package: 'xpkg.example.com/a/b:v1'}", {"xpkg.example.com/a/b:v1"}),
    ("postgresql.cnpg.io/v1", "Cluster", "spec: {imageName: 'ghcr.io/a/b:16'}", {"ghcr.io/a/b:16"}),
    ("acid.zalan.do/v1", "postgresql", "spec: {dockerImage: 'a:1'}", {"a:1"}),
    ("rabbitmq.com/v1beta1", "RabbitmqCluster", "spec: {image: 'a:1'}", {"a:1"}),
    ("opentelemetry.io/v1beta1", "OpenTelemetryCollector", "spec: {image: 'a:1'}", {"a:1"}),
    (
        "clickhouse.altinity.com/v1", "ClickHouseInstallation",
        "spec: {templates: {podTemplates: [{name: p, spec: {containers: [{name: c, image: 'a:1'}]}}]}}", {"a:1"},
    ),
    (
        "sparkoperator.k8s.io/v1beta2", "SparkApplication",
        "spec: {image: 'a:1', driver: {image: 'b:1'}, executor: {sidecars: [{image: 'c:1'}]}}", {"a:1", "b:1", "c:1"},
    ),
    (
        "ray.io/v1", "RayCluster",
        ("spec: {headGroupSpec: {template: {spec: {containers: [{image: 'a:1'}]}}},"
        " workerGroupSpecs: [{template: {spec: {containers: [{image: 'b:1'}]}}}]}"),
        {"a:1", "b:1"},
    ),
    (
        "kubeflow.org/v1", "PyTorchJob",
        ("spec: {pytorchReplicaSpecs: {Master: {template: {spec: {containers: [{image: 'a:1'}]}}},"
        " Worker: {template: {spec: {containers: [{image: 'b:1'}]}}}}}"),
        {"a:1", "b:1"},
    ),
    (
        "batch.volcano.sh/v1alpha1", "Job",
        "spec: {tasks: [{template: {spec: {containers: [{image: 'a:1'}]}}}]}", {"a:1"},
    ),
    (
        "build.openshift.io/v1", "BuildConfig",
        ("spec: {strategy: {dockerStrategy: {from: {kind: DockerImage, name: 'a:1'}}},"
        " source: {images: [{from: {kind: ImageStreamTag, name: 'not-this:1'}}]}}"),
        {"a:1"},
    ),
    (
        "image.openshift.io/v1", "ImageStream",
        "spec: {tags: [{name: '1', from: {kind: DockerImage, name: 'a:1'}}, {from: {kind: Other, name: 'b'}}]}",
        {"a:1"},
    ),
    (
        "template.openshift.io/v1", "Template",
        "objects: [{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {containers: [{image: 'a:1'}]}}}}]",
        {"a:1"},
    ),
    (
        "triggers.tekton.dev/v1beta1", "TriggerTemplate",
        ("spec: {resourcetemplates: [{apiVersion: tekton.dev/v1, kind: TaskRun,"
        " spec: {taskSpec: {steps: [{image: 'a:1'}]}}}]}"),
        {"a:1"},
    ),
    (
        "kustomize.toolkit.fluxcd.io/v1", "Kustomization",
        "spec: {images: [{name: a, newName: ghcr.io/team/a, newTag: '2'}]}", {"ghcr.io/team/a:2"},
    ),
    (
        "helm.toolkit.fluxcd.io/v2", "HelmRelease",
        ("spec: {values: {web: {image: {repository: a/b, tag: '1'}}},"
        " postRenderers: [{kustomize: {images: [{name: c, newTag: '2'}]}}]}"),
        {"a/b:1", "c:2"},
    ),
    (
        "helm.cattle.io/v1", "HelmChart",
        'spec: {valuesContent: "image:\\n  repository: a/b\\n  tag: \\"1\\"\\n"}', {"a/b:1"},
    ),
    (
        "operator.victoriametrics.com/v1beta1", "VMSingle",
        "spec: {image: {repository: a/b, tag: v1, pullPolicy: Always}}", {"a/b:v1"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("api_version", "kind", "body", "images"), CUSTOM, ids=[row[1] for row in CUSTOM])
def test_a_custom_resource_names_images_where_the_table_says(
    api_version: str, kind: str, body: str, images: set[str]
) -> None:
    named = found(f"apiVersion: {api_version}\nkind: {kind}\n{body}\n")
    assert {one.text for one in named} == images
    assert len(named) == len(images)


def test_a_custom_resource_tells_its_images_apart() -> None:
    spec = "{kafka: {image: 'a:1'}, entityOperator: {userOperator: {image: 'b:1'}}}"
    images = found(f"apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nspec: {spec}")
    assert [(named.role, named.container) for named in images] == [
        ("custom-resource", "kafka"),
        ("custom-resource", "entityOperator.userOperator"),
    ]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("baseImage: quay.io/a/prometheus, version: v2.40.0", "quay.io/a/prometheus:v2.40.0"),
        ("baseImage: quay.io/a/prometheus, version: v2.40.0, tag: v2.40.1", "quay.io/a/prometheus:v2.40.1"),
        (f"baseImage: quay.io/a/prometheus, sha: {DIGEST[7:]}", f"quay.io/a/prometheus@{DIGEST}"),
        ("baseImage: quay.io/old/one, tag: v1, image: 'quay.io/new/one:v2'", "quay.io/new/one:v2"),
    ],
)  # fmt: skip
def test_the_former_fields_of_the_prometheus_operator_are_put_together(spec: str, text: str) -> None:
    (named,) = found(f"apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nspec: {{{spec}}}\n")
    assert named.text == text
    assert isinstance(named.reference, ImageReference)
    assert isinstance(named.parts, HelmParts) == (named.at.key == "baseImage")


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Service\nspec: {template: {spec: {containers: [{image: 'a:1'}]}}}",
        "apiVersion: example.com/v1\nkind: Widget\nspec: {image: 'a:1'}",
        "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nspec: {imageName: 'a:1'}",
        "apiVersion: v1\nkind: ConfigMap\ndata: {image: 'a:1'}",
        "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: null}]}",
        "apiVersion: v1\nkind: Pod\nspec: {containers: web}",
        "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nspec: {kafka: [image], zookeeper: 1}",
        "apiVersion: operators.coreos.com/v1alpha1\nkind: CatalogSource\nspec: {image: {a: b}}",
    ],
    ids=range(8),
)
def test_what_merely_looks_alike_names_no_image(text: str) -> None:
    assert found(text) == []


def test_objects_within_objects_end_somewhere() -> None:
    inner = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: 'a:1'}]}}"
    for _ in range(30):
        inner = f"{{apiVersion: template.openshift.io/v1, kind: Template, objects: [{inner}]}}"
    assert found(inner) == []


def test_every_row_of_the_table_can_be_asked() -> None:
    keys = [(group, kind) for group, kinds in _TABLE.items() for kind in kinds]
    for group, kind in (*keys, *_EMBEDDED, *COMPOSING):
        identity = ObjectIdentity(f"{group}/v1".lstrip("/"), kind, "", "a")
        assert _may_be_custom(KubernetesObject(identity, Field(None, "", None), 0)), (group, kind)
    assert image_paths("tekton.dev", "StepAction") == (("spec", "image"),)
    assert image_paths("", "Service") == ()


def test_plain_workloads_load_no_reader_of_values() -> None:
    code = (
        "import sys, gitops_guard.model.named_images\n"
        "print([name for name in sys.modules if name.endswith(('helm_values', 'argo_cd', 'composed_images'))])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert out == "[]\n"


def test_every_kind_that_holds_parts_has_a_reader() -> None:
    for group, kind in sorted(COMPOSING):
        assert found(f"apiVersion: {group}/v1\nkind: {kind}\n") == []
