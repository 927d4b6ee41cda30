"""Resolves host names as a pod's resolver does, against the Services of the repository. Pure.

Kubernetes DNS specification: `service.namespace.svc.DOMAIN`, `pod.service.namespace.svc.DOMAIN` for pods with a host
name behind a headless Service; a pod's search path is `NAMESPACE.svc.DOMAIN`, `svc.DOMAIN`, `DOMAIN`.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.model.selector import Labels
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Service, Workload
from gitops_guard.network.evidence import AMBIGUOUS, UNKNOWN_SERVICE
from gitops_guard.network.nearby import Nearby
from gitops_guard.network.references import address
from gitops_guard.network_settings import CLUSTER_DOMAIN

_LOCAL = frozenset(("localhost", "localhost.localdomain", "ip6-localhost", "host.docker.internal"))
_SHORTEST_TLD = 2
_FILES = frozenset(
    ("yaml", "yml", "json", "xml", "conf", "cfg", "ini", "toml", "properties", "txt", "sh", "py", "js", "ts", "go",
     "java", "class", "html", "htm", "css", "pem", "crt", "key", "log", "sock", "jar", "war", "so", "md", "csv",
     "sql", "tmpl", "tpl", "lua", "rb", "php", "env", "gz", "zip", "tar", "tgz", "db", "pid", "svg", "png", "jpg",
     "local-path", "rego", "cpp", "hpp")
)  # fmt: skip


class ServiceFact(NamedTuple):
    """A Service with what only the inference wants: its own labels and annotations, and the file it is in."""

    service: Service
    labels: Labels
    annotations: Labels
    path: str
    published: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.service.namespace, self.service.name

    @property
    def meaning(self) -> tuple[object, ...]:
        """What decides where it leads to."""
        one = self.service
        return one.selector, one.ports, one.external_name, one.headless


class PodName(NamedTuple):
    """How pods of a workload are named in DNS: `PREFIX-N` (a StatefulSet) or exactly `prefix`, below a Service."""

    prefix: str
    numbered: bool
    service: str
    workload: Workload


class ToService(NamedTuple):
    """A Service of the repository; `pods` names the one workload that a pod's own name leads to."""

    fact: ServiceFact
    pods: Workload | None = None


