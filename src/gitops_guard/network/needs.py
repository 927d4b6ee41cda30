"""What each workload must still be able to do under a default deny, concluded from the inferred connections.

A need names its peers as a policy can. What no policy can name is a gap: it is listed, with the setting that would
close it, and never opened to everybody instead.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gitops_guard.model.selector import Selector
from gitops_guard.network import evidence as words
from gitops_guard.network.addresses import block
from gitops_guard.network.cluster import EGRESS, INGRESS, PodPeer
from gitops_guard.network.evidence import Edge, Evidence, Inference
from gitops_guard.network.existing import Existing, Subject
from gitops_guard.network.intent import phantom
from gitops_guard.network.ports import PortSet, joined, parse, port_range
from gitops_guard.network.references import address
from gitops_guard.network.worlds import together
from gitops_guard.network_settings import CILIUM, NAMESPACE_LABEL, NetworkSettings, PodsAt

EVERYWHERE = ("0.0.0.0/0", "::/0")
_FQDN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?\Z")


_ASSUMED = "the manifest at the other end names no namespace: it is taken to be `default`"
_NODES = (
    "through a node port the address of a node may stand here: some network plugins need a rule for nodes beside it"
)


class Blocks(NamedTuple):
    """Addresses, as CIDR blocks."""

    cidrs: tuple[str, ...]


class HostName(NamedTuple):
    """A host by its name; only Cilium can express it."""

    name: str


class Entity(NamedTuple):
    """One of Cilium's entities (`kube-apiserver`, `world`), and the blocks it stands for where they are known."""

    name: str
    cidrs: tuple[str, ...] = ()


RulePeer = PodPeer | Blocks | HostName | Entity


class Need(NamedTuple):
    """A connection that a workload needs in a direction.

    `ends` are the pairs of names (workload ids, CIDR blocks) that a proof has to find allowed; `via` are the pods
    outside the repository among them. `reasons` are comments.
    """

    subject: Subject
    direction: str
    peers: tuple[RulePeer, ...]
    ports: PortSet
    ends: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]
    via: tuple[PodsAt, ...] = ()


class Gap(NamedTuple):
    """A connection that is needed, and that no rule opens. `setting` names what would make it possible, or is empty."""

    subject: Subject
    direction: str
    peer: str
    ports: PortSet
    reason: str
    setting: str
    evidence: str

    @property
    def text(self) -> str:
        """One sentence."""
        what = f"ingress from {self.peer}" if self.direction == INGRESS else f"egress to {self.peer}"
        hint = f": set {self.setting}" if self.setting else ""
        return f"{what} on {', '.join(self.ports.words) or 'an unknown port'} ({self.reason}{hint}; {self.evidence})"


class Needs(NamedTuple):
    """All needs and gaps, in the order of the connections."""

    needs: tuple[Need, ...]
    gaps: tuple[Gap, ...]


def dns_peers(settings: NetworkSettings) -> tuple[RulePeer, ...]:
    """Where DNS queries go."""
    local = (Blocks((_whole(settings.dns.node_local),)),) if settings.dns.node_local else ()
    return (_peer_at(settings.dns.at), *local)


def _whole(text: str) -> str:
    if "/" in text:
        return text
    return f"{text}/128" if ":" in text else f"{text}/32"


def _peer_at(at: PodsAt) -> PodPeer:
    return PodPeer(Selector(at.namespaces), Selector(at.pods) if at.pods else None)


def needs(found: Inference, around: Existing, settings: NetworkSettings) -> Needs:
    """What the inferred connections need. Settings hold what was discovered, too."""
    derived = _Derivation(around, settings)
    for edge in found.edges:
        derived.add(edge)
    return Needs(tuple(derived.needs), tuple(derived.gaps))


