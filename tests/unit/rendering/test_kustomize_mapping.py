import pytest

from gitops_guard.rendering.roots import Root
from mapped_roots import Mapped

pytestmark = pytest.mark.real

OVER = Root("kustomize", "over")
BASE = {
    "base/kustomization.yaml": "resources: [app.yaml]\n",
    "base/app.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: nginx:1.0
          env:
            - name: LEVEL
              value: debug
        - name: log
          image: fluent:1
          securityContext:
            privileged: true
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  ports:
    - port: 80
""",
}
CONTAINER = ("spec", "template", "spec", "containers")


def overlay(text: str, **more: str) -> Mapped:
    files = BASE | {"over/kustomization.yaml": "resources: [../base]\n" + text}
    return Mapped(OVER, files | {f"over/{name.replace('_', '.')}": body for name, body in more.items()})


def test_a_field_of_the_base_is_led_back_to_its_line() -> None:
    root = overlay("")
    assert root.where("Deployment", *CONTAINER, 1, "securityContext", "privileged") == (
        "base/app.yaml:20 resource: privileged: true"
    )
    assert root.where("Service", "spec", "ports", 0, "port") == "base/app.yaml:28 resource: - port: 80"


def test_what_is_missing_is_placed_where_a_person_would_add_it() -> None:
    root = overlay("")
    assert root.where("Deployment", *CONTAINER, 0, "securityContext", "privileged") == (
        "base/app.yaml:12 resource: - name: web"
    )
    obj = root.objects[1]
    place = root.map.locate(obj.identity, (*CONTAINER, 0, "securityContext"))
    assert place is not None
    assert place.keypath == (*CONTAINER, 0, "securityContext")
    assert root.where("Deployment") == "base/app.yaml:1 resource: apiVersion: apps/v1"


def test_annotations_of_the_second_build_are_neither_rendered_nor_mapped() -> None:
    root = overlay("buildMetadata: [managedByLabel]\n")
    assert "config.kubernetes.io" not in root.rendered.text
    assert "managed-by" in root.rendered.text


def test_the_line_in_a_strategic_merge_patch_wins_over_the_base() -> None:
    root = overlay(
        "patches: [{path: patch.yaml}]\n",
        patch_yaml="""\
# raises the level
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: web
          env:
            - name: LEVEL
              value: info
        - name: extra
          image: extra:1
""",
    )
    assert root.where("Deployment", *CONTAINER, 0, "env", 0, "value") == "over/patch.yaml:12 patch: value: info"
    names = [item["name"].text for item in root.objects[1].field.at(*CONTAINER).items()]
    extra = names.index("extra")
    assert root.where("Deployment", *CONTAINER, extra, "image") == "over/patch.yaml:14 patch: image: extra:1"
    assert root.where("Deployment", *CONTAINER, extra, "resources") == "over/patch.yaml:13 patch: - name: extra"
    web = names.index("web")
    assert root.where("Deployment", *CONTAINER, web, "resources") == "base/app.yaml:12 resource: - name: web"


def test_the_line_in_an_inline_patch() -> None:
    root = overlay("""\
patches:
  - target: {kind: Deploy.*}
    patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: any}
      spec:
        replicas: 4
""")
    assert root.where("Deployment", "spec", "replicas") == "over/kustomization.yaml:9 patch: replicas: 4"


@pytest.mark.parametrize(("style", "line"), [("'%s'", 4), ("|\n      %s", 5)])
def test_json_patches_in_files_and_inline(style: str, line: int) -> None:
    operations = '[{"op": "add", "path": "/spec/paused", "value": true}]'
    inline = f"    patch: {style % operations}\n"
    root = overlay(
        "patches:\n  - target: {kind: Deployment, name: web}\n"
        + inline
        + "  - target: {kind: Service}\n    path: svc.json\n",
        svc_json='[\n{"op": "replace", "path": "/spec/ports/0/port",\n "value": 81},\n'
        '{"op": "add", "path": "/spec/ports/-", "value": {"name": "b",\n "port": 82}}]\n',
    )
    assert root.where("Deployment", "spec", "paused").startswith(f"over/kustomization.yaml:{line} json6902")
    assert root.where("Service", "spec", "ports", 0, "port") == 'over/svc.json:3 json6902: "value": 81},'
    assert root.where("Service", "spec", "ports", 1, "port") == 'over/svc.json:5 json6902: "port": 82}}]'


def test_legacy_patch_fields() -> None:
    root = overlay(
        "patchesStrategicMerge: [merge.yaml]\n"
        "patchesJson6902:\n  - target: {version: v1, kind: Service, name: web}\n    path: ops.yaml\n",
        merge_yaml="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 7\n",
        ops_yaml="- op: add\n  path: /spec/type\n  value: NodePort\n",
    )
    assert root.where("Deployment", "spec", "replicas") == "over/merge.yaml:5 patch: replicas: 7"
    assert root.where("Service", "spec", "type") == "over/ops.yaml:3 json6902: value: NodePort"


def test_images_replicas_names_and_labels_of_the_kustomization() -> None:
    root = overlay("""\
