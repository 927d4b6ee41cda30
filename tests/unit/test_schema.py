"""The schema judgement: what it says of objects, that it says what jsonschema says, and what it costs to import."""

import base64
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import FormatChecker
from jsonschema.validators import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from gitops_guard import schema
from gitops_guard.errors import ConfigurationError
from gitops_guard.schema import Verdict, default_minor, require_supported, supported_minors, validate
from gitops_guard.settings import DEFAULT_KUBERNETES

Object = dict[str, Any]


def pod(**container: object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {
            "containers": [{"name": "web", "image": "nginx:1.29", **container}],
            "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}}],
        },
    }


def deployment(**spec: object) -> Object:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod()["spec"]}
    selector = {"matchLabels": {"app": "web"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"selector": selector, "template": template, **spec},
    }


def service(port: object) -> Object:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


def secret(value: object) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "data": {"password": value}}


def custom_resource_definition() -> Object:
    spec_schema = {
        "type": "object",
        "default": {"any": ["thing", 1]},
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {"port": {"x-kubernetes-int-or-string": True, "enum": [1, "http"]}},
        "additionalProperties": True,
    }
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    version["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec_schema}}}
    names = {"plural": "shops", "kind": "Shop"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "shops.example.org"},
        "spec": {"group": "example.org", "scope": "Namespaced", "names": names, "versions": [version]},
    }


def limits(quantity: object) -> Object:
    return pod(resources={"limits": {"memory": quantity}})


VALID = {
    "pod": pod(),
    "deployment": deployment(replicas=3),
    "whole float, which kubectl sends as an integer": deployment(replicas=3.0),
    "null for a scalar": deployment(replicas=None),
    "null for an object": pod(securityContext=None),
    "null for a list": pod(args=None),
    "null in a list": pod(args=[None]),
    "null for a map's value": pod(resources={"limits": {"memory": None}}),
    "port as a number": service(8080),
    "port as a name": service("http"),
    "null for a port": service(None),
    "quantity as a number": limits(1.5),
    "quantity with a binary suffix": limits("1.5Gi"),
    "quantity with an exponent": limits("1e9"),
    "quantity in exa": limits("1E"),
    "signed quantity without leading digit": limits("+.5k"),
    "quantity with a trailing point": limits("1."),
    "quantity between spaces": limits(" 1 "),
    "no value of a header, which is the empty one": pod(
        livenessProbe={"httpGet": {"port": 80, "httpHeaders": [{"name": "X-Probe"}]}}
    ),
    "null value of a header": pod(
        livenessProbe={"httpGet": {"port": 80, "httpHeaders": [{"name": "X-Probe", "value": None}]}}
    ),
    "base64": secret("aHVudGVyMg=="),
    "base64 in lines": secret("aHVu\ndGVyMg==\n"),
    "binary data as a list": secret([104, 105]),
    "a schema of anything": custom_resource_definition(),
}
INVALID = {
    "unknown field": (pod(securtyContext={}), "spec.containers[0]: there is no field securtyContext"),
    "unknown field at the root": (pod() | {"specs": {}}, "there is no field specs"),
    "missing field": (deployment(selector=None, template={"spec": {}}), "spec.template.spec: the field containers is"),
    "string for a number": (deployment(replicas="3"), "spec.replicas: must be integer"),
    "boolean for a number": (deployment(replicas=True), "spec.replicas: must be integer"),
    "broken number": (deployment(replicas=1.5), "spec.replicas: must be integer"),
    "infinity": (deployment(replicas=float("inf")), "spec.replicas: must be integer"),
    "too large for 32 bits": (deployment(replicas=1 << 31), "spec.replicas: does not fit 32 bits"),
    "too large for 64 bits": (
        pod(securityContext={"runAsUser": 1 << 63}),
        "spec.containers[0].securityContext.runAsUser: does not fit 64 bits",
    ),
    "number for a string": (pod(env=[{"name": "A", "value": 1}]), "spec.containers[0].env[0].value: must be string"),
    "object for a list": (pod(args={}), "spec.containers[0].args: must be array"),
    "list for an object": (pod(resources=[]), "spec.containers[0].resources: must be object"),
    "number for a label": (
        pod() | {"metadata": {"labels": {"example.org/app": 1}}},
        'metadata.labels["example.org/app"]: must be string',
    ),
    "boolean for a port": (service(port=True), "spec.ports[0].targetPort: must be string or integer"),
    "broken number for a port": (service(1.5), "spec.ports[0].targetPort: must be string or integer"),
    "port beyond 32 bits": (service(1 << 31), "spec.ports[0].targetPort: does not fit 32 bits"),
    "list for a quantity": (limits([]), "spec.containers[0].resources.limits.memory: must be string or number"),
    "no quantity": (limits("much"), "spec.containers[0].resources.limits.memory: must be a quantity such as"),
    "unknown suffix": (limits("1K"), "spec.containers[0].resources.limits.memory: must be a quantity such as"),
    "empty quantity": (limits(""), "spec.containers[0].resources.limits.memory: must be a quantity such as"),
    "quantity and a line break": (limits("1Gi\n"), "spec.containers[0].resources.limits.memory: must be a quantity"),
    "no base64": (secret("hunter2!"), "data.password: must be base64"),
}


