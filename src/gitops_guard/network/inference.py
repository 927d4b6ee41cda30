"""Infers from manifests who talks to whom, on which port, and why that is believed. Pure.

Probes give no edges: the kubelet sends them from the node, which NetworkPolicies do not stop. Nothing is guessed
silently: what looks like a host and leads nowhere is in `unresolved` with its reason.
"""

from collections.abc import Iterable, Iterator

from gitops_guard.network import evidence as words
from gitops_guard.network.cluster import Located
from gitops_guard.network.collection import Collection
from gitops_guard.network.evidence import HIGH, MEDIUM, Evidence, Inference, Note, Unresolved
from gitops_guard.network.material import Material, material
from gitops_guard.network.mentions import Mention, Mentioned, mentions
from gitops_guard.network.names import Directory, Miss, Own
from gitops_guard.network.objects import add_objects
from gitops_guard.network.reach import Landing, Reach, Reached, Wanted
from gitops_guard.network.references import URL
from gitops_guard.network.setting import Setting
from gitops_guard.network.sources.command import Script
from gitops_guard.network.sources.configured import ConfiguredFiles, of_command
from gitops_guard.network.sources.environment import Absent, Environment, environment
from gitops_guard.network.sources.pods import ContainerFact, PodFact
from gitops_guard.network.telling import setting_name
from gitops_guard.network_settings import CLUSTER_DOMAIN

_PROBES = "probes by HTTP, TCP or gRPC come from the pod's own node: they need no policy, and give no edge"
_MENTION_LIMIT = 300_000
_HOST_NETWORK = "pods on the host network: their traffic is the node's, and policies do not isolate them"


def infer(objects: Iterable[Located], cluster_domain: str = CLUSTER_DOMAIN) -> Inference:
    """What the objects of a repository say about connections. Never raises for any object.

    Args:
        objects: in any order; they may come from a generator and are not kept. One without a namespace is in `default`.
        cluster_domain: the domain that the cluster's DNS serves.
    """
    found = material(objects)
    directory = Directory(found.services, (pod.dns_name for pod in found.pods if pod.dns_name), cluster_domain)
    run = _Run(found, directory, Reach(directory, found.pods, found.endpoints))
    for pod in found.pods:
        found.configuration.count(pod)
    for pod in found.pods:
        run.pod(pod)
    add_objects(found, run.reach, directory, run.collected)
    return run.collected.inference(tuple(sorted(found.notes.values(), key=lambda note: note.text)))


