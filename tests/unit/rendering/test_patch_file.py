"""Patch files that are added to an overlay, built by the real kustomize."""

import pytest

from gitops_guard.editing.intent import AppendItem, DeleteKey, Intent, SetValue
from gitops_guard.rendering.object_changes import differing
from gitops_guard.rendering.patch_file import added_patch
from gitops_guard.rendering.rendered_difference import named_path
from gitops_guard.rendering.rendered_objects import rendered_objects
from gitops_guard.rendering.roots import Rendered, Root
from gitops_guard.rendering.source_edit import CannotEditError
from mapped_roots import bound

pytestmark = pytest.mark.real

OVER = Root("kustomize", "over")
FILES = {
    "base/kustomization.yaml": "resources: [app.yaml]\nnamePrefix: in-\n",
    "base/app.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      hostPID: true
      containers:
        - name: web
          image: nginx:1
          args: [one]
          ports: [{containerPort: 80, protocol: TCP, name: http}]
        - name: "0123"
          image: redis:1
          securityContext: {privileged: true, capabilities: {add: [SYS_ADMIN]}}
""",
    "over/kustomization.yaml": "# the overlay\nresources:\n  - ../base\nnamePrefix: out-\nnameSuffix: -x\n",
}
POD = ("spec", "template", "spec")


def changed(*intents: Intent) -> tuple[list[str], dict[str, str]]:
    files = {path: text.encode() for path, text in FILES.items()}
    before = bound(OVER)(files)
    assert isinstance(before, Rendered), before
    (obj,) = rendered_objects(before.text)
    assert obj.identity.name == "out-in-web-x"
    texts = added_patch(obj, intents, "over", files)
    after = bound(OVER)({**files, **{path: text.encode() for path, text in texts.items()}})
    assert isinstance(after, Rendered), after
    (pair,) = differing(before.text, after.text)
    return [f"{named_path(change.path)}: {change.before!r} -> {change.after!r}" for change in pair.changes], texts


def test_a_field_of_one_container_by_its_name() -> None:
    said, texts = changed(SetValue((*POD, "containers", 1, "securityContext", "privileged"), value=False))
    assert said == ["spec.template.spec.containers[0123].securityContext.privileged: True -> False"]
    assert (
        texts["over/patch-deployment-in-web.yaml"]
        == """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: in-web
spec:
  template:
    spec:
      containers:
      - name: web
      - name: "0123"
        securityContext:
          privileged: false
"""
    )
    assert texts["over/kustomization.yaml"].startswith("# the overlay\nresources:\n  - ../base\n")


def test_what_is_deleted_appended_and_set_whole() -> None:
    said, _ = changed(
        DeleteKey((*POD, "hostPID")),
        AppendItem((*POD, "containers", 0, "args"), "two"),
        SetValue((*POD, "containers", 1, "securityContext", "capabilities"), {"add": ["SYS_ADMIN"], "drop": ["ALL"]}),
    )
    assert [one.partition(":")[0] for one in said] == [
        "spec.template.spec.containers[web].args[]",
        "spec.template.spec.containers[0123].securityContext.capabilities.drop",
        "spec.template.spec.hostPID",
    ]


def test_an_item_of_a_list_without_names_is_written_with_its_whole_list() -> None:
    said, texts = changed(SetValue((*POD, "containers", 0, "args", 0), "other"))
    assert said == ["spec.template.spec.containers[web].args[0]: 'one' -> 'other'"]
    assert "args:\n        - other\n" in texts["over/patch-deployment-in-web.yaml"]


def test_a_patch_that_is_there_already_is_left_alone() -> None:
    files = {path: text.encode() for path, text in FILES.items()}
    before = bound(OVER)(files)
    assert isinstance(before, Rendered), before
    (obj,) = rendered_objects(before.text)
    intents = [SetValue((*POD, "hostPID"), value=False)]
    files["over/patch-deployment-in-web.yaml"] = b"a: 1\n"
    assert "over/patch-deployment-in-web-2.yaml" in added_patch(obj, intents, "over", files)
    files |= {f"over/patch-deployment-in-web-{number}.yaml": b"a: 1\n" for number in range(2, 10)}
    with pytest.raises(CannotEditError, match="9 patches for it already"):
        added_patch(obj, intents, "over", files)
