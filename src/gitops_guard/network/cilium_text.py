"""Writes policies as CiliumNetworkPolicies, which know host names and the API server by itself.

Cilium, Network Policy: an empty rule (`ingress: [{}]`) allows nothing and isolates the direction; `toFQDNs` works only
beside a rule that lets Cilium read the answers of the DNS.
"""

from collections.abc import Iterator

from gitops_guard.editing.emit import block_lines
from gitops_guard.model.selector import Expression, Selector
from gitops_guard.network.cluster import PodPeer
from gitops_guard.network.needs import Blocks, Entity, HostName, RulePeer
from gitops_guard.network.policy_text import STYLE, Draft, Object, Rule, head, rule_lines, selector_data
from gitops_guard.network.ports import ALL_PORTS, PROTOCOLS, PortSet
from gitops_guard.network_settings import NAMESPACE_LABEL
from gitops_guard.syntax.nodes import Data

_OWN_NAMESPACE = "k8s:io.kubernetes.pod.namespace"
_NAMESPACE_LABELS = "k8s:io.cilium.k8s.namespace.labels."


def render(draft: Draft) -> str:
    """The policy as one YAML document.

    Raises:
        UnwritableError: a label holds text that YAML has no notation for.
    """
    spec: Object = {"endpointSelector": selector_data(draft.selector)}
    lines = [*head("cilium.io/v2", "CiliumNetworkPolicy", draft), *block_lines(spec, 2, STYLE)]
    for key, word, rules in (("ingress", "from", draft.ingress), ("egress", "to", draft.egress)):
        if rules is not None:
            written = [(data, rule.reasons) for rule in rules for data in _rules(rule, word, is_dns=draft.is_dns)]
            lines += rule_lines(key, written or [({}, ())])
    return "\n".join(lines) + "\n"


def _rules(rule: Rule, word: str, *, is_dns: bool) -> Iterator[Object]:
    """The rules of a draft's: Cilium takes each kind of peer in one of its own."""
    ports = _ports(rule.ports)
    for key, peers in _peers(rule.peers, word):
        data: Object = {key: peers}
        if is_dns and key == "toEndpoints":
            data["toPorts"] = [{"ports": ports, "rules": {"dns": [{"matchPattern": "*"}]}}]
        elif rule.ports != ALL_PORTS:
            data["toPorts"] = [{"ports": ports}]
        yield data


def _peers(peers: tuple[RulePeer, ...], word: str) -> Iterator[tuple[str, list[Data]]]:
    found: dict[str, list[Data]] = {}
    for peer in peers:
        match peer:
            case PodPeer():
                found.setdefault(f"{word}Endpoints", []).append(_endpoint(peer))
            case Blocks():
                found.setdefault(f"{word}CIDR", []).extend(peer.cidrs)
            case HostName():
                found.setdefault("toFQDNs", []).append({"matchName": peer.name})
            case Entity():
                found.setdefault(f"{word}Entities", []).append(peer.name)
    yield from found.items()


def _endpoint(peer: PodPeer) -> Data:
    """Pods by their labels; those of a namespace by labels that Cilium adds to them."""
    pods = peer.pods or Selector(())
    if peer.namespaces is None:
        return selector_data(pods)
    spaces = tuple((_namespace_key(key), value) for key, value in peer.namespaces.labels)
    expressions = tuple(
        Expression(_namespace_key(one.key), one.operator, one.values) for one in peer.namespaces.expressions
    )
    own = tuple((f"k8s:{key}", value) for key, value in pods.labels)
    mine = tuple(Expression(f"k8s:{one.key}", one.operator, one.values) for one in pods.expressions)
    return selector_data(Selector((*spaces, *own), (*expressions, *mine)))


def _namespace_key(key: str) -> str:
    return _OWN_NAMESPACE if key == NAMESPACE_LABEL else _NAMESPACE_LABELS + key


def _ports(ports: PortSet) -> list[Data]:
    found: list[Data] = []
    for protocol, ranges in zip(PROTOCOLS, ports, strict=True):
        for low, high in ranges:
            one: Object = {"port": str(low), "protocol": protocol}
            found.append(one if low == high else one | {"endPort": high})
    return found
