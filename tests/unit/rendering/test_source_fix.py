from collections import Counter
from collections.abc import Mapping
from datetime import date

import pytest

from gitops_guard import pipeline
from gitops_guard.editing.intent import AppendDocument, SetValue
from gitops_guard.engine import Detection
from gitops_guard.finding import NEEDS_REVIEW, Patch
from gitops_guard.inspection import inspect
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rendering.graph import discover
from gitops_guard.rendering.mapping import map_sources
from gitops_guard.rendering.rendered_objects import rendered_objects
from gitops_guard.rendering.roots import NotRendered, Rendered, Root
from gitops_guard.rendering.source_fix import RefusedFix, fix_at_source
from gitops_guard.rendering.source_proof import Repository, RootState
from gitops_guard.rendering.trees import ListedTree
from gitops_guard.rule import Fix, safe
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile
from mapped_roots import bound

pytestmark = pytest.mark.real

RUN = pipeline.Run("/nonexistent", Settings(), date(2026, 11, 25))
RULES = pipeline.load_rules(RUN)


def detections(rendered: Rendered) -> list[Detection]:
    return list(inspect(SourceFile("rendered.yaml", rendered.text), RULES, RUN.context).detections)


class Tree:
    """Roots of some files, with the fixes of what the product's own rules find."""

    def __init__(self, files: Mapping[str, str], *roots: Root) -> None:
        self.files = {path: text.encode() for path, text in files.items()}
        self.states = tuple(self._state(root) for root in roots)

    def _state(self, root: Root) -> RootState:
        rendered = bound(root)(self.files)
        assert isinstance(rendered, Rendered), rendered
        return RootState(rendered, bound(root))

    def repository(self) -> Repository:
        return Repository(
            self.files,
            lambda paths: [state for state in self.states if state.is_fed_by(paths)],
            lambda edited: roots_of({**self.files, **edited}),
            bound,
        )

    def found(self, rule: str, kind: str = "Deployment", container: str = "") -> tuple[Detection, KubernetesObject]:
        rendered = self.states[0].rendered
        detection = next(
            d
            for d in detections(rendered)
            if d.finding.rule_id == rule
            and d.finding.resource.kind == kind
            and (not container or d.finding.resource.container == container)
        )
        objects = rendered_objects(rendered.text)
        return detection, next(o for o in objects if o.document == detection.document)

    def fixed(self, rule: str, kind: str = "Deployment", container: str = "") -> Patch | RefusedFix:
        detection, obj = self.found(rule, kind, container)
        fix = detection.fix or safe("turn it off", SetValue(detection.finding.place.keypath, value=False))
        return self.with_fix(fix, obj, detection.finding.stem)

    def with_fix(self, fix: Fix, obj: KubernetesObject, stem: str = "") -> Patch | RefusedFix:
        state = self.states[0]
        sources = map_sources(state.root, self.files, bound, state.rendered)

        def gone(before: Rendered, after: Rendered) -> str:
            was, now = (Counter(d.finding.stem for d in detections(one)) for one in (before, after))
            if stem and now[stem] >= was[stem] > 0:
                return "the problem would still be there"
            return f"it would cause {next(iter(now - was))!r}" if now - was else ""

        return fix_at_source(fix, obj, state, sources, self.repository(), gone)


def roots_of(files: Mapping[str, bytes]) -> tuple[Root, ...]:
    return discover(ListedTree(files, (), files.get)).roots


def patched(result: Patch | RefusedFix) -> Patch:
    assert isinstance(result, Patch), result
    return result


def added_lines(patch: Patch) -> list[str]:
    return [row for row in patch.diff.split("\n") if row[:1] in "+-" and row[:3] not in {"+++", "---"} and row]


