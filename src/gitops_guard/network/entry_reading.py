"""Reads Services, and what sends requests from outside to them: Ingress, Gateway API routes, OpenShift Route."""

from collections.abc import Iterator

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.selector import labels
from gitops_guard.network.addresses import AddressSet, joined
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Backend, EntryPoint, Service, ServicePort
from gitops_guard.network.policy_reading import cidr
from gitops_guard.network.strict_reading import Errors
from gitops_guard.syntax.field import Field

GATEWAY_ROUTES = frozenset(("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"))
_GROUPS = {"Ingress": ("networking.k8s.io", "extensions"), "Route": ("route.openshift.io", "")}
ENTRY_KINDS = GATEWAY_ROUTES | frozenset(_GROUPS)


def service(obj: KubernetesObject, errors: Errors) -> Service:
    """Reads a Service of the core group."""
    spec = obj.spec
    chosen = labels(spec["selector"])
    ranges = tuple(spec["loadBalancerSourceRanges"].items())
    kind = spec["type"].text or "ClusterIP"
    return Service(
        obj.identity.namespace or DEFAULT_NAMESPACE,
        obj.identity.name,
        kind,
        tuple(sorted(chosen)) if chosen and kind != "ExternalName" else None,
        tuple(_service_ports(spec["ports"])),
        spec["clusterIP"].string == "None",
        spec["externalName"].text if kind == "ExternalName" else "",
        _ranges(ranges, errors) if ranges else None,
        errors.place(obj.field),
    )


def _ranges(ranges: tuple[Field, ...], errors: Errors) -> AddressSet:
    return joined(cidr(item, errors) for item in ranges)


def _service_ports(field: Field) -> Iterator[ServicePort]:
    for port in field.items():
        number = port["port"].integer
        if number is None:
            continue
        target = port["targetPort"]
        yield ServicePort(
            port["name"].text,
            port["protocol"].text or "TCP",
            number,
            target.string or target.integer or number,
            port["nodePort"].integer,
        )


def entry_point(obj: KubernetesObject, errors: Errors) -> EntryPoint | None:
    """Reads an Ingress or a route; None for an object of another API with such a kind."""
    groups = _GROUPS.get(obj.kind, ("gateway.networking.k8s.io",))
    if obj.api_group not in groups:
        return None
    own = obj.identity.namespace or DEFAULT_NAMESPACE
    match obj.kind:
        case "Ingress":
            backends = _of_ingress(obj.spec, own)
        case "Route":
            backends = _of_route(obj.spec, own)
        case _:
            backends = _of_gateway_route(obj.spec, own)
    found = tuple(dict.fromkeys(backend for backend in backends if backend.service))
    return EntryPoint(obj.kind, own, obj.identity.name, found, errors.place(obj.field))


def _of_ingress(spec: Field, own: str) -> Iterator[Backend]:
    written = [spec["defaultBackend"], spec["backend"]]
    for rule in spec["rules"].items():
        written += (path["backend"] for path in rule["http"]["paths"].items())
    for backend in written:
        port = backend["service"]["port"]
        name = backend["service"]["name"].text or backend["serviceName"].text
        yield Backend(own, name, port["name"].string or port["number"].integer or _either(backend["servicePort"]))


def _of_route(spec: Field, own: str) -> Iterator[Backend]:
    port = _either(spec["port"]["targetPort"])
    for target in (spec["to"], *spec["alternateBackends"].items()):
        if target["kind"].text in {"", "Service"}:
            yield Backend(own, target["name"].text, port)


def _of_gateway_route(spec: Field, own: str) -> Iterator[Backend]:
    for rule in spec["rules"].items():
        for backend in rule["backendRefs"].items():
            if backend["kind"].text in {"", "Service"} and not backend["group"].text:
                yield Backend(backend["namespace"].text or own, backend["name"].text, backend["port"].integer)


def _either(field: Field) -> int | str | None:
    return field.string or field.integer
