"""What is rendered: a folder, the tool for it, and everything besides files that the result depends on."""

import json
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Protocol

ToolName = Literal["kustomize", "helm"]


class Tree(Protocol):
    """The files of a repository on one side: a working tree, or a commit."""

    @property
    def paths(self) -> frozenset[str]:
        """Every regular file, relative to the top; links and what lies behind them are not among them."""
        ...

    @property
    def links(self) -> frozenset[str]:
        """Every symbolic link."""
        ...

    def read(self, path: str) -> bytes | None:
        """The content of one of `paths`; None where it cannot be read."""
        ...

    def find(self, words: tuple[str, ...]) -> frozenset[str]:
        """The YAML and JSON files that hold any of these texts."""
        ...


class Parameter(NamedTuple):
    """A single value of a chart: `name` is its path as `--set` takes it; `text`: a number stays text."""

    name: str
    value: str
    text: bool = False


class RemoteChart(NamedTuple):
    """A chart that is kept in a repository of charts; `version` may be a range."""

    name: str
    version: str
    repository: str

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        return f"chart {self.name}{version} from {self.repository or 'a repository'}"


class Root(NamedTuple):
    """Something that is rendered as a whole.

    `path` is its folder in the repository, empty for the top; `chart` is set instead where the chart lies elsewhere.
    `source` says what asked for it (`apps/shop.yaml: Application argocd/shop`); empty for a folder nothing points to.
    `around` are fields of a Kustomization that is put around the folder, as JSON, empty for none: what Argo CD or Flux
    add. `resources` are what a folder without a kustomization.yaml holds, relative to it: Flux writes one itself.
    `substitutions` are the variables of a Flux Kustomization; None where it substitutes none at all.
    `values_files` are paths in the repository, `values` further values as YAML or JSON texts; later ones win, files
    come first, `parameters` last. `namespace` is where objects go that name none. `unknown` are inputs that are not in
    the repository, in words.
    """

    tool: ToolName
    path: str
    chart: RemoteChart | None = None
    source: str = ""
    around: str = ""
    resources: tuple[str, ...] = ()
    substitutions: tuple[tuple[str, str], ...] | None = None
    values_files: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    release: str = ""
    namespace: str = ""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    include_crds: bool = True
    unknown: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What reports call it: `kustomize:overlays/prod`."""
        return f"{self.tool}:{self.chart.name if self.chart else self.path or '.'}"

    @property
    def fields_around(self) -> dict[str, object]:
        """The fields of the Kustomization that is put around the folder; none for none."""
        found: dict[str, object] = json.loads(self.around) if self.around else {}
        return found


class NotRendered(NamedTuple):
    """A root without a result: why, and what to do about it where that is known."""

    root: Root
    reason: str
    hint: str = ""


class Rendered(NamedTuple):
    """The result of a root: several YAML documents in one text.

    Helm writes `# Source: CHART/templates/FILE` before each document. `files` are all files it was made of.

    The tool runs where the repository's files lie below `repo/`; a Kustomization put around a folder is `around/`.
    Annotations of origin are relative to the folder that is built: `repo/PATH`, or `around`.
    """

    root: Root
    text: str
    files: tuple[str, ...]


Build = Callable[[Mapping[str, bytes]], Rendered | NotRendered]
"""A root bound to its tool and limits: the content of the files that it needs, by path, becomes the result.

It depends on nothing else, so that a proof can render the same root before and after an edit.
"""
