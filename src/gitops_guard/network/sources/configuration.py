"""Reads ConfigMaps and Secrets; their values are kept so that they never show themselves."""

import base64
import binascii
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Located
from gitops_guard.network.nearby import Nearby
from gitops_guard.network.setting import Text
from gitops_guard.network.sources.pods import CONFIG_MAP, SECRET, KeyRef, PodFact, first_line

_ENCRYPTED = "ENC["


class Configuration(NamedTuple):
    """The keys of one ConfigMap or Secret. `is_encrypted`: some value cannot be read (SOPS)."""

    kind: str
    namespace: str
    name: str
    path: str
    texts: dict[str, Text]
    is_encrypted: bool = False

    def __repr__(self) -> str:
        return f"Configuration({self.kind} {self.namespace}/{self.name})"


def configuration(located: Located) -> Configuration | None:
    """Reads a ConfigMap or Secret of the core group."""
    obj, place_of = located.object, located.place_of
    if obj.api_group or obj.kind not in {CONFIG_MAP, SECRET}:
        return None
    hidden = obj.kind == SECRET
    owner = f"{obj.kind}/{obj.identity.name}"
    texts: dict[str, Text] = {}
    encrypted = False
    for part in ("data", "stringData") if hidden else ("data",):
        for field in obj.field[part].entries():
            written = field.text
            encrypted = encrypted or written.startswith(_ENCRYPTED)
            value = _decoded(written) if hidden and part == "data" else written
            if value is not None:
                place = place_of(field)
                key, line = str(field.key), None if hidden and part == "data" else first_line(field, place)
                texts[key] = Text(value, place, owner=owner, key=key, hidden=hidden, first_line=line)
    namespace = obj.identity.namespace or DEFAULT_NAMESPACE
    return Configuration(obj.kind, namespace, obj.identity.name, located.path, texts, encrypted)


def _decoded(text: str) -> str | None:
    """The text of a value of a Secret; None where it is no text."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return None


class Store:
    """The configuration of a repository, by kind, namespace and name, and who reads it whole."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], list[Configuration]] = {}
        self._near: dict[tuple[str, str, str], Nearby[Configuration]] = {}
        self._readers: dict[int, set[str]] = {}

    def add(self, found: Configuration) -> None:
        """Adds a ConfigMap or Secret; the same may be there several times, from different folders."""
        self._known.setdefault((found.kind, found.namespace, found.name), []).append(found)

    def find(self, ref: KeyRef, namespace: str, path: str) -> Configuration | None:
        """What a reference means in a namespace; of several, the one nearest to `path`. Nothing may be added after."""
        key = (ref.kind, namespace, ref.name)
        near = self._near.get(key)
        if near is None:
            near = self._near[key] = Nearby((one.path, one) for one in self._known.get(key, ()))
        return next(iter(near.closest(path)), None)

    def count(self, pods: PodFact) -> None:
        """Notes which configuration a workload reads whole."""
        refs = (*pods.files, *(ref for container in pods.containers for ref in container.env_from))
        for ref in refs:
            found = self.find(ref, pods.workload.namespace, pods.path)
            if found is not None:
                self._readers.setdefault(id(found), set()).add(pods.workload.id)

    def is_shared(self, found: Configuration) -> bool:
        """Whether several workloads read it whole: then not each of them uses every key."""
        return len(self._readers.get(id(found), ())) > 1


def chosen(found: Configuration, ref: KeyRef) -> Iterator[Text]:
    """The texts of the keys that a reference asks for."""
    if ref.key is not None:
        wanted: tuple[str, ...] = (ref.key,)
    else:
        wanted = ref.keys or tuple(found.texts)
    for key in wanted:
        text = found.texts.get(key)
        if text is not None:
            yield text
