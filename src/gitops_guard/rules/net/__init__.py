"""Network segmentation and exposure."""

from gitops_guard.rule import Rule
from gitops_guard.rules.net import (
    controllers,
    exposure,
    isolation,
    metadata,
    namespace_labels,
    peers,
    policy_ports,
    policy_types,
    selectors,
)

NET: tuple[Rule, ...] = (
    isolation.WORKLOAD,
    isolation.EGRESS,
    isolation.NAMESPACE,
    isolation.DNS,
    policy_types.RULE,
    peers.OPEN_RULE,
    peers.SPLIT_SELECTORS,
    selectors.RULE,
    namespace_labels.RULE,
    metadata.BLOCK,
    policy_ports.RULE,
    exposure.SERVICE,
    exposure.EXTERNAL_IPS,
    exposure.PLAIN_HTTP,
    controllers.INGRESS_NGINX,
    controllers.NETWORK,
    metadata.ACCESS,
)
