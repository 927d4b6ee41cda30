"""The read-only volume that makes a Secret's keys files of a container."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.editing.intent import AppendItem, Intent, SetValue
from gitops_guard.model.secret_values import compiled
from gitops_guard.model.workload import Container
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.nodes import Data

_FOLDER = "/run/secrets"
_ABOVE = frozenset(("/run", "/run/secrets", "/var/run", "/var/run/secrets"))
_LABEL_LIMIT = 63
_GROUP_READ = 0o440
_OBJECT_NAME = r"[a-z0-9]([-a-z0-9.]{0,200}[a-z0-9])?"
_KEY = r"[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,200}"


class FileMount(NamedTuple):
    """A folder in a container that holds a Secret's keys as files; `intents` create it where it is missing."""

    folder: str
    intents: tuple[Intent, ...]


def file_mount(container: Container, secret: str) -> FileMount | None:
    """The folder of a Secret in a container; None where it cannot be mounted with certainty."""
    if (
        container.role == "ephemeralContainers"
        or container.workload.is_windows
        or not compiled(_OBJECT_NAME).fullmatch(secret)
    ):
        return None
    volume = next((v for v in container.workload.volumes() if _is_whole(v, secret)), None)
    if volume is not None:
        for mount in container.field["volumeMounts"].items():
            path = mount["mountPath"].string
            if mount["name"].text == volume["name"].text and path and not _is_partial(mount):
                return FileMount(path.rstrip("/"), ())
    return _new_mount(container, secret, volume)


def _new_mount(container: Container, secret: str, volume: Field | None) -> FileMount | None:
    folder = f"{_FOLDER}/{secret}"
    paths = {mount["mountPath"].text.rstrip("/") for mount in container.field["volumeMounts"].items()}
    if folder in paths or paths & _ABOVE:
        return None
    intents: list[Intent] = []
    if volume is None:
        name = "secret-" + secret.replace(".", "-")
        if len(name) > _LABEL_LIMIT or any(v["name"].text == name for v in container.workload.volumes()):
            return None
        intents += _volume(container, name, secret)
    else:
        name = volume["name"].text
    mount: Data = {"name": name, "mountPath": folder, "readOnly": True}
    return FileMount(folder, (AppendItem(container.field["volumeMounts"].keypath, mount), *intents))


def _volume(container: Container, name: str, secret: str) -> Iterator[Intent]:
    """The new volume: readable by the pod's group where there is one, else by every user of its containers."""
    pod = container.workload
    group = pod.security_context["fsGroup"]
    source: dict[str, Data] = {"secretName": secret}
    own = pod.security_context["runAsGroup"].integer or pod.security_context["runAsUser"].integer
    if group.exists or own:
        source["defaultMode"] = _GROUP_READ
    yield AppendItem(pod.pod_spec["volumes"].keypath, {"name": name, "secret": source})
    if not group.exists and own:
        yield SetValue(group.keypath, own)


def _is_whole(volume: Field, secret: str) -> bool:
    source = volume["secret"]
    return source["secretName"].string == secret and not source["items"].exists and not source["optional"].is_true


def _is_partial(mount: Field) -> bool:
    return mount["subPath"].exists or mount["subPathExpr"].exists


def is_key(text: str) -> bool:
    """Whether a Secret may have this key, so that its file has this name."""
    return compiled(_KEY).fullmatch(text) is not None and ".." not in text


def is_referred(container: Container, variable: str) -> bool:
    """Whether the container's commands or other variables read a variable, which must then stay."""
    reads = re.compile(rf"\$[({{]?{re.escape(variable)}(?![A-Za-z0-9_])")
    return any(reads.search(text) for text in texts(container.field))


def texts(field: Field) -> Iterator[str]:
    """All scalars below a field."""
    if field.is_mapping or field.is_sequence:
        for below in (*field.entries(), *field.items()):
            yield from texts(below)
    else:
        yield field.text
