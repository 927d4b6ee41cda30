"""Reads what the configuration says of the cluster's network."""

from ipaddress import ip_address, ip_network
from typing import get_args

from gitops_guard.configuration.values import ValueReader
from gitops_guard.network_settings import (
    CLUSTER_DOMAIN,
    ApiServerSettings,
    DnsSettings,
    NetworkSettings,
    PodsAt,
    Style,
    pods_in,
)
from gitops_guard.syntax.field import Field

_NETWORK = (
    "dns", "ingress_controllers", "monitoring", "api_server", "nodes", "external", "cluster_domain", "style",
)  # fmt: skip
_PODS = ("namespace", "namespace_labels", "pods")
_DNS = (*_PODS, "port", "node_local")
_API_SERVER = ("cidrs", "ports")
_HIGHEST_PORT = 65535


def network_settings(reader: ValueReader, field: Field) -> NetworkSettings:
    """The settings; what is not written has its default."""
    reader.keys(field, _NETWORK)
    default = NetworkSettings()
    style = field["style"]
    return NetworkSettings(
        dns=_dns(reader, field["dns"]),
        ingress_controllers=tuple(_pods(reader, item, _PODS) for item in reader.list(field["ingress_controllers"])),
        monitoring=tuple(_pods(reader, item, _PODS) for item in reader.list(field["monitoring"])),
        api_server=_api_server(reader, field["api_server"]),
        nodes=_cidrs(reader, field["nodes"]),
        external=tuple((str(item.key), _cidrs(reader, item)) for item in reader.mapping(field["external"])),
        cluster_domain=reader.text(field["cluster_domain"]) or CLUSTER_DOMAIN,
        style=reader.word(style, get_args(Style), "style") if style.exists else default.style,  # type: ignore[arg-type]
    )


def _dns(reader: ValueReader, field: Field) -> DnsSettings:
    default = DnsSettings()
    if not field.exists:
        return default
    reader.keys(field, _DNS)
    named = any(field[name].exists for name in _PODS)
    port, local = field["port"], reader.text(field["node_local"])
    if local:
        try:
            ip_address(local)
        except ValueError:
            reader.fail(field["node_local"], f"{local!r} is no address", "write for example 169.254.20.10")
    return DnsSettings(
        _pods(reader, field, _DNS) if named else default.at, _port(reader, port) if port.exists else default.port, local
    )


def _pods(reader: ValueReader, field: Field, known: tuple[str, ...]) -> PodsAt:
    reader.keys(field, known)
    namespace, labels = reader.text(field["namespace"]), _labels(reader, field["namespace_labels"])
    if bool(namespace) == bool(labels):
        reader.fail(field, "name either a namespace or namespace_labels: without, it would be every namespace")
    pods = _labels(reader, field["pods"])
    return pods_in(namespace, pods) if namespace else PodsAt(labels, pods)


def _labels(reader: ValueReader, field: Field) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(item.key), reader.text(item)) for item in reader.mapping(field)))


def _api_server(reader: ValueReader, field: Field) -> ApiServerSettings:
    if not field.exists:
        return ApiServerSettings()
    reader.keys(field, _API_SERVER)
    ports = tuple(_port(reader, item) for item in reader.list(field["ports"]))
    return ApiServerSettings(_cidrs(reader, field["cidrs"]), ports or ApiServerSettings().ports)


def _cidrs(reader: ValueReader, field: Field) -> tuple[str, ...]:
    return tuple(_cidr(reader, item) for item in reader.list(field))


def _cidr(reader: ValueReader, field: Field) -> str:
    try:
        return str(ip_network(reader.text(field, required=True)))
    except ValueError as error:
        reader.fail(field, f"no CIDR block: {error}", "write for example 203.0.113.0/24")


def _port(reader: ValueReader, field: Field) -> int:
    number = field.integer
    if number is None or not 1 <= number <= _HIGHEST_PORT:
        reader.fail(field, f"{field.text!r} is no port")
    return number
