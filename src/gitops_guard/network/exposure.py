"""What Services, Ingresses and routes make reachable from outside, as far as the policies let it.

A connection through a load balancer or a node port comes from an address outside, and policies see that address (or a
node's). One through an Ingress or a route comes from the pod of an ingress controller, whose namespace and labels the
manifests do not say: it is surely allowed only where every pod of every namespace is.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gitops_guard.model.selector import Selector
from gitops_guard.network import ports as port_sets
from gitops_guard.network.addresses import ALL_ADDRESSES, NO_ADDRESSES
from gitops_guard.network.cluster import Backend, Cluster, EntryPoint, RulePort, Service, ServicePort, Workload
from gitops_guard.network.connections import Exposure, Reach
from gitops_guard.network.population import Population, bits, on
from gitops_guard.network.ports import PortSet

OPEN = "open"
PARTLY = "partly"
DEPENDS = "depends"
CLOSED = "closed"


class Admitted(NamedTuple):
    """The ports that a workload opens to an unknown pod: surely, and at most."""

    surely: PortSet
    at_most: PortSet


def exposures(
    cluster: Cluster, population: Population, reach: dict[int, Reach], admitted: Callable[[int], Admitted]
) -> Iterator[Exposure]:
    """Everything that is meant to be reachable from outside, in the order of the objects."""
    services = {(service.namespace, service.name): service for service in cluster.services}
    for service in cluster.services:
        if service.type in {"LoadBalancer", "NodePort"}:
            for number, asked in _targets(service, service.ports, population):
                yield _through_service(service, population.workloads[number], asked, reach[number])
    for entry in cluster.entry_points:
        yield from _through_entry(entry, services, population, admitted)


def _targets(service: Service, ports: Iterable[ServicePort], population: Population) -> Iterator[tuple[int, PortSet]]:
    """The workloads behind a Service, each with the ports that it listens on."""
    if service.selector is None:
        return
    rule = tuple(_target(port) for port in ports)
    members = population.in_namespace(service.namespace) & population.pods(Selector(service.selector))
    for number in bits(members):
        yield number, on(population.workloads[number], rule)


def _target(port: ServicePort) -> RulePort:
    if isinstance(port.target, str):
        return RulePort(port.protocol, 0, 0, port.target)
    return RulePort(port.protocol, port.target, port.target)


def _through_service(service: Service, workload: Workload, asked: PortSet, reach: Reach) -> Exposure:
    wanted = ALL_ADDRESSES if service.source_ranges is None else service.source_ranges
    addresses, ports, whole = NO_ADDRESSES, port_sets.NO_PORTS, True
    for opened, region in reach.incoming:
        both = opened.intersection(asked)
        if not both.is_empty and region & wanted:
            addresses |= region & wanted
            ports = ports.union(both)
            whole = whole and both == asked
    verdict = CLOSED if ports.is_empty else OPEN if whole and addresses == wanted else PARTLY
    name = f"{service.namespace}/Service/{service.name}"
    return Exposure(workload.id, name, name, asked, ports, addresses, verdict, service.place)


def _through_entry(
    entry: EntryPoint,
    services: dict[tuple[str, str], Service],
    population: Population,
    admitted: Callable[[int], Admitted],
) -> Iterator[Exposure]:
    for backend in entry.backends:
        service = services.get((backend.namespace, backend.service))
        if service is None:
            continue
        for number, asked in _targets(service, _asked(service, backend), population):
            if not asked.is_empty:
                yield _through_controller(entry, service, population.workloads[number], asked, admitted(number))


def _asked(service: Service, backend: Backend) -> Iterator[ServicePort]:
    """The ports of a Service that a backend names; some controllers take the number for that of the pods."""
    for port in service.ports:
        if backend.port is None or backend.port in {port.name, port.number, port.target}:
            yield port


def _through_controller(
    entry: EntryPoint, service: Service, workload: Workload, asked: PortSet, admitted: Admitted
) -> Exposure:
    ports = admitted.surely.intersection(asked)
    possible = admitted.at_most.intersection(asked)
    verdict = OPEN if ports == asked else CLOSED if possible.is_empty else DEPENDS
    return Exposure(
        workload.id,
        f"{entry.namespace}/{entry.kind}/{entry.name}",
        f"{service.namespace}/Service/{service.name}",
        asked,
        ports,
        None,
        verdict,
        entry.place,
    )
