"""What settings of a network mean for policies and their proofs."""

from gitops_guard.network.ports import PortSet, joined, port_range
from gitops_guard.network_settings import NAMESPACE_LABEL, NetworkSettings, PodsAt


def phantom(at: PodsAt) -> str:
    """The name under which a proof knows pods outside the repository."""
    pairs = ",".join(f"{key}={value}" for key, value in (*at.namespaces, ("", ""), *at.pods) if key)
    return f"{phantom_namespace(at)}/Pods/{pairs}"


def phantom_namespace(at: PodsAt) -> str:
    """The namespace of such pods, as the proof names it."""
    return dict(at.namespaces).get(NAMESPACE_LABEL) or ",".join(f"{key}={value}" for key, value in at.namespaces)


def dns_ports(settings: NetworkSettings) -> PortSet:
    """UDP and TCP: answers that are too long for one come over the other."""
    return joined(port_range(protocol, settings.dns.port, settings.dns.port) for protocol in ("UDP", "TCP"))
