"""What Kustomizations and HelmReleases of Flux apply (kustomize.toolkit v1, helm.toolkit v2, source.toolkit v1)."""

import json
import posixpath
import re
from collections.abc import Iterator

from gitops_guard.rendering.chart_files import CHART
from gitops_guard.rendering.config_maps import ConfigMaps
from gitops_guard.rendering.declared import (
    Declared,
    Edge,
    Elsewhere,
    Found,
    Surveyed,
    mapping,
    mappings,
    remote_chart,
    text,
    texts,
)
from gitops_guard.rendering.kustomize_files import below, kustomization_in
from gitops_guard.rendering.roots import Parameter, Root, Tree
from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.scalars import resolve

_PATCH = ("patch", "target", "options")
_IMAGE = ("name", "newName", "newTag", "digest")


def of_kustomization(declared: Declared, seen: Surveyed, maps: ConfigMaps) -> Iterator[Found]:
    """The root of a Kustomization, or why there is none."""
    spec = declared.spec
    yield from _waits_for(declared)
    reference = mapping(spec.get("sourceRef"))
    if reference:
        yield Edge(declared.label, "reads", _named(reference, declared.namespace))
    path = text(spec.get("path"))
    folder = seen.folder(_in_repository(path, reference, declared, seen))
    what = f"{path or '.'} of {_named(reference, declared.namespace)}"
    if posixpath.normpath(path.lstrip("/") or ".").split("/")[0] == "..":
        yield Elsewhere(declared.label, what, "its path leaves the repository")
    elif folder is None:
        yield Elsewhere(declared.label, what, f"{path or '.'} is not a folder of this repository")
    else:
        variables, unknown = _variables(mapping(spec.get("postBuild")), declared, maps)
        own = kustomization_in(folder, seen.tree) is not None
        resources = () if own else tuple(_generated(folder, seen.tree))
        if not own and not resources:
            yield Elsewhere(declared.label, what, f"{folder or '.'} holds no manifest")
            return
        yield Root(
            "kustomize", folder, source=declared.label, around=_around(spec), resources=resources,
            substitutions=variables, unknown=unknown,
        )  # fmt: skip
        yield Edge(declared.label, "renders", f"kustomize:{folder or '.'}")


def _in_repository(path: str, reference: dict[str, Data], declared: Declared, seen: Surveyed) -> str:
    """A path as the repository has it: an ArtifactGenerator may have copied its folder elsewhere in an artifact."""
    if text(reference.get("kind")) != "ExternalArtifact":
        return path
    place = posixpath.normpath(path.lstrip("/") or ".")
    for copied, folder in seen.artifacts(text(reference.get("name")), declared):
        if place == copied or place.startswith(f"{copied}/") or copied == ".":
            return posixpath.join(folder, place if copied == "." else posixpath.relpath(place, copied))
    return path


def _generated(folder: str, tree: Tree) -> Iterator[str]:
    """What Flux lists in the kustomization that it writes into a folder without one, relative to it."""
    prefix = f"{folder}/" if folder else ""
    own: set[str] = set()
    for path in sorted(path for path in tree.paths if path.startswith(prefix) and path.endswith((".yaml", ".yml"))):
        parts = path.removeprefix(prefix).split("/")
        if any(part.startswith(".") for part in parts):
            continue
        inside = (("/".join(parts[:n])) for n in range(1, len(parts)))
        holder = next((place for place in inside if kustomization_in(prefix + place, tree) is not None), None)
        if holder is None:
            yield "/".join(parts)
        elif holder not in own:
            own.add(holder)
            yield holder


def _around(spec: dict[str, Data]) -> str:
    """What a Kustomization adds to that of its folder, as JSON; empty for nothing."""
    fields: dict[str, Data] = {}
    for name, key in (("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")):
        if text(spec.get(name)):
            fields[key] = text(spec.get(name))
    patches: list[Data] = [{k: p[k] for k in _PATCH if k in p} for p in mappings(spec.get("patches"))]
    patches += [{"patch": json.dumps(patch)} for patch in mappings(spec.get("patchesStrategicMerge"))]
    for patch in mappings(spec.get("patchesJson6902")):
        patches.append({"patch": json.dumps(patch.get("patch")), "target": patch.get("target")})
    if patches:
        fields["patches"] = patches
    images: list[Data] = [{k: i[k] for k in _IMAGE if k in i} for i in mappings(spec.get("images"))]
    if images:
        fields["images"] = images
    if texts(spec.get("components")):
        fields["components"] = list(texts(spec.get("components")))
    common = mapping(spec.get("commonMetadata"))
    if mapping(common.get("labels")):
        fields["labels"] = [{"pairs": common["labels"]}]
    if mapping(common.get("annotations")):
        fields["commonAnnotations"] = common["annotations"]
    return json.dumps(fields) if fields else ""


