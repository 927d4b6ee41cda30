"""What objects install whose pods no manifest shows: charts, and a Prometheus of its operator."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Located

INSTALLING_KINDS = frozenset(("Application", "HelmChart", "HelmRelease", "Prometheus"))
"""The kinds that `installed` reads."""


class Installed(NamedTuple):
    """A chart by its name, the namespace that its pods are in, and the object that says so."""

    name: str
    namespace: str
    by: str


def installed(objects: Iterable[Located]) -> tuple[Installed, ...]:
    """All that is installed; charts that are rendered before they are read here do not count."""
    return tuple(one for located in objects for one in _of(located))


def _of(located: Located) -> Iterator[Installed]:
    obj = located.object
    own, spec, by = obj.identity.namespace or DEFAULT_NAMESPACE, obj.spec, str(obj.identity)
    match obj.kind:
        case "HelmRelease" if obj.api_group == "helm.toolkit.fluxcd.io":
            chart = spec["chart"]["spec"]["chart"].text or spec["chartRef"]["name"].text
            yield Installed(_last(chart), spec["targetNamespace"].text or own, by)
        case "HelmChart" if obj.api_group == "helm.cattle.io":
            yield Installed(_last(spec["chart"].text), spec["targetNamespace"].text or own, by)
        case "Application" if obj.api_group == "argoproj.io":
            target = spec["destination"]["namespace"].text
            for source in (spec["source"], *spec["sources"].items()):
                if target and source["chart"].text:
                    yield Installed(_last(source["chart"].text), target, by)
        case "Prometheus" if obj.api_group == "monitoring.coreos.com":
            yield Installed("prometheus", own, by)


def _last(chart: str) -> str:
    return chart.rpartition("/")[2]
