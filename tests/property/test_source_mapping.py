"""What a field is led back to decides it: another text at that place gives another result."""

import random
from collections.abc import Iterator

import pytest

from gitops_guard.rendering.rendered_objects import rendered_objects
from gitops_guard.rendering.roots import Rendered, Root
from gitops_guard.rendering.source_place import SourcePlace
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.nodes import Scalar
from mapped_roots import Mapped, bound

pytestmark = pytest.mark.real

_TRIED = 10
_PROVED = 8

KUSTOMIZE = {
    "base/kustomization.yaml": "resources: [app.yaml]\nconfigMapGenerator: [{name: cfg, literals: [mode=slow]}]\n",
    "base/app.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: web
          image: nginx:1.0
          args: [one, two]
          ports: [{containerPort: 80, name: http}]
          env: [{name: LEVEL, value: debug}]
          securityContext: {privileged: true, runAsUser: 5}
""",
    "part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
    "patches:\n- path: p.yaml\n",
    "part/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
    "      containers:\n      - name: web\n        securityContext: {runAsUser: 7}\n"
    "      - name: side\n        image: s:1\n",
    "over/kustomization.yaml": """\
resources: [../base]
components: [../part]
namespace: prod
images: [{name: nginx, newTag: "2.0"}]
commonAnnotations: {owner: me}
patches:
  - target: {kind: Deployment}
    path: ops.yaml
""",
    "over/ops.yaml": "- op: add\n  path: /spec/template/spec/containers/0/env/-\n  value: {name: EXTRA, value: more}\n",
}
HELM = {
    "shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    "shop/values.yaml": "name: web\nimage: {repo: nginx, tag: v1}\nport: 80\ndebug: true\nlabels: {tier: front}\n"
    "resources:\n  limits: {cpu: 100m}\nargs: [one, two]\n",
    "shop/templates/app.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: fixed
  labels: {{- toYaml .Values.labels | nindent 4 }}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: {{ .Values.name | quote }}
          image: "{{ .Values.image.repo }}:{{ .Values.image.tag }}"
          args: {{ toJson .Values.args }}
          ports:
            - containerPort: {{ .Values.port }}
          securityContext:
            privileged: {{ .Values.debug }}
            runAsUser: 7
          resources: {{- toYaml .Values.resources | nindent 12 }}
""",
}


def leaves(field: Field) -> Iterator[Field]:
    if isinstance(field.node, Scalar):
        yield field
    for below in (*field.entries(), *field.items()):
        yield from leaves(below)


def other(value: object) -> str:
    if isinstance(value, bool):
        return str(not value).lower()
    return str(value + 1) if isinstance(value, int) else "zz9"


def changed(text: str, place: SourcePlace, leaf: Field) -> str:
    assert place.span is not None
    start, end = place.span
    written = text[start:end]
    if place.kind == "generator":
        return text[:start] + written.replace(leaf.text, other(leaf.value)) + text[end:]
    if place.kind == "template":
        at = text.rindex(leaf.text, start, end)
        return text[:at] + other(leaf.value) + text[at + len(leaf.text) :]
    quote = written[:1] if written[:1] in {'"', "'"} else ""
    return text[:start] + quote + other(leaf.value) + quote + text[end:]


@pytest.mark.parametrize(("root", "files"), [(Root("kustomize", "over"), KUSTOMIZE), (Root("helm", "shop"), HELM)])
def test_another_text_at_the_source_changes_the_field(root: Root, files: dict[str, str]) -> None:
    mapped = Mapped(root, files)
    known = [(obj, leaf) for obj in mapped.objects for leaf in leaves(obj.field)]
    known = [(o, f) for o, f in known if f.key not in {"apiVersion", "kind"} and f.keypath[:2] != ("metadata", "name")]
    proved = 0
    for obj, leaf in random.Random(7).sample(known, _TRIED):  # noqa: S311 - a fixed choice
        place = mapped.map.locate(obj.identity, leaf.keypath)
        assert place is not None, leaf
        assert place.is_exact, leaf
        edited = changed(mapped.files[place.path].decode(), place, leaf)
        result = bound(root)({**mapped.files, place.path: edited.encode()})
        if not isinstance(result, Rendered):
            continue  # a patch finds no container of that name any more
        twin = next((o for o in rendered_objects(result.text) if o.identity == obj.identity), None)
        assert twin is None or twin.field.at(*leaf.keypath).data != leaf.data, (leaf, place)
        proved += 1
    assert proved >= _PROVED
