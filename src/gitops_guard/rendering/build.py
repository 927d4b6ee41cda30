"""Builds a root: the files that it needs, the call of its tool, the result."""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gitops_guard.rendering.chart_files import CHART, Archives, archive_of, chart_reach, completed
from gitops_guard.rendering.kustomize_files import Blocked, below, reach, reach_of
from gitops_guard.rendering.roots import Build, NotRendered, Rendered, Root, Tree
from gitops_guard.rendering.sandbox import Limits, Refused, Tool, is_inside, run
from gitops_guard.rendering.substitution import UnknownFunctionError, substitute
from gitops_guard.rendering.tools import HELM_HINT, KUSTOMIZE_HINT, Tools
from gitops_guard.source_file import Skipped, decode
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.yaml import parse

REPOSITORY = "repo"
AROUND = "around"
_VALUES = "values"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,51}[a-z0-9])?\Z")
_VERSION = re.compile(r"v?\d+\.\d+(\.\d+)?\Z")
_API_VERSION = re.compile(r"[A-Za-z0-9.-]+(/[A-Za-z0-9.-]+){0,2}\Z")
_MOST_AT_ONCE = 4
_DEFAULT_RELEASE = "release-name"


class Surroundings(NamedTuple):
    """What building needs besides the repository's files.

    `archive_hint` is where a chart's archive may be put. `total_seconds` is what all builds of a run may take together.
    """

    tools: Tools
    limits: Limits = Limits()
    archives: Archives | None = None
    archive_hint: str = ""
    total_seconds: float = 300.0


class Renderer:
    """Renders roots of one or more trees; the same root with the same files is built once."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._known: dict[bytes, Rendered | NotRendered] = {}
        self._spent = 0.0
        self.built = 0

    def render(self, root: Root, tree: Tree) -> Rendered | NotRendered:
        """The result of a root as the tree has it."""
        paths = needed(root, tree)
        if isinstance(paths, NotRendered):
            return paths
        files = _read(paths, tree)
        missing = next((path for path in sorted(paths) if path not in files), None)
        if missing is not None:
            return NotRendered(root, f"{missing} cannot be read")
        return self.builder(root)(files)

    def prepare(self, roots: Iterable[Root], tree: Tree) -> None:
        """Builds several roots at once, as many as there are processors; `render` knows their results then."""
        waiting: dict[bytes, tuple[Root, dict[str, bytes]]] = {}
        for root in roots:
            files = self.files(root, tree)
            key = _key(root, files)
            if files and key not in self._known:
                waiting[key] = (root, files)
        if len(waiting) < 2:  # noqa: PLR2004 - one needs no company
            return
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - a single root needs none

        with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_AT_ONCE)) as pool:
            self._known |= zip(waiting, pool.map(lambda job: self._build(*job), waiting.values()), strict=True)

    def files(self, root: Root, tree: Tree) -> dict[str, bytes]:
        """The content of the files that a root needs; none for one that cannot be built."""
        paths = needed(root, tree)
        return {} if isinstance(paths, NotRendered) else _read(paths, tree)

    def builder(self, root: Root) -> Build:
        """A root bound to its tool; what it was asked before, it knows."""

        def build(files: Mapping[str, bytes]) -> Rendered | NotRendered:
            key = _key(root, files)
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = self._build(root, files)
            return found._replace(root=root)

        return build

    def _build(self, root: Root, files: Mapping[str, bytes]) -> Rendered | NotRendered:
        """Builds, as long as the run has time for it: a hostile change may bring any number of slow roots."""
        if self._spent >= self._around.total_seconds:
            return NotRendered(
                root, f"the {self._around.total_seconds:g} s that rendering may take in a run are used up"
            )
        start = time.monotonic()
        try:
            return build_of(root, self._around)(files)
        finally:
            self.built += 1
            self._spent += time.monotonic() - start


def _read(paths: frozenset[str], tree: Tree) -> dict[str, bytes]:
    contents = ((path, tree.read(path)) for path in sorted(paths))
    return {path: content for path, content in contents if content is not None}


def needed(root: Root, tree: Tree) -> frozenset[str] | NotRendered:
    """The paths of every file that a root reads."""
    found = _kustomize_needs(root, tree) if root.tool == "kustomize" else _helm_needs(root, tree)
    return NotRendered(root, *found) if isinstance(found, Blocked) else found


def _kustomize_needs(root: Root, tree: Tree) -> frozenset[str] | Blocked:
    found = reach_of({"resources": list(root.resources)}, root.path, tree) if root.resources else reach(root.path, tree)
    if isinstance(found, Blocked) or not root.around:
        return found if isinstance(found, Blocked) else found.files
    around = reach_of(parsed_json(root.around), root.path, tree)
    return around if isinstance(around, Blocked) else found.files | around.files


def _helm_needs(root: Root, tree: Tree) -> frozenset[str] | Blocked:
    files: frozenset[str] = frozenset()
    if root.chart is None:
        if below(root.path, CHART) not in tree.paths:
            return Blocked(f"there is no {CHART} in {root.path or 'the top folder'}")
        found = chart_reach(root.path, tree)
        if isinstance(found, Blocked):
            return found
        files = found.files
    for path in root.values_files:
        if path in tree.links or path not in tree.paths:
            return Blocked(f"its values file {path} is {'a symbolic link' if path in tree.links else 'not here'}")
    return files | frozenset(root.values_files)


def build_of(root: Root, around: Surroundings) -> Build:
    """A root bound to its tool: files become the result, and nothing else decides on it."""
    tool = around.tools.of(root.tool)

    def build(files: Mapping[str, bytes]) -> Rendered | NotRendered:
        if tool is None:
            hint = KUSTOMIZE_HINT if root.tool == "kustomize" else HELM_HINT
            return NotRendered(root, f"there is no {root.tool} here", hint)
        if root.tool == "kustomize":
            return _kustomized(root, files, tool, around.limits)
        return _helmed(root, files, tool, around)

    return build


def parsed_json(text: str) -> dict[str, Data]:
    """A JSON object that was written here."""
    found: dict[str, Data] = json.loads(text)
    return found


def _kustomized(root: Root, files: Mapping[str, bytes], tool: Tool, limits: Limits) -> Rendered | NotRendered:
    given = {f"{REPOSITORY}/{path}": content for path, content in files.items()}
    folder = f"{REPOSITORY}/{root.path}" if root.path else REPOSITORY
    if root.resources:
        given[f"{folder}/kustomization.yaml"] = _kustomization(resources=list(root.resources))
    if root.around:
        fields = {"resources": [f"../{folder}"]} | root.fields_around
        components = fields.get("components")
        if isinstance(components, list):
            fields["components"] = [f"../{folder}/{component}" for component in components]
        given[f"{AROUND}/kustomization.yaml"] = _kustomization(**fields)
        folder = AROUND
    out = run(tool, given, (folder,), limits)
    if isinstance(out, Refused):
        return NotRendered(root, out.reason)
    text = out.text
    if root.substitutions is not None:
        try:
            text = substitute(text, dict(root.substitutions), keep_unknown=bool(root.unknown))
        except UnknownFunctionError as error:
            return NotRendered(root, f"it uses a function of Flux's substitution: {str(error)[:80]}")
    return Rendered(root, text, tuple(sorted(files)))


def _kustomization(**fields: object) -> bytes:
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return json.dumps(head | fields).encode()


def _helmed(root: Root, files: Mapping[str, bytes], tool: Tool, around: Surroundings) -> Rendered | NotRendered:
    refused = _refused_words(root)
    if refused:
        return NotRendered(root, refused)
    given: Mapping[str, bytes] | Blocked
    if root.chart is not None:
        archive = archive_of(root.chart, around.archives)
        if archive is None:
            return NotRendered(root, f"{root.chart} is not here", _pull(root, around))
        given, place = dict(files), f"{_VALUES}/{archive[0]}"
        extra = {place: archive[1]}
    else:
        chart = _chart_of(root, files)
        given = chart if isinstance(chart, Blocked) else completed(root.path, files, chart, around.archives)
        place, extra = (f"{REPOSITORY}/{root.path}" if root.path else REPOSITORY), {}
    if isinstance(given, Blocked):
        return NotRendered(root, *given)
    extra |= {f"{_VALUES}/{n}.yaml": text.encode() for n, text in enumerate(root.values)}
    out = run(
        tool, {f"{REPOSITORY}/{p}": raw for p, raw in given.items()} | extra, _helm_words(root, place), around.limits
    )
    if isinstance(out, Refused):
        return NotRendered(root, out.reason)
    return Rendered(root, out.text, tuple(sorted(files)))


def _chart_of(root: Root, files: Mapping[str, bytes]) -> Field | Blocked:
    path = below(root.path, CHART)
    file = decode(path, files.get(path, b""))
    if isinstance(file, Skipped):
        return Blocked(f"{path}: {file.reason}")
    stream = parse(file.text)
    if stream.problems or not stream.documents:
        return Blocked(f"{path}: {stream.problems[0].message if stream.problems else 'it is empty'}")
    chart = Field(None, "", stream.documents[0].root)
    if chart["type"].text == "library":
        return Blocked("a library: it holds templates for other charts, and makes nothing by itself")
    return chart


def _refused_words(root: Root) -> str:
    """What is no word for Helm's command line; empty where all are."""
    if not _NAME.match(root.release or _DEFAULT_RELEASE):
        return "its release name is none that Helm takes"
    if root.namespace and not _NAME.match(root.namespace):
        return "its namespace is no name of a namespace"
    if root.kube_version and not _VERSION.match(root.kube_version):
        return "its Kubernetes version is no version"
    if not all(_API_VERSION.match(version) for version in root.api_versions):
        return "one of its API versions is none"
    if not all(is_inside(path) for path in root.values_files):
        return "one of its values files lies outside the repository"
    return ""