class _Run:
    """One inference."""

    def __init__(self, found: Material, directory: Directory, reach: Reach) -> None:
        self.found = found
        self.directory = directory
        self.reach = reach
        self.collected = Collection()
        self.files = ConfiguredFiles(found.configuration)
        self.left = _MENTION_LIMIT

    def pod(self, pod: PodFact) -> None:
        """What one workload says."""
        if pod.probe is not None:
            self.found.note(Note(_PROBES, 1, pod.probe))
        if pod.workload.host_network:
            self.found.note(Note(_HOST_NETWORK, 1, pod.workload.place))
        every: dict[str, Setting] = {}
        for container in pod.containers:
            env = environment(container, pod, self.found.configuration)
            every |= env.values
            for mentioned in self._of_container(container, env):
                self._add_all(pod, mentioned, f"the container {container.name}")
            self._add_absent(pod, env)
        for ref, mentioned in self.files.of(pod, every):
            if ref.is_mounted:
                self._add_all(pod, mentioned, f"the {ref.kind} {ref.name}")
            else:
                self._not_mounted(pod, mentioned)
        for absent in self.files.absent(pod):
            self._unknown(pod, absent)

    @staticmethod
    def _of_container(container: ContainerFact, env: Environment) -> Iterator[Mentioned]:
        yield mentions(env.settings)
        scripts = [Script(word.text, word.place, word.first_line) for word in container.words]
        if scripts:
            yield of_command(scripts, env.values, "command")

    def _add_all(self, pod: PodFact, mentioned: Mentioned, what: str) -> None:
        for mention in mentioned.found:
            self._add(pod, mention)
        if mentioned.is_cut:
            self._limit(pod, f"{what} holds more than is read of one text: the rest is not looked at")

    def _not_mounted(self, pod: PodFact, mentioned: Mentioned) -> None:
        miss = Miss(words.NOT_MOUNTED, "it stands in a volume that no container mounts, so nothing can read it")
        for mention in mentioned.found:
            self._miss(pod.workload.id, mention, miss)

    def _add_absent(self, pod: PodFact, env: Environment) -> None:
        for absent in env.absent:
            if not absent.is_unset and (not absent.variable or setting_name(absent.variable).is_strict):
                self._unknown(pod, absent)
        if env.omitted:
            self._limit(pod, f"{env.omitted:,} variables beyond the limit were not read")

    def _limit(self, pod: PodFact, text: str) -> None:
        proof = Evidence(pod.workload.place, pod.workload.kind, text, words.LOW)
        self.collected.unresolved(Unresolved(pod.workload.id, "", words.LIMIT, text, proof))

    def _unknown(self, pod: PodFact, absent: Absent) -> None:
        ref = absent.ref
        named = f"{ref.kind}/{ref.name}" + (f" {ref.key}" if ref.key else "")
        proof = Evidence(ref.place, "env" if absent.variable else ref.kind, absent.variable or named, words.LOW)
        self.collected.unresolved(Unresolved(pod.workload.id, named, words.NO_CONFIGURATION, absent.why, proof))

    def _add(self, pod: PodFact, mention: Mention) -> None:
        """Resolves one mention."""
        source = pod.workload.id
        self.left -= 1
        if self.left < 0:
            self._limit(pod, f"more than {_MENTION_LIMIT:,} references: the rest is not looked at")
            return
        if mention.reference.is_template:
            miss = Miss(words.VARIABLE, "the host is filled in later: its value is not in the repository")
            self._miss(source, mention, miss)
            return
        wanted = _wanted(mention)
        found = self.directory.resolve(
            mention.host, pod.workload.namespace, pod.path, pod.searches, is_url=mention.reference.form == URL
        )
        reached = self.reach.destination(found, wanted, pod.path)
        if isinstance(reached, Own):
            return
        if isinstance(reached, Miss):
            self._miss(source, mention, reached)
        elif mention.setting.is_lookup:
            miss = Miss(words.LOOKUP_ONLY, "the name is only looked up, no connection is made")
            self._miss(source, mention._replace(is_quiet=False), miss)
        elif mention.setting.hidden and not reached.services:
            self._outside_by_secret(source, mention, reached)
        elif reached.services or not mention.is_quiet:
            self._reached(pod, mention, reached)

    def _reached(self, pod: PodFact, mention: Mention, reached: Reached) -> None:
        source = pod.workload.id
        proof = _evidence(mention, reached.confidence)
        landings = [
            landing for landing in reached.landings if landing.target != source or _talks_to_itself(pod, reached)
        ]
        for landing in landings:
            self.collected.edge(source, landing, proof)
        if landings:
            self.collected.resolved += 1
        elif not mention.is_quiet:
            self._miss(source, mention, Miss(words.SELF, "the Service leads back to this workload"))

    def _outside_by_secret(self, source: str, mention: Mention, reached: Reached) -> None:
        if mention.is_quiet:
            return
        self.collected.resolved += 1
        for landing in reached.landings:
            self.collected.edge(source, Landing(words.EXTERNAL, landing.ports), _evidence(mention, reached.confidence))

    def _miss(self, source: str, mention: Mention, miss: Miss) -> None:
        if mention.is_quiet:
            return
        hidden = mention.setting.hidden
        shown = "(in a Secret)" if hidden else mention.text
        detail = "the host stands in a Secret and is not shown" if hidden else miss.detail
        proof = _evidence(mention, words.LOW)
        self.collected.unresolved(Unresolved(source, shown, miss.reason, detail, proof))


def _talks_to_itself(pod: PodFact, reached: Reached) -> bool:
    """Whether a workload's pods talk to each other by the name: the members of a cluster do, by a headless Service."""
    return pod.workload.several and any(fact.service.headless for fact in reached.services)


def _wanted(mention: Mention) -> Wanted:
    port = mention.port
    confidence = HIGH if mention.is_certain and not mention.port_is_near and not mention.setting.is_shared else MEDIUM
    by_scheme = port is None and mention.scheme_port is not None
    return Wanted(
        mention.scheme_port if by_scheme else port,
        mention.likely_ports,
        mention.near_ports,
        by_scheme,
        mention.reference.is_udp,
        confidence,
    )


def _evidence(mention: Mention, confidence: str) -> Evidence:
    setting = mention.setting
    text = _shown_name(setting) + ("(value of a Secret)" if setting.hidden else mention.text)
    return Evidence(setting.place, setting.source, text[:_LONGEST], confidence, setting.through)


def _shown_name(setting: Setting) -> str:
    """The name before the value; in a file or command that comes from a Secret it is a part of the secret itself."""
    if not setting.name or (setting.hidden and not setting.source.startswith("env")):
        return ""
    return f"{setting.name} " if setting.source == "command" else f"{setting.name}: "


_LONGEST = 300
