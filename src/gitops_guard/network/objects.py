"""Connections of which other objects than workloads speak: entry points, webhooks, monitoring, rights on the API."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from gitops_guard.network import evidence as words
from gitops_guard.network.addresses import cidrs
from gitops_guard.network.collection import Collection
from gitops_guard.network.evidence import HIGH, LOW, MEDIUM, Evidence, Unresolved
from gitops_guard.network.material import Material
from gitops_guard.network.names import Directory, Miss, Own, ServiceFact, ToService
from gitops_guard.network.reach import API_PORTS, Landing, Reach, Reached, Wanted, pod_ports
from gitops_guard.network.sources.accounts import Rights
from gitops_guard.network.sources.entries import Request
from gitops_guard.network.sources.monitoring import Monitor, ScrapedPort, scrape
from gitops_guard.network.sources.pods import PodFact

T = TypeVar("T")

_SCRAPERS = ("prom/prometheus", "prometheus/prometheus", "victoriametrics/vmagent", "grafana/agent", "grafana/alloy")
_CONTROLLERS = {
    "ingress-nginx/controller": "nginx",
    "nginx-ingress-controller": "nginx",
    "nginx/nginx-ingress": "nginx",
    "library/traefik": "traefik",
    "traefik/traefik": "traefik",
    "haproxy-ingress": "haproxy",
    "haproxytech/kubernetes-ingress": "haproxy",
    "kong/kubernetes-ingress-controller": "kong",
}
_MESH = "a route between workloads (its parent is a Service): not modelled"


class _Objects:
    """One pass over the objects."""

    def __init__(self, found: Material, reach: Reach, directory: Directory, collected: Collection) -> None:
        self.found = found
        self.reach = reach
        self.directory = directory
        self.collected = collected
        self.services: dict[str, list[ServiceFact]] = {}
        for fact in found.services:
            self.services.setdefault(fact.service.namespace, []).append(fact)
        self.pods: dict[str, list[PodFact]] = {}
        for pod in found.pods:
            self.pods.setdefault(pod.workload.namespace, []).append(pod)
        self.scrapers = tuple(_running(found.pods, _SCRAPERS))
        self.controllers = tuple(
            (family, one) for image, family in _CONTROLLERS.items() for one in _running(found.pods, (image,))
        )

    def edges(self, source: str, reached: Reached, proof: Evidence, via: str = "") -> None:
        """Adds what a source reaches."""
        for landing in reached.landings:
            if landing.target != source:
                self.collected.edge(source, landing, proof, via)
        self.collected.resolved += 1

    def missed(self, source: str, miss: Miss, reference: str, proof: Evidence) -> None:
        """Adds what leads nowhere."""
        self.collected.unresolved(Unresolved(source, reference, miss.reason, miss.detail, proof))

    def service(
        self, fact: ServiceFact, port: int | str | None, *, confidence: str = HIGH, by_target: bool = False
    ) -> Reached | Miss:
        """What a port of a Service reaches."""
        reached = self.reach.destination(
            ToService(fact), Wanted(port, confidence=confidence, by_target=by_target), fact.path
        )
        return Miss(words.SELF, "it leads to the pod itself") if isinstance(reached, Own) else reached


def add_objects(found: Material, reach: Reach, directory: Directory, collected: Collection) -> None:
    """Adds the connections that objects other than workloads speak of."""
    objects = _Objects(found, reach, directory, collected)
    for request in found.requests:
        _request(objects, request)
    for fact in found.services:
        _exposed(objects, fact)
        _annotated(objects, fact)
    for monitor in found.monitors:
        _monitored(objects, monitor)
    rights = Rights(found.bindings, found.tokens)
    for pod in found.pods:
        _host_ports(objects, pod)
        _scraped_pod(objects, pod)
        _api_access(objects, pod, rights)


def _running(pods: Iterable[PodFact], images: tuple[str, ...]) -> Iterator[str]:
    """The workloads that run one of some images."""
    for pod in pods:
        if any(_is_image(container.image, image) for container in pod.containers for image in images):
            yield pod.workload.id


def _is_image(written: str, image: str) -> bool:
    repository = written.partition("@")[0]
    head, slash, last = repository.rpartition("/")
    full = head + slash + last.partition(":")[0]
    if "/" not in full:
        full = f"library/{full}"
    return full == image or full.endswith(f"/{image}")


def _request(objects: _Objects, request: Request) -> None:
    """An Ingress, a route or a client of the API server sends to a Service."""
    proof = Evidence(request.place, request.source, request.text, HIGH)
    if request.is_mesh:
        objects.missed(request.owner, Miss(words.UNSUPPORTED, _MESH), request.text, proof)
        return
    fact = objects.directory.service(request.namespace, request.service, request.path)
    reached = fact if isinstance(fact, Miss) else objects.service(fact, request.port, by_target=request.by_target)
    if isinstance(reached, Miss):
        objects.missed(request.owner, reached, request.text, proof)
        return
    source = _controller(objects, request)
    proof = proof._replace(confidence=reached.confidence)
    objects.edges(source, reached, proof, request.via)


def _controller(objects: _Objects, request: Request) -> str:
    """The workload that serves an Ingress, if the repository has just one that can; else `external`."""
    if request.source != "Ingress":
        return words.EXTERNAL
    chosen = request.chosen_class.lower()
    able = {one for family, one in objects.controllers if not chosen or family in chosen}
    return able.pop() if len(able) == 1 else words.EXTERNAL


def _exposed(objects: _Objects, fact: ServiceFact) -> None:
    """A Service that is open to the outside: every port of it."""
    service = fact.service
    via = {"LoadBalancer": words.VIA_LOAD_BALANCER, "NodePort": words.VIA_NODE_PORT}.get(service.type, "")
    via = via or (words.VIA_LOAD_BALANCER if fact.published else "")
    if not via:
        return
    named = service.type if service.type in {"LoadBalancer", "NodePort"} else "externalIPs"
    for port in service.ports:
        text = f"{named} {service.name}:{port.number}"
        proof = Evidence(service.place, "Service", text, HIGH)
        reached = objects.service(fact, port.name or port.number)
        if isinstance(reached, Miss):
            objects.missed(f"{service.namespace}/Service/{service.name}", reached, text, proof)
            continue
        ranges = () if service.source_ranges is None else tuple(cidrs(service.source_ranges))
        for source in ranges or (words.EXTERNAL,):
            objects.edges(source, reached, proof, via)


def _host_ports(objects: _Objects, pod: PodFact) -> None:
    for container in pod.containers:
        for port in container.host_ports:
            proof = Evidence(port.place, "hostPort", f"hostPort for {port.protocol} {port.number}", MEDIUM)
            landing = Landing(pod.workload.id, (f"{port.protocol} {port.number}",))
            objects.collected.edge(words.EXTERNAL, landing, proof, words.VIA_HOST_PORT)
            objects.collected.resolved += 1


def _scraping(objects: _Objects) -> str:
    return objects.scrapers[0] if len(set(objects.scrapers)) == 1 else words.EXTERNAL


def _annotated(objects: _Objects, fact: ServiceFact) -> None:
    """`prometheus.io/scrape` on a Service: its endpoints are scraped, on the pods' own port."""
    asked = scrape(fact.annotations)
    service, selector = fact.service, fact.service.selector
    if asked is None or selector is None:
        return
    proof = Evidence(service.place, "annotation", _scrape_text(asked.port), HIGH if asked.port else LOW)
    pods = objects.reach.pods(service.namespace, selector, fact.path)
    if not pods:
        miss = Miss(words.NO_WORKLOAD, f"the Service {service.name} selects no workload of the repository")
        objects.missed(f"{service.namespace}/Service/{service.name}", miss, proof.text, proof)
    for pod in pods:
        ports = (f"TCP {asked.port}",) if asked.port else (*_behind(fact, pod), *_declared(pod))
        _scraped(objects, pod, tuple(dict.fromkeys(ports)), proof)


