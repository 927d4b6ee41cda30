"""Builds the sources of scan results that a configuration names; reports' files and attestations are not among them."""

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

from gitops_guard.scanners import ecr, google, harbor, quay, xray
from gitops_guard.scanners.interface import ScanSource
from gitops_guard.scanners.scan_service import Ask, ScanService, ServiceSource
from gitops_guard.scanners.service_credentials import service_credentials
from gitops_guard.settings import ScanSourceSetting, Settings
from gitops_guard.web.client import Budget, Web


def scan_sources(
    settings: Settings, environment: Mapping[str, str], web: Web, budget: Budget | None = None
) -> tuple[ScanSource, ...]:
    """The services that a configuration names.

    Args:
        settings: the team's; those of a pull request's base.
        environment: holds the credentials under the names that the settings give.
        web: sends the requests of all services but ECR; made with `private_hosts` and `plain_http_hosts`.
        budget: that of `web`, for ECR.
    """
    return tuple(_source(setting, environment, web, budget) for setting in settings.scan_sources)


def private_hosts(settings: Settings) -> tuple[str, ...]:
    """The hosts of services that may lie at a loopback, link-local or private address."""
    return tuple(dict.fromkeys(_host(one.url) for one in settings.scan_sources if one.private and one.url))


def plain_http_hosts(settings: Settings) -> tuple[str, ...]:
    """The hosts of services whose address begins with `http://`."""
    urls = (one.url for one in settings.scan_sources)
    return tuple(dict.fromkeys(_host(url) for url in urls if url.startswith("http://")))


def _source(setting: ScanSourceSetting, environment: Mapping[str, str], web: Web, budget: Budget | None) -> ScanSource:
    host = _host(setting.url)
    own = {"ecr": ecr.REGISTRIES, "google": google.REGISTRIES}.get(setting.kind, (host,))
    name = f"{setting.kind} {host}" if host else setting.kind
    return ServiceSource(name, setting.registries or own, _ask(setting, environment, web, budget))


def _ask(setting: ScanSourceSetting, environment: Mapping[str, str], web: Web, budget: Budget | None) -> Ask:
    credentials = service_credentials(setting, environment)
    if setting.kind == "ecr":
        return ecr.Ecr(setting.region, setting.url, credentials, budget)
    service = ScanService(web, setting.url or google.ADDRESS, credentials)
    match setting.kind:
        case "harbor":
            return partial(harbor.scan_of, service)
        case "quay":
            return partial(quay.scan_of, service)
        case "google":
            return partial(google.scan_of, google.Place(service, setting.project))
        case "xray":
            return partial(xray.scan_of, xray.Place(service, setting.repository))


def _host(url: str) -> str:
    """Host and port of an address, without user information."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()
