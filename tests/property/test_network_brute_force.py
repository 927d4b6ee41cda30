"""The analysis against an evaluator that follows the specification literally: one pair, protocol and port at a time.

The evaluator reads the objects as plain data and shares no code with the analysis.
"""

import ipaddress
import os
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from gitops_guard.network.analysis import connections
from gitops_guard.network.ports import PROTOCOLS, PortSet
from netpol_objects import admin, baseline, namespace, of_data, pod, policy

Json = dict[str, Any]
Conn = tuple[str, int]

CASES = int(os.environ.get("GITOPS_GUARD_NETWORK_CASES", "300"))
SPACES = ("a", "b", "c")
PORTS = (1, 53, 79, 80, 81, 90, 100, 443, 65535)
NAMES = ("web", "dns", "absent")
BLOCKS = ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "192.0.2.0/25", "::/0", "2001:db8::/32")
HOLES = {"0.0.0.0/0": ("10.0.0.0/8", "192.0.2.0/24"), "10.0.0.0/8": ("10.1.0.0/16", "10.200.0.1/32")}


@pytest.mark.parametrize("part", range(4))
def test_the_analysis_equals_the_specification_on_random_clusters(part: int) -> None:
    for seed in range(part, CASES, 4):
        compare(list(random_cluster(random.Random(seed))), seed)  # noqa: S311 - repeatable cases, not secrets


def compare(items: list[Json], seed: int) -> None:
    world = World(items, random.Random(seed))  # noqa: S311 - as above
    found = connections(of_data(items))
    assert not [problem.message for problem in found.problems if problem.is_error], seed
    numbers = {workload.id.rsplit("/", 2)[0] + "/" + workload.name: n for n, workload in found.workloads.items()}
    for source in world.pods:
        for target in world.pods:
            if source is target:
                continue
            open_ports = found.between(numbers[key(source)], numbers[key(target)])
            for conn in world.conns:
                expected = world.sends(source, target, conn) and world.accepts(target, source, conn)
                assert contains(open_ports, conn) == expected, (seed, key(source), key(target), conn)
    for one in world.pods:
        reach = found.outside[numbers[key(one)]]
        for address in world.addresses:
            number = int(address)
            for conn in world.conns:
                for openings, expected in (
                    (reach.incoming, world.accepts(one, address, conn)),
                    (reach.outgoing, world.sends(one, address, conn)),
                ):
                    hit = [o for o in openings if within(o.region.v4 if address.version == 4 else o.region.v6, number)]
                    assert len(hit) <= 1, seed
                    assert (bool(hit) and contains(hit[0].ports, conn)) == expected, (seed, key(one), address, conn)


def within(ranges: tuple[tuple[int, int], ...], number: int) -> bool:
    return any(low <= number <= high for low, high in ranges)


def contains(ports: PortSet, conn: Conn) -> bool:
    return within(dict(zip(PROTOCOLS, ports, strict=True))[conn[0]], conn[1])


def key(one: Json) -> str:
    return f"{one['metadata']['namespace']}/{one['metadata']['name']}"


Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Side = Json | Address


class Attempt(NamedTuple):
    """A connection as one of its ends sees it: `subject` is that end, `peer` the other."""

    subject: Json
    peer: Side
    target: Side
    conn: Conn
    way: str
    word: str