def _scraped_pod(objects: _Objects, pod: PodFact) -> None:
    asked = scrape(pod.annotations)
    if asked is not None:
        proof = Evidence(pod.annotation_place, "annotation", _scrape_text(asked.port), HIGH if asked.port else LOW)
        _scraped(objects, pod, (f"TCP {asked.port}",) if asked.port else _declared(pod), proof)


def _scrape_text(port: int | None) -> str:
    return f"prometheus.io/port: {port}" if port else "prometheus.io/scrape without port: every declared port"


def _behind(fact: ServiceFact, pod: PodFact) -> tuple[str, ...]:
    """The TCP ports of a pod that a Service sends to."""
    return tuple(port for one in fact.service.ports if one.protocol == "TCP" for port in pod_ports(one, pod.workload))


def _declared(pod: PodFact) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"TCP {port.number}" for port in pod.workload.ports if port.protocol == "TCP"))


def _scraped(objects: _Objects, pod: PodFact, ports: tuple[str, ...], proof: Evidence) -> None:
    if not ports:
        miss = Miss(words.NO_PORT, "the annotations name no port, and no container declares one")
        objects.missed(pod.workload.id, miss, proof.text, proof)
        return
    objects.edges(
        _scraping(objects), Reached((Landing(pod.workload.id, ports),), proof.confidence), proof, words.VIA_MONITORING
    )


