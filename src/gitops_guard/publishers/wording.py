"""The words that all reports for people share."""

from collections.abc import Iterable

from gitops_guard.finding import DISPLAY_ONLY, NEEDS_REVIEW, SAFE, Finding, Resource, Severity
from gitops_guard.report import Report, by_severity

_FRAMEWORKS = {
    "pss": "Pod Security",
    "cis_k8s": "CIS",
    "cis_docker": "CIS Docker",
    "nsa": "NSA/CISA",
    "mitre": "ATT&CK",
    "sp800_190": "NIST SP 800-190",
    "sp800_53": "NIST SP 800-53",
    "pci": "PCI DSS",
    "owasp_k8s_2025": "OWASP K8s",
}
FAMILIES = {
    "IMG": "images",
    "DKR": "Dockerfiles",
    "SEC": "secrets",
    "NET": "network",
    "POD": "workloads",
    "RBC": "access",
    "ADM": "admission",
    "CLU": "cluster",
    "GIT": "delivery",
}
SAFETIES = {SAFE: "safe", NEEDS_REVIEW: "needs review", DISPLAY_ONLY: "to read"}


def plural(number: int, word: str) -> str:
    """A number with its noun: `1 file`, `1,204 files`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def counts(findings: tuple[Finding, ...]) -> str:
    """How many of which severity, most severe first, without zeros: `2 high, 1 low`."""
    return ", ".join(f"{number:,} {severity.label}" for severity, number in by_severity(findings).items() if number)


def control(name: str) -> str:
    """A control as people cite it: `cis_k8s:5.4.1` is `CIS 5.4.1`, `pss:baseline:x` is `Pod Security baseline`."""
    return controls((name,))


def controls(names: Iterable[str]) -> str:
    """Controls as a sentence would cite them, those of a framework together: `CIS 5.2.6, 5.4.1; PCI DSS 8.3.2`."""
    grouped: dict[str, dict[str, None]] = {}
    for name in names:
        framework, _, rest = name.partition(":")
        if framework == "pss":
            rest = rest.partition(":")[0]
        grouped.setdefault(framework, {})[rest] = None
    return "; ".join(
        f"{_FRAMEWORKS.get(framework, framework)} {', '.join(ids)}".rstrip() for framework, ids in grouped.items()
    )


def resource(found: Resource) -> str:
    """The object and container: `Deployment shop/checkout, container api`; nothing for a file without objects."""
    if not found.kind and not found.name:
        return ""
    name = f"{found.namespace}/{found.name}" if found.namespace else found.name
    shown = f"{found.kind} {name}".strip()
    return f"{shown}, container {found.container}" if found.container else shown


def place(finding: Finding) -> str:
    """The path and the line; only the path where there is no line to speak of."""
    line = finding.place.start.line
    return f"{finding.place.path}:{line}" if line else finding.place.path


def also(finding: Finding, most: int = 3) -> str:
    """The other places of a finding: `also in a.yaml:3, b.yaml:7 and 2 more`; empty where there are none."""
    if not finding.also:
        return ""
    places = list(dict.fromkeys(place(one) for one in finding.also))
    more = f" and {len(places) - most:,} more" if len(places) > most else ""
    return f"also in {', '.join(places[:most])}{more}"


def in_roots(finding: Finding, most: int = 3) -> str:
    """The rendered results that have a problem, where there are several: `in kustomize:a, kustomize:b and 3 more`."""
    roots = finding.rendered_in
    if len(roots) < 2:  # noqa: PLR2004 - one root is the origin
        return ""
    more = f" and {len(roots) - most:,} more" if len(roots) > most else ""
    return f"in {', '.join(roots[:most])}{more}"


def headline(report: Report) -> str:
    """The verdict in a line: `3 new problems, 1 fixed, 2 waived`."""
    found = report.open
    noun = "new problem" if report.comparison else "problem"
    words = [plural(len(found), noun) if found else f"no {noun}s"]
    if report.fixed:
        words.append(f"{len(report.fixed):,} fixed")
    waived = sum(1 for finding in report.findings if finding.status == "waived")
    if waived:
        words.append(f"{waived:,} waived")
    if report.coverage.failed:
        words.append(f"{plural(len(report.coverage.failed), 'file')} could not be read")
    return ", ".join(words)


def most_severe_first(findings: Iterable[Finding]) -> list[Finding]:
    """By severity, and in the given order within each."""
    return sorted(findings, key=lambda finding: -finding.severity)


def level(severity: Severity | None) -> str:
    """The fail level as a word."""
    return "none" if severity is None else severity.label