class World:
    """The specification, literally."""

    def __init__(self, items: list[Json], rng: random.Random) -> None:
        self.pods = [item for item in items if item["kind"] == "Pod"]
        self.spaces = {name: {"kubernetes.io/metadata.name": name} for name in SPACES}
        for item in items:
            if item["kind"] == "Namespace":
                self.spaces[item["metadata"]["name"]] |= item["metadata"]["labels"]
        self.policies = [item for item in items if item["kind"] == "NetworkPolicy"]
        self.admin = sorted(
            (item for item in items if item["kind"] == "AdminNetworkPolicy"), key=lambda p: p["spec"]["priority"]
        )
        self.baseline = [item for item in items if item["kind"] == "BaselineAdminNetworkPolicy"]
        self.conns = rng.sample([(protocol, port) for protocol in PROTOCOLS for port in PORTS], 14)
        edges = [ipaddress.ip_network(block) for block in BLOCKS]
        edges += [ipaddress.ip_network(hole) for holes in HOLES.values() for hole in holes]
        self.addresses: list[Address] = []
        for network in edges:
            self.addresses += [network[0], network[-1]]
            self.addresses += [network[-1] + 1] if network.prefixlen else []
        self.addresses = rng.sample(self.addresses, 8)

    def accepts(self, target: Json, source: Side, conn: Conn) -> bool:
        return self.decides(Attempt(target, source, target, conn, "ingress", "from"))

    def sends(self, source: Json, target: Side, conn: Conn) -> bool:
        return self.decides(Attempt(source, target, target, conn, "egress", "to"))

    def decides(self, attempt: Attempt) -> bool:
        if attempt.subject["spec"].get("hostNetwork"):
            return True
        for item in self.admin:
            action = self.admin_action(item, attempt)
            if action == "Pass":
                break
            if action:
                return action == "Allow"
        governing = [p for p in self.policies if self.governs(p, attempt.subject, attempt.way)]
        if governing:
            return any(self.rule_allows(p, r, attempt) for p in governing for r in p["spec"].get(attempt.way) or [])
        for item in self.baseline:
            action = self.admin_action(item, attempt)
            if action:
                return action == "Allow"
        return True

    def governs(self, item: Json, subject: Json, way: str) -> bool:
        spec = item["spec"]
        types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
        same = item["metadata"]["namespace"] == subject["metadata"]["namespace"]
        return way.capitalize() in types and same and selects(spec["podSelector"], subject["metadata"]["labels"])

    def rule_allows(self, item: Json, rule: Json, attempt: Attempt) -> bool:
        peers, ports = rule.get(attempt.word), rule.get("ports")
        own = item["metadata"]["namespace"]
        if peers and not any(self.peer_matches(one, own, attempt.peer) for one in peers):
            return False
        return not ports or any(port_matches(port, attempt.target, attempt.conn) for port in ports)

    def peer_matches(self, one: Json, own: str, peer: Side) -> bool:
        if "ipBlock" in one:
            block = one["ipBlock"]
            return not isinstance(peer, dict) and in_block(peer, block["cidr"], block.get("except", ()))
        if not isinstance(peer, dict) or peer["spec"].get("hostNetwork"):
            return False
        space = peer["metadata"]["namespace"]
        if "namespaceSelector" in one:
            right_space = selects(one["namespaceSelector"], self.spaces[space])
        else:
            right_space = space == own
        return right_space and selects(one.get("podSelector", {}), peer["metadata"]["labels"])

    def admin_action(self, item: Json, attempt: Attempt) -> str:
        if not self.admin_matches(item["spec"]["subject"], attempt.subject):
            return ""
        for rule in item["spec"].get(attempt.way, ()):
            if any(self.admin_matches(one, attempt.peer) for one in rule[attempt.word]):
                ports = rule.get("ports")
                if ports is None or any(admin_port_matches(p, attempt.target, attempt.conn) for p in ports):
                    return str(rule["action"])
        return ""

    def admin_matches(self, one: Json, peer: Side) -> bool:
        if "networks" in one:
            if isinstance(peer, dict):
                return "0.0.0.0/0" in one["networks"]
            return any(in_block(peer, block, ()) for block in one["networks"])
        if not isinstance(peer, dict) or peer["spec"].get("hostNetwork"):
            return False
        labels = self.spaces[peer["metadata"]["namespace"]]
        if "namespaces" in one:
            return selects(one["namespaces"], labels)
        pods = one["pods"]
        return selects(pods["namespaceSelector"], labels) and selects(pods["podSelector"], peer["metadata"]["labels"])


def in_block(address: Address, block: str, holes: Any) -> bool:
    return address in ipaddress.ip_network(block) and not any(address in ipaddress.ip_network(h) for h in holes)


def selects(selector: Json, labels: dict[str, str]) -> bool:
    for name, value in selector.get("matchLabels", {}).items():
        if labels.get(name) != value:
            return False
    for expression in selector.get("matchExpressions", ()):
        name, values = expression["key"], expression.get("values")
        match expression["operator"]:
            case "In":
                holds = name in labels and labels[name] in values
            case "NotIn":
                holds = name not in labels or labels[name] not in values
            case "Exists":
                holds = name in labels
            case _:
                holds = name not in labels
        if not holds:
            return False
    return True


def declared(target: Side) -> list[Json]:
    return [port for c in target["spec"]["containers"] for port in c["ports"]] if isinstance(target, dict) else []


def port_matches(port: Json, target: Side, conn: Conn) -> bool:
    if port.get("protocol", "TCP") != conn[0]:
        return False
    number = port.get("port")
    if isinstance(number, str):
        return any(
            p["name"] == number and p["protocol"] == conn[0] and p["containerPort"] == conn[1] for p in declared(target)
        )
    if number is None:
        return True
    last: int = port.get("endPort") or number
    return bool(number <= conn[1] <= last)


def admin_port_matches(port: Json, target: Side, conn: Conn) -> bool:
    if "namedPort" in port:
        return any(
            p["name"] == port["namedPort"] and (p["protocol"], p["containerPort"]) == conn for p in declared(target)
        )
    inner = port.get("portNumber") or port["portRange"]
    low, high = (inner["start"], inner["end"]) if "start" in inner else (inner["port"], inner["port"])
    return bool(inner.get("protocol", "TCP") == conn[0] and low <= conn[1] <= high)


