"""Ingress controllers and monitoring that a repository installs: where connections from elsewhere come from."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.network.existing import Existing, Subject
from gitops_guard.network.installed import Installed
from gitops_guard.network_settings import NetworkSettings, PodsAt, pods_in

_NAME = "app.kubernetes.io/name"
_CONTROLLERS = frozenset(("haproxy-ingress", "ingress-nginx", "kong", "kubernetes-ingress", "nginx-ingress", "traefik"))
_SCRAPERS = frozenset(("alloy", "kube-prometheus-stack", "prometheus", "victoria-metrics-agent", "vmagent"))
_PODS_OF = {"kube-prometheus-stack": "prometheus"}
"""The name that a chart gives its pods, where it is not its own."""

_WORKLOADS = {
    "ingress-nginx-controller": "ingress-nginx",
    "nginx-ingress-controller": "nginx-ingress",
    "prometheus-server": "prometheus",
}


class _Found(NamedTuple):
    name: str
    at: PodsAt


def discovered(around: Existing, settings: NetworkSettings) -> NetworkSettings:
    """The settings with what the repository itself says of controllers and monitoring, where they say nothing."""
    found = [*_workloads(around.subjects), *_charts(around.installed)]
    return settings._replace(
        ingress_controllers=settings.ingress_controllers or _of(found, _CONTROLLERS),
        monitoring=settings.monitoring or _of(found, _SCRAPERS),
    )


def _of(found: Iterable[_Found], names: frozenset[str]) -> tuple[PodsAt, ...]:
    chosen: dict[tuple[object, ...], PodsAt] = {}
    for one in found:
        if one.name in names:
            chosen.setdefault((one.at.namespaces, one.at.pods), one.at)
    return tuple(chosen.values())


def _workloads(subjects: Iterable[Subject]) -> Iterator[_Found]:
    for subject in subjects:
        own = subject.workload
        name = dict(own.labels).get(_NAME) or _WORKLOADS.get(own.name, own.name)
        if name in _CONTROLLERS | _SCRAPERS and subject.selector.labels and not own.host_network:
            yield _Found(name, pods_in(own.namespace, subject.selector.labels, own.id))


def _charts(installed: Iterable[Installed]) -> Iterator[_Found]:
    for one in installed:
        if one.name in _CONTROLLERS | _SCRAPERS:
            yield _Found(one.name, pods_in(one.namespace, ((_NAME, _PODS_OF.get(one.name, one.name)),), one.by))