BASE = {
    "base/kustomization.yaml": "resources:\n  - app.yaml\n",
    "base/app.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: nginx:1.25.1
          securityContext:
            privileged: true # for now
""",
}
OVER = {"over/kustomization.yaml": "resources:\n  - ../base\n"}
PRIVILEGED = "GG-POD-001"
ESCALATION = "GG-POD-010"


def test_a_field_of_the_base_is_fixed_in_the_base() -> None:
    patch = patched(Tree(BASE | OVER, Root("kustomize", "over")).fixed(PRIVILEGED))
    assert added_lines(patch) == ["-            privileged: true # for now", "+            privileged: false # for now"]
    assert [file.path for file in patch.files] == ["base/app.yaml"]
    assert "only `spec.template.spec.containers[web].securityContext.privileged` changes" in patch.proof[0]


def test_a_base_of_several_overlays_lists_them_all_and_is_to_be_reviewed() -> None:
    files = BASE | OVER | {"test/kustomization.yaml": "resources: [../base]\nnamePrefix: test-\n"}
    tree = Tree(files, Root("kustomize", "over"), Root("kustomize", "test"))
    patch = patched(tree.fixed(ESCALATION))
    assert patch.safety == NEEDS_REVIEW
    assert "kustomize:over, kustomize:test" in patch.note
    assert "2 objects of 2 roots" in patch.proof[0]


def test_what_a_patch_decides_is_fixed_in_the_patch() -> None:
    inline = """\
patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        template:
          spec:
            containers:
              - name: extra # beside it
                image: extra:1.0.0
                securityContext:
                  privileged: true

images: []
"""
    tree = Tree(BASE | {"over/kustomization.yaml": "resources: [../base]\n" + inline}, Root("kustomize", "over"))
    patch = patched(tree.fixed(PRIVILEGED, container="extra"))
    assert added_lines(patch) == ["-                  privileged: true", "+                  privileged: false"]
    more = patched(tree.fixed(ESCALATION, container="extra"))
    assert added_lines(more) == ["+                  allowPrivilegeEscalation: false"] or len(more.files) == 1


def test_a_json_patch_is_fixed_in_its_value() -> None:
    ops = "- op: add\n  path: /spec/template/spec/hostPID\n  value: true\n"
    files = BASE | {
        "over/kustomization.yaml": "resources: [../base]\npatches: [{path: ops.yaml, target: {kind: Deployment}}]\n",
        "over/ops.yaml": ops,
    }
    tree = Tree(files, Root("kustomize", "over"))
    obj = rendered_objects(tree.states[0].rendered.text)[0]
    patch = patched(tree.with_fix(safe("t", SetValue(("spec", "template", "spec", "hostPID"), value=False)), obj))
    assert added_lines(patch) == ["-  value: true", "+  value: false"]


def test_the_digest_of_an_image_is_set_in_the_entry_that_decides_it() -> None:
    digest = "sha256:" + "1" * 64
    files = BASE | {"over/kustomization.yaml": "resources: [../base]\nimages:\n  - name: nginx\n    newTag: 1.26.0\n"}
    tree = Tree(files, Root("kustomize", "over"))
    obj = rendered_objects(tree.states[0].rendered.text)[0]
    path = ("spec", "template", "spec", "containers", 0, "image")
    patch = patched(tree.with_fix(safe("t", SetValue(path, f"nginx:1.26.0@{digest}")), obj))
    assert added_lines(patch) == [f"+    digest: {digest}"]


def test_where_nothing_fits_a_patch_file_is_added() -> None:
    # the value comes from a generator plugin's place in the file system, so to speak: a transformer in a file
    transformer = """\
apiVersion: builtin
kind: PatchTransformer
metadata: {name: t}
target: {kind: Deployment}
patch: '[{"op": "add", "path": "/spec/template/spec/hostPID", "value": true}]'
"""
    files = BASE | {
        "over/kustomization.yaml": "resources: [../base]\n",
        "base/kustomization.yaml": "resources: [app.yaml]\ntransformers: [t.yaml]\n",
        "base/t.yaml": transformer,
    }
    tree = Tree(files, Root("kustomize", "over"))
    patch = patched(tree.fixed("GG-POD-002"))
    assert [file.path for file in patch.files] == ["over/kustomization.yaml", "over/patch-deployment-web.yaml"]
    assert patch.files[1].before is None
    assert "only `spec.template.spec.hostPID` changes" in patch.proof[0]


def test_a_problem_that_comes_back_from_another_layer_is_not_called_fixed() -> None:
    files = BASE | {
        "over/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
        "over/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
        "      containers:\n      - name: web\n        securityContext:\n          privileged: true\n",
    }
    patch = patched(Tree(files, Root("kustomize", "over")).fixed(PRIVILEGED))
    assert [file.path for file in patch.files] == ["over/p.yaml"]


def test_a_new_document_is_not_written_into_sources() -> None:
    tree = Tree(BASE | OVER, Root("kustomize", "over"))
    obj = rendered_objects(tree.states[0].rendered.text)[0]
    refused = tree.with_fix(safe("t", AppendDocument("a: 1\n")), obj)
    assert isinstance(refused, RefusedFix)
    assert "by hand" in refused.reason


CHART = {
    "shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    "shop/values.yaml": "image:\n  name: nginx\n  tag: 1.25.1\nsecurityContext: {}\nprivileged: true # really\n",
    "shop/templates/app.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: {{ .Values.image.name }}:{{ .Values.image.tag }}
          {{- with .Values.securityContext }}
          securityContext: {{- toYaml . | nindent 12 }}
          {{- end }}
        - name: log
          image: fluent:1.0.0
          securityContext:
            privileged: {{ .Values.privileged }}
""",
}


