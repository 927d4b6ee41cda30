"""What the inference keeps of each object. Objects may come from a generator: their trees are not kept."""

from collections.abc import Callable, Iterable

from gitops_guard.model.selector import Labels, labels
from gitops_guard.network.cluster import Located, Service
from gitops_guard.network.entry_reading import service
from gitops_guard.network.evidence import Note
from gitops_guard.network.names import ServiceFact
from gitops_guard.network.reach import EndpointFact
from gitops_guard.network.sources.accounts import BINDING_KINDS, Binding, Token, bindings, token
from gitops_guard.network.sources.configuration import Store, configuration
from gitops_guard.network.sources.endpoints import ENDPOINT_KINDS, endpoints
from gitops_guard.network.sources.entries import REQUEST_KINDS, Request, requests
from gitops_guard.network.sources.monitoring import MONITOR_KINDS, Monitor, monitor
from gitops_guard.network.sources.pods import PodFact, pod_fact
from gitops_guard.network.strict_reading import Errors
from gitops_guard.network.workload_reading import POD_KINDS

_NO_AUTOSCALER = "HorizontalPodAutoscaler: metrics come through the API server, the pods need no connection for it"
_NO_NAME = "workloads without a name (`generateName`) are left out: nothing can refer to them"
_AUTOSCALERS = frozenset(("HorizontalPodAutoscaler",))


class Material:
    """What was read so far; `configuration` finds ConfigMaps and Secrets."""

    def __init__(self) -> None:
        self.pods: list[PodFact] = []
        self.services: list[ServiceFact] = []
        self.configuration = Store()
        self.endpoints: list[EndpointFact] = []
        self.requests: list[Request] = []
        self.monitors: list[Monitor] = []
        self.bindings: list[Binding] = []
        self.tokens: list[Token] = []
        self.notes: dict[str, Note] = {}

    def note(self, note: Note) -> None:
        """Counts something that is left out on purpose."""
        known = self.notes.get(note.text)
        self.notes[note.text] = note if known is None else known._replace(times=known.times + note.times)


def material(objects: Iterable[Located]) -> Material:
    """Reads all objects. Never raises for any of them."""
    found = Material()
    for located in objects:
        read = _READERS.get(located.object.kind)
        if read is not None:
            read(located, found)
    return found


def _read_pods(located: Located, found: Material) -> None:
    fact = pod_fact(located)
    if fact is None:
        return
    if located.object.identity.name:
        found.pods.append(fact)
    else:
        found.note(Note(_NO_NAME, 1, fact.workload.place))


def _read_service(located: Located, found: Material) -> None:
    obj = located.object
    if obj.api_group:
        return
    read: Service = service(obj, Errors(str(obj.identity), located.place_of))
    notes: Labels = labels(obj.metadata["annotations"])
    external = any(item.text for item in obj.spec["externalIPs"].items())
    found.services.append(ServiceFact(read, labels(obj.metadata["labels"]), notes, located.path, external))


def _read_configuration(located: Located, found: Material) -> None:
    read = configuration(located)
    if read is not None:
        found.configuration.add(read)


def _read_endpoints(located: Located, found: Material) -> None:
    found.endpoints += endpoints(located)


def _read_requests(located: Located, found: Material) -> None:
    found.requests += requests(located)


def _read_monitor(located: Located, found: Material) -> None:
    read = monitor(located)
    if read is not None:
        found.monitors.append(read)


def _read_bindings(located: Located, found: Material) -> None:
    found.bindings += bindings(located)


def _read_token(located: Located, found: Material) -> None:
    read = token(located)
    if read is not None:
        found.tokens.append(read)


def _read_autoscaler(located: Located, found: Material) -> None:
    found.note(Note(_NO_AUTOSCALER, 1, located.place_of(located.object.field)))


_READERS: dict[str, Callable[[Located, Material], None]] = {
    **dict.fromkeys(POD_KINDS, _read_pods),
    **dict.fromkeys(ENDPOINT_KINDS, _read_endpoints),
    **dict.fromkeys(REQUEST_KINDS, _read_requests),
    **dict.fromkeys(MONITOR_KINDS, _read_monitor),
    **dict.fromkeys(BINDING_KINDS, _read_bindings),
    **dict.fromkeys(_AUTOSCALERS, _read_autoscaler),
    "ConfigMap": _read_configuration,
    "Secret": _read_configuration,
    "Service": _read_service,
    "ServiceAccount": _read_token,
}
INFERENCE_KINDS = frozenset(_READERS)
"""The kinds that say something about connections."""
