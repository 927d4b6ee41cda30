"""Who may connect to each workload, in as few words as say it exactly."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.network.cluster import EGRESS, INGRESS
from gitops_guard.network.connections import EXTERNAL, Connections
from gitops_guard.network.grouping import Grouping

_BLOCKS = 6
ANY_ADDRESS = "any address outside"

VERDICTS = {
    "open": "the policies let it through",
    "partly": "the policies let a part through",
    "depends": "it depends on the namespace and labels of the ingress controller",
    "closed": "the policies block it",
}
"""What policies say to an exposure."""


class Peers(NamedTuple):
    """Names and the ports that are open to or from all of them."""

    names: tuple[str, ...]
    ports: tuple[str, ...]

    @property
    def words(self) -> str:
        """The ports in one word."""
        return "every port" if self.ports == ("all",) else ", ".join(self.ports)


class Row(NamedTuple):
    """A workload: who may connect to it, and where outside the cluster it may connect.

    `isolated` are the directions that policies limit.
    """

    workload: str
    namespace: str
    isolated: tuple[str, ...]
    host_network: bool
    sources: tuple[Peers, ...]
    outside: tuple[Peers, ...]

    def is_limited(self, direction: str) -> bool:
        """Whether its peers are worth a list: policies limit them, or they may be wrong about a host's network."""
        return direction in self.isolated or self.host_network

    def told(self, direction: str) -> tuple[Peers, ...]:
        """The peers to list; where nothing limits them, only those that are limited themselves to some ports."""
        peers = self.sources if direction == INGRESS else self.outside
        return peers if self.is_limited(direction) else tuple(one for one in peers if one.ports != ("all",))


def rows(found: Connections) -> Iterator[Row]:
    """A row for each workload, by name; pods of one workload that differ have one each."""
    grouping = Grouping(found.workloads)
    for number in sorted(found.workloads, key=lambda number: (found.workloads[number].id, number)):
        workload, reach = found.workloads[number], found.outside[number]
        incoming = [Peers(grouping.others(mask, number), ports.words) for ports, mask in found.incoming.get(number, ())]
        incoming += (Peers(_blocks(found.blocks(region)), ports.words) for ports, region in reach.incoming)
        yield Row(
            workload.id,
            workload.namespace,
            tuple(direction for direction in (INGRESS, EGRESS) if found.isolated[direction] >> number & 1),
            workload.host_network,
            tuple(incoming),
            tuple(Peers(_blocks(found.blocks(region)), ports.words) for ports, region in reach.outgoing),
        )


def _blocks(found: tuple[str, ...]) -> tuple[str, ...]:
    shown = tuple(ANY_ADDRESS if block == EXTERNAL else block for block in found[:_BLOCKS])
    more = len(found) - len(shown)
    return (*shown, f"{more:,} more blocks") if more else shown
