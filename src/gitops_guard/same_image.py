"""Problems of one image in several places: one finding."""

from collections.abc import Callable, Iterable, Sequence

from gitops_guard.finding import Finding, Patch

Combine = Callable[[Sequence[Finding]], Patch | None]
"""Makes one patch of the fixes of several findings; None where that can't be proved for all of them."""


def merge(findings: Iterable[Finding], combine: Combine | None = None) -> tuple[Finding, ...]:
    """Makes one finding of those of a rule that are about the same image, in the order of the first of each.

    Args:
        findings: with status and fingerprint.
        combine: proves one patch of several fixes; None where nobody asked for patches.
    """
    groups: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        shared = (finding.rule_id, finding.image, finding.severity, finding.status)
        groups.setdefault(shared if finding.image else number, []).append(finding)
    return tuple(group[0] if len(group) == 1 else _merged(group, combine) for group in groups.values())


def _merged(group: Sequence[Finding], combine: Combine | None) -> Finding:
    first = group[0]
    offer = first.fix or next((one.fix for one in group if one.fix is not None), None)
    if offer is not None and combine is not None:
        combined = combine([one for one in group if one.fix is not None])
        offer = offer._replace(combined=combined)
    return first._replace(fix=offer, also=tuple(group[1:]))
