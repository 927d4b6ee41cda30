"""From a Service and a port to the pods and their ports, as policies see them: after the Service's translation."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.model.selector import Labels
from gitops_guard.network.cluster import ServicePort, Workload
from gitops_guard.network.evidence import (
    CYCLE,
    EXTERNAL,
    HIGH,
    LOW,
    MEDIUM,
    NO_ENDPOINTS,
    NO_PORT,
    NO_SUCH_PORT,
    NO_WORKLOAD,
    VIA_API_SERVER,
    weaker,
)
from gitops_guard.network.names import (
    ApiServer,
    Destination,
    Directory,
    Miss,
    Outside,
    Own,
    ServiceFact,
    ToAddress,
    ToService,
)
from gitops_guard.network.nearby import Nearby
from gitops_guard.network.sources.pods import PodFact

_CHAIN = 8
API_PORTS = ("TCP 443", "TCP 6443")
"""The port of the Service `kubernetes`, and the usual one of the API server behind it: which of the two a policy sees
depends on the network plugin, and the second on the cluster."""


class Wanted(NamedTuple):
    """The port that a reference asks for.

    `port` is a number or the name of a Service's port, None where none is written. `likely` are ports to take then, if
    the Service has one of them; `among` are several that are all meant. `is_by_scheme`: `port` is only the default of
    the scheme. `confidence` is that of the reference with a written port. `by_target`: `port` is one of
    the pods', or the name of one of the Service's (OpenShift Route, PodMonitor).
    """

    port: int | str | None
    likely: tuple[int, ...] = ()
    among: tuple[int, ...] = ()
    is_by_scheme: bool = False
    is_udp: bool = False
    confidence: str = HIGH
    by_target: bool = False


class Landing(NamedTuple):
    """Where a connection ends."""

    target: str
    ports: tuple[str, ...]
    host: str = ""
    via: str = ""


class Reached(NamedTuple):
    """All ends of a reference; several workloads may stand behind one Service."""

    landings: tuple[Landing, ...]
    confidence: str
    services: tuple[ServiceFact, ...] = ()


class EndpointFact(NamedTuple):
    """Addresses written by hand behind a Service without selector. `ports` are (name, protocol, number)."""

    namespace: str
    service: str
    addresses: tuple[str, ...]
    pods: tuple[str, ...]
    ports: tuple[tuple[str, str, int], ...]
    place: Place


class Reach:
    """What the Services of a repository lead to."""

    def __init__(self, directory: Directory, pods: Iterable[PodFact], endpoints: Iterable[EndpointFact]) -> None:
        self._directory = directory
        self._by_namespace: dict[str, list[PodFact]] = {}
        self._by_label: dict[tuple[str, tuple[str, str]], list[PodFact]] = {}
        for pod in pods:
            self._by_namespace.setdefault(pod.workload.namespace, []).append(pod)
            for pair in pod.workload.labels:
                self._by_label.setdefault((pod.workload.namespace, pair), []).append(pod)
        self._endpoints: dict[tuple[str, str], list[EndpointFact]] = {}
        for endpoint in endpoints:
            self._endpoints.setdefault((endpoint.namespace, endpoint.service), []).append(endpoint)
        self._chosen: dict[tuple[str, Labels], tuple[tuple[PodFact, ...], Nearby[PodFact]]] = {}
        self._selected: dict[tuple[str, str, Labels], tuple[PodFact, ...]] = {}

    def destination(self, found: Destination, wanted: Wanted, path: str) -> Reached | Miss | Own:
        """Follows what a name was resolved to."""
        seen: set[tuple[str, str]] = set()
        passed: list[ServiceFact] = []
        for _ in range(_CHAIN):
            if not isinstance(found, ToService):
                break
            fact = found.fact
            if fact.key in seen:
                return Miss(CYCLE, f"the ExternalName of {fact.service.name} leads back to itself")
            seen.add(fact.key)
            passed.append(fact)
            if not fact.service.external_name:
                reached = self._of_service(found, wanted)
                return reached._replace(services=tuple(passed)) if isinstance(reached, Reached) else reached
            found = self._directory.resolve(fact.service.external_name + ".", fact.service.namespace, path)
        return _of_other(found, wanted, tuple(passed))

    def pods(self, namespace: str, selector: Labels, path: str) -> tuple[PodFact, ...]:
        """The workloads whose pods a selector chooses, each once.

        Objects without a namespace belong to whatever their folder is deployed to: among those the nearest count. Of
        several with one name, that of the same file or rendered root counts.
        """
        key = (namespace, path, selector)
        known = self._selected.get(key)
        if known is None:
            placed, loose = self._all(namespace, selector)
            nearest_last = sorted(placed, key=lambda pod: pod.path == path) if len(placed) > 1 else placed
            by_id = {pod.workload.id: pod for pod in (*nearest_last, *loose.around(path))}
            known = self._selected[key] = tuple(by_id.values())
        return known

    def _all(self, namespace: str, selector: Labels) -> tuple[tuple[PodFact, ...], Nearby[PodFact]]:
        """All that a selector matches: those that name their namespace, and the others by their folders."""
        known = self._chosen.get((namespace, selector))
        if known is None:
            found = tuple(self._matching(namespace, selector))
            loose = Nearby((pod.path, pod) for pod in found if not pod.is_placed)
            known = self._chosen[namespace, selector] = tuple(pod for pod in found if pod.is_placed), loose
        return known

    def _matching(self, namespace: str, selector: Labels) -> Iterator[PodFact]:
        if not selector:
            yield from self._by_namespace.get(namespace, ())
            return
        rarest = min((self._by_label.get((namespace, pair), []) for pair in selector), key=len)
        for pod in rarest:
            own = dict(pod.workload.labels)
            if all(own.get(key) == value for key, value in selector):
                yield pod

    def _of_service(self, found: ToService, wanted: Wanted) -> Reached | Miss:
        service = found.fact.service
        if service.selector is None:
            return self._by_hand(found.fact, wanted)
        chosen, confidence = _chosen_ports(found.fact, wanted)
        if not chosen:
            return _no_port(found.fact, wanted)
        workloads = (
            (found.pods,)
            if found.pods is not None
            else tuple(pod.workload for pod in self.pods(service.namespace, service.selector, found.fact.path))
        )
        if not workloads:
            return Miss(NO_WORKLOAD, f"the Service {service.name} selects no workload of the repository")
        landings = tuple(
            Landing(workload.id, ports)
            for workload in workloads
            if (ports := tuple(dict.fromkeys(p for port in chosen for p in pod_ports(port, workload))))
        )
        if not landings:
            names = ", ".join(str(port.target) for port in chosen)
            return Miss(NO_SUCH_PORT, f"no container behind the Service {service.name} declares the port {names}")
        return Reached(landings, confidence)

    def _by_hand(self, fact: ServiceFact, wanted: Wanted) -> Reached | Miss:
        """A Service whose endpoints are written out."""
        known = self._endpoints.get(fact.key, ())
        if not known:
            return Miss(
                NO_ENDPOINTS, f"the Service {fact.service.name} has no selector, and no endpoints in the repository"
            )
        chosen, confidence = _chosen_ports(fact, wanted)
        landings = [landing for endpoint in known for landing in _of_endpoint(endpoint, chosen, wanted)]
        if not landings:
            return _no_port(fact, wanted)
        return Reached(tuple(landings), confidence)


def _of_endpoint(endpoint: EndpointFact, chosen: tuple[ServicePort, ...], wanted: Wanted) -> Iterator[Landing]:
    names = {port.name for port in chosen}
    matching = [port for port in endpoint.ports if port[0] in names or (len(endpoint.ports) == 1 and chosen)]
    ports = tuple(dict.fromkeys(f"{protocol} {number}" for _, protocol, number in matching))
    if not ports and not endpoint.ports and isinstance(wanted.port, int):
        ports = (f"TCP {wanted.port}",)
    if not ports:
        return
    for pod in endpoint.pods:
        yield Landing(f"{endpoint.namespace}/Pod/{pod}", ports)
    for text in endpoint.addresses if not endpoint.pods else ():
        yield Landing(text, ports) if "/" in text else Landing(EXTERNAL, ports, host=text)


def _of_other(found: Destination, wanted: Wanted, passed: tuple[ServiceFact, ...]) -> Reached | Miss | Own:
    protocol = "UDP" if wanted.is_udp else "TCP"
    match found:
        case Miss() | Own():
            return found
        case ApiServer():
            landing = Landing(EXTERNAL, API_PORTS, host="kubernetes.default.svc", via=VIA_API_SERVER)
            return Reached((landing,), weaker(wanted.confidence, MEDIUM))
        case ToService():
            return Miss(CYCLE, f"the chain of ExternalNames is longer than {_CHAIN}")
    name = found.host if isinstance(found, Outside) else str(found.address)
    if not isinstance(wanted.port, int):
        return Miss(NO_PORT, f"{name} is outside of the cluster, and no port is written")
    port = f"{protocol} {wanted.port}"
    if isinstance(found, ToAddress):
        return Reached((Landing(f"{name}/{found.address.max_prefixlen}", (port,)),), wanted.confidence, passed)
    return Reached((Landing(EXTERNAL, (port,), host=name),), wanted.confidence, passed)


def _chosen_ports(fact: ServiceFact, wanted: Wanted) -> tuple[tuple[ServicePort, ...], str]:
    """The Service's ports that are meant, and how sure that is."""
    service = fact.service
    usable = tuple(port for port in service.ports if not wanted.is_udp or port.protocol == "UDP")
    if wanted.port is not None:
        exact = tuple(port for port in usable if _is_meant(port, wanted))
        if not exact and isinstance(wanted.port, int) and service.headless and not (wanted.is_by_scheme and usable):
            exact = (ServicePort("", "UDP" if wanted.is_udp else "TCP", wanted.port, wanted.port),)
        if exact or not (wanted.is_by_scheme and service.headless):
            return exact, wanted.confidence
    among = tuple(port for port in usable if port.number in wanted.among)
    if among:
        return among, weaker(wanted.confidence, MEDIUM)
    for likely in wanted.likely:
        exact = tuple(port for port in usable if port.number == likely and port.protocol == "TCP")
        if exact:
            return exact, weaker(wanted.confidence, MEDIUM)
    if len(usable) == 1:
        return usable, weaker(wanted.confidence, MEDIUM)
    return usable, LOW


def _is_meant(port: ServicePort, wanted: Wanted) -> bool:
    if wanted.by_target:
        return wanted.port in {port.name, port.target}
    return wanted.port == (port.number if isinstance(wanted.port, int) else port.name)


def _no_port(fact: ServiceFact, wanted: Wanted) -> Miss:
    service = fact.service
    has = ", ".join(f"{port.protocol} {port.number}" for port in service.ports[:8]) or "none"
    if wanted.port is None:
        return Miss(NO_PORT, f"no port is written, and the Service {service.name} has none")
    return Miss(NO_SUCH_PORT, f"the Service {service.name} has no port {wanted.port}; its ports: {has}")


def pod_ports(port: ServicePort, workload: Workload) -> tuple[str, ...]:
    """The pods' ports behind a Service's port; a name means whatever containers declare it."""
    if isinstance(port.target, int):
        return (f"{port.protocol} {port.target}",)
    return tuple(
        f"{own.protocol} {own.number}"
        for own in workload.ports
        if own.name == port.target and own.protocol == port.protocol
    )
