"""What delivers manifests to clusters: objects of Argo CD and Flux, and files of Kustomize and Helm without a kind."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.syntax.field import Field

_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"
_VERSION = r"v?\d+(?:\.\d+){1,3}(?:[-+.][0-9A-Za-z.+-]+)?"
_ADDRESS = r"(?:[a-z+]+://)?(?:[^@/\s]+@)?([^:/\s]+)(?::\d+(?=/))?[:/](.+?)(?:\.git)?/?"


class KustomizationFile(NamedTuple):
    """A `kustomization.yaml` that leaves out its kind."""

    root: Field


class ValuesFile(NamedTuple):
    """Values of a Helm chart."""

    root: Field


def is_fixed_revision(text: str) -> bool:
    """Whether a git revision is a commit, or named like the tag of a version."""
    return re.fullmatch(f"{_COMMIT}|(?:[\\w.-]+[-/])?{_VERSION}|refs/tags/.+", text) is not None


def is_fixed_version(text: str) -> bool:
    """Whether a chart's version names exactly one."""
    return re.fullmatch(f"=?{_VERSION}", text.strip()) is not None


def repository(address: str) -> str:
    """`host/owner/name` of a git address in any of its forms; empty for anything else."""
    found = re.fullmatch(_ADDRESS, address.strip())
    return f"{found[1]}/{found[2]}".lower() if found else ""


def applications(obj: KubernetesObject) -> Iterator[Field]:
    """The spec of an Application, or of an ApplicationSet's template."""
    if obj.api_group == "argoproj.io":
        yield obj.spec if obj.kind == "Application" else obj.spec["template"]["spec"]


def sources(spec: Field) -> Iterator[Field]:
    """The sources of an Application."""
    if spec["source"].exists:
        yield spec["source"]
    yield from spec["sources"].items()
