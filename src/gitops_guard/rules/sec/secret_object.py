"""Unencrypted Secret in Git.

## What it does
Reports Secret objects with values in `data` or `stringData`. Left out are values encrypted by SOPS, references that a
controller replaces (`<path:...>`, `${VAR}`), templates, placeholders, certificates without their key, and the public
settings of Argo CD's repository Secrets.

## Why it matters
Base64 is no encryption: whoever reads the repository has the credential, and Git keeps it after it is removed.

## Fix safety
No automatic fix, for the right one depends on the cluster. Seal it (`kubeseal` makes a SealedSecret), encrypt it
(`sops --encrypt --encrypted-regex '^(data|stringData)$'`), or replace it by an ExternalSecret. Then rotate what it
holds.

## References
CIS Kubernetes Benchmark 1.12, 5.4.2. Kubernetes, "Good practices for Kubernetes Secrets".
"""

from binascii import Error, a2b_base64
from collections.abc import Iterator

from gitops_guard.finding import CRITICAL
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.secret_values import is_placeholder, is_reference
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.sec.masking import masked
from gitops_guard.syntax.field import Field

_PUBLIC = frozenset(("ca.crt", "tls.crt", "ca-bundle.crt", "ssh-publickey", "namespace"))
_ARGO_PUBLIC = frozenset(("url", "type", "name", "project", "server", "enableOCI", "insecure", "username"))
_ARGO_LABEL = "argocd.argoproj.io/secret-type"
_SHOWN = 5


def check(secret: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports a Secret with readable values, once."""
    if secret.api_group or secret.field["sops"].exists:
        return
    public = _PUBLIC | _ARGO_PUBLIC if secret.metadata["labels"][_ARGO_LABEL].exists else _PUBLIC
    found = [entry for entry in _values(secret) if str(entry.key) not in public]
    if not found:
        return
    names = ", ".join(f"`{entry.key}`" for entry in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    yield Problem(
        found[0].parent or secret.field,
        f"Secret {secret.identity.name} is committed unencrypted: {names}{more}; "
        "seal or encrypt it, and rotate the values",
        masked=tuple(span for entry in _values(secret) for span in masked(entry)),
    )


def _values(secret: KubernetesObject) -> Iterator[Field]:
    for entry in secret.field["data"].entries():
        if _is_secret(entry.text, _decoded(entry.text)):
            yield entry
    for entry in secret.field["stringData"].entries():
        if _is_secret(entry.text, entry.text):
            yield entry


def _is_secret(written: str, meant: str) -> bool:
    texts = (written.strip(), meant.strip())
    return all(text and not is_reference(text) and not is_placeholder(text) and "{{" not in text for text in texts)


def _decoded(text: str) -> str:
    try:
        return a2b_base64(text, strict_mode=False).decode()
    except (Error, ValueError):
        return text


_SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n"  # noqa: S105 - a manifest

RULE = Rule(
    id="GG-SEC-009",
    name="unencrypted-secret",
    title="Unencrypted Secret in Git",
    severity=CRITICAL,
    applies_to=KubernetesObject,
    kinds=("Secret",),
    check=check,
    aliases=("C-0012", "CKV_SECRET_6"),
    controls=(
        "cis_k8s:5.4.2",
        "nsa:net-secrets",
        "mitre:T1552.001",
        "sp800_190:4.1.4",
        "sp800_53:SC-28(1)",
        "sp800_53:IA-5(7)",
        "pci:8.6.2",
        "pci:3.6.1",
        "owasp_k8s_2025:K03",
    ),
    bad=(
        Example(_SECRET + "data:\n  password: a2lRNy1yb3Zlcg==\n", at="data"),
        Example(_SECRET + "stringData:\n  username: shop\n  password: kiQ7-rover\n", at="stringData"),
        Example(_SECRET + "data:\n  password: Y2hhbmdlbWU=\n", at="data"),
    ),
    good=(
        Example(_SECRET),
        Example(_SECRET + "data: {}\n"),
        Example(
            _SECRET + "data:\n  password: ENC[AES256_GCM,data:Zm9v,iv:YmFy,tag:YmF6,type:str]\nsops:\n  mac: ENC[x]\n"
        ),
        Example(_SECRET + "stringData:\n  password: <path:kv/data/db#password>\n"),
        Example(_SECRET + "stringData:\n  password: ${DB_PASSWORD}\n"),
        Example(_SECRET + "data:\n  password: PFlPVVJfUEFTU1dPUkQ+\n"),
        Example(_SECRET + "type: kubernetes.io/service-account-token\n"),
        Example(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: db\nspec:\n"
            "  encryptedData:\n    password: AgBy3i4OJSWK\n"
        ),
        Example(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: db\nspec:\n  data:\n"
            "    - secretKey: password\n      remoteRef:\n        key: db\n"
        ),
        Example(
            _SECRET
            + "  labels:\n    argocd.argoproj.io/secret-type: repository\nstringData:\n  type: git\n"
            + "  url: https://git.example.org/shop\n"
        ),
    ),
)
