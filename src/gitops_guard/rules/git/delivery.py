"""The rules on what delivers manifests: loaded where the first such object or file is met."""

from gitops_guard.rule import Rule
from gitops_guard.rules.git import argo_cd, flux, remote_sources

DELIVERY: tuple[Rule, ...] = (
    argo_cd.PROJECT,
    argo_cd.APPLICATION,
    flux.SOURCE,
    flux.IMPERSONATION,
    remote_sources.RULE,
)