def test_a_value_of_a_chart_is_fixed_in_its_values_file() -> None:
    tree = Tree(CHART, Root("helm", "shop"))
    patch = patched(tree.fixed(PRIVILEGED))
    assert added_lines(patch) == ["-privileged: true # really", "+privileged: false # really"]
    missing = patched(tree.fixed(ESCALATION, container="web"))
    assert added_lines(missing) == ["-securityContext: {}", "+securityContext:", "+  allowPrivilegeEscalation: false"]


def test_a_tag_gets_the_digest_of_its_image() -> None:
    tree = Tree(CHART, Root("helm", "shop"))
    obj = rendered_objects(tree.states[0].rendered.text)[0]
    path = ("spec", "template", "spec", "containers", 0, "image")
    patch = patched(tree.with_fix(safe("t", SetValue(path, "nginx:1.25.1@sha256:" + "2" * 64)), obj))
    assert added_lines(patch)[1].startswith("+  tag: 1.25.1@sha256:")


def test_a_template_is_never_edited() -> None:
    refused = Tree(CHART, Root("helm", "shop")).fixed(ESCALATION, container="log")
    assert isinstance(refused, RefusedFix)
    assert "shop/templates/app.yaml:17 is a template, and no value reaches this" in refused.reason


def test_inline_values_are_fixed_where_they_are_written() -> None:
    application = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  destination: {namespace: shop, server: "https://kubernetes.default.svc"}
  source:
    repoURL: https://github.com/example/shop
    path: shop
    helm:
      %s
"""
    forms = {
        "valuesObject:\n        privileged: true": ["-        privileged: true", "+        privileged: false"],
        "values: |\n        privileged: true": ["-        privileged: true", "+        privileged: false"],
        "parameters: [{name: privileged, value: 'true'}]": [
            "-      parameters: [{name: privileged, value: 'true'}]",
            "+      parameters: [{name: privileged, value: 'false'}]",
        ],
    }
    for form, wanted in forms.items():
        files = CHART | {"app.yaml": application % form}
        (root,) = roots_of({path: text.encode() for path, text in files.items()})
        patch = patched(Tree(files, root).fixed(PRIVILEGED))
        assert added_lines(patch) == wanted


def test_an_edit_of_what_asks_for_a_root_is_not_proved_without_discovery() -> None:
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop}\n"
        "spec:\n  values:\n    privileged: true\n"
    )
    root = Root("helm", "shop", values=('{"privileged": true}',), source="release.yaml: HelmRelease shop")
    refused = Tree(CHART | {"release.yaml": release}, root).fixed(PRIVILEGED)
    assert isinstance(refused, RefusedFix)
    assert "would not be asked for any more" in refused.reason


def test_a_value_that_changes_more_than_the_finding_is_refused() -> None:
    files = CHART | {
        "shop/templates/more.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"
        "data:\n  said: {{ .Values.privileged | quote }}\n"
    }
    refused = Tree(files, Root("helm", "shop")).fixed(PRIVILEGED)
    assert isinstance(refused, RefusedFix)
    assert "it would change more: ConfigMap more, data.said" in refused.reason


def test_a_chart_within_a_chart_is_not_edited() -> None:
    files = {
        "shop/Chart.yaml": CHART["shop/Chart.yaml"] + "dependencies: [{name: db, version: 1.0.0}]\n",
        "shop/charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        "shop/charts/db/values.yaml": "privileged: true\nimage: {tag: '1'}\n",
        "shop/charts/db/templates/app.yaml": CHART["shop/templates/app.yaml"].replace("{{ .Values.image.name }}", "a"),
    }
    refused = Tree(files, Root("helm", "shop")).fixed(PRIVILEGED)
    assert isinstance(refused, RefusedFix)
    assert (
        "shop/charts/db/values.yaml:1 belongs to a chart within a chart: set its value in the chart" in refused.reason
    )


def test_a_root_that_shares_the_source_and_is_not_rendered_is_no_proof() -> None:
    tree = Tree(BASE | OVER, Root("kustomize", "over"))
    other = NotRendered(Root("kustomize", "lab"), "no tool")
    repository = tree.repository()._replace(fed_by=lambda _: [other])
    tree.repository = lambda: repository  # type: ignore[method-assign]
    refused = tree.fixed(PRIVILEGED)
    assert isinstance(refused, RefusedFix)
    assert "kustomize:lab uses the source too and is not rendered: no tool" in refused.reason


def test_a_secret_beside_an_edit_is_masked_in_the_diff() -> None:
    files = CHART | {"shop/values.yaml": "dbPassword: Tr0ub4dor3\n" + CHART["shop/values.yaml"]}
    patch = patched(Tree(files, Root("helm", "shop")).fixed(ESCALATION, container="web"))
    assert "Tr0ub4dor3" not in patch.diff
