"""Measures the analysis of networks: CPU and memory of `network map` and `network diff`, and how both grow.

    python benchmarks/network_bench.py

The cluster is made up: ten workloads and twenty policies in each namespace, peers in it, in a neighbour, and some
everywhere; 500 and 5,000 workloads. The exponent is that of the growth between the two: 1 is linear.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

SIZES = (500, 5000)
_PER_NAMESPACE = 10


class Cost(NamedTuple):
    """CPU seconds, and the peak memory in MiB."""

    cpu: float
    peak: float


def cluster(workloads: int) -> str:
    """A List of namespaces' objects as JSON, which is YAML, a document for each namespace."""
    return "---\n".join(_namespace(number) for number in range(workloads // _PER_NAMESPACE))


def _namespace(number: int) -> str:
    name, neighbour = f"team-{number:04}", f"team-{number // 2:04}"
    items = [item for app in range(_PER_NAMESPACE) for item in _application(app, name, neighbour, number)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}) + "\n"


def _application(app: int, namespace: str, neighbour: str, number: int) -> list[dict[str, object]]:
    labels = {"app": f"app-{app}"}
    container = {"name": "main", "ports": [{"name": "web", "containerPort": 8000 + app}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    near = {"podSelector": {"matchLabels": {"app": f"app-{(app + 1) % _PER_NAMESPACE}"}}}
    far = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": neighbour}}}
    peers = [{"namespaceSelector": {}} if app == 0 else near, far]
    block = {"ipBlock": {"cidr": f"10.{number % 256}.0.0/16"}}
    rules: tuple[tuple[str, dict[str, object]], ...] = (
        ("Ingress", {"ingress": [{"from": peers, "ports": [{"port": "web"}]}]}),
        ("Egress", {"egress": [{"to": [near, far, block]}]}),
    )
    policies: list[dict[str, object]] = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"{kind.lower()}-{app}", "namespace": namespace},
            "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": [kind]} | rule,
        }
        for kind, rule in rules
    ]
    workload = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"app-{app}", "namespace": namespace},
        "spec": {"template": template},
    }
    return [workload, *policies]


def measure(folder: Path, *arguments: str) -> Cost:
    """What a command costs in a folder."""
    command = [sys.executable, "-m", "gitops_guard", "network", *arguments, "--output", os.devnull]
    process = subprocess.Popen(command, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def repository(folder: Path, workloads: int) -> None:
    """A repository whose change moves one workload of every namespace to another label."""
    git = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false")
    text = cluster(workloads)
    for number, document in enumerate(text.split("---\n")):
        (folder / f"team-{number:04}.json").write_text(document)
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "base")):
        subprocess.run((*git, *arguments), cwd=folder, check=True)
    for file in folder.glob("team-*.json"):
        file.write_text(file.read_text().replace("app-3", "app-x"))


def main() -> None:
    """Prints the figures."""
    found: dict[str, list[Cost]] = {"map": [], "diff": []}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            repository(folder, size)
            found["map"].append(measure(folder, "map", "--format", "json"))
            found["diff"].append(measure(folder, "diff", "--base", "main", "--format", "json"))
    for action, costs in found.items():
        exponent = math.log(costs[1].cpu / costs[0].cpu) / math.log(SIZES[1] / SIZES[0])
        figures = ", ".join(
            f"{size:,} workloads {cost.cpu:.1f} s CPU, {cost.peak:.0f} MiB"
            for size, cost in zip(SIZES, costs, strict=True)
        )
        print(f"network {action}: {figures}; exponent {exponent:.2f}")


if __name__ == "__main__":
    main()
