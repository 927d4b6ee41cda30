"""Writes NetworkPolicies as YAML, each rule below the evidence that asks for it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.editing.emit import block_lines, item_lines
from gitops_guard.editing.style import Style
from gitops_guard.model.selector import Labels, Selector
from gitops_guard.network.cluster import PodPeer
from gitops_guard.network.existing import MANAGED_LABEL, MANAGER
from gitops_guard.network.needs import Blocks, Entity, HostName, RulePeer
from gitops_guard.network.ports import ALL_PORTS, PROTOCOLS, PortSet
from gitops_guard.syntax.nodes import Data

MARK = "# Written by `gitops-guard network synth`: it replaces this file as a whole when it runs again."
"""The first line of every file: only such files are replaced."""

STYLE = Style(list_offset=2)
_SHOWN = 3
_LONGEST = 200

Object = dict[str, Data]


class Rule(NamedTuple):
    """What a policy opens: peers (never none), ports, and why."""

    peers: tuple[RulePeer, ...]
    ports: PortSet
    reasons: tuple[str, ...]


class Draft(NamedTuple):
    """A policy to write. `ingress` and `egress` are None where it does not govern the direction; no rules deny all.

    `namespace` is empty where the manifests beside it name none. `is_dns`: its rules are about DNS, which Cilium has to
    see through for rules on names. `notes` are comments above it.
    """

    namespace: str
    name: str
    selector: Selector
    ingress: tuple[Rule, ...] | None
    egress: tuple[Rule, ...] | None
    notes: tuple[str, ...] = ()
    is_dns: bool = False


def render(draft: Draft) -> str:
    """The policy as one YAML document.

    Raises:
        UnwritableError: a label holds text that YAML has no notation for.
    """
    types: list[Data] = [
        word for word, side in (("Ingress", draft.ingress), ("Egress", draft.egress)) if side is not None
    ]
    spec: Object = {"podSelector": selector_data(draft.selector), "policyTypes": types}
    lines = [*head("networking.k8s.io/v1", "NetworkPolicy", draft), *block_lines(spec, 2, STYLE)]
    for key, word, rules in (("ingress", "from", draft.ingress), ("egress", "to", draft.egress)):
        written = [(data, rule.reasons) for rule in rules or () for data in _rule(rule, word)]
        lines += rule_lines(key, written)
    return "\n".join(lines) + "\n"


def head(api_version: str, kind: str, draft: Draft) -> list[str]:
    """The lines of a policy as far as `spec:`."""
    metadata: Object = {"name": draft.name}
    if draft.namespace:
        metadata["namespace"] = draft.namespace
    metadata["labels"] = {MANAGED_LABEL: MANAGER}
    whole: Object = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    return [*(comment(note) for note in draft.notes), *block_lines(whole, 0, STYLE), "spec:"]


def rule_lines(key: str, rules: Iterable[tuple[Object, tuple[str, ...]]]) -> list[str]:
    """The lines of a list of rules with their comments; none for no rules."""
    lines = [line for data, reasons in rules for line in (*_comments(reasons), *item_lines(data, 4, STYLE))]
    return [f"  {key}:", *lines] if lines else []


def _comments(reasons: tuple[str, ...]) -> Iterator[str]:
    for reason in reasons[:_SHOWN]:
        yield "    " + comment(reason)
    if len(reasons) > _SHOWN:
        yield f"    # and {len(reasons) - _SHOWN} more"


def comment(text: str) -> str:
    """A comment of one line, whatever the text holds."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return "# " + (plain if len(plain) <= _LONGEST else plain[: _LONGEST - 3] + "...")


def _rule(rule: Rule, word: str) -> Iterator[Object]:
    peers: list[Data] = [data for peer in rule.peers for data in _peer(peer)]
    if not peers:
        return
    data: Object = {word: peers}
    if rule.ports != ALL_PORTS:
        data["ports"] = [*ports_data(rule.ports)]
    yield data


def _peer(peer: RulePeer) -> Iterator[Object]:
    """A peer as NetworkPolicies write it: nothing for what they have no words for."""
    match peer:
        case PodPeer():
            found: Object = {}
            if peer.namespaces is not None:
                found["namespaceSelector"] = selector_data(peer.namespaces)
            if peer.pods is not None or peer.namespaces is None:
                found["podSelector"] = selector_data(peer.pods or Selector(()))
            yield found
        case Blocks() | Entity():
            for cidr in peer.cidrs:
                yield {"ipBlock": {"cidr": cidr}}
        case HostName():
            return


def ports_data(ports: PortSet) -> Iterator[Object]:
    """The ports of a rule."""
    for protocol, ranges in zip(PROTOCOLS, ports, strict=True):
        for low, high in ranges:
            one: Object = {"protocol": protocol, "port": low}
            yield one if low == high else one | {"endPort": high}


def selector_data(selector: Selector) -> Object:
    """A LabelSelector."""
    found: Object = {}
    if selector.labels:
        found["matchLabels"] = labels_data(selector.labels)
    if selector.expressions:
        found["matchExpressions"] = [
            {"key": one.key, "operator": one.operator} | ({"values": list(one.values)} if one.values else {})
            for one in selector.expressions
        ]
    return found


def labels_data(labels: Labels) -> Object:
    """Labels as a mapping."""
    return dict(labels)
