"""What is reachable from outside the cluster."""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey, SetValue
from gitops_guard.finding import HIGH, MEDIUM
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, display_only, needs_review
from gitops_guard.syntax.field import Field

_INTERNAL = (
    ("service.beta.kubernetes.io/aws-load-balancer-internal", "true"),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
    ("networking.gke.io/load-balancer-type", "internal"),
    ("cloud.google.com/load-balancer-type", "internal"),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", "true"),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", "private"),
)


def check_service(service: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports Services that open a port on every node, or an unlimited load balancer."""
    kind = service.spec["type"]
    if service.api_group or kind.string not in {"NodePort", "LoadBalancer"}:
        return
    if kind.string == "NodePort":
        yield Problem(kind, "opens its ports on every node of the cluster, to whoever reaches a node")
    elif not any(True for _ in service.spec["loadBalancerSourceRanges"].items()) and not _is_internal(service):
        yield Problem(kind, "asks for a load balancer that is open to every address")


def _is_internal(service: KubernetesObject) -> bool:
    annotations = service.metadata["annotations"]
    return any(annotations[key].text.lower() == value for key, value in _INTERNAL)


def check_external_ips(service: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports Services with external addresses."""
    addresses = service.spec["externalIPs"]
    if service.api_group or not any(True for _ in addresses.items()):
        return
    yield Problem(
        addresses,
        "takes over traffic to these addresses on every node of the cluster, whoever owns them",
        fix=needs_review(
            "remove externalIPs",
            DeleteKey(addresses.keypath),
            note="who reaches the Service by these addresses does so no more",
        ),
    )


def check_plain_http(obj: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports Ingresses without TLS, and Gateway listeners for HTTP beside which there is none for HTTPS."""
    if obj.kind == "Ingress" and obj.api_group in {"networking.k8s.io", "extensions"}:
        if not any(True for _ in obj.spec["tls"].items()):
            yield Problem(obj.spec["tls"], "serves without TLS: everybody on the way reads along", fix=_tls(obj))
    elif obj.kind == "Gateway" and obj.api_group == "gateway.networking.k8s.io":
        listeners = list(obj.spec["listeners"].items())
        if not any(listener["protocol"].text in {"HTTPS", "TLS"} for listener in listeners):
            for listener in listeners:
                if listener["protocol"].string == "HTTP":
                    yield Problem(listener["protocol"], f"listener {_name(listener)} serves without TLS")


def _name(listener: Field) -> str:
    return listener["name"].text or str(listener.key)


def _tls(ingress: KubernetesObject) -> Fix | None:
    hosts = [rule["host"].text for rule in ingress.spec["rules"].items() if rule["host"].text]
    name = ingress.identity.name
    if not hosts or not name or ingress.spec["tls"].exists:
        return None
    return display_only(
        "serve the hosts with TLS",
        SetValue(ingress.spec["tls"].keypath, [{"hosts": list(dict.fromkeys(hosts)), "secretName": f"{name}-tls"}]),
        note=f"a Secret {name}-tls with the certificate must exist, or be requested from cert-manager",
    )


_SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: 80\n"
_ADDRESSES = "  externalIPs:\n    - 192.0.2.10\n"
_INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
"""
_GATEWAY = """apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: web
spec:
  gatewayClassName: public
  listeners:
    - name: http
      port: 80
      protocol: HTTP
"""

SERVICE = Rule(
    id="GG-NET-013",
    name="exposed-service",
    title="Service of type NodePort/LoadBalancer without source range or internal annotation",
    severity=MEDIUM,
    applies_to=KubernetesObject,
    kinds=("Service",),
    check=check_service,
    aliases=("exposed-services", "C-0256", "service-type", "CKV_K8S_NODEPORT"),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-policies",
        "mitre:T1133",
        "mitre:T1190",
        "sp800_190:4.4.2",
        "sp800_53:SC-7",
        "pci:1.3.1",
        "owasp_k8s_2025:K06",
    ),
    bad=(
        Example(_SERVICE + "  type: NodePort\n", at="spec.type"),
        Example(_SERVICE + "  type: LoadBalancer\n", at="spec.type"),
    ),
    good=(
        Example(_SERVICE),
        Example(_SERVICE + "  type: LoadBalancer\n  loadBalancerSourceRanges: [192.0.2.0/24]\n"),
        Example(
            _SERVICE.replace(
                "  name: web\n", "  name: web\n  annotations:\n    networking.gke.io/load-balancer-type: Internal\n"
            )
            + "  type: LoadBalancer\n"
        ),
    ),
    page="""Service is open to the outside.

## What it does
Reports Services of type NodePort, and of type LoadBalancer without `loadBalancerSourceRanges` or the annotation by
which a cloud provider makes the load balancer internal.

## Why it matters
The port is open to every address that reaches a node or the load balancer, past any Ingress that checks requests.

## Fix safety
No automatic fix: use an Ingress or a Gateway, or name the ranges that may connect.

## References
Kubernetes, "Service", publishing Services.
""",
)

EXTERNAL_IPS = Rule(
    id="GG-NET-014",
    name="external-addresses",
    title="externalIPs on a Service",
    severity=HIGH,
    applies_to=KubernetesObject,
    kinds=("Service",),
    check=check_external_ips,
    fix_safety="needs-review",
    aliases=("KSV-0108", "AVD-KSV-0108", "KSV108"),
    controls=(
        "cis_k8s:1.2.3",
        "nsa:net-policies",
        "mitre:T1557",
        "sp800_190:4.3.3",
        "sp800_53:SC-7",
        "pci:1.3.1",
        "owasp_k8s_2025:K05",
    ),
    bad=(Example(_SERVICE + _ADDRESSES, at="spec.externalIPs", fixed=_SERVICE),),
    good=(
        Example(_SERVICE),
        Example(_SERVICE + "  externalIPs: []\n"),
        Example(_SERVICE + "  externalName: web.example.org\n"),
    ),
    page="""Service claims external addresses.

## What it does
Reports Services with `externalIPs`.

## Why it matters
Every node then takes traffic to these addresses for the Service, whoever owns them: who may write a Service can read
connections of the whole cluster to any address (CVE-2020-8554).

## Fix safety
Needs review: who reaches the Service by these addresses does so no more; a load balancer or an Ingress takes its place.

## References
Kubernetes, "Service", external IPs. CVE-2020-8554. CIS Kubernetes Benchmark 1.12, 1.2.3 (DenyServiceExternalIPs).
""",
)

PLAIN_HTTP = Rule(
    id="GG-NET-015",
    name="plain-http",
    title="Ingress or Gateway listener without TLS",
    severity=MEDIUM,
    applies_to=KubernetesObject,
    kinds=("Ingress", "Gateway"),
    check=check_plain_http,
    fix_safety="display-only",
    aliases=("C-0263", "tlsSettingsMissing", "ingress-targets-tls"),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-encryption",
        "mitre:T1040",
        "mitre:T1557",
        "sp800_190:4.3.3",
        "sp800_53:SC-8(1)",
        "pci:4.2.1",
        "owasp_k8s_2025:K06",
    ),
    bad=(
        Example(
            _INGRESS,
            at="spec.tls",
            fixed=_INGRESS + "  tls:\n    - hosts:\n        - shop.example.org\n      secretName: web-tls\n",
        ),
        Example(_GATEWAY, at="spec.listeners[0].protocol"),
    ),
    good=(
        Example(_INGRESS + "  tls:\n    - secretName: shop-tls\n"),
        Example(_GATEWAY + "    - name: https\n      port: 443\n      protocol: HTTPS\n"),
    ),
    page="""Ingress or Gateway serves without TLS.

## What it does
Reports Ingresses without `spec.tls`, and the HTTP listeners of Gateways that have no HTTPS or TLS listener.

## Why it matters
Requests, cookies and passwords cross the network readable and changeable.

## Fix safety
Display only: the patch names a Secret that has to exist.

## References
Kubernetes API, IngressSpec.tls. Gateway API, Listener.
""",
)
