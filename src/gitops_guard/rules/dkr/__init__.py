"""Dockerfiles: what an image runs as, what is baked into it, and how it gets there."""

from gitops_guard.rule import Rule
from gitops_guard.rules.dkr import user

DKR: tuple[Rule, ...] = (user.RULE,)
