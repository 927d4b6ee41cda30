"""Asks about all images of a run at once: each once, a bounded number at a time, within one budget."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from gitops_guard.facts.image import ImageFacts
from gitops_guard.facts.known import KnownImages, key_of
from gitops_guard.gathering.asker import Asker, Scanners
from gitops_guard.gathering.memory import Memory, folder
from gitops_guard.gathering.upgrade import with_upgrade
from gitops_guard.oci.credentials import Credentials
from gitops_guard.oci.hosts import Hosts
from gitops_guard.oci.registry import Registry
from gitops_guard.scanners.attested import AttestedScans
from gitops_guard.scanners.interface import ScanSource
from gitops_guard.scanners.sources import plain_http_hosts, private_hosts, scan_sources
from gitops_guard.scanners.vex import Statement
from gitops_guard.settings import Settings
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Budget, Web

WORKERS = 8
Tick = Callable[[], None]


class Gathering(NamedTuple):
    """How facts are gathered.

    `environment` gives credentials, `reports` further sources of scans (files that the user gave), which `reports_key`
    tells apart from others, `statements` of VEX what does not count. `budget` is in seconds, None for no bound. `keep`
    is whether facts are kept for later runs.
    """

    settings: Settings
    now: datetime
    environment: Mapping[str, str]
    reports: Sequence[ScanSource] = ()
    reports_key: str = ""
    statements: Sequence[Statement] = ()
    budget: float | None = None
    keep: bool = True


def gather(references: Iterable[ImageReference], how: Gathering, tick: Tick | None = None) -> KnownImages:
    """What is known of images; `tick` is called after each distinct one."""
    distinct = {key_of(one): one for one in references}
    if not distinct:
        return KnownImages({}, asked=True)
    budget = Budget(how.budget)
    web = _web(how, budget)
    asker = _asker(how, web, budget)

    def ask(reference: ImageReference) -> tuple[ImageFacts, ...]:
        facts = with_upgrade(reference, asker.facts(reference), asker)
        if tick is not None:
            tick()
        return facts

    try:
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            found = list(pool.map(ask, distinct.values()))
    finally:
        web.close()
    # What was only looked at as an upgrade must not hide what was asked for itself.
    newer = {facts.reference: facts for group in found for facts in group[1:]}
    return KnownImages(newer | {group[0].reference: group[0] for group in found}, asked=True)


def _web(how: Gathering, budget: Budget) -> Web:
    hosts = Hosts(how.settings.registries)
    return Web(
        budget,
        private=(*hosts.private, *private_hosts(how.settings)),
        plain_http=(*hosts.plain_http, *plain_http_hosts(how.settings)),
        connections=WORKERS,
    )


def _asker(how: Gathering, web: Web, budget: Budget) -> Asker:
    hosts = Hosts(how.settings.registries)
    home = how.environment.get("HOME", "")
    registry = Registry(web, hosts, Credentials(hosts, how.environment, Path(home) if home else None))
    sources = [*how.reports, *scan_sources(how.settings, how.environment, web, budget)]
    if how.settings.signers:
        sources.append(AttestedScans(registry, how.settings.signers))
    memory = Memory(folder(how.environment) if how.keep else None, how.now, _situation(how))
    return Asker(registry, Scanners(tuple(sources), tuple(how.statements)), how.settings, how.now, memory)


def _situation(how: Gathering) -> str:
    """What besides the image decides its facts, as a short text."""
    settings = how.settings
    parts = (settings.image_policy, settings.scan_sources, settings.signers, settings.approved_images)
    return hashlib.sha256(repr((parts, how.reports_key)).encode()).hexdigest()