namespace: prod
namePrefix: my-
images:
  - name: nginx
    newTag: "2.0"
  - name: fluent
    newName: registry.example/fluent
    digest: sha256:2222222222222222222222222222222222222222222222222222222222222222
replicas:
  - name: web
    count: 5
labels:
  - includeSelectors: true
    pairs: {team: shop}
commonAnnotations: {owner: me}
""")
    at = "over/kustomization.yaml"
    assert root.where("Deployment", *CONTAINER, 0, "image") == f'{at}:6 images: newTag: "2.0"'
    assert root.where("Deployment", *CONTAINER, 1, "image").startswith(f"{at}:9 images: digest: sha256")
    assert root.where("Deployment", "spec", "replicas") == f"{at}:12 kustomization: count: 5"
    assert root.where("Deployment", "metadata", "namespace") == f"{at}:2 kustomization: namespace: prod"
    assert root.where("Deployment", "metadata", "name") == f"{at}:3 kustomization: namePrefix: my-"
    team = f"{at}:15 kustomization: pairs: {{team: shop}}"
    assert root.where("Deployment", "spec", "selector", "matchLabels", "team") == team
    assert root.where("Service", "spec", "selector", "team") == team
    assert root.where("Service", "metadata", "annotations", "owner").startswith(f"{at}:16 kustomization")
    assert root.where("Deployment", "spec", "selector", "matchLabels", "app").startswith("base/app.yaml:7 resource")


def test_the_outermost_of_several_overlays_decides() -> None:
    files = BASE | {
        "mid/kustomization.yaml": "resources: [../base]\n"
        "images: [{name: nginx, newTag: '2'}]\nreplicas: [{name: web, count: 2}]\n",
        "over/kustomization.yaml": "resources: [../mid]\nimages: [{name: nginx, newTag: '3'}]\n",
    }
    root = Mapped(OVER, files)
    assert root.where("Deployment", *CONTAINER, 0, "image").startswith("over/kustomization.yaml:2 images")
    assert root.where("Deployment", "spec", "replicas").startswith("mid/kustomization.yaml:3 kustomization")


def test_components_run_before_the_overlay_that_names_them() -> None:
    files = BASE | {
        "part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "resources: [role.yaml]\nreplicas: [{name: web, count: 2}]\nimages: [{name: nginx, newTag: '2'}]\n",
        "part/role.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n",
        "over/kustomization.yaml": "resources: [../base]\ncomponents: [../part]\nreplicas: [{name: web, count: 3}]\n",
    }
    root = Mapped(OVER, files)
    assert root.where("Deployment", "spec", "replicas").startswith("over/kustomization.yaml:3 kustomization")
    assert root.where("Deployment", *CONTAINER, 0, "image").startswith("part/kustomization.yaml:5 images")
    assert root.where("ServiceAccount", "automountServiceAccountToken") == "part/role.yaml:1 resource: apiVersion: v1"


def test_one_base_behind_two_overlays_with_prefixes() -> None:
    patch = """\
patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec: {replicas: %d}
"""
    files = BASE | {
        "a/kustomization.yaml": "resources: [../base]\nnamePrefix: a-\n" + patch % 3,
        "b/kustomization.yaml": "resources: [../base]\nnamePrefix: b-\n" + patch % 3,
        "over/kustomization.yaml": "resources: [../a, ../b]\n",
    }
    root = Mapped(OVER, files)
    assert root.where("Deployment", "spec", "replicas", name="a-web").startswith("a/kustomization.yaml:8 patch")
    assert root.where("Deployment", "spec", "replicas", name="b-web").startswith("b/kustomization.yaml:8 patch")


def test_generators_of_literals_files_and_env_files() -> None:
    root = overlay(
        """\
configMapGenerator:
  - name: settings
    literals:
      - level=debug
    files: [note_txt, other=note_txt]
    envs: [env_txt]
secretGenerator:
  - name: login
    type: Opaque
    literals: [password=hunter22]