def _helm_words(root: Root, place: str) -> tuple[str, ...]:
    words = ["template", root.release or _DEFAULT_RELEASE, place]
    words += [f"--values={REPOSITORY}/{path}" for path in root.values_files]
    words += [f"--values={_VALUES}/{n}.yaml" for n in range(len(root.values))]
    words += [f"--set{'-string' if p.text else ''}={p.name}={p.value}" for p in root.parameters]
    words += [f"--namespace={root.namespace}"] if root.namespace else []
    words += [f"--kube-version={root.kube_version}"] if root.kube_version else []
    words += [f"--api-versions={version}" for version in root.api_versions]
    return (*words, "--include-crds") if root.include_crds else tuple(words)


def _pull(root: Root, around: Surroundings) -> str:
    """The command that brings a chart's archive, as far as it can be told."""
    chart = root.chart
    if chart is None or not chart.repository:
        return ""
    to = around.archive_hint or "FOLDER (and name the folder as render.helm_cache)"
    version = f" --version '{chart.version}'" if chart.version else ""
    if chart.repository.startswith("oci://"):
        return f"helm pull {chart.repository.rstrip('/')}/{chart.name}{version} -d {to}"
    return f"helm pull {chart.name} --repo {chart.repository}{version} -d {to}"


def _key(root: Root, files: Mapping[str, bytes]) -> bytes:
    """Names a root's inputs: who asked for it is none of them."""
    found = hashlib.sha256(repr(root._replace(source="")).encode("utf-8", "surrogateescape"))
    for path, content in sorted(files.items()):
        found.update(f"\0{path}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    return found.digest()
