"""What a team has decided: the values of `.gitops-guard.yaml`, frozen. `configuration` reads them."""

from datetime import date
from typing import NamedTuple

from gitops_guard.finding import HIGH, Severity

DEFAULT_KUBERNETES = "1.36"
"""The middle of the newest three minors that the schema source knows."""


class ApprovedImage(NamedTuple):
    """An entry of the approved list, on normalised references (`docker.io/library/python`).

    `repository` may hold `*` (within a path segment) and a final `**`. `tags` are patterns; none means every tag. An
    entry whose `expires` has passed approves nothing.
    """

    repository: str
    tags: tuple[str, ...] = ()
    digest_required: bool = False
    replacement: str = ""
    mirror: str = ""
    owner: str = ""
    reason: str = ""
    expires: date | None = None


class Waiver(NamedTuple):
    """An accepted problem. Only a complete and unexpired waiver waives: `defects` says what is wrong with this one.

    `paths` are globs; empty means everywhere. `line` is where it stands in the configuration.
    """

    rule: str
    owner: str = ""
    reason: str = ""
    ticket: str = ""
    expires: date | None = None
    paths: tuple[str, ...] = ()
    resource: str = ""
    line: int = 0
    defects: tuple[str, ...] = ()


class RuleSetting(NamedTuple):
    """A rule switched off, or given another severity."""

    enabled: bool = True
    severity: Severity | None = None


class Settings(NamedTuple):
    """Everything that may be configured, with its defaults.

    `rules` is keyed by rule id. `digests` maps normalised references with tag to `sha256:...`, for pinning without a
    registry. `path` is the file it was read from, empty for the defaults.
    """

    kubernetes_version: str = DEFAULT_KUBERNETES
    fail_level: Severity | None = HIGH
    comments_budget: int = 25
    exclude: tuple[str, ...] = ()
    rules: tuple[tuple[str, RuleSetting], ...] = ()
    approved_images: tuple[ApprovedImage, ...] = ()
    digests: tuple[tuple[str, str], ...] = ()
    build_arguments: tuple[tuple[str, str], ...] = ()
    waivers: tuple[Waiver, ...] = ()
    path: str = ""

    def rule(self, rule_id: str) -> RuleSetting:
        """The setting of a rule."""
        return dict(self.rules).get(rule_id, RuleSetting())


class AcceptedRisks(NamedTuple):
    """The configuration as something to judge: its waivers with their offsets, and whether a change touches it."""

    waivers: tuple[Waiver, ...] = ()
    waiver_starts: tuple[int, ...] = ()
    changed: bool = False
