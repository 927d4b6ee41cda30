"""Who is scraped: by annotations of Services and pods, by ServiceMonitors and PodMonitors."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.model.selector import Labels, Selector, selector
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Located
from gitops_guard.syntax.field import Field

MONITOR_KINDS = frozenset(("PodMonitor", "ServiceMonitor"))
_SCRAPE = "prometheus.io/scrape"
_PORT = "prometheus.io/port"


class ScrapedPort(NamedTuple):
    """A port that a monitor scrapes: by name (`port`), or by the pods' port (`by_target`)."""

    port: int | str | None
    by_target: bool
    place: Place
    text: str


class Monitor(NamedTuple):
    """A ServiceMonitor or PodMonitor. `namespaces` None: all of them."""

    id: str
    kind: str
    selector: Selector
    namespaces: frozenset[str] | None
    ports: tuple[ScrapedPort, ...]
    place: Place


class Scrape(NamedTuple):
    """What annotations ask for; `port` is None where they name none."""

    port: int | None


def monitor(located: Located) -> Monitor | None:
    """Reads a monitor of the Prometheus operator."""
    obj = located.object
    if obj.kind not in MONITOR_KINDS or obj.api_group not in {"monitoring.coreos.com", "azmonitoring.coreos.com"}:
        return None
    own = obj.identity.namespace or DEFAULT_NAMESPACE
    spec = obj.spec
    where = spec["namespaceSelector"]
    named = frozenset(item.text for item in where["matchNames"].items())
    ports = spec["endpoints" if obj.kind == "ServiceMonitor" else "podMetricsEndpoints"]
    return Monitor(
        f"{own}/{obj.kind}/{obj.identity.name}",
        obj.kind,
        selector(spec["selector"]),
        None if where["any"].is_true else named or frozenset((own,)),
        tuple(_ports(ports, located)),
        located.place_of(obj.field),
    )


def _ports(endpoints: Field, located: Located) -> Iterator[ScrapedPort]:
    for item in endpoints.items():
        for key, by_target in (("port", False), ("targetPort", True), ("portNumber", True)):
            field = item[key]
            value = field.string or field.integer
            if value:
                yield ScrapedPort(value, by_target, located.place_of(field), f"{key}: {value}")
                break
        else:
            yield ScrapedPort(None, by_target=False, place=located.place_of(item), text="an endpoint without port")


def scrape(annotations: Labels) -> Scrape | None:
    """What the annotations of a Service or pod say."""
    found = {key.removeprefix("k8s.grafana.com/"): value for key, value in annotations}
    if found.get(_SCRAPE, "").lower() != "true":
        return None
    port = found.get(_PORT, "")
    return Scrape(int(port) if port.isascii() and port.isdecimal() and 0 < int(port[:6]) <= _LAST else None)


_LAST = 65535
