"""Reads what of a workload may name a host: variables, words of commands, mounted configuration, its account."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.selector import Labels, labels
from gitops_guard.model.workload import CONTAINER_LISTS, WORKLOAD_KINDS
from gitops_guard.network.cluster import Located, Workload
from gitops_guard.network.names import PodName
from gitops_guard.network.strict_reading import Errors
from gitops_guard.network.workload_reading import workload
from gitops_guard.syntax.field import Field

CONFIG_MAP = "ConfigMap"
SECRET = "Secret"  # noqa: S105 - a kind

PlaceOf = Callable[[Field], Place]


class KeyRef(NamedTuple):
    """A reference to a ConfigMap or Secret; `key` None means all (or those in `keys`), `prefix` is put before each.

    `is_mounted` is False for a volume that no container mounts.
    """

    kind: str
    name: str
    key: str | None
    place: Place
    prefix: str = ""
    keys: tuple[str, ...] = ()
    optional: bool = False
    is_mounted: bool = True


class EnvVar(NamedTuple):
    """A variable with its value, or with where the value is."""

    name: str
    value: str | None
    ref: KeyRef | None
    place: Place


class ArgWord(NamedTuple):
    """An item of `command` or `args`; `first_line` as in `setting.Text`."""

    text: str
    place: Place
    first_line: int | None


class HostPort(NamedTuple):
    """A port of the container that is open on the node."""

    number: int
    protocol: str
    place: Place


class ContainerFact(NamedTuple):
    """What a container reads."""

    name: str
    image: str
    env: tuple[EnvVar, ...]
    env_from: tuple[KeyRef, ...]
    words: tuple[ArgWord, ...]
    host_ports: tuple[HostPort, ...]


class Account(NamedTuple):
    """How the pods reach the API server; `mounts_own`: a projected token is mounted whatever `automount` says."""

    name: str
    automount: bool | None
    mounts_own: bool
    place: Place


class PodFact(NamedTuple):
    """A workload and all that its pods read."""

    workload: Workload
    containers: tuple[ContainerFact, ...]
    files: tuple[KeyRef, ...]
    account: Account
    dns_name: PodName | None
    searches: tuple[str, ...]
    annotations: Labels
    annotation_place: Place
    probe: Place | None
    is_placed: bool
    path: str


def pod_fact(located: Located) -> PodFact | None:
    """Reads a workload; None for an object without a pod template."""
    obj, place_of = located.object, located.place_of
    read = workload(obj, Errors(str(obj.identity), place_of))
    if read is None:
        return None
    template = obj.field.at(*WORKLOAD_KINDS.get(obj.kind, ("spec", "template")))
    spec, metadata = template["spec"], template["metadata"]
    fields = [item for role in CONTAINER_LISTS for item in spec[role].items() if item.is_mapping]
    account = Account(
        spec["serviceAccountName"].text or spec["serviceAccount"].text or "default",
        _flag(spec["automountServiceAccountToken"]),
        any(
            source["serviceAccountToken"].exists
            for v in spec["volumes"].items()
            for source in v["projected"]["sources"].items()
        ),
        place_of(spec["serviceAccountName"]),
    )
    return PodFact(
        read,
        tuple(_container(item, place_of) for item in fields),
        tuple(_files(spec, fields, place_of)),
        account,
        _dns_name(obj, spec, read),
        tuple(item.text for item in spec["dnsConfig"]["searches"].items()),
        labels(metadata["annotations"]),
        place_of(metadata["annotations"]),
        _probe(fields, place_of),
        bool(obj.identity.namespace),
        located.path,
    )


def _flag(field: Field) -> bool | None:
    value = field.value
    return value if isinstance(value, bool) else None


def _container(field: Field, place_of: PlaceOf) -> ContainerFact:
    ports = tuple(
        HostPort(number, port["protocol"].text or "TCP", place_of(port["hostPort"]))
        for port in field["ports"].items()
        if port["hostPort"].integer and (number := port["containerPort"].integer) is not None
    )
    return ContainerFact(
        field["name"].text,
        field["image"].text,
        tuple(_variables(field["env"], place_of)),
        tuple(_env_from(field["envFrom"], place_of)),
        tuple(_words(field, place_of)),
        ports,
    )


def _variables(env: Field, place_of: PlaceOf) -> Iterator[EnvVar]:
    for item in env.items():
        name, value, source = item["name"].text, item["value"], item["valueFrom"]
        if not name:
            continue
        if value.exists or not source.exists:
            yield EnvVar(name, value.text, None, place_of(value if value.exists else item["name"]))
            continue
        for kind, key in ((CONFIG_MAP, "configMapKeyRef"), (SECRET, "secretKeyRef")):
            ref = source[key]
            if ref["name"].text and ref["key"].text:
                place = place_of(ref["key"])
                optional = ref["optional"].is_true
                wanted = KeyRef(kind, ref["name"].text, ref["key"].text, place, optional=optional)
                yield EnvVar(name, None, wanted, place)


def _env_from(env_from: Field, place_of: PlaceOf) -> Iterator[KeyRef]:
    for item in env_from.items():
        for kind, key in ((CONFIG_MAP, "configMapRef"), (SECRET, "secretRef")):
            name = item[key]["name"]
            if name.text:
                yield KeyRef(kind, name.text, None, place_of(name), item["prefix"].text)


def _words(container: Field, place_of: PlaceOf) -> Iterator[ArgWord]:
    hooks = (container["lifecycle"][hook]["exec"]["command"] for hook in ("postStart", "preStop"))
    for field in (container["command"], container["args"], *hooks):
        for item in field.items():
            if item.text:
                place = place_of(item)
                yield ArgWord(item.text, place, first_line(item, place))


def first_line(field: Field, place: Place) -> int | None:
    """The line on which the text of a literal block begins; None for every other style."""
    is_written_there = place.start.line > 0 and getattr(field.node, "style", "") == "|"
    return place.start.line + 1 if is_written_there else None


def _files(spec: Field, containers: list[Field], place_of: PlaceOf) -> Iterator[KeyRef]:
    """The configuration in volumes, and whether some container mounts it."""
    mounted = {mount["name"].text for item in containers for mount in item["volumeMounts"].items()}
    for volume in spec["volumes"].items():
        refs = [*_volume(volume, "name", "secretName", place_of)]
        for source in volume["projected"]["sources"].items():
            refs += _volume(source, "name", "name", place_of)
        yield from (ref._replace(is_mounted=volume["name"].text in mounted) for ref in refs)


def _volume(volume: Field, map_name: str, secret_name: str, place_of: PlaceOf) -> Iterator[KeyRef]:
    for kind, key, named in ((CONFIG_MAP, "configMap", map_name), (SECRET, "secret", secret_name)):
        source = volume[key]
        name = source[named]
        if name.text:
            keys = tuple(item["key"].text for item in source["items"].items())
            yield KeyRef(kind, name.text, None, place_of(name), keys=keys)


def _dns_name(obj: KubernetesObject, spec: Field, read: Workload) -> PodName | None:
    if obj.kind == "StatefulSet":
        service = obj.spec["serviceName"].text
        return PodName(read.name, True, service, read) if service else None  # noqa: FBT003 - a field
    subdomain, host = spec["subdomain"].text, spec["hostname"].text
    return PodName(host or read.name, False, subdomain, read) if subdomain else None  # noqa: FBT003 - a field


def _probe(containers: list[Field], place_of: PlaceOf) -> Place | None:
    for item in containers:
        for name in ("livenessProbe", "readinessProbe", "startupProbe"):
            if item[name].exists and not item[name]["exec"].exists:
                return place_of(item[name])
    return None
