"""The configuration that `init` writes, to start from: what a repository uses today."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from gitops_guard.images.proposal import approved_list
from gitops_guard.network_settings import NAMESPACE_LABEL, NetworkSettings, PodsAt
from gitops_guard.report import ImageRow

_HEAD = """# What this team has decided. `gitops-guard schema config` prints the schema of this file.
kubernetes_version: "1.36"
fail_level: high
"""
_IMAGES = """
# Images that may be used: all that are used today, each for one more year. Remove what should not be; name owners.
"""
_NO_IMAGES = """
# Images that may be used, on normalised names. An entry whose date has passed approves nothing.
# approved_images:
#   - repository: docker.io/library/python
#     tags: ["3.12.*-slim"]
#     owner: platform
#     expires: 2027-12-31
"""
_WAIVERS = """
# Accepted problems. Without owner, reason and expires a waiver waives nothing.
# waivers:
#   - rule: GG-POD-013
#     paths: [apps/legacy/]
#     owner: platform
#     reason: writes its cache beside the program, to be changed in the next release
#     ticket: SEC-142
#     expires: 2027-06-30
"""


class Segmentation(NamedTuple):
    """How many namespaces (or folders, where manifests name none) run workloads, and how many close ingress to all."""

    inhabited: int = 0
    closed: int = 0


class Findings(NamedTuple):
    """What a repository uses today."""

    images: tuple[ImageRow, ...] = ()
    network: NetworkSettings = NetworkSettings()
    segmentation: Segmentation = Segmentation()


def configuration(found: Findings, today: date) -> str:
    """The text of a `.gitops-guard.yaml`."""
    images = _IMAGES + approved_list(found.images, today) if found.images else _NO_IMAGES
    return "".join((_HEAD, images, *_network(found), _WAIVERS))


def _network(found: Findings) -> Iterator[str]:
    state = found.segmentation
    if state.inhabited:
        yield (
            f"\n# Network: {state.closed} of {state.inhabited} namespaces close ingress by default. Policies for the"
            " others: gitops-guard network synth\n"
        )
    controllers, monitoring = found.network.ingress_controllers, found.network.monitoring
    if controllers or monitoring:
        yield "network:\n"
        yield from _pods("ingress_controllers", controllers)
        yield from _pods("monitoring", monitoring)


def _pods(key: str, places: Iterable[PodsAt]) -> Iterator[str]:
    listed = list(places)
    if listed:
        yield f"  {key}:\n"
    for place in listed:
        names = dict(place.namespaces)
        namespace = names.get(NAMESPACE_LABEL)
        where = f"namespace: {_quoted(namespace)}" if namespace else f"namespace_labels: {_labels(names)}"
        yield f"    - {where}\n"
        if place.pods:
            yield f"      pods: {_labels(dict(place.pods))}\n"


def _labels(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f"{_quoted(key)}: {_quoted(value)}" for key, value in labels.items()) + "}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
