"""Whether a fix leaves open what is needed: the connections after it are those before, minus what is listed."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.network.cluster import Cluster
from gitops_guard.network.connections import Edge
from gitops_guard.network.difference import Change, difference
from gitops_guard.network.ports import NO_PORTS, PortSet
from gitops_guard.network.verify import DENIED, UNKNOWN, Verdict, verify


class LostEdge(NamedTuple):
    """A connection with evidence that a fix cuts, wholly or on some ports; `reason` says why it is not certain."""

    edge: Edge
    ports: PortSet
    reason: str = ""


class FixProof(NamedTuple):
    """What a fix does to the connections.

    `closed` and `opened` are complete: all others are as before. `lost` are those of the needed edges that were (or may
    have been) allowed and are not any more. `errors` are messages on objects that nobody can read after the fix and
    could before. `kept` is how many needed edges are no worse off.
    """

    closed: tuple[Change, ...]
    opened: tuple[Change, ...]
    lost: tuple[LostEdge, ...]
    errors: tuple[str, ...]
    kept: int

    @property
    def holds(self) -> bool:
        """Whether the fix may be offered: no edge with evidence is lost, and everything is still readable."""
        return not self.lost and not self.errors

    @property
    def only_closes(self) -> bool:
        """Whether no connection is opened."""
        return not self.opened

    @property
    def statement(self) -> str:
        """The proof in a sentence, or why there is none."""
        if self.errors:
            return f"not proved: {self.errors[0]}"
        if self.lost:
            first = self.lost[0]
            ports, more = ", ".join(first.ports.words), len(self.lost) - 1
            rest = f" (and {more} more connections with evidence)" if more else ""
            return f"cuts {first.edge.source} -> {first.edge.target} on {ports}, which there is evidence for{rest}"
        changed = f"{_counted(len(self.closed))} closed, {_counted(len(self.opened))} opened"
        return f"{changed}; of {_counted(self.kept)} with evidence none is lost"


def prove_fix(before: Cluster, after: Cluster, needed: Iterable[Edge]) -> FixProof:
    """Compares the connections before and after a fix.

    Args:
        before: the cluster as the repository has it.
        after: the cluster with the fix.
        needed: the connections that there is evidence for. Those that are closed already are no loss.
    """
    edges = tuple(needed)
    changes = tuple(difference(before, after).changes())
    old, new = verify(before, edges).verdicts, verify(after, edges).verdicts
    lost = tuple(_lost(old, new))
    return FixProof(
        tuple(change for change in changes if not change.closed.is_empty),
        tuple(change for change in changes if not change.opened.is_empty),
        lost,
        _new_errors(before, after),
        len(edges) - len(lost),
    )


def _lost(before: Iterable[Verdict], after: Iterable[Verdict]) -> Iterator[LostEdge]:
    for old, new in zip(before, after, strict=True):
        may_have_been = old.status == UNKNOWN and new.status == DENIED
        ports = new.missing.difference(NO_PORTS if may_have_been else old.missing)
        if not ports.is_empty:
            yield LostEdge(new.edge, ports, new.reason or (old.reason if may_have_been else ""))


def _new_errors(before: Cluster, after: Cluster) -> tuple[str, ...]:
    known = {problem.message for problem in before.problems if problem.is_error}
    return tuple(problem.message for problem in after.problems if problem.is_error and problem.message not in known)


def _counted(number: int) -> str:
    return f"{number} connection{'' if number == 1 else 's'}"
