"""Which images read a setting from a file, by which variable, and which refuse to.

Source: the entry points and documentation of the images themselves (docker-library images; grafana `run.sh`;
vaultwarden `util.rs`; gitea's environment-to-ini). An image that is not here is unknown, not unable.
"""

import re
from typing import NamedTuple

from gitops_guard.syntax.image_reference import ImageReference


class FileVariables(NamedTuple):
    """What an image does. `variables` is a pattern of plain names that have a file form, made with `suffix`.

    `since` is the first version that does; `is_strict`: it refuses to start when both forms are set.
    """

    image: str
    variables: str
    suffix: str = "_FILE"
    since: tuple[int, ...] = ()
    is_strict: bool = False


_MYSQL = r"MYSQL_(?:ROOT_PASSWORD|ROOT_HOST|DATABASE|USER|PASSWORD)"
_MARIADB = (
    r"(?:MARIADB|MYSQL)_(?:ROOT_PASSWORD|ROOT_HOST|DATABASE|USER|PASSWORD)|MARIADB_(?:PASSWORD_HASH|ROOT_PASSWORD_HASH|"
    r"REPLICATION_USER|REPLICATION_PASSWORD|REPLICATION_PASSWORD_HASH|MASTER_HOST|MASTER_PORT|USER_HOST)"
)
_GRAFANA = FileVariables("grafana", r"GF_[A-Z0-9]+(?:_[A-Z0-9]+)+", "__FILE", is_strict=True)
_TABLE: dict[str, FileVariables] = {
    "library/postgres": FileVariables("postgres", r"POSTGRES_(?:PASSWORD|USER|DB|INITDB_ARGS)", is_strict=True),
    "library/mysql": FileVariables("mysql", _MYSQL, is_strict=True),
    "library/mariadb": FileVariables("mariadb", _MARIADB, is_strict=True),
    "library/mongo": FileVariables("mongo", r"MONGO_INITDB_ROOT_(?:USERNAME|PASSWORD)", is_strict=True),
    "library/wordpress": FileVariables(
        "wordpress",
        r"WORDPRESS_(?:DB_(?:HOST|USER|PASSWORD|NAME)|(?:AUTH|SECURE_AUTH|LOGGED_IN|NONCE)_(?:KEY|SALT)|CONFIG_EXTRA)",
    ),
    "library/nextcloud": FileVariables(
        "nextcloud",
        r"MYSQL_(?:DATABASE|USER|PASSWORD)|POSTGRES_(?:DB|USER|PASSWORD)|NEXTCLOUD_ADMIN_(?:USER|PASSWORD)|"
        r"REDIS_HOST_PASSWORD|SMTP_PASSWORD",
        is_strict=True,
    ),
    "library/influxdb": FileVariables(
        "influxdb", r"DOCKER_INFLUXDB_INIT_(?:USERNAME|PASSWORD|ADMIN_TOKEN)", since=(2,)
    ),
    "grafana/grafana": _GRAFANA,
    "grafana/grafana-enterprise": _GRAFANA,
    "grafana/grafana-oss": _GRAFANA,
    "vaultwarden/server": FileVariables("vaultwarden", r"[A-Z][A-Z0-9_]*", is_strict=True),
    "gitea/gitea": FileVariables("gitea", r"GITEA__[A-Za-z0-9_.]+__[A-Z0-9_]+", "__FILE", since=(1, 20)),
}
_MIRRORS = (("docker.io", ""), ("public.ecr.aws", "docker/"), ("mirror.gcr.io", ""))
_REFUSING = {
    "library/rabbitmq": (
        r"RABBITMQ_DEFAULT_(?:USER|PASS)_FILE",
        "since 3.9 its entry point prints an error and exits",
        "write a file below /etc/rabbitmq/conf.d and mount it from a Secret",
        (3, 9),
    ),
    "keycloak/keycloak": (
        r"(?:KC|KEYCLOAK)_\w*(?:PASSWORD|SECRET|USERNAME)_FILE",
        "it reads no file variable: the setting stays empty",
        "put the setting into a mounted keycloak.conf or a key store (`--config-keystore`)",
        (),
    ),
}


class Refusal(NamedTuple):
    """Why an image must not get a file variable, and what to do instead."""

    image: str
    why: str
    instead: str


def known(image: ImageReference) -> FileVariables | None:
    """What is known of an image that reads file variables."""
    path = _path(image)
    entry = None if path is None else _TABLE.get(path)
    return entry if entry is not None and _reaches(image.tag, entry.since) else None


def file_form(image: ImageReference, variable: str) -> str | None:
    """The variable by which the image reads a plain variable's value from a file; None if it is not known."""
    entry = known(image)
    if entry is None or variable.endswith("_FILE") or not re.fullmatch(entry.variables, variable):
        return None
    return variable + entry.suffix


def refusal(image: ImageReference) -> Refusal | None:
    """Why no file variable may be proposed for this image."""
    path = _path(image)
    found = None if path is None else _REFUSING.get(path)
    if found is None:
        return None
    return Refusal(str(path).rpartition("/")[2], found[1], found[2])


def is_rejected(image: ImageReference, variable: str) -> bool:
    """Whether the image stops at, or does not read, this file variable."""
    path = _path(image)
    found = None if path is None else _REFUSING.get(path)
    return found is not None and re.fullmatch(found[0], variable) is not None and _reaches(image.tag, found[3])


def _path(image: ImageReference) -> str | None:
    if image.registry == "quay.io" and image.repository == "keycloak/keycloak":
        return image.repository
    for registry, prefix in _MIRRORS:
        if image.registry == registry and image.repository.startswith(prefix):
            return image.repository.removeprefix(prefix)
    return None


def _reaches(tag: str | None, since: tuple[int, ...]) -> bool:
    """Whether a tag is not below a version; one without a number is today's."""
    numbers = re.match(r"v?(\d+(?:\.\d+)*)", tag or "")
    if not since or numbers is None:
        return True
    written = tuple(int(part) for part in numbers[1].split(".") if len(part) < _DIGITS)
    return written >= since[: len(written)]


_DIGITS = 10
