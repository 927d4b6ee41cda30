"""The Applications that an ApplicationSet makes, as far as the repository tells it."""

import itertools
import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from gitops_guard.rendering.declared import Declared, Elsewhere, Surveyed, mapping, mappings, text, texts
from gitops_guard.rendering.kustomize_files import read_mapping
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.nodes import Data

MOST_APPLICATIONS = 200
_DEEPEST = 3
_GENERATORS = ("list", "git", "matrix", "merge")
_PLACEHOLDER = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_PATH = re.compile(r"\.?([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+|\[\d+\])*)\Z")
_INDEX = re.compile(r"index\s+\.([A-Za-z0-9_.-]+)\s+(\d+)\Z")

Parameters = dict[str, Data]


class _UntoldError(Exception):
    """What is generated cannot be told; the argument says why."""


def applications_of(declared: Declared, seen: Surveyed) -> Iterator[Declared | Elsewhere]:
    """The Applications of an ApplicationSet, or why they cannot be told; bounded."""
    spec, made = declared.spec, 0
    template = mapping(spec.get("template"))
    for generator in mappings(spec.get("generators")):
        try:
            for parameters in _generated(generator, seen, 0):
                made += 1
                if made > MOST_APPLICATIONS:
                    raise _UntoldError(f"it makes more than {MOST_APPLICATIONS} Applications")  # noqa: TRY301
                yield _application(declared, template, parameters)
        except _UntoldError as error:
            yield Elsewhere(declared.label, "the Applications that it makes", str(error))


def _application(declared: Declared, template: Parameters, parameters: Parameters) -> Declared:
    filled = mapping(_filled(template, parameters))
    metadata = mapping(filled.get("metadata"))
    namespace = text(metadata.get("namespace")) or declared.namespace
    return Declared(declared.where, "Application", namespace, text(metadata.get("name")), filled)


def _generated(generator: Parameters, seen: Surveyed, depth: int) -> Iterator[Parameters]:
    """The parameters that a generator gives, one mapping for each Application."""
    kind = next((name for name in _GENERATORS if name in generator), "")
    inner = mapping(generator.get(kind))
    if generator.get("selector") is not None:
        raise _UntoldError("a selector of its generator is not evaluated here")
    if depth > _DEEPEST:
        raise _UntoldError("its generators are nested too deep")
    match kind:
        case "list":
            if text(inner.get("elementsYaml")):
                raise _UntoldError("the elements of its list are a template")
            yield from mappings(inner.get("elements"))
        case "git":
            yield from _git(inner, seen)
        case "matrix":
            yield from _matrix(mappings(inner.get("generators")), seen, depth + 1)
        case "merge":
            yield from _merge(inner, seen, depth + 1)
        case _:
            named = next(iter(generator), "none")
            raise _UntoldError(f"its generator {named} asks something outside the repository")


def _git(git: Parameters, seen: Surveyed) -> Iterator[Parameters]:
    prefix = text(git.get("pathParamPrefix"))
    if git.get("directories") is not None:
        rules = mappings(git.get("directories"))
        for folder in sorted(seen.folders - {""}):
            chosen = [rule.get("exclude") is True for rule in rules if _matches(folder, text(rule.get("path")))]
            if chosen and not any(chosen):
                yield _of_path(folder, prefix)
    else:
        patterns = [text(rule.get("path")) for rule in mappings(git.get("files"))]
        for path in sorted(seen.tree.paths):
            if any(_matches(path, pattern) for pattern in patterns):
                yield from _of_file(path, prefix, seen)


def _matches(path: str, pattern: str) -> bool:
    """A glob by path segments, as Argo CD has it: `*` within one, `**` for any number."""
    return _segments(path.split("/"), pattern.strip("/").split("/"))


def _segments(parts: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_segments(parts[n:], patterns[1:]) for n in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _segments(parts[1:], patterns[1:])


def _of_path(folder: str, prefix: str) -> Parameters:
    base = posixpath.basename(folder)
    normal = re.sub(r"[^a-z0-9.-]", "-", base.lower())
    path: Parameters = {
        "path": folder, "basename": base, "basenameNormalized": normal, "segments": list(folder.split("/")),
    }  # fmt: skip
    return {prefix: {"path": path}} if prefix else {"path": path}


def _of_file(path: str, prefix: str, seen: Surveyed) -> Iterator[Parameters]:
    root = read_mapping(path, seen.tree)
    if not isinstance(root, Field):
        raise _UntoldError(f"its generator reads {root.reason}")
    value = root.data
    for item in value if isinstance(value, list) else [value]:
        where = _of_path(posixpath.dirname(path), prefix)
        yield mapping(item) | where


def _matrix(generators: list[Parameters], seen: Surveyed, depth: int) -> Iterator[Parameters]:
    if len(generators) != 2:  # noqa: PLR2004 - the API takes two
        raise _UntoldError("a matrix takes two generators")
    for first in itertools.islice(_generated(generators[0], seen, depth), MOST_APPLICATIONS + 1):
        second = mapping(_filled(generators[1], first))
        for other in _generated(second, seen, depth):
            yield first | other


def _merge(merge: Parameters, seen: Surveyed, depth: int) -> Iterator[Parameters]:
    keys = texts(merge.get("mergeKeys"))
    generators = mappings(merge.get("generators"))
    if not keys or not generators:
        raise _UntoldError("a merge takes mergeKeys and generators")
    found = list(itertools.islice(_generated(generators[0], seen, depth), MOST_APPLICATIONS + 1))
    for generator in generators[1:]:
        others = {
            _by(keys, one): one for one in itertools.islice(_generated(generator, seen, depth), MOST_APPLICATIONS + 1)
        }
        found = [one | others.get(_by(keys, one), {}) for one in found]
    yield from found


def _by(keys: list[str], parameters: Parameters) -> tuple[str, ...]:
    return tuple(text(_looked_up(parameters, key) or "") for key in keys)


def _filled(value: Data, parameters: Parameters) -> Data:
    """A template with its placeholders replaced."""
    if isinstance(value, dict):
        return {str(_filled(key, parameters)): _filled(inner, parameters) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, parameters) for inner in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    return _PLACEHOLDER.sub(lambda found: _value_of(found[1], parameters), value)


def _value_of(expression: str, parameters: Parameters) -> str:
    index, path = _INDEX.match(expression), _PATH.match(expression)
    if index is not None:
        listed = _looked_up(parameters, index[1])
        if isinstance(listed, list) and int(index[2]) < len(listed):
            return text(listed[int(index[2])])
    elif path is not None:
        found = _looked_up(parameters, path[1])
        if isinstance(found, dict) and "path" in found:
            found = found["path"]
        if found is not None and not isinstance(found, dict | list):
            return text(found)
    raise _UntoldError(f"{{{{{expression[:60]}}}}} of its template cannot be told")


def _looked_up(parameters: Parameters, path: str) -> Data:
    """A parameter by its path; a whole name with dots wins (`metadata.labels` of flat parameters)."""
    if path in parameters:
        return parameters[path]
    at: Data = parameters
    for word in re.findall(r"[^.\[\]]+", path):
        if isinstance(at, dict):
            at = at.get(word)
        elif isinstance(at, list) and word.isdigit() and int(word) < len(at):
            at = at[int(word)]
        else:
            return None
    return at
