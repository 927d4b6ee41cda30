"""What the inference says: connections with the evidence for each, and the references that lead nowhere.

Confidence, defined once:

- `high`: target and port are both written (`redis:6379`, a URL whose scheme has a default port, a backend of an
  Ingress, a Service that is open to the outside).
- `medium`: one of the two is concluded: a bare name in a variable that speaks of an address (`DB_HOST=mysql`), a port
  from a neighbouring variable or because the Service has only one, rights on the API server with a mounted token. Also
  what stands in a ConfigMap or Secret that several workloads read whole: not each of them uses every key.
- `low`: the target is known and its port is not: every port of the Service is listed.
"""

from typing import NamedTuple

from gitops_guard.finding import Place

HIGH = "high"
MEDIUM = "medium"
LOW = "low"
_ORDER = (LOW, MEDIUM, HIGH)

EXTERNAL = "external"
"""The peer that stands for everything that is not in the repository."""

VIA_API_SERVER = "api-server"
VIA_HOST_PORT = "host-port"
VIA_INGRESS = "ingress-controller"
VIA_LOAD_BALANCER = "load-balancer"
VIA_MONITORING = "monitoring"
VIA_NODE_PORT = "node-port"


class Evidence(NamedTuple):
    """Why a connection is believed in.

    `source` is the kind of place: `env`, `args`, `file`, `Ingress` ... `text` is what stands there, without what a URL
    holds beside scheme, host and port, and never the value of a Secret. `through` is where the workload takes the text
    from, if it stands elsewhere (a ConfigMap). For text inside a value of several lines, `place.start` is its own line
    and `place.span` that of the whole value. `host` is the name of a peer outside, `ports` are what this text is about.
    """

    place: Place
    source: str
    text: str
    confidence: str
    through: Place | None = None
    host: str = ""
    ports: tuple[str, ...] = ()


class Edge(NamedTuple):
    """A connection that is needed.

    `source` and `target` are `namespace/Kind/name`, `external` or a CIDR block; `ports` are those of the destination
    pods (`TCP 8080`), as a policy sees them. `host` is the name of an external target, empty if it stands in a Secret.
    `via` says through what an external peer comes or is reached: `ingress-controller`, `monitoring`, `api-server` ...
    `omitted` counts the pieces of evidence beyond those listed.
    """

    source: str
    target: str
    ports: tuple[str, ...]
    confidence: str
    evidence: tuple[Evidence, ...]
    host: str = ""
    via: str = ""
    omitted: int = 0


class Unresolved(NamedTuple):
    """A reference that gave no connection; `reason` is a word for machines, `detail` a sentence."""

    source: str
    reference: str
    reason: str
    detail: str
    evidence: Evidence


class Note(NamedTuple):
    """Something that is left out on purpose, how often, and where it is first seen."""

    text: str
    times: int
    place: Place


class Inference(NamedTuple):
    """All that was concluded. `resolved` counts the references that gave a connection."""

    edges: tuple[Edge, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    notes: tuple[Note, ...] = ()
    resolved: int = 0


NO_CONFIGURATION = "not-in-repository"
NO_ENDPOINTS = "no-endpoints"
NO_PORT = "no-port"
NO_SUCH_PORT = "no-such-port"
NO_WORKLOAD = "no-workload"
NOT_MOUNTED = "not-mounted"
AMBIGUOUS = "ambiguous"
CYCLE = "cycle"
LIMIT = "limit"
LOOKUP_ONLY = "lookup-only"
SELF = "self"
UNKNOWN_SERVICE = "unknown-service"
UNSUPPORTED = "unsupported"
VARIABLE = "variable"


def stronger(one: str, other: str) -> str:
    """The higher of two confidences."""
    return max(one, other, key=_ORDER.index)


def weaker(one: str, other: str) -> str:
    """The lower of two confidences."""
    return min(one, other, key=_ORDER.index)
