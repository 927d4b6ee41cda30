"""Runs the inference on manifests that a test writes out."""

from collections.abc import Callable, Iterator
from textwrap import dedent

from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import objects
from gitops_guard.network.cluster import Located
from gitops_guard.network.evidence import Inference
from gitops_guard.network.inference import infer
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse
from gitops_guard.text import LineIndex

Row = tuple[str, str, str]


def located(text: str, path: str = "app.yaml") -> Iterator[Located]:
    """The objects of a text, with their places."""
    lines = LineIndex(text)
    for document in parse(text).documents:
        for obj in objects(document):
            yield Located(obj, _place_of(lines, path, document.number), path)


def _place_of(lines: LineIndex, path: str, document: int) -> Callable[[Field], Place]:
    def place(field: Field) -> Place:
        span = field.span if field.parent is not None else field.first_line
        return Place(path, document, field.keypath, span, lines.position(span.start), lines.position(span.end))

    return place


def inferred(*texts: str, **files: str) -> Inference:
    """What manifests say; `files` are by path, with `__` for a slash."""
    named = {f"app{number}.yaml": text for number, text in enumerate(texts)}
    named |= {f"{path.replace('__', '/')}.yaml": text for path, text in files.items()}
    return infer(one for path, text in named.items() for one in located(text, path))


def rows(found: Inference) -> set[Row]:
    """Source, target and port of every connection, in short: names without their kind, hosts instead of `external`."""
    return {(_short(e.source), e.host or _short(e.target), port) for e in found.edges for port in e.ports}


def _short(peer: str) -> str:
    namespace, _, rest = peer.partition("/")
    if "/" not in rest:
        return peer
    name = rest.partition("/")[2]
    return name if namespace == "default" else f"{namespace}/{name}"


def reasons(found: Inference) -> set[tuple[str, str]]:
    """What gave no connection, and why."""
    return {(one.reference, one.reason) for one in found.unresolved}


def workload(name: str, container: str = "", *, kind: str = "Deployment", namespace: str = "", more: str = "") -> str:
    """A workload whose pods have the label `app: NAME`; `container` is put into its container, `more` into its pods."""
    lines = [
        "---",
        "apiVersion: apps/v1",
        f"kind: {kind}",
        f"metadata: {{name: {name}" + (f", namespace: {namespace}" if namespace else "") + "}",
        "spec:",
        *(["  serviceName: " + name] if kind == "StatefulSet" else []),
        "  replicas: 2",
        "  template:",
        f"    metadata: {{labels: {{app: {name}}}}}",
        "    spec:",
        *_indented(more, 6),
        "      containers:",
        "      - name: main",
        "        image: registry.example.com/main:1",
        "        ports: [{name: web, containerPort: 8080}]",
        *_indented(container, 8),
    ]
    return "\n".join(lines) + "\n"


def service(name: str, ports: str = "[{port: 80, targetPort: 8080}]", *, namespace: str = "", more: str = "") -> str:
    """A Service of the pods with the label `app: NAME`."""
    place = f", namespace: {namespace}" if namespace else ""
    head = f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}{place}}}\n"
    return (
        head + f"spec:\n  selector: {{app: {name}}}\n  ports: {ports}\n" + "".join(f"{x}\n" for x in _indented(more, 2))
    )


def env(*pairs: str) -> str:
    """The variables of a container, each `NAME=value`."""
    items = [f"- name: {name}\n  value: '{value}'" for name, _, value in (pair.partition("=") for pair in pairs)]
    return "env:\n" + "\n".join(items)


def config_map(name: str, data: str, kind: str = "ConfigMap", key: str = "data") -> str:
    """A ConfigMap; `data` is the YAML of its keys."""
    return (
        f"---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n{key}:\n"
        + "\n".join(_indented(data, 2))
        + "\n"
    )


def _indented(text: str, by: int) -> list[str]:
    return [" " * by + line for line in dedent(text).strip("\n").split("\n")] if text.strip() else []
