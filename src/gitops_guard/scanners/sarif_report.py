"""SARIF 2.1.0 of image scanners: Trivy, Grype, Snyk Container, Docker Scout.

SARIF has no place for packages and versions, so they are read from the lines `Package: ...` that these scanners write
into messages and help texts. A run without results is a clean scan only if it names its image.
"""

import re
from collections.abc import Iterator, Mapping

from gitops_guard.facts.scan import Grade, Scan, Vulnerability, distinct, finished, grade
from gitops_guard.scanners.json_reading import (
    MalformedReportError,
    Object,
    digests,
    entries,
    flag,
    guarded,
    items,
    mapping,
    moment,
    required,
    section,
    text,
    texts,
    titled,
)
from gitops_guard.scanners.package_url import parse_purl

_SCANNERS = ("trivy", "grype", "snyk container", "docker scout", "anchore container vulnerability report")
_LINE = re.compile(
    r"^(Package|Installed Version|Version|Fixed Version|Fix Version|Severity):[ \t]*(.*?)[ \t]*$", re.MULTILINE
)
_FOUND = re.compile(r"\b(\w+) vulnerability in [\w-]+ package: (\S+), version (\S+)")
_NUMBERS: tuple[tuple[float, Grade], ...] = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
_LEVELS: Mapping[str, Grade] = {"error": "high", "warning": "medium", "note": "low"}


def read(document: object) -> tuple[Scan, ...]:
    """The scans of a log, one for each run."""
    return guarded(scans, document)


def is_report(document: Object) -> bool:
    """Whether it is a SARIF log."""
    return "runs" in document and text(document.get("version")).startswith("2.")


def scans(document: object) -> Iterator[Scan]:
    """The same one by one.

    Raises:
        MalformedReportError: the document is no such report.
    """
    runs = entries(mapping(document), "runs")
    for run in runs:
        yield _scan(run)
    if not runs:
        yield Scan("missing", reason="a SARIF log without runs")


def _scan(run: Object) -> Scan:
    driver = section(run, "tool", "driver")
    name, invocations = text(driver.get("name")), entries(run, "invocations")
    scan = Scan("unsupported", scanner=titled(name, driver.get("version")))
    if not any(known in name.lower() for known in _SCANNERS):
        return scan._replace(reason=f"{name or 'a tool without a name'} is not known to scan images")
    if any(flag(one.get("executionSuccessful")) is False for one in invocations):
        return scan._replace(state="failed", reason="the run says that it did not succeed")
    rules = {text(rule.get("id")): rule for rule in entries(driver, "rules")}
    if "results" not in run or run["results"] is None:
        return scan._replace(state="failed", reason="the run has no list of results")
    return _judged(scan, run, rules)


def _judged(scan: Scan, run: Object, rules: Mapping[str, Object]) -> Scan:
    results, properties = entries(run, "results"), section(run, "properties")
    found = digests(items(properties.get("repoDigests")))
    times = (moment(one.get("endTimeUtc")) for one in entries(run, "invocations"))
    subject = next(iter(texts(properties.get("repoTags"))), "") or text(properties.get("imageName"))
    if not subject and not found:
        subject, found = _located(results)
    scan = scan._replace(
        subject=subject,
        digest=found[0] if found else "",
        scanned_at=next((time for time in times if time), None),
        vulnerabilities=distinct(one for result in results if (one := _vulnerability(result, rules))),
    )
    if not subject and not found:
        return scan._replace(reason="the run names no image")
    return finished(scan)


def _located(results: list[Object]) -> tuple[str, tuple[str, ...]]:
    """The image that the first place of a result names, as Grype does: `name@<digest of a layer>:/path`."""
    for result in results:
        for place in entries(result, "locations"):
            for logical in entries(place, "logicalLocations"):
                image, at, _ = text(logical.get("fullyQualifiedName")).partition(":/")[0].rpartition("@")
                if at and image:
                    return image, digests((image,) if "@" in image else ())
    return "", ()


def _vulnerability(result: Object, rules: Mapping[str, Object]) -> Vulnerability | None:
    """The vulnerability of a result; None for what Trivy finds besides, such as secrets."""
    name = required(result, "ruleId")
    rule = rules.get(name, {})
    properties = section(rule, "properties")
    tags = [tag.lower() for tag in texts(properties.get("tags"))]
    if {"secret", "misconfiguration", "license"} & set(tags):
        return None
    said = _said(result, rule)
    package = said.get("Package", "")
    return Vulnerability(
        id=name.removesuffix(f"-{package}") if package else name,
        grade=_grade(said.get("Severity", ""), properties, tags, result),
        package=package,
        version=said.get("Installed Version") or said.get("Version") or text(properties.get("affected_version")),
        fixed=_fix(said.get("Fixed Version") or said.get("Fix Version") or text(properties.get("fixed_version"))),
        target=_place(result),
        purl=_purl(properties, said.get("Installed Version") or said.get("Version", "")),
    )


def _purl(properties: Object, version: str) -> str:
    """The package URL of a rule, if it is that of the version at hand: one rule may stand for several."""
    found = next(iter(texts(properties.get("purls"))), "")
    parsed = parse_purl(found)
    return found if parsed is not None and parsed.version in {"", version} else ""


def _fix(version: str) -> str:
    return "" if version.lower() in {"none", "not fixed", "n/a"} else version


def _said(result: Object, rule: Object) -> dict[str, str]:
    """What the lines of the rule's help and of the message say; the message's own words count."""
    message = text(section(result, "message").get("text"))
    if not message and "message" not in result:
        raise MalformedReportError("a result has no `message`")
    said = dict(_LINE.findall(text(section(rule, "help").get("text"))))
    found = _FOUND.search(message)
    if found:
        said.update(zip(("Severity", "Package", "Version"), found.groups(), strict=True))
    return said | dict(_LINE.findall(message))


def _place(result: Object) -> str:
    for place in entries(result, "locations"):
        return text(section(place, "physicalLocation", "artifactLocation").get("uri"))
    return ""


def _grade(word: str, properties: Object, tags: list[str], result: Object) -> Grade:
    """The scanner's word; without one, its number on the scale of CVSS; without that, the level of the result."""
    words = (word, text(properties.get("cvssV3_severity")), *tags)
    known = next((found for one in words if (found := grade(one)) != "unknown"), None)
    if known is not None or word:
        return known if known is not None and not word else grade(word)
    try:
        score = float(text(properties.get("security-severity")))
    except ValueError:
        return _LEVELS.get(text(result.get("level")), "unknown")
    return next((name for least, name in _NUMBERS if score >= least), "unknown")
