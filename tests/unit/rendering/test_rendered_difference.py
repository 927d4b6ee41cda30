import json

from gitops_guard.publishers.rendered_changes import as_console, as_markdown
from gitops_guard.rendered_effect import ADDED, CHANGED, REMOVED, RootChange
from gitops_guard.rendering.rendered_difference import MOST_FIELDS, MOST_OBJECTS, difference
from gitops_guard.rendering.roots import NotRendered, Rendered, Root

ROOT = Root("kustomize", "overlays/prod")
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 1
  template:
    spec:
      containers:
        - {name: a, image: "a:1"}
        - {name: b, image: "b:1", args: [x]}
"""


def between(before: str, after: str) -> RootChange:
    return difference(Rendered(ROOT, before, ()), Rendered(ROOT, after, ()))


def fields(before: str, after: str) -> list[tuple[str, str | None, str | None]]:
    (one,) = between(before, after).objects
    return [(field.path, field.before, field.after) for field in one.fields]


def config(**data: object) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}) + "\n"


def test_nothing_changes() -> None:
    assert between(DEPLOYMENT, DEPLOYMENT) == RootChange("kustomize:overlays/prod")
    spaced = DEPLOYMENT.replace("replicas: 1", "replicas:   1 # one")
    assert not between(DEPLOYMENT, spaced).is_changed


def test_fields_of_list_items_are_named() -> None:
    after = DEPLOYMENT.replace("replicas: 1", "replicas: 2").replace('"b:1", args: [x]', '"b:2", args: [x, z]')
    assert fields(DEPLOYMENT, after) == [
        ("spec.replicas", "1", "2"),
        ("spec.template.spec.containers[b].image", "b:1", "b:2"),
        ("spec.template.spec.containers[b].args[]", None, "z"),
    ]


def test_the_order_of_named_items_counts() -> None:
    lines = DEPLOYMENT.splitlines(keepends=True)
    swapped = "".join((*lines[:-2], lines[-1], lines[-2]))
    assert fields(DEPLOYMENT, swapped) == [("spec.template.spec.containers(order)", "[a], [b]", "[b], [a]")]


def test_null_a_missing_key_and_another_type_differ() -> None:
    assert fields(config(a=None), config()) == [("data.a", "null", None)]
    assert fields(config(a="1"), config(a=1)) == [("data.a", "1", "1")]


def test_objects_come_and_go() -> None:
    change = between(config(a="1") + "---\n" + DEPLOYMENT, DEPLOYMENT.replace("name: web", "name: api"))
    assert [(one.what, one.title) for one in change.objects] == [
        (ADDED, "Deployment shop/api"),
        (REMOVED, "ConfigMap c"),
        (REMOVED, "Deployment shop/web"),
    ]


def test_a_generated_name_with_another_hash_is_the_same_object() -> None:
    before = config(a="1").replace('"c"', '"c-h29d89cmmt"')
    after = config(a="2").replace('"c"', '"c-k5b4f9gh27"')
    assert fields(before, after) == [("metadata.name", "c-h29d89cmmt", "c-k5b4f9gh27"), ("data.a", "1", "2")]


def test_another_version_of_the_api_is_a_change_of_a_field() -> None:
    assert fields("apiVersion: a/v1\nkind: A\n", "apiVersion: a/v2\nkind: A\n") == [("apiVersion", "a/v1", "a/v2")]


def test_a_root_that_is_not_rendered_is_said_and_not_empty() -> None:
    change = difference(Rendered(ROOT, DEPLOYMENT, ()), NotRendered(ROOT, "no helm here", "install it"))
    assert change.unknown == "not rendered after the change: no helm here"
    assert change.is_changed
    assert "install it" in as_markdown([change])
    assert "1 root could not be compared" in as_console([change])


def test_a_root_that_comes_or_goes() -> None:
    assert [one.what for one in difference(None, Rendered(ROOT, DEPLOYMENT, ())).objects] == [ADDED]
    assert [one.what for one in difference(Rendered(ROOT, DEPLOYMENT, ()), None).objects] == [REMOVED]


def test_secrets_are_masked() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {user: %s, note: plainword}\n"
    change = between(secret % "alice", secret % "mallory")
    assert [tuple(field) for field in change.objects[0].fields] == [
        ("stringData.user", "(secret, not shown)", "(another secret, not shown)")
    ]
    env = DEPLOYMENT.replace("args: [x]", "env: [{name: DB_PASSWORD, value: Tr0ub4dor}]")
    other = DEPLOYMENT.replace("args: [x]", "env: [{name: DB_PASSWORD, value: correcthorse}, {name: X, value: y}]")
    for text in (as_console([between(env, other)]), as_markdown([between(env, other)])):
        assert "Tr0ub4dor" not in text
        assert "correcthorse" not in text
        assert "DB_PASSWORD" in text
    whole = between(DEPLOYMENT, env)
    assert "Tr0ub4dor" not in repr(whole)


def test_secrets_in_files_of_config_maps_are_masked_line_by_line() -> None:
    before = config(**{"app.ini": "colour=red\npassword=Hunter22Hunter\n"})
    after = config(**{"app.ini": "colour=blue\npassword=Hunter33Hunter\nurl=postgres://u:pw12345@db/x\n"})
    shown = repr(between(before, after))
    assert "colour=blue" in shown
    for secret in ("Hunter22Hunter", "Hunter33Hunter", "pw12345"):
        assert secret not in shown


def test_the_beginning_of_a_long_text_that_does_not_change_is_left_out() -> None:
    common = "".join(f"line {n}\n" for n in range(100))
    (field,) = between(config(a=common + "old\nend"), config(a=common + "new\nend")).objects[0].fields
    assert field.before == "…old⏎end"
    assert field.after == "…new⏎end"


def test_it_is_bounded() -> None:
    many = "".join(f"---\napiVersion: v1\nkind: A\nmetadata: {{name: n{n}}}\n" for n in range(MOST_OBJECTS + 7))
    change = between("", many)
    assert (len(change.objects), change.more) == (MOST_OBJECTS, 7)
    wide = between(config(), config(**{f"k{n}": "v" * 900 for n in range(MOST_FIELDS + 3)}))
    assert wide.objects[0].more == 3
    text = as_markdown([wide._replace(root=f"r{n}") for n in range(300)])
    assert len(text) < 21_000
    assert "that are not shown" in text


def test_hostile_names_stay_text() -> None:
    name = "</code></summary><img src=x> | `@admin` #1"
    evil = difference(None, Rendered(Root("helm", name), "", ()))
    assert evil.root == f"helm:{name}"
    text = as_markdown([evil._replace(unknown="x | <b>@me</b>")])
    assert "<img" not in text.replace("`", "\0") or "`` helm:</code>" in text
    changed = between(config(a="1"), config(a="<script>|`@root`\x1b[2J"))._replace(root=name)
    markdown, console = as_markdown([changed]), as_console([changed])
    assert "<img" not in markdown
    assert "\x1b" not in markdown + console
    rows = [line for line in markdown.split("\n") if line.startswith("| ")]
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)


def test_as_console() -> None:
    after = DEPLOYMENT.replace("replicas: 1", "replicas: 2").replace(", args: [x]", "")
    same = RootChange("kustomize:overlays/test")
    assert (
        as_console([between(DEPLOYMENT, after), same])
        == """\
Rendered difference: 1 rendered root of 2 changes.

kustomize:overlays/prod: 1 changed
  ~ Deployment shop/web
      spec.replicas: 1 -> 2
      spec.template.spec.containers[b].args: removed, was: ["x"]
"""
    )
    assert CHANGED in as_markdown([between(DEPLOYMENT, after)])
    assert not as_console([])
