"""Network software of the cluster that does not do what is asked of it, or is looked after by nobody."""

from collections.abc import Iterator

from gitops_guard.finding import HIGH, MEDIUM
from gitops_guard.model.inventory import Inventory
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.workload import Workload, containers
from gitops_guard.rule import Example, Problem, Rule, RuleContext, Subject
from gitops_guard.syntax.field import Field

_SHOWN = 3
_COMMUNITY = "nginx.ingress.kubernetes.io/"
_SNIPPETS = frozenset(
    ("configuration-snippet", "server-snippet", "auth-snippet", "stream-snippet", "modsecurity-snippet")
)
_F5 = "nginx.org/"
_F5_SNIPPETS = frozenset(("location-snippets", "server-snippets"))
_IMAGES = ("ingress-nginx/controller", "kubernetes-ingress-controller/nginx-ingress-controller")
_CONTROLLER = "k8s.io/ingress-nginx"
_CHART = "ingress-nginx"
_RETIRED = "the ingress-nginx controller is retired and gets no security fixes"


def check_network(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports networks that enforce no policies."""
    if not inventory.networks or any(fact.enforces for fact in inventory.networks):
        return
    without_effect = _policies(inventory)
    for fact in inventory.networks:
        message = f"{fact.network} enforces no NetworkPolicy: {without_effect}"
        yield Problem(Subject(fact.place, fact.identity), message)


def _policies(inventory: Inventory) -> str:
    names = sorted({f"{fact.identity.namespace}/{fact.identity.name}".lstrip("/") for fact in inventory.policies})
    if not names:
        return "none takes effect in this cluster"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"without effect are {', '.join(names[:_SHOWN])}{more}"


def check_ingress_nginx(subject: KubernetesObject | Workload, _: RuleContext) -> Iterator[Problem]:
    """Reports snippets and the retired controller."""
    if isinstance(subject, Workload):
        yield from _controller(subject)
    elif subject.kind == "Ingress":
        yield from _snippets(subject)
    elif subject.kind == "IngressClass":
        if subject.spec["controller"].string == _CONTROLLER:
            yield Problem(subject.spec["controller"], _RETIRED, severity=MEDIUM)
    else:
        for chart in _charts(subject):
            if chart.string == _CHART:
                yield Problem(chart, _RETIRED)


def _snippets(ingress: KubernetesObject) -> Iterator[Problem]:
    for annotation in ingress.metadata["annotations"].entries():
        key = str(annotation.key)
        is_community = key.startswith(_COMMUNITY) and key.removeprefix(_COMMUNITY) in _SNIPPETS
        if is_community or (key.startswith(_F5) and key.removeprefix(_F5) in _F5_SNIPPETS):
            yield Problem(annotation, f"{key} is code in the controller, which holds the Secrets of every Ingress")


def _controller(pods: Workload) -> Iterator[Problem]:
    for container in containers(pods):
        name = container.image.text.partition("@")[0]
        slash, colon = name.rfind("/"), name.rfind(":")
        repository = name[:colon] if colon > slash else name
        if any(repository.endswith("/" + image) or repository == image for image in _IMAGES):
            yield Problem(container.image, _RETIRED)


def _charts(release: KubernetesObject) -> Iterator[Field]:
    spec = release.spec
    match release.kind:
        case "HelmRelease":
            yield spec["chart"]["spec"]["chart"]
        case "HelmChart":
            yield spec["chart"]
        case "Application":
            yield spec["source"]["chart"]
            for source in spec["sources"].items():
                yield source["chart"]


_DAEMON = """apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: network
  namespace: kube-system
spec:
  selector:
    matchLabels:
      app: network
  template:
    metadata:
      labels:
        app: network
    spec:
      containers:
        - name: network
          image: IMAGE
"""
_AMAZON = "602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon-k8s-cni:v1.19.0"
_AGENT = """        - name: agent
          image: 602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon/aws-network-policy-agent:v1.2.0
          args:
            - --enable-network-policy=ENABLED
"""
_KOPS = """apiVersion: kops.k8s.io/v1alpha2
kind: Cluster
metadata:
  name: shop.example.org
spec:
  networking:
    NETWORK: {}
"""


def _daemon(image: str, more: str = "") -> str:
    return _DAEMON.replace("IMAGE", image) + more


_INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations:
    ANNOTATION
spec:
  ingressClassName: nginx
  defaultBackend:
    service:
      name: web
      port:
        number: 80
"""
_POD = """apiVersion: v1
kind: Pod
metadata:
  name: controller
spec:
  containers:
    - name: controller
      image: IMAGE
"""
_CLASS = """apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: nginx
spec:
  controller: CONTROLLER
"""
_RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: ingress
spec:
  chart:
    spec:
      chart: ingress-nginx
"""
_APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ingress
spec:
  source:
    chart: ingress-nginx
    repoURL: https://charts.example.com
"""

NETWORK = Rule(
    id="GG-NET-017",
    name="network-without-policies",
    title="Cluster CNI in the repository is known to ignore NetworkPolicy",
    severity=HIGH,
    applies_to=Inventory,
    check=check_network,
    aliases=(),
    controls=(
        "cis_k8s:5.3.1",
        "nsa:net-policies",
        "sp800_190:4.3.3",
        "sp800_53:SC-7",
        "pci:1.2.5",
        "owasp_k8s_2025:K05",
    ),
    bad=(
        Example(_daemon("ghcr.io/flannel-io/flannel:v0.26.0"), at=""),
        Example(_daemon(_AMAZON), at=""),
        Example(_daemon(_AMAZON, _AGENT.replace("ENABLED", "false")), at=""),
        Example(_daemon("docker.io/kindest/kindnetd:v20240202-8f1494ea"), at=""),
        Example(_KOPS.replace("NETWORK", "kubenet"), at=""),
    ),
    good=(
        Example(_daemon("quay.io/calico/node:v3.29.0")),
        Example(
            _daemon("quay.io/calico/node:v3.29.0", "        - name: f\n          image: flannel/flannel:v0.26.0\n")
        ),
        Example(_daemon("flannel/flannel:v0.26.0"), beside=(("c.yaml", _daemon("quay.io/calico/node:v3.29.0")),)),
        Example(_daemon(_AMAZON, _AGENT.replace("ENABLED", "true"))),
        Example(_daemon("docker.io/kindest/kindnetd:v20250512-df8de77b")),
        Example(_KOPS.replace("NETWORK", "cilium")),
        Example(_daemon("registry.example.com/team/flannel-dashboard:1.0.0")),
    ),
    page="""The cluster's network ignores NetworkPolicies.

## What it does
Reports objects that install a network (CNI) that does not enforce NetworkPolicies, if the repository holds none that
does: flannel alone, the Amazon VPC CNI without its network policy agent, kindnet before August 2024, and kops clusters
with kubenet or flannel.

## Why it matters
The API server accepts every policy, and nothing happens: what looks isolated is open.

## Fix safety
No automatic fix: switch the agent on, or install a network or engine that enforces policies, such as Calico or Cilium.

## References
Kubernetes, "Network Policies", prerequisites. CIS Kubernetes Benchmark 1.12, 5.3.1.
""",
)

INGRESS_NGINX = Rule(
    id="GG-NET-016",
    name="ingress-nginx",
    title="Ingress uses snippet annotations or the retired ingress-nginx controller",
    severity=HIGH,
    applies_to=(KubernetesObject, Workload),
    kinds=("Ingress", "IngressClass", "HelmRelease", "HelmChart", "Application"),
    check=check_ingress_nginx,
    aliases=("CKV_K8S_152", "CKV_K8S_153", "CKV_K8S_154"),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-policies",
        "mitre:T1190",
        "sp800_190:4.4.4",
        "sp800_53:CM-7",
        "sp800_53:SI-2",
        "pci:6.3.3",
        "owasp_k8s_2025:K07",
    ),
    bad=(
        Example(
            _INGRESS.replace("ANNOTATION", 'nginx.ingress.kubernetes.io/configuration-snippet: "deny all;"'),
            at='metadata.annotations["nginx.ingress.kubernetes.io/configuration-snippet"]',
        ),
        Example(
            _INGRESS.replace("ANNOTATION", 'nginx.org/server-snippets: "deny all;"'),
            at='metadata.annotations["nginx.org/server-snippets"]',
        ),
        Example(
            _POD.replace("IMAGE", "registry.k8s.io/ingress-nginx/controller:v1.13.0"), at="spec.containers[0].image"
        ),
        Example(_CLASS.replace("CONTROLLER", "k8s.io/ingress-nginx"), at="spec.controller"),
        Example(_RELEASE, at="spec.chart.spec.chart"),
        Example(_APPLICATION, at="spec.source.chart"),
    ),
    good=(
        Example(_INGRESS.replace("ANNOTATION", 'nginx.ingress.kubernetes.io/ssl-redirect: "true"')),
        Example(_INGRESS.replace("ANNOTATION", "example.org/server-snippet: text")),
        Example(_POD.replace("IMAGE", "docker.io/nginx/nginx-ingress:5.2.0")),
        Example(_CLASS.replace("CONTROLLER", "nginx.org/ingress-controller")),
    ),
    page="""Ingress carries configuration snippets, or the retired ingress-nginx controller is installed.

## What it does
Reports annotations of Ingresses that put text into the configuration of an NGINX controller (`configuration-snippet`,
`server-snippet`, `auth-snippet`, `stream-snippet`, `modsecurity-snippet`, and F5's `*-snippets`), workloads that run
the ingress-nginx controller, releases of its chart, and (as medium) IngressClasses that name it.

## Why it matters
A snippet is code in the controller, which can read every Secret that it serves (CVE-2021-25742): who may write an
Ingress may take the cluster. The Kubernetes project retired ingress-nginx in March 2026: it gets no security fixes.

## Fix safety
No automatic fix: what a snippet does has to be said otherwise; the Gateway API and its controllers are the successors.

## References
CVE-2021-25742. Kubernetes blog, "Ingress NGINX Retirement" (November 2025). Gateway API, "Migrating from Ingress".
""",
)
