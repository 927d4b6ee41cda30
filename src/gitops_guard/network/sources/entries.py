"""What sends requests to a Service by an object that says so: Ingress, routes, webhooks, aggregated APIs."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Located
from gitops_guard.network.evidence import VIA_API_SERVER, VIA_INGRESS
from gitops_guard.syntax.field import Field

_HTTPS = 443
_GATEWAY = "gateway.networking.k8s.io"
_ROUTES = frozenset(("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"))
_CLASS = "kubernetes.io/ingress.class"


class Request(NamedTuple):
    """A Service that something outside of the workloads sends to.

    `owner` is the object that says so, as `namespace/Kind/name`. `port` is None where none is written. `chosen_class`
    is the class of an Ingress. `by_target`: as in `reach.Wanted`. `is_mesh`: it is about traffic between workloads.
    `path` is the file that says so.
    """

    owner: str
    source: str
    via: str
    namespace: str
    service: str
    port: int | str | None
    text: str
    place: Place
    path: str
    chosen_class: str = ""
    by_target: bool = False
    is_mesh: bool = False


def requests(located: Located) -> Iterator[Request]:
    """The Services that an object sends to; nothing for objects of other kinds."""
    obj = located.object
    match obj.kind:
        case "Ingress" if obj.api_group in {"networking.k8s.io", "extensions"}:
            yield from _of_ingress(located)
        case "Route" if obj.api_group in {"route.openshift.io", ""}:
            yield from _of_route(located)
        case kind if kind in _ROUTES and obj.api_group == _GATEWAY:
            yield from _of_gateway(located)
        case "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration":
            for hook in obj.field["webhooks"].items():
                yield from _of_client(located, hook["clientConfig"]["service"])
        case "CustomResourceDefinition":
            conversion = obj.spec["conversion"]
            yield from _of_client(located, conversion["webhook"]["clientConfig"]["service"])
            yield from _of_client(located, conversion["webhookClientConfig"]["service"])
        case "APIService":
            yield from _of_client(located, obj.spec["service"])


REQUEST_KINDS = _ROUTES | {
    "APIService",
    "CustomResourceDefinition",
    "Ingress",
    "MutatingWebhookConfiguration",
    "Route",
    "ValidatingWebhookConfiguration",
}
"""The kinds that `requests` reads."""


def _owner(located: Located) -> tuple[str, str]:
    identity = located.object.identity
    namespace = identity.namespace or DEFAULT_NAMESPACE
    return namespace, f"{namespace}/{identity.kind}/{identity.name}"


def _of_ingress(located: Located) -> Iterator[Request]:
    namespace, owner = _owner(located)
    spec = located.object.spec
    chosen = spec["ingressClassName"].text or located.object.metadata["annotations"][_CLASS].text
    backends = [spec["defaultBackend"], spec["backend"]]
    for rule in spec["rules"].items():
        backends += (path["backend"] for path in rule["http"]["paths"].items())
    for backend in backends:
        name = backend["service"]["name"] if backend["service"].exists else backend["serviceName"]
        port = backend["service"]["port"]
        wanted = port["name"].string or port["number"].integer or _either(backend["servicePort"])
        if name.text:
            text = f"{name.text}:{wanted}" if wanted else name.text
            place = located.place_of(name)
            yield Request(
                owner, "Ingress", VIA_INGRESS, namespace, name.text, wanted, text, place, located.path, chosen
            )


def _of_route(located: Located) -> Iterator[Request]:
    namespace, owner = _owner(located)
    spec = located.object.spec
    port = _either(spec["port"]["targetPort"])
    for target in (spec["to"], *spec["alternateBackends"].items()):
        name = target["name"]
        if name.text and target["kind"].text in {"", "Service"}:
            text = f"{name.text}:{port}" if port else name.text
            place = located.place_of(name)
            yield Request(
                owner, "Route", VIA_INGRESS, namespace, name.text, port, text, place, located.path, by_target=True
            )


def _of_gateway(located: Located) -> Iterator[Request]:
    namespace, owner = _owner(located)
    spec = located.object.spec
    kind = located.object.kind
    parents = [parent["kind"].text or "Gateway" for parent in spec["parentRefs"].items()]
    mesh = bool(parents) and all(parent == "Service" for parent in parents)
    for rule in spec["rules"].items():
        mirrors = (one["requestMirror"]["backendRef"] for one in rule["filters"].items())
        for backend in (*rule["backendRefs"].items(), *mirrors):
            name, port = backend["name"], backend["port"].integer
            if name.text and backend["kind"].text in {"", "Service"} and not backend["group"].text:
                text = f"{name.text}:{port}" if port else name.text
                place = located.place_of(name)
                target = backend["namespace"].text or namespace
                yield Request(
                    owner, kind, VIA_INGRESS, target, name.text, port, text, place, located.path, is_mesh=mesh
                )


def _of_client(located: Located, service: Field) -> Iterator[Request]:
    """The API server calls a Service, on 443 where no port is written."""
    name = service["name"]
    if not name.text:
        return
    kind, named = located.object.kind, located.object.identity.name
    namespace = service["namespace"].text or DEFAULT_NAMESPACE
    port = service["port"].integer or _HTTPS
    text, place = f"{namespace}/{name.text}:{port}", located.place_of(name)
    yield Request(f"{kind}/{named}", kind, VIA_API_SERVER, namespace, name.text, port, text, place, located.path)


def _either(field: Field) -> int | str | None:
    return field.string or field.integer
