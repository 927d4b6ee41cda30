"""Invented reports for the tests of publishers."""

from gitops_guard.editing.diff import unified_diff
from gitops_guard.finding import (
    EXISTING,
    FIXED,
    HIGH,
    LOW,
    MEDIUM,
    NEEDS_REVIEW,
    NEW,
    SAFE,
    WAIVED,
    Finding,
    FixOffer,
    Patch,
    PatchedFile,
    Place,
    Resource,
    Severity,
)
from gitops_guard.report import Comparison, Coverage, Report, RuleSummary, SkippedRule, WaiverNote
from gitops_guard.source_file import Skipped
from gitops_guard.text import LineIndex, Span

SECRET = "hunter2-Tr0ub4"
DEPLOYMENT = f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
  namespace: shop
spec:
  template:
    spec:
      containers:
        - name: api
          image: registry.example.org/checkout:1.4
          securityContext:
            privileged: true
          env:
            - name: DB_PASSWORD
              value: {SECRET}
            - name: DB_HOST
              value: db
"""
DOCKERFILE = "FROM python:3.9\nRUN pip install flask\n"
PATH = "apps/checkout/deployment.yaml"
TEXTS = {PATH: DEPLOYMENT, "Dockerfile": DOCKERFILE}
CHECKOUT = Resource("apps/v1", "Deployment", "shop", "checkout", "api")

RULES = (
    RuleSummary(
        "GG-SEC-001",
        "plaintext-secret",
        "A secret stands in plain text",
        "SEC",
        HIGH,
        ("CKV_SECRET_6",),
        ("cis_k8s:5.4.1", "sp800_190:4.1.4"),
        NEEDS_REVIEW,
        "Plain-text secret in an environment.\n\n## What it does\nReports `env[].value` that is a secret.\n\n"
        "## Why it matters\n- everybody who reads the repository has it\n- it stays in the history\n",
    ),
    RuleSummary(
        "GG-POD-001",
        "privileged-container",
        "A container runs privileged",
        "POD",
        HIGH,
        (),
        ("pss:baseline:privileged", "cis_k8s:5.2.2"),
        SAFE,
        "Container runs privileged.\n\n## What it does\nReports `privileged: true`.\n",
    ),
    RuleSummary(
        "GG-IMG-001", "unapproved-image", "An image is not on the approved list", "IMG", MEDIUM, (), (), None, ""
    ),
)


def place(path: str, text: str, marked: str, keypath: tuple[str | int, ...] = ()) -> Place:
    """The place of the first occurrence of a text in a file."""
    start = text.index(marked)
    span = Span(start, start + len(marked))
    lines = LineIndex(text)
    return Place(path, 0, keypath, span, lines.position(span.start), lines.position(span.end))


def finding(  # noqa: PLR0913 - a builder names everything that a test may want to vary
    rule_id: str = "GG-POD-001",
    *,
    path: str = PATH,
    text: str = DEPLOYMENT,
    marked: str = "privileged: true",
    message: str = "api runs privileged",
    severity: Severity = HIGH,
    status: str = NEW,
    resource: Resource = CHECKOUT,
    keypath: tuple[str | int, ...] = ("spec", "containers", 0, "securityContext", "privileged"),
    fix: FixOffer | None = None,
    masked: tuple[Span, ...] = (),
    controls: tuple[str, ...] = ("pss:baseline:privileged", "cis_k8s:5.2.2"),
    suppressed_by: str = "",
    number: int = 0,
) -> Finding:
    """A finding at the first occurrence of `marked`."""
    return Finding(
        rule_id=rule_id,
        rule_name={rule.id: rule.name for rule in RULES}.get(rule_id, "some-rule"),
        severity=severity,
        message=message,
        place=place(path, text, marked, keypath),
        resource=resource,
        stem=f"{rule_id}\0{path}\0{number}",
        fingerprint=f"{abs(hash((rule_id, path, number))):032x}"[:32],
        controls=controls,
        status=status,
        fix=fix,
        masked=masked,
        suppressed_by=suppressed_by,
    )


def patch(path: str, before: str, after: str, title: str = "set `privileged` to false", safety: str = SAFE) -> Patch:
    """A patch of one file; its diff is what `git apply` takes."""
    diff = unified_diff(path, before, after).replace(SECRET, "*" * len(SECRET))
    proof = ("two parsers read it alike", "the finding is gone, and no new one appeared")
    return Patch(title, safety, "", diff, (PatchedFile(path, before, after),), proof)


def secret_finding() -> Finding:
    """A masked secret, with a fix that needs review and no patch yet."""
    start = DEPLOYMENT.index(SECRET)
    return finding(
        "GG-SEC-001",
        marked=SECRET,
        message="DB_PASSWORD holds a plain-text password (14 characters, masked)",
        masked=(Span(start, start + len(SECRET)),),
        keypath=("spec", "template", "spec", "containers", 0, "env", 0, "value"),
        controls=("cis_k8s:5.4.1", "sp800_190:4.1.4"),
        fix=FixOffer("move it to a Secret mounted read-only", NEEDS_REVIEW, "the application must read a file"),
    )


def privileged_finding() -> Finding:
    """A finding with a proved patch."""
    after = DEPLOYMENT.replace("privileged: true", "privileged: false")
    offer = FixOffer("set `privileged` to false", SAFE, "", patch(PATH, DEPLOYMENT, after))
    return finding(fix=offer)


def image_finding() -> Finding:
    """A finding in a Dockerfile, of no object."""
    return finding(
        "GG-IMG-001",
        path="Dockerfile",
        text=DOCKERFILE,
        marked="python:3.9",
        message="python:3.9 is not on the approved list",
        severity=MEDIUM,
        resource=Resource(),
        keypath=("FROM", 0),
        controls=(),
    )


def sample_report() -> Report:
    """A comparison with everything in it: new, fixed, waived, skipped, failed."""
    waived = finding(
        "GG-IMG-001",
        marked="image: registry.example.org/checkout:1.4",
        message="registry.example.org/checkout:1.4 is not pinned by digest",
        severity=LOW,
        status=WAIVED,
        controls=("nsa:images",),
        suppressed_by="waiver in .gitops-guard.yaml:3 (platform: rebuilt every night)",
        number=1,
    )
    return Report(
        findings=(image_finding(), waived, privileged_finding(), secret_finding()),
        coverage=Coverage(
            scanned=tuple(sorted(TEXTS)),
            skipped=(Skipped("charts/web/templates/deployment.yaml", "a Helm template"),),
            failed=(Skipped("apps/bad.yaml", "not UTF-8: byte 0xff in line 3"),),
        ),
        rules=RULES,
        fixed=(finding("GG-POD-001", message="worker ran privileged", status=FIXED, number=9),),
        comparison=Comparison("main", "4f1a5b1" + "0" * 33, "the working tree", (0, 9, 37, 14, 0)),
        skipped_rules=(SkippedRule("GG-NET-001", "switched off in .gitops-guard.yaml"),),
        waivers=(
            WaiverNote("GG-IMG-001", "apps/", "platform", "SEC-142", "2027-01-31", "used", ".gitops-guard.yaml:3"),
            WaiverNote("GG-POD-011", "infra/", "platform", "", "2027-03-01", "unused", ".gitops-guard.yaml:9"),
            WaiverNote("GG-NET-001", "x/", "", "", "2020-01-01", "void", ".gitops-guard.yaml:15: expired"),
        ),
        fail_level=HIGH,
        configuration=".gitops-guard.yaml",
        kubernetes_version="1.33",
        seconds=0.9123,
    )


def tree_report(*findings: Finding) -> Report:
    """A scan of a tree, in which everything was there before."""
    found = tuple(f._replace(status=EXISTING) if f.status == NEW else f for f in findings)
    return Report(findings=found, coverage=Coverage(scanned=tuple(sorted({f.place.path for f in found}))), rules=RULES)


def large_report(size: int) -> Report:
    """A report of many findings on as many files as a sweep would have."""
    one, secret = privileged_finding(), secret_finding()
    resources = [
        Resource("apps/v1", "Deployment", f"team-{n % 40}", f"service-{n}", "api") for n in range(size // 10 + 1)
    ]
    found = []
    for number in range(size):
        base = secret if number % 5 == 0 else one
        path = f"apps/service-{number // 10}/deployment.yaml"
        found.append(
            base._replace(
                place=base.place._replace(path=path),
                resource=resources[number // 10],
                fingerprint=f"{number:032x}",
                status=EXISTING,
                severity=Severity(number % 4 + 1),
                fix=None if base.fix is None else base.fix._replace(patch=None),
            )
        )
    return Report(tuple(found), Coverage(scanned=tuple(sorted({f.place.path for f in found}))), RULES, seconds=1.0)
