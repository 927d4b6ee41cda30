"""GitOps delivery and scan integrity."""

from gitops_guard.rule import Rule
from gitops_guard.rules.git import accepted_risks, unreadable

GIT: tuple[Rule, ...] = (unreadable.RULE, accepted_risks.CHANGED, accepted_risks.VOID_WAIVER)