class _Derivation:
    def __init__(self, around: Existing, settings: NetworkSettings) -> None:
        self._by_name = around.by_name
        self._files_of = around.files_of
        self._settings = settings
        self._external = {host.lower().rstrip("."): cidrs for host, cidrs in settings.external}
        self.needs: list[Need] = []
        self.gaps: list[Gap] = []

    def add(self, edge: Edge) -> None:
        """Adds one connection, at each of its ends that a policy can govern."""
        for name in self._served_by(edge):
            self.add(edge._replace(source=name))
        sources, targets = self._by_name.get(edge.source, ()), self._by_name.get(edge.target, ())
        for direction, subjects, others in ((EGRESS, sources, targets), (INGRESS, targets, sources)):
            for subject in subjects:
                near = _together(subject, others)
                part = _part_of(edge, (subject, *near), (*sources, *targets), self._files_of)
                if part is not None:
                    self._at(_End(part, subject, direction, parse(part.ports)), near)

    def _known(self, edge: Edge) -> tuple[PodsAt, ...]:
        if edge.source != words.EXTERNAL:
            return ()
        by_via = {
            words.VIA_INGRESS: self._settings.ingress_controllers,
            words.VIA_MONITORING: self._settings.monitoring,
        }
        return by_via.get(edge.via, ())

    def _served_by(self, edge: Edge) -> list[str]:
        """The workloads of the repository that a connection from outside comes through."""
        return [name for at in self._known(edge) for name in self._members(at)]

    def _members(self, at: PodsAt) -> list[str]:
        return [name for name, those in self._by_name.items() if any(_is_at(subject, at) for subject in those)]

    def _at(self, end: "_End", others: tuple[Subject, ...]) -> None:
        if end.subject.workload.host_network:
            return
        if end.ports.is_empty:
            self._gap(end, end.other, "its port is not known", "")
        elif others:
            self._inside(end, others)
        elif end.direction == EGRESS:
            self._outward(end)
        else:
            self._inward(end)

    def _need(
        self, end: "_End", peers: Iterable[RulePeer], others: Iterable[str], via: tuple[PodsAt, ...] = ()
    ) -> None:
        own = end.subject.id
        ends = tuple((own, other) if end.direction == EGRESS else (other, own) for other in others)
        told = (*end.remarks, *reasons(end.edge))
        self.needs.append(Need(end.subject, end.direction, tuple(dict.fromkeys(peers)), end.ports, ends, told, via))

    def _gap(self, end: "_End", peer: str, reason: str, setting: str) -> None:
        first = end.edge.evidence[0] if end.edge.evidence else None
        told = "no evidence" if first is None else _told(first)
        self.gaps.append(Gap(end.subject, end.direction, peer, end.ports, reason, setting, told))

    def _inside(self, end: "_End", others: tuple[Subject, ...]) -> None:
        selectable = [other for other in others if not other.workload.host_network]
        if len(selectable) < len(others):
            self._nodes(end)
        unnamed = next((other for other in selectable if other.selector.is_empty), None)
        if unnamed is not None:
            self._gap(end, unnamed.workload.id, "its pods carry no labels that a policy could select", "")
        elif selectable:
            if end.subject.scope.namespace and any(not other.scope.namespace for other in selectable):
                end = end._replace(remarks=(_ASSUMED,))
            peers = (_peer(end.subject, other) for other in selectable)
            self._need(end, peers, dict.fromkeys(other.id for other in selectable))

    def _nodes(self, end: "_End") -> None:
        """The other end is on the host's network: it has the addresses of nodes."""
        if self._settings.nodes:
            self._need(end, (Blocks(self._settings.nodes),), self._settings.nodes)
        else:
            self._gap(end, end.other, "its pods have the addresses of their nodes", "network.nodes")

    def _outward(self, end: "_End") -> None:
        edge, host = end.edge, end.edge.host.lower().rstrip(".")
        if edge.via == words.VIA_API_SERVER:
            self._api_server(end)
        elif edge.target != words.EXTERNAL:
            self._literal(end, edge.target)
        elif address(host) is not None:
            self._literal(end, _whole(host))
        elif not host:
            self._gap(end, "a host whose name is in a Secret", "its name is not read", "network.external")
        elif host in self._external:
            self._need(end, (Blocks(self._external[host]),), self._external[host])
        elif self._settings.style == CILIUM and _FQDN.match(host):
            self._need(end, (HostName(host),), ())
        else:
            self._gap(end, host, "a NetworkPolicy knows no host names", "network.external")

    def _literal(self, end: "_End", target: str) -> None:
        try:
            addresses = block(target)
        except ValueError:
            self._gap(end, target, "it is not in the repository", "")
            return
        if not addresses or target.endswith("/0"):
            self._gap(end, target, "all addresses are not opened unasked", "network.external")
        else:
            self._need(end, (Blocks((target,)),), (target,))

    def _api_server(self, end: "_End") -> None:
        cidrs = self._settings.api_server.cidrs
        if end.direction == EGRESS and cidrs:
            ports = joined(port_range("TCP", number, number) for number in self._settings.api_server.ports)
            end = end._replace(ports=ports)
        if self._settings.style == CILIUM:
            self._need(end, (Entity("kube-apiserver", cidrs),), cidrs)
        elif cidrs:
            self._need(end, (Blocks(cidrs),), cidrs)
        else:
            self._gap(end, "the API server", "its addresses are not in the manifests", "network.api_server")

    def _inward(self, end: "_End") -> None:
        match end.edge.via:
            case words.VIA_INGRESS:
                self._pods(end, "the ingress controller", "network.ingress_controllers")
            case words.VIA_MONITORING:
                self._pods(end, "the monitoring", "network.monitoring")
            case words.VIA_API_SERVER:
                self._api_server(end)
            case words.VIA_LOAD_BALANCER | words.VIA_NODE_PORT | words.VIA_HOST_PORT:
                self._published(end)
            case _:
                self._gap(end, end.other, "what it is is not known", "")

    def _pods(self, end: "_End", what: str, setting: str) -> None:
        known = self._known(end.edge)
        absent = tuple(at for at in known if not self._members(at))
        if absent:
            self._need(end, map(_peer_at, absent), map(phantom, absent), absent)
        elif not known:
            self._gap(end, what, "its namespace is not in the repository", setting)

    def _published(self, end: "_End") -> None:
        """A Service or port that its manifest opens to the outside."""
        end = end._replace(remarks=(_NODES,))
        if end.edge.source != words.EXTERNAL:
            self._need(end, (Blocks((end.edge.source,)),), (end.edge.source,))
        elif self._settings.style == CILIUM:
            self._need(end, (Entity("world", EVERYWHERE),), EVERYWHERE)
        else:
            self._need(end, (Blocks(EVERYWHERE),), EVERYWHERE)


