"""The cloud's metadata service, which hands the node's credentials to whoever can reach it, as policies see it.

Source: the instance metadata documentation of AWS (which alone has the IPv6 address), Azure and Google Cloud.
"""

from gitops_guard.syntax.field import Field

ADDRESSES = ("169.254.169.254", "fd00:ec2::254")
PORT = 80


def reachable_address(block: Field) -> str:
    """The address of the service that an `ipBlock` covers and its `except` leaves in; empty if none."""
    cidr = block["cidr"].text
    if not cidr:
        return ""
    holes = tuple(hole.text for hole in block["except"].items())
    for address in ADDRESSES:
        if _covers(cidr, address) and not any(_covers(hole, address) for hole in holes):
            return address
    return ""


def _covers(cidr: str, address: str) -> bool:
    from ipaddress import ip_address, ip_network  # noqa: PLC0415 - few policies name blocks

    try:
        return ip_address(address) in ip_network(cidr, strict=False)
    except ValueError:
        return False


def opens_port(rule: Field) -> bool:
    """Whether a rule opens the port of the service to the addresses that it names."""
    ports = list(rule["ports"].items())
    return not ports or any(_is_open(port) for port in ports)


def _is_open(port: Field) -> bool:
    number = port["port"]
    if (port["protocol"].text or "TCP") != "TCP" or number.string is not None:
        return False
    low = number.integer
    return low is None or low <= PORT <= (port["endPort"].integer or low)


def is_reachable(rule: Field) -> bool:
    """Whether an egress rule lets its pods reach the service."""
    if not opens_port(rule):
        return False
    peers = list(rule["to"].items())
    return not peers or any(reachable_address(peer["ipBlock"]) for peer in peers)