""".replace("_txt", ".txt"),
        note_txt="hello\nworld\n",
        env_txt="# comment\nCOLOUR=red\n",
    )
    at = "over/kustomization.yaml"
    assert root.where("ConfigMap", "data", "level") == f"{at}:5 generator: - level=debug"
    assert root.where("ConfigMap", "data", "note.txt") == "over/note.txt file"
    assert root.where("ConfigMap", "data", "other") == "over/note.txt file"
    assert root.where("ConfigMap", "data", "COLOUR") == "over/env.txt:2 generator: COLOUR=red"
    assert root.where("Secret", "data", "password").startswith(f"{at}:11 generator")
    assert root.where("Secret", "type") == f"{at}:10 generator: type: Opaque"
    assert root.where("ConfigMap", "immutable") == f"{at}:3 generator: - name: settings"


def test_a_reference_to_a_generated_name_stays_with_the_object_that_refers() -> None:
    files = BASE | {
        "over/kustomization.yaml": "resources: [job.yaml]\nnamePrefix: x-\n"
        "configMapGenerator: [{name: cfg, literals: [a=1]}]\n",
        "over/job.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: job}\nspec:\n  containers:\n  - name: c\n"
        "    image: a\n    envFrom:\n    - configMapRef:\n        name: cfg\n",
    }
    root = Mapped(OVER, files)
    keys = ("spec", "containers", 0, "envFrom", 0, "configMapRef", "name")
    assert root.objects[1].field.at(*keys).text.startswith("x-cfg-")
    assert root.where("Pod", *keys) == "over/job.yaml:10 resource: name: cfg"


def test_a_merged_generator_is_led_to_the_entry_that_gave_the_value() -> None:
    files = {
        "base/kustomization.yaml": "configMapGenerator: [{name: cfg, literals: [a=1, b=2]}]\n",
        "over/kustomization.yaml": "resources: [../base]\nconfigMapGenerator:\n- name: cfg\n  behavior: merge\n"
        "  literals:\n  - b=3\n",
    }
    root = Mapped(OVER, files)
    assert root.where("ConfigMap", "data", "b") == "over/kustomization.yaml:6 generator: - b=3"
    assert root.where("ConfigMap", "data", "a").startswith("base/kustomization.yaml:1 generator")


def test_replacements() -> None:
    root = overlay("""\
replacements:
  - source: {kind: Service, name: web, fieldPath: metadata.name}
    targets:
      - select: {kind: Deployment}
        fieldPaths:
          - spec.template.spec.containers.[name=web].env.[name=LEVEL].value
""")
    assert root.where("Deployment", *CONTAINER, 0, "env", 0, "value").startswith(
        "over/kustomization.yaml:7 replacement"
    )


def test_a_value_that_nothing_here_writes_is_led_to_a_file_and_no_line() -> None:
    root = overlay(
        "transformers: [tag.yaml]\n",
        tag_yaml="apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {name: t}\n"
        "imageTag: {name: nginx, newTag: secret}\n",
    )
    assert root.objects[1].field.at(*CONTAINER, 0, "image").text == "nginx:secret"
    assert root.where("Deployment", *CONTAINER, 0, "image").endswith(" file")


def test_of_two_patches_that_say_the_same_the_last_decides() -> None:
    patch = """\
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec: {replicas: 2}
"""
    root = overlay("patches:\n" + patch + patch)
    assert root.where("Deployment", "spec", "replicas").startswith("over/kustomization.yaml:12 patch")


def test_a_hostile_selector_does_not_hang() -> None:
    root = overlay(
        "patches:\n  - target: {name: '(w*)*x|(w|w)*e?b'}\n"
        '    patch: \'[{"op": "add", "path": "/spec/x", "value": 1}]\'\n'
    )
    assert root.where("Deployment", "spec", "x").startswith("over/kustomization.yaml:4 json6902")


def test_what_flux_puts_around_is_led_back_to_the_flux_kustomization() -> None:
    root = Root(
        "kustomize",
        "base",
        source="cluster.yaml: Kustomization flux-system/shop",
        around='{"namespace": "prod", "images": [{"name": "nginx", "newTag": "9"}]}',
        substitutions=(),
    )
    flux = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: flux-system}
spec:
  targetNamespace: prod
  images:
    - name: nginx
      newTag: "9"
"""
    mapped = Mapped(root, BASE | {"cluster.yaml": flux})
    assert mapped.where("Deployment", "metadata", "namespace") == "cluster.yaml:5 kustomization: targetNamespace: prod"
    assert mapped.where("Deployment", *CONTAINER, 0, "image") == 'cluster.yaml:8 images: newTag: "9"'
    assert mapped.where("Deployment", "spec", "replicas") == "base/app.yaml:6 resource: replicas: 1"


def test_a_folder_without_a_kustomization() -> None:
    root = Root("kustomize", "base", resources=("app.yaml",))
    mapped = Mapped(root, {"base/app.yaml": BASE["base/app.yaml"]})
    assert mapped.where("Deployment", "spec", "replicas") == "base/app.yaml:6 resource: replicas: 1"
