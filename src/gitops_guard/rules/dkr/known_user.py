"""The user ids of well-known base images.

Sources, as of November 2026: the Dockerfiles of the Docker official images (docker-library), of nginxinc and of
Jenkins; the `passwd` of Debian's base-passwd and Alpine's alpine-baselayout; distroless `common/variables.bzl`;
Chainguard's default accounts. Only ids that these fix explicitly are listed.
"""

import re

_DISTRIBUTIONS = frozenset(("debian", "ubuntu", "alpine"))
_ON_THEM = frozenset((
    "buildpack-deps", "golang", "httpd", "nginx", "node", "perl", "php", "python", "ruby", "rust",
))  # fmt: skip
"""Official images on Debian or Alpine: they have the accounts of these."""

_OWN: dict[tuple[str, str], str] = {
    ("node", "node"): "1000",
    ("nginx", "nginx"): "101",
    ("nginxinc/nginx-unprivileged", "nginx"): "101",
    ("postgres", "postgres"): "999",
    ("memcached", "memcache"): "11211",
    ("jenkins/jenkins", "jenkins"): "1000",
}
_SINCE = {"nginx": (1, 17)}
"""The first version with that id, where earlier ones differ."""

_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
_ON_ALPINE = {("postgres", "postgres"): "70"}
_COMMON = {"nobody": "65534"}
_DEBIAN_ONLY = {"www-data": "33"}
_ALPINE = re.compile(r"(?:^|-)alpine")
_MINIMAL = ("gcr.io/distroless/", "cgr.dev/chainguard/")


def known_uid(image: str, name: str) -> str:
    """The number of a user in an image, given as `node:20-alpine`; empty if it is not known."""
    repository, _, tag = image.rpartition(":") if ":" in image.rpartition("/")[2] else (image, "", "")
    if repository.startswith(_MINIMAL):
        return "65532" if name == "nonroot" else ""
    alpine = repository == "alpine" or _ALPINE.search(tag) is not None
    key = (repository, name)
    if key in _OWN:
        known = _ON_ALPINE.get(key, _OWN[key]) if alpine else _OWN[key]
        return "" if _is_older(repository, tag) else known
    if repository not in _DISTRIBUTIONS | _ON_THEM or "windows" in tag or "nanoserver" in tag:
        return ""
    return _COMMON.get(name) or ("" if alpine else _DEBIAN_ONLY.get(name, ""))


def _is_older(repository: str, tag: str) -> bool:
    version = _VERSION.match(tag)
    return version is not None and (int(version[1]), int(version[2])) < _SINCE.get(repository, (0, 0))