class ToAddress(NamedTuple):
    """A literal address."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address


class Outside(NamedTuple):
    """A name outside of the cluster."""

    host: str


class ApiServer(NamedTuple):
    """The Service `kubernetes`, which leads to the API server."""


class Own(NamedTuple):
    """The pod itself: `localhost` and addresses to listen on."""


class Miss(NamedTuple):
    """No destination, and why."""

    reason: str
    detail: str


Destination = ToService | ToAddress | Outside | ApiServer | Own | Miss


class Directory:
    """The names that the objects of a repository define."""

    def __init__(self, services: Iterable[ServiceFact], pods: Iterable[PodName], domain: str = CLUSTER_DOMAIN) -> None:
        self._domain = domain.strip(".").lower().split(".")
        by_name: dict[tuple[str, str], list[ServiceFact]] = {}
        for fact in services:
            by_name.setdefault(fact.key, []).append(fact)
        self._services = {key: Nearby((fact.path, fact) for fact in facts) for key, facts in by_name.items()}
        self._pods: dict[tuple[str, str], list[PodName]] = {}
        for pod in pods:
            self._pods.setdefault((pod.workload.namespace, pod.service), []).append(pod)
        self._namespaces = {namespace for namespace, _ in (*self._services, *self._pods)}

    def resolve(
        self, host: str, namespace: str, path: str = "", searches: tuple[str, ...] = (), *, is_url: bool = False
    ) -> Destination:
        """What a host means in a pod of a namespace.

        Args:
            host: as written; a dot at its end makes it absolute.
            namespace: that of the pod.
            path: the file that names it: among Services of the same name the nearest counts.
            searches: further domains that the pod's `dnsConfig` searches.
            is_url: it stands in a URL, so that it is no name of a file.
        """
        literal = address(host)
        if literal is not None:
            is_own = literal.is_loopback or literal.is_unspecified
            return Own() if is_own else ToAddress(literal)
        labels = host.lower().removesuffix(".").split(".")
        if ".".join(labels) in _LOCAL or labels[-1] == "localhost":
            return Own()
        for relative in self._relative(labels, namespace, searches, absolute=host.endswith(".")):
            found = self._look_up(relative, path)
            if found is not None:
                return found
        return self._missed(labels, host, namespace, is_url=is_url)

    def service(self, namespace: str, name: str, path: str) -> ServiceFact | Miss:
        """The Service of a name; where several files define it, the one nearest to `path`."""
        found = self._services.get((namespace, name))
        if found is None:
            return Miss(UNKNOWN_SERVICE, f"no Service {name} in the namespace {namespace} is in the repository")
        near = found.closest(path)
        if any(fact.meaning != near[0].meaning for fact in near):
            places = ", ".join(fact.service.place.where for fact in near[:3])
            return Miss(AMBIGUOUS, f"{len(near)} different Services have this name: {places}")
        return near[0]

    def _relative(
        self, labels: list[str], namespace: str, searches: tuple[str, ...], *, absolute: bool
    ) -> Iterator[list[str]]:
        """The labels below `svc.DOMAIN`, for each step of the search path."""
        full = ["svc", *self._domain]
        if not absolute:
            yield [*labels, namespace]
            yield labels
            if labels[-1] == "svc":
                yield labels[:-1]
            for search in searches:
                searched = [*labels, *search.strip(".").lower().split(".")]
                if searched[-len(full) :] == full:
                    yield searched[: -len(full)]
        if labels[-len(full) :] == full:
            yield labels[: -len(full)]

    def _look_up(self, labels: list[str], path: str) -> Destination | None:
        match labels:
            case [service, namespace]:
                return self._of_service(service, namespace, path)
            case [pod, service, namespace]:
                return self._of_pod(pod, service, namespace, path)
        return None

    def _of_service(self, service: str, namespace: str, path: str) -> Destination | None:
        if (namespace, service) in self._services:
            fact = self.service(namespace, service, path)
            return fact if isinstance(fact, Miss) else ToService(fact)
        return ApiServer() if (namespace, service) == (DEFAULT_NAMESPACE, "kubernetes") else None

    def _of_pod(self, pod: str, service: str, namespace: str, path: str) -> Destination | None:
        if (namespace, service) not in self._services:
            return None
        fact = self.service(namespace, service, path)
        if isinstance(fact, Miss):
            return fact
        prefix, _, number = pod.rpartition("-")
        for known in self._pods.get((namespace, service), ()):
            if (number.isdecimal() and prefix == known.prefix) if known.numbered else pod == known.prefix:
                return ToService(fact, known.workload)
        return None

    def _missed(self, labels: list[str], host: str, namespace: str, *, is_url: bool) -> Destination:
        full = ["svc", *self._domain]
        inside = labels[: -len(full)] if labels[-len(full) :] == full else None
        if inside is None and labels[-1] == "svc":
            if host.endswith("."):
                return Miss(UNKNOWN_SERVICE, "a dot at its end makes the name absolute: the search path is not used")
            inside = labels[:-1]
        if inside is None and len(labels) == 1:
            inside = [*labels, namespace]
        if inside is None and labels[-1] in self._namespaces:
            inside = labels
        if inside is None:
            return self._outside(labels, is_url=is_url)
        return self._unknown(inside)

    def _unknown(self, inside: list[str]) -> Miss:
        match inside:
            case [service, namespace]:
                what = f"no Service {service} in the namespace {namespace} is in the repository"
            case [pod, service, namespace] if (namespace, service) in self._services:
                what = f"the Service {service} of the namespace {namespace} has no pod named {pod}"
            case [_, service, namespace]:
                what = f"no Service {service} in the namespace {namespace} is in the repository"
            case _:
                what = "a name below the cluster's domain that no Service or pod has"
        return Miss(UNKNOWN_SERVICE, what)

    @staticmethod
    def _outside(labels: list[str], *, is_url: bool) -> Destination:
        last = labels[-1]
        if len(last) < _SHORTEST_TLD or (last in _FILES and not is_url) or not last.replace("-", "").isalnum():
            return Miss(UNKNOWN_SERVICE, "neither a Service of the repository nor the form of a public name")
        return Outside(".".join(labels))
