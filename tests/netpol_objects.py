"""Clusters for tests of the network analysis, from plain data."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import objects
from gitops_guard.network.cluster import Cluster, Located
from gitops_guard.network.reading import cluster
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse
from gitops_guard.text import LineIndex

Json = dict[str, Any]


def located(text: str, path: str = "cluster.yaml") -> Iterator[Located]:
    """The objects of a YAML or JSON text, with exact places."""
    lines = LineIndex(text)

    def places(document: int) -> Callable[[Field], Place]:
        def place(field: Field) -> Place:
            span = field.span if field.parent is not None else field.first_line
            return Place(path, document, field.keypath, span, lines.position(span.start), lines.position(span.end))

        return place

    for document in parse(text).documents:
        for obj in objects(document):
            yield Located(obj, places(document.number), path)


def of_text(text: str) -> Cluster:
    """The cluster of a YAML text."""
    return cluster(located(text))


def of_data(items: Iterable[Json]) -> Cluster:
    """The cluster of objects given as plain data."""
    return of_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}, indent=1))


def namespace(name: str, **labels: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(name: str, space: str = "default", ports: Iterable[Json] = (), **labels: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "labels": labels},
        "spec": {"containers": [{"name": "main", "ports": list(ports)}]},
    }


def policy(name: str, space: str = "default", **spec: Any) -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": space},
        "spec": {"podSelector": {}} | spec,
    }


def admin(name: str, priority: int, **spec: Any) -> Json:
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "AdminNetworkPolicy",
        "metadata": {"name": name},
        "spec": {"priority": priority, "subject": {"namespaces": {}}} | spec,
    }


def baseline(**spec: Any) -> Json:
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "BaselineAdminNetworkPolicy",
        "metadata": {"name": "default"},
        "spec": {"subject": {"namespaces": {}}} | spec,
    }
