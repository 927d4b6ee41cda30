"""What a team has decided: the values of `.gitops-guard.yaml`, frozen. `configuration` reads them."""

from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from gitops_guard.finding import HIGH, LOW, MEDIUM, Severity

if TYPE_CHECKING:
    from gitops_guard.network_settings import NetworkSettings
    from gitops_guard.render_settings import RenderSettings

DEFAULT_KUBERNETES = "1.36"
"""The middle of the newest three minors that the schema source knows."""


class ApprovedImage(NamedTuple):
    """An entry of the approved list, on normalised references (`docker.io/library/python`).

    `repository` may hold `*` (within a path segment) and a final `**`. `tags` are patterns or version ranges (see
    `images.tags`); none means every tag. `max_age_days` counts from the image's creation, `scanned_within_days` from
    its last scan. `worst_severity` is the worst vulnerability that is accepted (None: any), `fixable_only` counts only
    those that a newer package mends. `signed_by` are names of `Signer`s, one of which must have signed. `platforms`
    must all be there. An entry whose `expires` has passed approves nothing.
    """

    repository: str
    tags: tuple[str, ...] = ()
    digest_required: bool = False
    replacement: str = ""
    mirror: str = ""
    owner: str = ""
    reason: str = ""
    expires: date | None = None
    max_age_days: int | None = None
    scanned_within_days: int | None = None
    worst_severity: Severity | None = None
    fixable_only: bool = False
    signed_by: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def asks_a_registry(self) -> bool:
        """Whether deciding by this entry takes more than the reference itself."""
        limits = (self.max_age_days, self.scanned_within_days, self.worst_severity)
        return any(limit is not None for limit in limits) or bool(self.signed_by or self.platforms)


class Signer(NamedTuple):
    """Who may sign images: a public key in PEM, or an identity and the issuer of its certificate (keyless)."""

    name: str
    key: str = ""
    identity: str = ""
    issuer: str = ""


class RegistrySetting(NamedTuple):
    """A registry that may be asked besides the public ones; `host` may have a port, and `*` for a label of its name.

    `private`: it may lie at a loopback, link-local or private address. `plain_http`: it is spoken to without TLS.
    `username_from` and `password_from` are names of environment variables: no secret stands in a configuration.
    """

    host: str
    private: bool = False
    plain_http: bool = False
    username_from: str = ""
    password_from: str = ""


ScanSourceKind = Literal["harbor", "quay", "ecr", "google", "xray"]


class ScanSourceSetting(NamedTuple):
    """A service that knows scan results.

    `registries` are the hosts whose images it is asked about (none: that of `url`). `username_from`, `password_from`
    and `token_from` are names of environment variables: no secret stands in a configuration. `region`, `project` and
    `repository` are what ECR, Google and Xray need.
    """

    kind: ScanSourceKind
    url: str = ""
    registries: tuple[str, ...] = ()
    username_from: str = ""
    password_from: str = ""
    token_from: str = ""
    region: str = ""
    project: str = ""
    repository: str = ""
    private: bool = False


class ImagePolicy(NamedTuple):
    """What is asked of every image, on the list or not, and how facts are gathered.

    `unknown` is the severity of findings that only say what could not be looked at; None: none are made. The limits are
    in days; a vulnerability counts from `worst_severity` upwards if it is fixable, or always without `fixable_only`.
    `epss` is the probability (0 to 1) from which a vulnerability counts as exploited. `platform` is the one looked at
    in an index. `budget_seconds` is for all requests of a pull request's check.
    """

    unknown: Severity | None = LOW
    max_age_days: int = 365
    scanned_within_days: int = 30
    worst_severity: Severity = MEDIUM
    fixable_only: bool = True
    epss: float = 0.5
    platform: str = "linux/amd64"
    budget_seconds: float = 30.0
    snapshot: str = ".gitops-guard.images.json"


class Build(NamedTuple):
    """An image that a Dockerfile of this repository becomes; `image` is its name without tag."""

    dockerfile: str
    image: str


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


class FixPullRequests(NamedTuple):
    """Which fixes a sweep opens pull requests for.

    `group_by` says what shares one: a `rule`, a `family` of rules, a `directory` or an `owner` of CODEOWNERS. `rules`
    are the ids that count; none means all. `depth` is how many folders of a path make a directory. At most `limit` are
    open at a time. `needs_review`: fixes that may change what an application sees are among them.
    """

    group_by: str = "rule"
    rules: tuple[str, ...] = ()
    depth: int = 2
    limit: int = 5
    labels: tuple[str, ...] = ("gitops-guard",)
    needs_review: bool = False


class RuleSetting(NamedTuple):
    """A rule switched off, or given another severity."""

    enabled: bool = True
    severity: Severity | None = None


class Settings(NamedTuple):
    """Everything that may be configured, with its defaults.

    `rules` is keyed by rule id. `digests` maps normalised references with tag to `sha256:...`, for pinning without a
    registry. `scan_reports` are paths and globs of scanners' reports. `network` is what manifests do not say of
    the cluster's network, `render` how Kustomize and Helm are rendered; None for the defaults. `fix_pull_requests` is
    None where a sweep opens none by itself. `path` is the file it was read from, empty for the defaults.
    """

    kubernetes_version: str = DEFAULT_KUBERNETES
    fail_level: Severity | None = HIGH
    comments_budget: int = 25
    exclude: tuple[str, ...] = ()
    rules: tuple[tuple[str, RuleSetting], ...] = ()
    approved_images: tuple[ApprovedImage, ...] = ()
    image_policy: ImagePolicy = ImagePolicy()
    registries: tuple[RegistrySetting, ...] = ()
    scan_reports: tuple[str, ...] = ()
    scan_sources: tuple[ScanSourceSetting, ...] = ()
    signers: tuple[Signer, ...] = ()
    builds: tuple[Build, ...] = ()
    digests: tuple[tuple[str, str], ...] = ()
    build_arguments: tuple[tuple[str, str], ...] = ()
    waivers: tuple[Waiver, ...] = ()
    network: "NetworkSettings | None" = None
    render: "RenderSettings | None" = None
    path: str = ""
    fix_pull_requests: FixPullRequests | None = None

    def rule(self, rule_id: str) -> RuleSetting:
        """The setting of a rule."""
        return dict(self.rules).get(rule_id, RuleSetting())

    @property
    def asks_registries(self) -> bool:
        """Whether the team's decisions take facts from outside the repository."""
        asked = self.scan_reports or self.scan_sources or self.signers or self.registries
        return (
            bool(asked)
            or self.image_policy != ImagePolicy()
            or any(entry.asks_a_registry for entry in self.approved_images)
        )


class AcceptedRisks(NamedTuple):
    """The configuration as something to judge: its waivers with their offsets, and whether a change touches it."""

    waivers: tuple[Waiver, ...] = ()
    waiver_starts: tuple[int, ...] = ()
    changed: bool = False