def _variables(
    build: dict[str, Data], declared: Declared, maps: ConfigMaps
) -> tuple[tuple[tuple[str, str], ...] | None, tuple[str, ...]]:
    """The variables of `postBuild`, and what of them is not in the repository; None if nothing is substituted."""
    if not build:
        return None, ()
    found: dict[str, str] = {}
    unknown: list[str] = []
    for item in mappings(build.get("substituteFrom")):
        kind, name = text(item.get("kind")), text(item.get("name"))
        values = maps.find(declared.namespace, name, declared.where) if kind == "ConfigMap" else None
        if values is None:
            unknown.append(f"{kind} {name}")
        else:
            found |= values
    for key, value in mapping(build.get("substitute")).items():
        found[key] = text(value)
    return tuple(sorted(found.items())), tuple(unknown)


def of_release(declared: Declared, seen: Surveyed, maps: ConfigMaps) -> Iterator[Found]:
    """The root of a HelmRelease, or why there is none."""
    yield from _waits_for(declared)
    spec = declared.spec
    root = _chart(declared, seen)
    if isinstance(root, Elsewhere):
        yield root
        return
    values, parameters, unknown = _values_from(declared, maps)
    if mappings(spec.get("postRenderers")):
        unknown = (*unknown, "its postRenderers")
    inline = spec.get("values")
    target = text(spec.get("targetNamespace"))
    release = text(spec.get("releaseName")) or (f"{target}-{declared.name}" if target else declared.name)
    if isinstance(inline, dict) and inline:
        values = (*values, json.dumps(inline))
    chart = mapping(mapping(spec.get("chart")).get("spec"))
    files = texts(chart.get("valuesFiles"))
    yield root._replace(
        source=declared.label, values=values, parameters=parameters, unknown=unknown,
        values_files=tuple(posixpath.normpath(file) for file in files) if root.chart is None else (),
        release=release[:53], namespace=target or declared.namespace, kube_version=seen.kube_version,
        api_versions=seen.api_versions,
    )  # fmt: skip
    yield Edge(declared.label, "renders", root.name)


def _chart(declared: Declared, seen: Surveyed) -> Root | Elsewhere:
    spec = declared.spec
    chart = mapping(mapping(spec.get("chart")).get("spec"))
    reference = mapping(chart.get("sourceRef")) or mapping(spec.get("chartRef"))
    source = seen.source_of(reference, declared)
    place = {} if source is None else source.spec
    if not chart and source is None:
        return Elsewhere(declared.label, _named(reference, declared.namespace), "its chart's source is not here")
    name, version = text(chart.get("chart")), text(chart.get("version"))
    if text(reference.get("kind")) == "OCIRepository":
        at = mapping(place.get("ref"))
        chart_of = remote_chart("", text(at.get("semver")) or text(at.get("tag")), text(place.get("url")))
        return Root("helm", "", chart=chart_of)
    if text(reference.get("kind")) == "HelmRepository":
        address = text(place.get("url")) or _named(reference, declared.namespace)
        return Root("helm", "", chart=remote_chart(name, version, address))
    folder = seen.folder(name)
    if folder is None or below(folder, CHART) not in seen.tree.paths:
        what = f"{name or 'a chart'} of {_named(reference, declared.namespace)}"
        return Elsewhere(declared.label, what, f"{name or 'its chart'} is not a chart of this repository")
    return Root("helm", folder)


def _values_from(
    declared: Declared, maps: ConfigMaps
) -> tuple[tuple[str, ...], tuple[Parameter, ...], tuple[str, ...]]:
    """The values of `valuesFrom`: whole texts, single values at a path, and what is not in the repository."""
    values: list[str] = []
    parameters: list[Parameter] = []
    unknown: list[str] = []
    for item in mappings(declared.spec.get("valuesFrom")):
        kind, name = text(item.get("kind")), text(item.get("name"))
        key, target = text(item.get("valuesKey")) or "values.yaml", text(item.get("targetPath"))
        held = maps.find(declared.namespace, name, declared.where) if kind == "ConfigMap" else None
        if held is None or key not in held:
            unknown.append(f"{kind} {name}" + (f" ({key})" if held is not None else ""))
        elif target and "[" in target:
            parameters.append(Parameter(target, held[key]))
        elif target:
            values.append(_at(target, held[key]))
        else:
            values.append(held[key])
    return tuple(values), tuple(parameters), tuple(unknown)


def _at(path: str, value: str) -> str:
    """A single value at a path, as YAML; a dot behind a backslash belongs to a key."""
    found: Data = resolve(value, "", None)
    for key in reversed(re.split(r"(?<!\\)\.", path)):
        found = {key.replace("\\.", "."): found}
    return json.dumps(found)


def _waits_for(declared: Declared) -> Iterator[Edge]:
    for item in mappings(declared.spec.get("dependsOn")):
        yield Edge(declared.label, "waits for", _named({"kind": declared.kind, **item}, declared.namespace))


def _named(reference: dict[str, Data], namespace: str) -> str:
    kind, name = text(reference.get("kind")) or "a source", text(reference.get("name"))
    where = text(reference.get("namespace")) or namespace
    return f"{kind} {where}/{name}" if where else f"{kind} {name}".rstrip()
