"""Mapping of hostile sources ends in time; nothing here needs a tool."""

import time

from gitops_guard.rendering.kustomize_origins import Origin
from gitops_guard.rendering.kustomize_sources import KustomizeSources
from gitops_guard.rendering.rendered_objects import by_identity, rendered_objects
from gitops_guard.rendering.roots import Root
from gitops_guard.rendering.source_map import MOST_FIELDS, SourceMap
from gitops_guard.rendering.source_tree import SourceTree

ROOT = Root("kustomize", "over")
HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"


def mapped(files: dict[str, str], rendered: str) -> SourceMap:
    objects = rendered_objects(rendered)
    origin = Origin("over/app.yaml", "", ("over/kustomization.yaml",))
    tree = SourceTree({path: text.encode() for path, text in files.items()})
    sources = KustomizeSources(tree, ROOT, {obj.identity: origin for obj in objects})
    return SourceMap(by_identity(objects), sources.trace)


def test_many_patches_of_a_long_list() -> None:
    count = 2000
    env = "".join(f"        - {{name: N{n}, value: v{n}}}\n" for n in range(count))
    app = f"{HEAD}spec:\n  template:\n    spec:\n      containers:\n      - name: web\n        env:\n{env}"
    patch = "- patch: |-\n    " + HEAD.replace("\n", "\n    ") + "spec: {replicas: 1}\n"
    files = {"over/kustomization.yaml": "resources: [app.yaml]\npatches:\n" + patch * 300, "over/app.yaml": app}
    sources = mapped(files, app)
    (obj,) = rendered_objects(app)
    start = time.process_time()
    container = ("spec", "template", "spec", "containers", 0)
    for number in range(0, count, 20):
        place = sources.locate(obj.identity, (*container, "env", number, "value"))
        assert place is not None
        assert place.path == "over/app.yaml"
        assert place.start is not None
        assert place.start.line == 10 + number
    assert sources.locate(obj.identity, (*container, "securityContext")) is not None
    assert time.process_time() - start < 10


def test_lists_of_equal_items_without_names() -> None:
    rules = "".join(f"  - {{from: [{{ipBlock: {{cidr: 10.0.{n % 250}.0/24}}}}]}}\n" for n in range(3000))
    text = f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: web}}\nspec:\n  ingress:\n{rules}"
    sources = mapped({"over/kustomization.yaml": "resources: [app.yaml]\n", "over/app.yaml": text}, text)
    (obj,) = rendered_objects(text)
    start = time.process_time()
    for number in range(0, 3000, 100):
        assert sources.locate(obj.identity, ("spec", "ingress", number, "from", 0, "ipBlock", "cidr")) is not None
    assert time.process_time() - start < 10


def test_a_kustomization_that_includes_itself_and_leads_out() -> None:
    files = {
        "over/kustomization.yaml": "resources: [app.yaml, ../over, ../../../etc, https://example.com/x]\n"
        "patches: [{path: ../../../etc/passwd}]\nconfigMapGenerator: [{name: c, files: [/etc/passwd]}]\n",
        "over/app.yaml": f"{HEAD}spec: {{replicas: 1}}\n",
    }
    sources = mapped(files, files["over/app.yaml"] + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    place = sources.locate(rendered_objects(files["over/app.yaml"])[0].identity, ("spec", "replicas"))
    assert place is not None
    assert place.path == "over/app.yaml"


def test_after_very_many_fields_no_source_is_pretended() -> None:
    text = f"{HEAD}spec: {{replicas: 1}}\n"
    sources = mapped({"over/kustomization.yaml": "resources: [app.yaml]\n", "over/app.yaml": text}, text)
    (obj,) = rendered_objects(text)
    for number in range(MOST_FIELDS):
        sources.locate(obj.identity, ("spec", f"k{number}"))
    assert sources.locate(obj.identity, ("spec", "replicas")) is None
