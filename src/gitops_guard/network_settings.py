"""What manifests do not say of a cluster's network and policies have to know: the intent of a configuration."""

from typing import Literal, NamedTuple

Labels = tuple[tuple[str, str], ...]
Style = Literal["networkpolicy", "cilium"]

CLUSTER_DOMAIN = "cluster.local"
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""The label that the API server sets on every Namespace: its name."""

NETWORK_POLICY: Style = "networkpolicy"
CILIUM: Style = "cilium"


class PodsAt(NamedTuple):
    """Pods that need not be in the repository: by the labels of their namespaces and their own.

    `namespaces` must not be empty: it would be every namespace. `origin` says where this is known from.
    """

    namespaces: Labels
    pods: Labels = ()
    origin: str = "the configuration"


def pods_in(namespace: str, pods: Labels = (), origin: str = "the configuration") -> PodsAt:
    """The pods of one namespace."""
    return PodsAt(((NAMESPACE_LABEL, namespace),), pods, origin)


class DnsSettings(NamedTuple):
    """Where pods send DNS queries. `port` is that of the DNS pods; `node_local` the address of NodeLocal DNSCache."""

    at: PodsAt = pods_in("kube-system", (("k8s-app", "kube-dns"),))
    port: int = 53
    node_local: str = ""


class ApiServerSettings(NamedTuple):
    """The addresses of the API server as pods reach it and are reached by it; none: not known."""

    cidrs: tuple[str, ...] = ()
    ports: tuple[int, ...] = (443, 6443)


class NetworkSettings(NamedTuple):
    """What manifests do not say.

    `external` gives the blocks behind host names, `nodes` those of the cluster's nodes.
    """

    dns: DnsSettings = DnsSettings()
    ingress_controllers: tuple[PodsAt, ...] = ()
    monitoring: tuple[PodsAt, ...] = ()
    api_server: ApiServerSettings = ApiServerSettings()
    nodes: tuple[str, ...] = ()
    external: tuple[tuple[str, tuple[str, ...]], ...] = ()
    cluster_domain: str = CLUSTER_DOMAIN
    style: Style = NETWORK_POLICY