@pytest.mark.parametrize("name", VALID)
def test_is_valid(name: str) -> None:
    assert validate(VALID[name]) == Verdict("valid")


@pytest.mark.parametrize("name", INVALID)
def test_is_invalid_and_says_where(name: str) -> None:
    value, message = INVALID[name]
    verdict = validate(value)
    assert verdict.state == "invalid"
    assert verdict.messages[0].startswith(message)


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("example.org/v1", "Shop"), ("extensions/v1beta1", "DaemonSet"), ("v1", "Deployment"), ("apps/v1", "deployment")],
)
def test_what_the_server_does_not_serve_is_not_judged(api_version: str, kind: str) -> None:
    verdict = validate({"apiVersion": api_version, "kind": kind, "spec": {"anything": 1}})
    assert verdict == Verdict("unknown", reason=f"Kubernetes 1.36 does not serve {kind} in {api_version}")


@pytest.mark.parametrize(
    "value", [{}, {"kind": "Pod"}, {"apiVersion": 1, "kind": "Pod"}, {"apiVersion": [], "kind": {}}]
)
def test_what_is_no_kubernetes_object_is_not_judged(value: Object) -> None:
    assert validate(value) == Verdict("unknown", reason="it has no apiVersion and kind")


def test_a_kind_may_be_valid_in_one_minor_only() -> None:
    value = {"apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3", "kind": "FlowSchema", "metadata": {"name": "a"}}
    assert (validate(value, "1.31").state, validate(value, "1.36").state) == ("valid", "unknown")


def test_values_are_never_shown() -> None:
    value = secret("hunter2!") | {"stringData": {"a": ["hunter2!"]}, "type": {"hunter2!": 1}, "immutable": "hunter2!"}
    verdict = validate(value)
    assert len(verdict.messages) == 4
    assert "hunter2" not in repr(verdict)


def test_hostile_names_stay_on_one_short_line() -> None:
    value = pod(**{"\n::error::" + "x" * 10_000: 1})
    (message,) = validate(value).messages
    assert "\n" not in message
    assert len(message) < 150


