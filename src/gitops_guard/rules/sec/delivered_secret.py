"""Secret in Helm values or in literals of a Kustomize secretGenerator.

## What it does
Reports literals of `secretGenerator`, and values with the name and form of a secret in values files of charts, in
HelmReleases and in Argo CD Applications. Left out are references, placeholders, values encrypted by SOPS, and
credentials of a known form, which GG-SEC-012 reports.

## Why it matters
Values and literals are no Secret: whoever reads the repository has them, the rendered manifests and the release's
history repeat them, and Git keeps them after they are removed.

## Fix safety
No automatic fix, for the right one depends on the chart. Most charts take the name of a Secret instead
(`existingSecret`); a secretGenerator takes an encrypted file (`envs`). Then rotate the value.

## References
CIS Kubernetes Benchmark 1.12, 5.4.2. Kustomize, "secretGenerator". Flux, "Helm Releases" (`.spec.valuesFrom`).
"""

from collections.abc import Iterator

from gitops_guard.finding import HIGH
from gitops_guard.model.delivery import KustomizationFile, ValuesFile, applications, sources
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.secret_values import credentials, is_placeholder, is_reference, length_class, secret_kind
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.sec.masking import masked
from gitops_guard.syntax.field import Field

_KUSTOMIZE = "kustomize.config.k8s.io"
_FLUX_HELM = "helm.toolkit.fluxcd.io"


def check(value: KubernetesObject | KustomizationFile | ValuesFile, _: RuleContext) -> Iterator[Problem]:
    """Reports secrets that are written out where something is made of them."""
    if isinstance(value, KustomizationFile):
        yield from _literals(value.root)
    elif isinstance(value, ValuesFile):
        yield from _values(value.root)
    elif value.api_group == _KUSTOMIZE:
        yield from _literals(value.field)
    elif value.api_group == _FLUX_HELM:
        yield from _values(value.spec["values"])
    for spec in applications(value) if isinstance(value, KubernetesObject) else ():
        for source in sources(spec):
            yield from _values(source["helm"]["valuesObject"])
            yield from _parameters(source["helm"]["parameters"])


def _literals(root: Field) -> Iterator[Problem]:
    for generator in root["secretGenerator"].items():
        for literal in generator["literals"].items():
            name, equals, text = literal.text.partition("=")
            if equals and text.strip("'\"") and not is_reference(text) and not is_placeholder(text):
                yield _problem(literal, f"literal `{name}` of Secret {generator['name'].text} is written out", text)


def _values(field: Field) -> Iterator[Problem]:
    if not field["sops"].exists:
        yield from _below(field, set())


def _below(field: Field, seen: set[int]) -> Iterator[Problem]:
    """Every value once: an alias leads to what was seen already, however often it is repeated."""
    if field.node is None or id(field.node) in seen:
        return
    seen.add(id(field.node))
    yield from _pair(field["name"], field["value"])
    for entry in (*field.entries(), *field.items()):
        if entry.string is not None:
            yield from _value(str(entry.key), entry)
        else:
            yield from _below(entry, seen)


def _pair(name: Field, value: Field) -> Iterator[Problem]:
    if name.string and value.string:
        yield from _value(name.string, value)


def _parameters(parameters: Field) -> Iterator[Problem]:
    for item in parameters.items():
        if item["name"].string and item["value"].string:
            yield from _value(item["name"].text.rpartition(".")[2], item["value"])


def _value(name: str, field: Field) -> Iterator[Problem]:
    text = field.string or ""
    kind = secret_kind(name, text)
    if kind and next(credentials(text), None) is None:
        yield _problem(field, f"value `{name}` holds a {kind}", text)


def _problem(field: Field, what: str, text: str) -> Problem:
    message = f"{what}, {length_class(text)} (not shown here): name a Secret instead, and rotate it"
    return Problem(field, message, masked=masked(field))


_GENERATOR = "secretGenerator:\n  - name: db\n    literals:\n      - {}\n"
_RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: shop
spec:
  values:
    auth:
      password: {}
"""
_APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
spec:
  source:
    helm:
      parameters:
        - name: auth.password
          value: {}
"""


def _kustomization(literal: str, at: str = "") -> Example:
    return Example(_GENERATOR.format(literal), at=at, path="kustomization.yaml")


RULE = Rule(
    id="GG-SEC-011",
    name="secret-in-values",
    title="Secret stored in Helm values or kustomize secretGenerator literals",
    severity=HIGH,
    applies_to=(KubernetesObject, KustomizationFile, ValuesFile),
    kinds=("Kustomization", "Component", "HelmRelease", "Application", "ApplicationSet"),
    check=check,
    aliases=(),
    controls=(
        "cis_k8s:5.4.2",
        "nsa:net-secrets",
        "mitre:T1552.001",
        "sp800_190:4.1.4",
        "sp800_53:IA-5(7)",
        "pci:8.6.2",
        "owasp_k8s_2025:K03",
    ),
    bad=(
        _kustomization("password=kiQ7-rover", at="secretGenerator[0].literals[0]"),
        Example(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n" + _GENERATOR.format("user=shop"),
            at="secretGenerator[0].literals[0]",
        ),
        Example("auth:\n  password: kiQ7-rover\n", at="auth.password", path="chart/values.yaml"),
        Example("env:\n  - name: DB_PASSWORD\n    value: kiQ7-rover\n", at="env[0].value", path="chart/values.yaml"),
        Example(_RELEASE.format("kiQ7-rover"), at="spec.values.auth.password"),
        Example(_APPLICATION.format("kiQ7-rover"), at="spec.source.helm.parameters[0].value"),
    ),
    good=(
        _kustomization("password=${DB_PASSWORD}"),
        Example("secretGenerator:\n  - name: db\n    envs:\n      - db.enc.env\n", path="kustomization.yaml"),
        Example("auth:\n  existingSecret: db\n  passwordKey: password\n  password: ''\n", path="chart/values.yaml"),
        Example(_RELEASE.format("ENC[AES256_GCM,data:Zm9v,iv:YmFy,tag:YmF6,type:str]")),
        Example(_APPLICATION.format("$DB_PASSWORD")),
        Example("auth:\n  password: kiQ7-rover\nsops:\n  mac: ENC[x]\n", path="chart/values.yaml"),
    ),
)
