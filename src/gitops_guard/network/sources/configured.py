"""The configuration files that a workload mounts, each read once however many workloads mount it."""

from collections.abc import Iterator, Mapping, Sequence

from gitops_guard.network.mentions import Mention, Mentioned, mentions
from gitops_guard.network.setting import Setting, Text
from gitops_guard.network.sources.command import Script, is_cut
from gitops_guard.network.sources.command import settings as command_settings
from gitops_guard.network.sources.command import words as command_words
from gitops_guard.network.sources.configuration import Store, chosen
from gitops_guard.network.sources.environment import Absent, used_variables
from gitops_guard.network.sources.files import ConfigFile, Entry, read_file
from gitops_guard.network.sources.pods import CONFIG_MAP, KeyRef, PodFact
from gitops_guard.network.telling import setting_name

_OWN_CA = "kube-root-ca.crt"
"""The ConfigMap that every namespace gets from Kubernetes itself."""

_IDENTIFIERS = frozenset(("$id", "$ref", "$schema", "xmlns", "schemalocation"))
"""Keys whose values have the form of an address and are only names."""

_Variables = tuple[tuple[str, str], ...]


class ConfiguredFiles:
    """Mounted files; what they mention is kept, since charts mount one ConfigMap many times."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files: dict[int, ConfigFile] = {}
        self._used: dict[int, frozenset[str]] = {}
        self._known: dict[tuple[int, _Variables], Mentioned] = {}

    def of(self, pod: PodFact, env: Mapping[str, Setting]) -> Iterator[tuple[KeyRef, Mentioned]]:
        """The hosts in the files of a workload. `env` serves the scripts among them."""
        for ref in pod.files:
            found = self._store.find(ref, pod.workload.namespace, pod.path)
            if found is None:
                continue
            shared = self._store.is_shared(found)
            for text in chosen(found, ref):
                yield ref, _mounted(self._mentions(text, env), ref, shared=shared, hidden=text.hidden)

    def absent(self, pod: PodFact) -> Iterator[Absent]:
        """The ConfigMaps that are mounted and are not in the repository."""
        for ref in pod.files:
            if ref.kind != CONFIG_MAP or ref.name == _OWN_CA:
                continue
            if self._store.find(ref, pod.workload.namespace, pod.path) is None:
                yield Absent(ref, "", f"the ConfigMap {ref.name} is not in the repository")

    def _mentions(self, text: Text, env: Mapping[str, Setting]) -> Mentioned:
        """What a text mentions; the store keeps it, so that its id stays its own."""
        file = self._files.get(id(text))
        if file is None:
            file = self._files[id(text)] = read_file(text.key, text.value)
            self._used[id(text)] = used_variables(text.value) if file.is_script else frozenset()
        used = sorted(name for name in self._used[id(text)] if name in env)
        key = id(text), tuple((name, env[name].text) for name in used)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _read(text, file, env)
        return known


def of_command(scripts: Sequence[Script], env: Mapping[str, Setting], source: str) -> Mentioned:
    """What the words of a command mention."""
    found = tuple(command_words(scripts, env))
    mentioned = mentions(command_settings(found, source))
    return mentioned._replace(is_cut=mentioned.is_cut or is_cut(found))


def _read(text: Text, file: ConfigFile, env: Mapping[str, Setting]) -> Mentioned:
    if file.is_script:
        return of_command((Script(text.value, text.place, text.first_line),), env, f"script {text.key}")
    mentioned = mentions(_settings(text, file), file.declared)
    return mentioned._replace(is_cut=mentioned.is_cut or file.is_cut)


def _mounted(mentioned: Mentioned, ref: KeyRef, *, shared: bool, hidden: bool) -> Mentioned:
    found = tuple(_of_mount(mention, ref, shared=shared, hidden=hidden) for mention in mentioned.found)
    return mentioned._replace(found=found)


def _of_mount(mention: Mention, ref: KeyRef, *, shared: bool, hidden: bool) -> Mention:
    setting = mention.setting
    return mention._replace(
        setting=setting._replace(through=ref.place, is_shared=shared, hidden=setting.hidden or hidden)
    )


def _settings(text: Text, file: ConfigFile) -> Iterator[Setting]:
    """The entries of a file that may name a host or a port."""
    for entry in file.entries:
        if _may_count(entry):
            yield Setting(entry.name, entry.value, text.line_place(entry.line), f"file {text.key}", hidden=text.hidden)


def _may_count(entry: Entry) -> bool:
    if entry.name.rpartition(".")[2].lower() in _IDENTIFIERS:
        return False
    if ":" in entry.value or ".svc" in entry.value or "=" in entry.value:
        return True
    name = setting_name(entry.name)
    return name.tells or name.port_stem is not None