def random_cluster(rng: random.Random) -> Iterator[Json]:
    for name in SPACES[: rng.randint(0, 3)]:
        yield namespace(name, **random_labels(rng))
    for number in range(rng.randint(2, 6)):
        ports = [
            {"name": name, "containerPort": rng.choice(PORTS), "protocol": rng.choice(PROTOCOLS)}
            for name in NAMES[: rng.randint(0, 2)]
        ]
        made = pod(f"p{number}", rng.choice(SPACES), ports, **random_labels(rng))
        if rng.random() < 0.1:
            made["spec"]["hostNetwork"] = True
        yield made
    for number in range(rng.randint(0, 5)):
        yield random_policy(rng, f"n{number}")
    for priority in rng.sample(range(100), rng.choice((0, 0, 1, 2, 3))):
        yield admin(f"admin{priority}", priority, **random_admin(rng, ("Allow", "Deny", "Pass")))
    if rng.random() < 0.3:
        yield baseline(**random_admin(rng, ("Allow", "Deny")))


def random_labels(rng: random.Random) -> dict[str, str]:
    return {name: rng.choice("xyz") for name in ("app", "tier") if rng.random() < 0.7}


def random_selector(rng: random.Random) -> Json:
    found: Json = {}
    if rng.random() < 0.5:
        found["matchLabels"] = {rng.choice(("app", "tier")): rng.choice("xyz")}
    if rng.random() < 0.4:
        operator = rng.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        expression: Json = {"key": rng.choice(("app", "tier", "kubernetes.io/metadata.name")), "operator": operator}
        if operator.endswith("In"):
            expression["values"] = rng.sample(("x", "y", "z", "a", "b"), rng.randint(1, 3))
        found["matchExpressions"] = [expression]
    return found


def random_policy(rng: random.Random, name: str) -> Json:
    spec: Json = {"podSelector": random_selector(rng)}
    for way, word in (("ingress", "from"), ("egress", "to")):
        if rng.random() < 0.7:
            spec[way] = [random_rule(rng, word) for _ in range(rng.randint(0, 2))]
    if rng.random() < 0.6:
        spec["policyTypes"] = rng.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"], []))
    return policy(name, rng.choice(SPACES), **spec)


def random_rule(rng: random.Random, word: str) -> Json:
    rule: Json = {}
    if rng.random() < 0.8:
        rule[word] = [random_peer(rng) for _ in range(rng.randint(0, 2))]
    if rng.random() < 0.6:
        rule["ports"] = [random_port(rng) for _ in range(rng.randint(0, 2))]
    return rule


def random_peer(rng: random.Random) -> Json:
    kind = rng.randint(0, 3)
    if kind == 0:
        block = rng.choice(BLOCKS)
        holes = [hole for hole in HOLES.get(block, ()) if rng.random() < 0.5]
        return {"ipBlock": {"cidr": block} | ({"except": holes} if holes else {})}
    peer = {} if kind == 1 else {"namespaceSelector": random_selector(rng)}
    return peer if kind == 2 else peer | {"podSelector": random_selector(rng)}


def random_port(rng: random.Random) -> Json:
    port: Json = {"protocol": rng.choice(PROTOCOLS)} if rng.random() < 0.7 else {}
    match rng.randint(0, 3):
        case 0:
            return port
        case 1:
            return port | {"port": rng.choice(NAMES)}
        case 2:
            low, high = sorted(rng.choices(PORTS, k=2))
            return port | {"port": low, "endPort": high}
        case _:
            return port | {"port": rng.choice(PORTS)}


def random_admin(rng: random.Random, actions: tuple[str, ...]) -> Json:
    spec: Json = {"subject": random_subject(rng)}
    for way, word in (("ingress", "from"), ("egress", "to")):
        spec[way] = [random_admin_rule(rng, actions, word) for _ in range(rng.randint(0, 3))]
    return spec


def random_subject(rng: random.Random) -> Json:
    if rng.random() < 0.5:
        return {"namespaces": random_selector(rng)}
    return {"pods": {"namespaceSelector": random_selector(rng), "podSelector": random_selector(rng)}}


def random_admin_rule(rng: random.Random, actions: tuple[str, ...], word: str) -> Json:
    peers = [random_subject(rng) for _ in range(rng.randint(1, 2))]
    if word == "to" and rng.random() < 0.4:
        peers.append({"networks": rng.sample(BLOCKS, rng.randint(1, 2))})
    rule: Json = {"action": rng.choice(actions), word: peers}
    if rng.random() < 0.6:
        rule["ports"] = [random_admin_port(rng) for _ in range(rng.randint(1, 2))]
    return rule


def random_admin_port(rng: random.Random) -> Json:
    match rng.randint(0, 2):
        case 0:
            return {"namedPort": rng.choice(NAMES)}
        case 1:
            return {"portNumber": {"protocol": rng.choice(PROTOCOLS), "port": rng.choice(PORTS)}}
        case _:
            low, high = sorted(rng.choices(PORTS, k=2))
            return {"portRange": {"protocol": rng.choice(PROTOCOLS), "start": low, "end": high}}
