"""Collects connections and references, each once, with a bound on the evidence that is kept."""

from gitops_guard.network.evidence import LOW, Edge, Evidence, Inference, Note, Unresolved, stronger
from gitops_guard.network.reach import Landing

_EVIDENCE_LIMIT = 20
_UNRESOLVED_LIMIT = 50_000

_EdgeKey = tuple[str, str, str, str]


class _Growing:
    """A connection while evidence is found for it."""

    __slots__ = ("confidence", "evidence", "omitted", "ports")

    def __init__(self) -> None:
        self.ports: dict[str, None] = {}
        self.evidence: dict[tuple[object, ...], Evidence] = {}
        self.confidence = LOW
        self.omitted = 0

    def add(self, evidence: Evidence) -> None:
        self.ports |= dict.fromkeys(evidence.ports)
        self.confidence = stronger(self.confidence, evidence.confidence)
        key = (evidence.place.path, evidence.place.start, evidence.place.keypath, evidence.text, evidence.ports)
        if key in self.evidence:
            return
        if len(self.evidence) < _EVIDENCE_LIMIT:
            self.evidence[key] = evidence
        else:
            self.omitted += 1


class Collection:
    """The results so far."""

    def __init__(self) -> None:
        self._edges: dict[_EdgeKey, _Growing] = {}
        self._unresolved: dict[tuple[object, ...], Unresolved] = {}
        self.resolved = 0

    def edge(self, source: str, landing: Landing, evidence: Evidence, via: str = "") -> None:
        """Adds evidence for a connection."""
        key = (source, landing.target, landing.host, landing.via or via)
        growing = self._edges.get(key)
        if growing is None:
            growing = self._edges[key] = _Growing()
        growing.add(evidence._replace(ports=landing.ports, host=landing.host))

    def unresolved(self, one: Unresolved) -> None:
        """Adds a reference that leads nowhere."""
        place = one.evidence.place
        key = (one.source, one.reference, one.reason, place.path, place.start, place.keypath)
        if len(self._unresolved) < _UNRESOLVED_LIMIT:
            self._unresolved.setdefault(key, one)

    def inference(self, notes: tuple[Note, ...]) -> Inference:
        """All of it, in a fixed order."""
        edges = [
            Edge(
                source,
                target,
                tuple(sorted(growing.ports, key=_port_order)),
                growing.confidence,
                tuple(sorted(growing.evidence.values(), key=_evidence_order)),
                host,
                via,
                growing.omitted,
            )
            for (source, target, host, via), growing in self._edges.items()
        ]
        edges.sort(key=lambda edge: (edge.source, edge.target, edge.host, edge.via))
        unresolved = sorted(
            self._unresolved.values(),
            key=lambda one: (one.source, one.reference, one.reason, _evidence_order(one.evidence)),
        )
        return Inference(tuple(edges), tuple(unresolved), notes, self.resolved)


def _port_order(port: str) -> tuple[str, int]:
    protocol, _, number = port.partition(" ")
    return protocol, int(number) if number.isdecimal() else 0


def _evidence_order(evidence: Evidence) -> tuple[str, int, int, str]:
    place = evidence.place
    return place.path, place.start.line, place.start.column, evidence.text
