"""RBAC and service accounts."""

from gitops_guard.rule import Rule
from gitops_guard.rules.rbc import api_token, bindings, permissions

RBC: tuple[Rule, ...] = (
    bindings.CLUSTER_ADMIN,
    permissions.WILDCARD,
    permissions.ESCALATION,
    bindings.ANONYMOUS,
    bindings.DEFAULT_SERVICE_ACCOUNT,
    api_token.RULE,
)
