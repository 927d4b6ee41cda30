"""What an Application of Argo CD applies (API v1alpha1), one or several sources of it."""

import json
import posixpath
import re
from collections.abc import Iterator

from gitops_guard.rendering.chart_files import CHART
from gitops_guard.rendering.declared import (
    Declared,
    Edge,
    Elsewhere,
    Found,
    Plain,
    Surveyed,
    mapping,
    mappings,
    remote_chart,
    text,
    texts,
)
from gitops_guard.rendering.kustomize_files import below, kustomization_in
from gitops_guard.rendering.roots import Parameter, Root
from gitops_guard.syntax.nodes import Data

_COPIED = ("namePrefix", "nameSuffix", "namespace", "commonLabels", "commonAnnotations", "replicas")
_PATCH = ("patch", "target", "options")
_COMMA = re.compile(r"([^\\]),")


def of_application(app: Declared, seen: Surveyed) -> Iterator[Found]:
    """The roots of an Application, or why there is none."""
    spec = app.spec
    several = mappings(spec.get("sources"))
    sources = several or [mapping(spec.get("source"))]
    project = text(spec.get("project"))
    if project:
        yield Edge(app.label, "belongs to", f"AppProject {project}")
    for source in sources:
        if text(source.get("ref")) and not (text(source.get("path")) or text(source.get("chart"))):
            continue
        for found in _of_source(source, app, seen):
            yield found
            if isinstance(found, Root):
                yield Edge(app.label, "renders", found.name)


def _of_source(source: dict[str, Data], app: Declared, seen: Surveyed) -> Iterator[Found]:
    repository, path, chart = (text(source.get(name)) for name in ("repoURL", "path", "chart"))
    if chart:
        remote = remote_chart(chart, text(source.get("targetRevision")), repository)
        yield _helm(source, app, seen, Root("helm", "", chart=remote))
        return
    folder = seen.folder(path)
    what = f"{path or '.'} of {repository or 'a repository'}"
    if posixpath.normpath(path.lstrip("/") or ".").split("/")[0] == "..":
        yield Elsewhere(app.label, what, "its path leaves the repository")
    elif folder is None:
        yield Elsewhere(app.label, what, f"{path or '.'} is not a folder of this repository")
    elif source.get("plugin") is not None:
        yield Elsewhere(app.label, what, "a plugin of the cluster renders it")
    elif below(folder, CHART) in seen.tree.paths:
        yield _helm(source, app, seen, Root("helm", folder))
    elif kustomization_in(folder, seen.tree) is not None:
        yield Root(
            "kustomize",
            folder,
            source=app.label,
            around=_around(mapping(source.get("kustomize"))),
            namespace=_destination(app),
        )
    else:
        yield Plain(folder, app.label)


def _helm(source: dict[str, Data], app: Declared, seen: Surveyed, root: Root) -> Root:
    helm = mapping(source.get("helm"))
    files = _values_files(helm, root.path, seen)
    values = helm.get("valuesObject")
    inline = json.dumps(values) if isinstance(values, dict) and values else text(helm.get("values"))
    unknown = tuple(f"the file {text(item.get('path'))}" for item in mappings(helm.get("fileParameters")))
    return root._replace(
        source=app.label,
        values_files=files,
        values=(inline,) if inline else (),
        parameters=tuple(
            Parameter(text(item.get("name")), _escaped(text(item.get("value"))), text=item.get("forceString") is True)
            for item in mappings(helm.get("parameters"))
        ),
        release=text(helm.get("releaseName")) or app.name,
        namespace=text(helm.get("namespace")) or _destination(app),
        kube_version=text(helm.get("kubeVersion")) or seen.kube_version,
        api_versions=tuple(texts(helm.get("apiVersions"))) or seen.api_versions,
        include_crds=helm.get("skipCrds") is not True,
        unknown=unknown,
    )


def _destination(app: Declared) -> str:
    return text(mapping(app.spec.get("destination")).get("namespace"))


def _values_files(helm: dict[str, Data], folder: str, seen: Surveyed) -> tuple[str, ...]:
    """The values files as paths of the repository; `$ref/` stands for the top of another source, taken as this one."""
    found = []
    for entry in texts(helm.get("valueFiles")):
        if entry.startswith("$"):
            place = posixpath.normpath(entry.partition("/")[2])
        elif entry.startswith("/"):
            place = posixpath.normpath(entry.lstrip("/"))
        else:
            place = entry if "://" in entry else posixpath.normpath(posixpath.join(folder, entry))
        if place in seen.tree.paths or helm.get("ignoreMissingValueFiles") is not True:
            found.append(place)
    return tuple(found)


def _escaped(value: str) -> str:
    """A parameter as Argo CD hands it to `--set`: commas are text, except in a list in braces."""
    return value if value.startswith("{") and value.endswith("}") else _COMMA.sub(r"\1\\,", value)


def _around(kustomize: dict[str, Data]) -> str:
    """What an Application adds to a kustomization, as JSON; empty for nothing."""
    fields: dict[str, Data] = {name: kustomize[name] for name in _COPIED if kustomize.get(name)}
    if kustomize.get("labelWithoutSelector") is True and "commonLabels" in fields:
        pairs = fields.pop("commonLabels")
        fields["labels"] = [{"pairs": pairs, "includeTemplates": kustomize.get("labelIncludeTemplates") is True}]
    images = [image(entry) for entry in texts(kustomize.get("images"))]
    if images:
        fields["images"] = list(images)
    if kustomize.get("patches"):
        fields["patches"] = [
            {name: patch[name] for name in _PATCH if name in patch} for patch in mappings(kustomize.get("patches"))
        ]
    if texts(kustomize.get("components")):
        fields["components"] = list(texts(kustomize.get("components")))
    return json.dumps(fields) if fields else ""


def image(entry: str) -> dict[str, Data]:
    """An entry of `images` as `kustomize edit set image` reads it: `name=new:tag`, `name:tag`, `name@digest`."""
    name, equals, new = entry.partition("=")
    new = new if equals else entry
    rest, at, digest = new.partition("@")
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    found: dict[str, Data] = {"name": name if equals else head + slash + last}
    if equals and head + slash + last != name:
        found["newName"] = head + slash + last
    if at:
        found["digest"] = digest
    if tag:
        found["newTag"] = tag
    return found
