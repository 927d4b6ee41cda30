"""Network segmentation and exposure."""

from gitops_guard.rule import Rule
from gitops_guard.rules.net import exposure, isolation, peers, policy_types

NET: tuple[Rule, ...] = (
    isolation.WORKLOAD,
    isolation.NAMESPACE,
    isolation.DNS,
    policy_types.RULE,
    peers.OPEN_RULE,
    peers.SPLIT_SELECTORS,
    exposure.SERVICE,
    exposure.PLAIN_HTTP,
)