class _End(NamedTuple):
    """One end of a connection."""

    edge: Edge
    subject: Subject
    direction: str
    ports: PortSet
    remarks: tuple[str, ...] = ()

    @property
    def other(self) -> str:
        """What the connection goes to or comes from."""
        return self.edge.target if self.direction == EGRESS else self.edge.source


def _together(subject: Subject, others: tuple[Subject, ...]) -> tuple[Subject, ...]:
    """Which definitions of the other end a workload is connected with."""
    scopes = together(subject.scope, (other.scope for other in others))
    return tuple(other for other in others if other.scope in scopes)


def _part_of(
    edge: Edge, ends: tuple[Subject, ...], variants: tuple[Subject, ...], files_of: Mapping[str, frozenset[str]]
) -> Edge | None:
    """What a connection means for two of several variants of its ends: not the evidence in the folder of another one.

    Evidence is of a rendered root if it stands in one of the root's files (`files_of`). None where all of it is of
    others.
    """
    folders = {one.scope.folder for one in variants if not one.scope.namespace}
    near = {one.scope.folder for one in ends if not one.scope.namespace}
    made_of = frozenset().union(*(files_of.get(folder, frozenset()) for folder in near))
    kept = tuple(
        one
        for one in edge.evidence
        if one.place.path in made_of or _nearest(one.place.path, folders) in {*(near - files_of.keys()), None}
    )
    if len(kept) == len(edge.evidence):
        return edge
    ports = tuple(dict.fromkeys(port for one in kept for port in one.ports))
    return edge._replace(evidence=kept, ports=ports) if kept else None


def _nearest(path: str, folders: set[str]) -> str | None:
    """The innermost of some folders that a file is in."""
    found = [folder for folder in folders if not folder or path.startswith(f"{folder}/")]
    return max(found, key=len, default=None)


def _is_at(subject: Subject, at: PodsAt) -> bool:
    return at.namespaces == ((NAMESPACE_LABEL, subject.workload.namespace),) and Selector(at.pods).matches(
        subject.workload.labels
    )


def _peer(subject: Subject, other: Subject) -> PodPeer:
    """The other workload as a rule of the subject's policy names it."""
    if subject.scope.namespace == other.scope.namespace:
        return PodPeer(None, other.selector)
    return PodPeer(Selector(((NAMESPACE_LABEL, other.workload.namespace),)), other.selector)


def reasons(edge: Edge) -> tuple[str, ...]:
    """The evidence of a connection as comments: who, to whom, and the text that says so with its place."""
    arrow = f"{_short(edge.source, edge.target)} -> {edge.host or _short(edge.target, edge.source)}"
    via = f" ({edge.via})" if edge.via else ""
    return tuple(f"{arrow}{via}: {_told(one)}" for one in edge.evidence)


def _short(name: str, other: str) -> str:
    """The name of a workload; with its namespace where the other end is elsewhere."""
    parts = name.split("/")
    if len(parts) != len(("namespace", "Kind", "name")):
        return name
    is_near = other.partition("/")[0] == parts[0] or other == words.EXTERNAL
    return parts[2] if is_near else f"{parts[0]}/{parts[2]}"


def _told(one: Evidence) -> str:
    return f"{one.text} in {one.place.where}"


def by_subject(items: Iterable[Need]) -> Iterator[tuple[Subject, list[Need]]]:
    """The needs of each subject, in the order of the subjects' first."""
    found: dict[Subject, list[Need]] = {}
    for one in items:
        found.setdefault(one.subject, []).append(one)
    yield from found.items()
