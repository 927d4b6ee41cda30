"""Whether the policies allow what the inference says is needed.

A connection between workloads is judged exactly. What comes through an ingress controller or a monitoring system that
is not in the repository comes from a pod of which nothing is known: it is judged by what a workload surely admits, and
by what it admits at most.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.network import evidence as words
from gitops_guard.network import ports as port_sets
from gitops_guard.network.cluster import INGRESS, Cluster
from gitops_guard.network.connections import EXTERNAL, Connections, Edge
from gitops_guard.network.effort import Effort
from gitops_guard.network.evidence import Edge as Need
from gitops_guard.network.exposure import Admitted
from gitops_guard.network.governance import governed
from gitops_guard.network.openings import admitted_from_anywhere
from gitops_guard.network.population import Population, bits, numbering
from gitops_guard.network.ports import NO_PORTS, PortSet
from gitops_guard.network.verify import ALLOWED, DENIED, UNKNOWN, Verdict, Verification, verify

_UNKNOWN_POD = "it depends on the namespace and labels of the {}, which is not in the repository"
_STRANGERS = {words.VIA_INGRESS: "ingress controller", words.VIA_MONITORING: "monitoring"}
_NO_PORT = "no port is known"
_ONLY_SOME = "from a part of all addresses"


class Judged(NamedTuple):
    """A needed connection and what the policies say to it: `allowed`, `denied`, `unknown` or `absent`.

    `missing` are the ports that are not surely allowed, `reason` what else there is to say.
    """

    need: Need
    status: str
    missing: PortSet
    reason: str = ""


class Judgement(NamedTuple):
    """All needs, judged, in their order; and the verification with the connections themselves."""

    needs: tuple[Judged, ...]
    verification: Verification

    def with_status(self, *status: str) -> Iterator[Judged]:
        """The needs with one of these verdicts."""
        return (one for one in self.needs if one.status in status)


def judge(cluster: Cluster, needs: Iterable[Need]) -> Judgement:
    """Judges what the inference found against the policies of the same cluster."""
    wanted = tuple(needs)
    verification = verify(cluster, [Edge(need.source, need.target, ports(need)) for need in wanted])
    strangers = _Strangers(cluster, verification.connections)
    return Judgement(
        tuple(
            _judged(need, verdict, verification.connections, strangers)
            for need, verdict in zip(wanted, verification.verdicts, strict=True)
        ),
        verification,
    )


def ports(need: Need) -> PortSet:
    """The ports of a need as a set."""
    return port_sets.parse(need.ports)


def _judged(need: Need, verdict: Verdict, found: Connections, strangers: "_Strangers") -> Judged:
    if not need.ports:
        return Judged(need, UNKNOWN, NO_PORTS, _NO_PORT)
    if need.source == EXTERNAL and need.via in _STRANGERS:
        return strangers.judged(need, verdict)
    if need.source == EXTERNAL and verdict.status == DENIED:
        return _from_some(need, verdict, found)
    if need.via == words.VIA_API_SERVER and verdict.missing != verdict.edge.ports:
        return Judged(need, ALLOWED, NO_PORTS, f"on {', '.join(verdict.edge.ports.difference(verdict.missing).words)}")
    return Judged(need, verdict.status, verdict.missing, verdict.reason)


def _from_some(need: Need, verdict: Verdict, found: Connections) -> Judged:
    """What some addresses may do: a policy that names them is meant to keep out the others."""
    open_ports = NO_PORTS
    for number in found.numbers.get(need.target, ()):
        open_ports = port_sets.joined((open_ports, *(opening.ports for opening in found.outside[number].incoming)))
    missing = verdict.edge.ports.difference(open_ports)
    if missing.is_empty:
        return Judged(need, ALLOWED, NO_PORTS, _ONLY_SOME)
    return Judged(need, DENIED, missing, verdict.reason)


class _Strangers:
    """What each workload admits of pods that are not in the repository; looked up when the first is asked for."""

    def __init__(self, cluster: Cluster, found: Connections) -> None:
        self._cluster = cluster
        self._numbers = found.numbers
        self._admitted: dict[int, Admitted] | None = None

    def judged(self, need: Need, verdict: Verdict) -> Judged:
        """The verdict on a need whose source is such a pod."""
        wanted, surely, at_most = verdict.edge.ports, verdict.edge.ports, verdict.edge.ports
        numbers = self._numbers.get(need.target, [])
        if not numbers:
            return Judged(need, verdict.status, verdict.missing, verdict.reason)
        for number in numbers:
            admitted = self._all()[number]
            surely = surely.intersection(admitted.surely)
            at_most = at_most.intersection(admitted.at_most)
        if surely == wanted:
            return Judged(need, ALLOWED, NO_PORTS)
        if at_most == wanted:
            reason = _UNKNOWN_POD.format(_STRANGERS[need.via])
            return Judged(need, UNKNOWN, wanted.difference(surely), reason)
        return Judged(need, DENIED, wanted.difference(at_most))

    def _all(self) -> dict[int, Admitted]:
        if self._admitted is None:
            population, effort = Population(self._cluster, numbering(self._cluster)), Effort()
            self._admitted = {
                number: Admitted(
                    admitted_from_anywhere(group, population.workloads[number], effort, surely=True),
                    admitted_from_anywhere(group, population.workloads[number], effort, surely=False),
                )
                for group in governed(population, self._cluster, INGRESS, effort)
                for number in bits(group.members)
            }
        return self._admitted
