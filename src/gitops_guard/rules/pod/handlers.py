"""Probe or lifecycle handler sets a host.

## What it does
Reports probes and lifecycle handlers whose `httpGet` or `tcpSocket` names a `host`, for Kubernetes 1.34 and newer.

## Why it matters
The kubelet sends the request from the node: the field reaches addresses that the pod itself cannot, cloud metadata
among them.

## Fix safety
Needs review: without it the pod's own address is asked.

## References
Kubernetes, Pod Security Standards, Baseline, "Host Probes / Lifecycle Hooks".
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey
from gitops_guard.finding import MEDIUM
from gitops_guard.model.workload import Container
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.pod.pss import CONTAINERS, HOST_PROBES, POD, violated

_HANDLERS = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)
_CONTROLS = (
    "pss:baseline:hostProbesAndHostLifecycle", "nsa:net-policies", "mitre:T1046", "sp800_190:4.4.2", "sp800_53:SC-7",
    "pci:1.3.1", "owasp_k8s_2025:K05",
)  # fmt: skip


def check(container: Container, context: RuleContext) -> Iterator[Problem]:
    """Reports handlers that name a host."""
    if context.minor < HOST_PROBES:
        return
    for path in _HANDLERS:
        handler = container.field.at(*path)
        if not handler.exists:
            continue
        for kind in ("httpGet", "tcpSocket"):
            host = handler[kind]["host"]
            if host.text and host.exists:
                yield Problem(
                    host,
                    f"{container.name}: {path[-1]} asks {host.text} from the node",
                    fix=needs_review(
                        "ask the pod itself", DeleteKey(host.keypath), note="the pod's own address is asked instead"
                    ),
                    controls=violated(container.workload, _CONTROLS, "pss:baseline:hostProbesAndHostLifecycle"),
                )


_PROBE = POD + CONTAINERS + "      livenessProbe:\n        httpGet:\n          path: /\n          port: 80\n"

RULE = Rule(
    id="GG-POD-019",
    name="handler-host",
    title="Probe or lifecycle handler sets host",
    severity=MEDIUM,
    applies_to=Container,
    check=check,
    fix_safety="needs-review",
    aliases=(),
    controls=_CONTROLS,
    bad=(
        Example(
            _PROBE + "          host: 169.254.169.254\n",
            at="spec.containers[0].livenessProbe.httpGet.host",
            fixed=_PROBE,
        ),
    ),
    good=(
        Example(_PROBE),
        Example(_PROBE + "          host: 10.0.0.1\n", settings='kubernetes_version: "1.33"\n'),
    ),
)
