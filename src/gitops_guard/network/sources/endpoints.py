"""Reads Endpoints and EndpointSlices that are written by hand, behind Services without selector."""

from collections.abc import Iterable

from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Located
from gitops_guard.network.reach import EndpointFact
from gitops_guard.network.references import address, is_host
from gitops_guard.syntax.field import Field

_SERVICE = "kubernetes.io/service-name"
ENDPOINT_KINDS = frozenset(("Endpoints", "EndpointSlice"))


def endpoints(located: Located) -> tuple[EndpointFact, ...]:
    """The addresses of an object of these kinds; an IP address becomes a block of one address."""
    obj = located.object
    namespace = obj.identity.namespace or DEFAULT_NAMESPACE
    place = located.place_of(obj.field)
    if obj.kind == "Endpoints":
        return tuple(
            EndpointFact(
                namespace,
                obj.identity.name,
                tuple(_addresses(item["ip"].text for item in _all(subset))),
                tuple(_pods(_all(subset))),
                _ports(subset["ports"]),
                place,
            )
            for subset in obj.field["subsets"].items()
        )
    service = obj.metadata["labels"][_SERVICE].text
    if obj.kind != "EndpointSlice" or not service:
        return ()
    items = tuple(obj.field["endpoints"].items())
    texts = (entry.text for item in items for entry in item["addresses"].items())
    ports = _ports(obj.field["ports"])
    return (EndpointFact(namespace, service, tuple(_addresses(texts)), tuple(_pods(items)), ports, place),)


def _all(subset: Field) -> tuple[Field, ...]:
    return (*subset["addresses"].items(), *subset["notReadyAddresses"].items())


def _addresses(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        literal = address(text)
        if literal is not None:
            yield f"{literal}/{literal.max_prefixlen}"
        elif is_host(text):
            yield text.lower()


def _pods(items: Iterable[Field]) -> Iterable[str]:
    for item in items:
        if item["targetRef"]["kind"].text == "Pod" and item["targetRef"]["name"].text:
            yield item["targetRef"]["name"].text


def _ports(ports: Field) -> tuple[tuple[str, str, int], ...]:
    return tuple(
        (port["name"].text, port["protocol"].text or "TCP", number)
        for port in ports.items()
        if (number := port["port"].integer) is not None
    )
