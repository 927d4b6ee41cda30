"""Admission and namespace policy."""

from gitops_guard.rule import Rule
from gitops_guard.rules.adm import pod_security_label

ADM: tuple[Rule, ...] = (pod_security_label.RULE,)