def test_hostile_nesting_and_width_end_in_few_messages() -> None:
    nested: Object = {"type": "object"}
    for _ in range(5_000):
        nested = {"type": "object", "properties": {"a": nested}}
    nested["wrong"] = 1
    value = custom_resource_definition()
    value["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = nested
    assert len(validate(value).messages) == 1
    assert len(validate(pod(args=[1] * 100_000)).messages) == 5


def test_every_problem_is_listed_in_document_order() -> None:
    value = deployment(replicas="3", paused="no")
    value["metadata"] = {"name": 1}
    assert [message.partition(":")[0] for message in validate(value).messages] == [
        "metadata.name",
        "spec.replicas",
        "spec.paused",
    ]


def test_a_keyword_that_is_not_handled_is_not_taken_for_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    definitions = {
        "a.Shop": {
            "x-kubernetes-group-version-kind": [{"group": "example.org", "version": "v1", "kind": "Shop"}],
            "properties": {"spec": {"pattern": "^a$"}},
        }
    }
    monkeypatch.setattr(schema, "_definitions", lambda _: definitions)
    schema._schema_of.cache_clear()
    verdict = validate({"apiVersion": "example.org/v1", "kind": "Shop", "spec": "b"})
    schema._schema_of.cache_clear()
    assert verdict == Verdict("unknown", reason="the schema of Kubernetes 1.36 uses pattern, which is not judged")


def keywords(value: Object) -> set[str]:
    below = [*value.get("properties", {}).values(), value.get("items"), value.get("additionalProperties")]
    return set(value).union(*(keywords(inner) for inner in below if isinstance(inner, dict)))


@pytest.mark.parametrize("minor", supported_minors())
def test_every_keyword_of_every_schema_is_handled(minor: str) -> None:
    found = set().union(*(keywords(dict(definition)) for definition in schema._definitions(minor).values()))
    assert {name for name in found if not name.startswith("x-")} <= schema._ASSERTING | schema._SILENT
    assert validate(deployment(replicas=3), minor) == Verdict("valid")


def test_a_reference_has_no_assertion_beside_it() -> None:
    beside: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                beside.update(value)
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(schema._definitions(default_minor()))
    assert {name for name in beside if not name.startswith("x-")} == {"$ref", "description"}


def test_every_field_that_may_be_left_out_exists() -> None:
    definitions = {name.rpartition(".")[2]: found for name, found in schema._definitions("1.36").items()}
    for name, fields in schema._ZERO_IS_ACCEPTED.items():
        assert set(fields) <= set(definitions[name]["properties"]) | {"involvedObject"}, name


def test_the_default_is_the_middle_of_the_newest_three() -> None:
    known = supported_minors()
    assert known == tuple(sorted(known, key=lambda minor: int(minor[2:])))
    assert default_minor() == known[-2]
    assert default_minor() == DEFAULT_KUBERNETES


@pytest.mark.parametrize(("asked", "nearest"), [("1.2", 0), ("1.99", -1), ("1.0", 0)])
def test_an_unknown_minor_is_refused_with_the_nearest(asked: str, nearest: int) -> None:
    with pytest.raises(ConfigurationError) as error:
        validate(pod(), asked)
    assert error.value.hint == f"the nearest one is {supported_minors()[nearest]}"


@pytest.mark.parametrize(
    "asked", ["", "1", "latest", "2.36", "1.x", "1.36.2", "v1.36", "../1.36", "1." + "9" * 5_000, "1.²"]
)
def test_what_is_no_minor_is_refused(asked: str) -> None:
    with pytest.raises(ConfigurationError, match="is no minor version of Kubernetes"):
        require_supported(asked)


CHECKER = FormatChecker(formats=())


@CHECKER.checks("int32")
def _is_int32(value: object) -> bool:
    return not isinstance(value, int | float) or -(2**31) <= value <= 2**31 - 1


@CHECKER.checks("int64")
def _is_int64(value: object) -> bool:
    return not isinstance(value, int | float) or -(2**63) <= value <= 2**63 - 1


@CHECKER.checks("byte", raises=ValueError)
def _is_byte(value: object) -> bool:
    return not isinstance(value, str) or isinstance(base64.b64decode(value, validate=True), bytes)


@CHECKER.checks("quantity")
def _is_quantity(value: object) -> bool:
    suffixes = [*"numkMGTPE", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", ""]
    if not isinstance(value, str):
        return True
    number = value.strip(" ")
    number = number.removesuffix(max((suffix for suffix in suffixes if number.endswith(suffix)), key=len))
    try:
        float(number)
    except ValueError:
        return False
    return number[-1:] in "0123456789." and "_" not in number and number == number.strip()


def by_jsonschema(value: Object) -> bool:
    """The judgement of the library, over the same definitions."""
    document = {"$defs": schema._definitions("1.36")}
    registry: Registry[Any] = Registry().with_resource("urn:d", DRAFT202012.create_resource(document))
    name = next(
        name
        for name, found in schema._definitions("1.36").items()
        if found is schema._schema_of(value["apiVersion"], value["kind"], "1.36")
    )
    validator = Draft202012Validator({"$ref": f"urn:d#/$defs/{name}"}, registry=registry, format_checker=CHECKER)
    return validator.is_valid(value)


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(1 << 65), max_value=1 << 65),
    st.sampled_from([1.5, 2.0, -3.0, 1e300]),
    st.sampled_from(["", "text", "1Gi", "500m", " 2 ", "1e3", "1Q", "aGk=", "=", "Always", "80"]),
    st.sampled_from([{}, {"name": "a"}, {"unknown": 1}, {"a": None}]),
)
SEEDS = [pod(), deployment(), service(80), limits("1Gi"), custom_resource_definition()]


def places(value: object) -> list[tuple[Any, Any]]:
    keys: list[Any] = list(value) if isinstance(value, dict) else []
    keys = list(range(len(value))) if isinstance(value, list) else keys
    below = [place for key in keys for place in places(value[key])]  # type: ignore[index]
    return [(value, key) for key in keys] + below


@given(seed=st.sampled_from(SEEDS), draw=st.data())
@settings(max_examples=200, deadline=None)
def test_says_what_jsonschema_says_of_changed_objects(seed: Object, draw: st.DataObject) -> None:
    value = json.loads(json.dumps(seed))
    for _ in range(draw.draw(st.integers(min_value=1, max_value=3))):
        found = [(at, key) for at, key in places(value) if key not in ("apiVersion", "kind") or at is not value]
        if not found:
            break
        at, key = draw.draw(st.sampled_from(found))
        how = draw.draw(st.sampled_from(["replace", "delete", "add"]))
        if how == "delete":
            del at[key]
            continue
        leaf = json.loads(json.dumps(draw.draw(LEAVES)))
        if how == "add" and isinstance(at, dict):
            key = draw.draw(st.sampled_from(["name", "unknown", "image", "replicas", "type", "ports"]))
        at[key] = leaf if draw.draw(st.booleans()) else [leaf]
    assert (validate(value).state == "valid") == by_jsonschema(value)


def test_neither_the_package_nor_a_library_is_imported() -> None:
    program = (
        "import sys; from gitops_guard.schema import validate\n"
        "verdict = validate({'apiVersion': 'v1', 'kind': 'Pod', 'spec': {'containers': []}})\n"
        "print(verdict.state, *sorted({'kubernetes_validate', 'jsonschema', 'referencing', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["valid"]