def _monitored(objects: _Objects, monitor: Monitor) -> None:
    """A ServiceMonitor or PodMonitor."""
    count = 0
    for port in monitor.ports:
        proof = Evidence(port.place, monitor.kind, port.text, HIGH)
        for reached in _targets(objects, monitor, port):
            count += 1
            if isinstance(reached, Miss):
                objects.missed(monitor.id, reached, port.text, proof)
            else:
                objects.edges(
                    _scraping(objects), reached, proof._replace(confidence=reached.confidence), words.VIA_MONITORING
                )
    if not count:
        what = "Service" if monitor.kind == "ServiceMonitor" else "workload"
        miss = Miss(words.NO_WORKLOAD, f"its selector matches no {what} of the repository")
        objects.missed(monitor.id, miss, monitor.kind, Evidence(monitor.place, monitor.kind, monitor.kind, LOW))


def _targets(objects: _Objects, monitor: Monitor, port: ScrapedPort) -> Iterator[Reached | Miss]:
    if monitor.kind == "ServiceMonitor":
        for fact in _in(objects.services, monitor):
            if monitor.selector.matches(fact.labels):
                yield _of_target_port(objects, fact, port) if port.by_target else objects.service(fact, port.port)
        return
    for pod in _in(objects.pods, monitor):
        if monitor.selector.matches(pod.workload.labels):
            yield _of_pod(pod, port)


def _in(by_namespace: dict[str, list[T]], monitor: Monitor) -> Iterator[T]:
    for namespace in sorted(by_namespace) if monitor.namespaces is None else sorted(monitor.namespaces):
        yield from by_namespace.get(namespace, ())


def _of_target_port(objects: _Objects, fact: ServiceFact, port: ScrapedPort) -> Reached | Miss:
    """`targetPort` of a monitor is a port of the containers."""
    service = fact.service
    pods = () if service.selector is None else objects.reach.pods(service.namespace, service.selector, fact.path)
    found = tuple(one for pod in pods for one in _landings(_of_pod(pod, port)))
    if found:
        return Reached(found, HIGH, (fact,))
    return Miss(words.NO_SUCH_PORT, f"no pod behind the Service {service.name} has the port {port.port}")


def _landings(reached: Reached | Miss) -> tuple[Landing, ...]:
    return reached.landings if isinstance(reached, Reached) else ()


def _of_pod(pod: PodFact, port: ScrapedPort) -> Reached | Miss:
    if isinstance(port.port, int):
        return Reached((Landing(pod.workload.id, (f"TCP {port.port}",)),), HIGH)
    ports = tuple(f"TCP {own.number}" for own in pod.workload.ports if port.port in {None, own.name})
    if not ports:
        return Miss(words.NO_SUCH_PORT, f"no container of {pod.workload.id} declares the port {port.port}")
    return Reached((Landing(pod.workload.id, ports),), HIGH if port.port else LOW)


def _api_access(objects: _Objects, pod: PodFact, rights: Rights) -> None:
    """A workload with rights and a token: it talks to the API server."""
    binding = rights.of(pod)
    if binding is None:
        return
    who = (
        f"ServiceAccount {pod.account.name}"
        if binding.account
        else f"every ServiceAccount of {binding.namespace or 'the cluster'}"
    )
    proof = Evidence(
        pod.account.place,
        "RBAC",
        f"{who} has rights by {binding.binding}",
        MEDIUM if binding.account else LOW,
        binding.place,
    )
    landing = Landing(words.EXTERNAL, API_PORTS, host="kubernetes.default.svc", via=words.VIA_API_SERVER)
    objects.collected.edge(pod.workload.id, landing, proof)
    objects.collected.resolved += 1
